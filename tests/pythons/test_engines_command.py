"""Engines: what is installed for which build, what cells are told of it, and the command."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console
from tiny_wheels import MACHINE, buildable, only_index, wheel

from ftbench.cli import cli
from ftbench.cli import cpythons as command
from ftbench.errors import NotAvailableError
from ftbench.facts.engines import ENGINES, Engine
from ftbench.facts.modes import EVERY_MODE
from ftbench.probe.run.child import clean_environment
from ftbench.probe.scenarios.native import WORK
from ftbench.processes import Finished
from ftbench.pythons import Interpreter, venvs, wheels
from ftbench.pythons import engines as of_builds

TINY = Engine(name="tiny", title="Tiny", requirements=("tiny==1.0",), module="tiny", size="1 MB")
Pair = tuple[Interpreter, Interpreter]


@pytest.fixture
def index(tmp_path: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index without a package, a cache with nothing in it, and Tiny as the only engine."""
    only_index(tmp_path / "index", monkeypatch)
    monkeypatch.setenv("FTBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(command, "discover", lambda: pair)
    for name in [*ENGINES]:
        monkeypatch.delitem(ENGINES, name)
    monkeypatch.setitem(ENGINES, "tiny", TINY)
    return tmp_path / "index"


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["engines", *words])


def listed() -> dict[str, Any]:
    found = json.loads(run("--format", "json").output)["engines"]
    return {each["abi"]: each for each in found}


def abis(pair: Pair) -> list[str]:
    return [wheels.abi_of(one) for one in pair]


def for_gil_build(index: Path, pair: Pair) -> None:
    abi = abis(pair)[0]
    wheel(index, "tiny", "1.0", tag=f"{abi}-{abi}-{MACHINE}")


def asked(venv: Path, code: str) -> str:
    return subprocess.check_output(
        [venvs.python_of(venv), "-c", f"from ftbench.probe.workers import engines as e\n{code}"],
        text=True,
        env=clean_environment(os.environ),
        timeout=60,
    ).strip()


def test_every_engine_of_a_mode_is_in_the_table_and_pinned() -> None:
    assert {mode.engine for mode in EVERY_MODE} - {None} <= set(ENGINES)
    assert all("==" in each for engine in ENGINES.values() for each in engine.requirements)
    for engine in ENGINES.values():
        limited = not (engine.measured and engine.free_threaded) or engine.below
        assert bool(engine.limit) is bool(limited), engine.name


def test_every_engine_that_is_measured_says_who_uses_it() -> None:
    works = {own.engine for own in WORK.values()} - {""}
    assert works <= set(ENGINES)
    assert command._users(ENGINES["numba"]) == "native numba_nogil"
    used = {name for name, engine in ENGINES.items() if command._users(engine) != "none"}
    assert used == {name for name, engine in ENGINES.items() if engine.measured}


def test_one_is_installed_once_for_each_abi_and_found_there(index: Path, pair: Pair) -> None:
    assert {each["state"] for each in listed().values()} == {"not installed"}
    assert "ftbench engines install tiny" in run().output
    wheel(index, "tiny", "1.0")
    assert run("install").exit_code == 0
    assert {abi: each["packages"] for abi, each in listed().items()} == {
        abi: {"tiny": "1.0"} for abi in abis(pair)
    }


def test_a_file_of_an_engine_has_its_requirements_each_with_a_hash() -> None:
    for engine in ENGINES.values():
        if engine.file:
            path = Path(of_builds.__file__).with_name(engine.file)
            lines = path.read_text(encoding="utf-8").splitlines()
            pinned = [line.split() for line in lines if "==" in line]
            assert all(word.startswith("--hash=sha256:") for _, word in pinned)
            assert set(engine.requirements) <= {name for name, _ in pinned}


@pytest.mark.parametrize("sound", [True, False])
def test_what_has_no_wheels_is_built_of_the_archive_whose_hash_is_known_and_of_no_other(
    index: Path, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, sound: bool
) -> None:
    archive = buildable(index, "tiny", "1.0").read_bytes()
    digest = hashlib.sha256(archive if sound else b"another").hexdigest()
    lines = f"--no-binary tiny\ntiny==1.0 --hash=sha256:{digest}\n"
    (tmp_path / "tiny.txt").write_text(lines, encoding="utf-8")
    monkeypatch.setitem(ENGINES, "tiny", TINY._replace(file=str(tmp_path / "tiny.txt")))
    said = run("install", "tiny", "--python", str(pair[0].executable))
    assert (said.exit_code == 0) is sound, said.output
    state = listed()[abis(pair)[0]]
    assert state["packages"] == ({"tiny": "1.0"} if sound else {})


def test_one_build_can_be_named(index: Path, pair: Pair) -> None:
    wheel(index, "tiny", "1.0")
    assert run("install", "tiny", "--python", str(pair[1].executable)).exit_code == 0
    assert [each["state"] for each in listed().values()] == ["not installed", "installed"]


def test_what_has_no_wheel_for_a_build_is_the_reason_that_its_cells_give(
    index: Path, pair: Pair, tmp_path: Path
) -> None:
    for_gil_build(index, pair)
    said = run("install")
    assert said.exit_code == 0  # one of both has it
    gil, free_threaded = (listed()[abi] for abi in abis(pair))
    assert (gil["state"], free_threaded["state"]) == ("installed", "no wheel")
    assert f"No wheel for {abis(pair)[1]}: tiny==1.0 has none" in free_threaded["reason"]
    venvs.ready(tmp_path / "venv", pair[1])
    assert asked(tmp_path / "venv", "print(e.why_not('tiny'))") == free_threaded["reason"]


def test_a_wheel_that_came_later_is_found(index: Path, pair: Pair) -> None:
    for_gil_build(index, pair)
    run("install")
    wheel(index, "tiny", "1.0")
    assert run("install").exit_code == 0
    assert {each["state"] for each in listed().values()} == {"installed"}


def test_what_nobody_can_have_is_an_error(index: Path, pair: Pair) -> None:
    abi = abis(pair)[0]
    wheel(index, "tiny", "1.0", tag=f"{abi[:-1]}1-{abi[:-1]}1-{MACHINE}")
    assert isinstance(run("install").exception, NotAvailableError)


@pytest.mark.parametrize(
    "limit", [{"measured": False}, {"free_threaded": False}, {"below": (3, 13)}]
)
def test_what_is_known_to_have_no_wheels_is_not_asked_for(
    index: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch, limit: dict[str, Any]
) -> None:
    wheel(index, "tiny", "1.0")  # of which nothing is taken
    limited = TINY._replace(limit="Tiny is not for these", **limit)
    monkeypatch.setitem(ENGINES, "tiny", limited)
    with pytest.raises(NotAvailableError, match="Tiny is not for these"):
        of_builds.install(limited, pair[1], Console(file=io.StringIO()))
    assert listed()[abis(pair)[1]]["reason"] == "Tiny is not for these"


def test_no_network_is_no_reason_that_stays(
    index: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = Finished(code=1, out="", err="error sending request")
    monkeypatch.setattr(wheels, "run", lambda *_args, **_more: failed)
    assert isinstance(run("install").exception, NotAvailableError)
    assert {each["state"] for each in listed().values()} == {"not installed"}


def test_an_environment_finds_it_beside_its_path_and_steps_in_when_asked(
    index: Path, pair: Pair, tmp_path: Path
) -> None:
    wheel(index, "tiny", "1.0")
    without = venvs.stamp(pair[1])
    venvs.ready(tmp_path / "venv", pair[1])
    told = asked(tmp_path / "venv", "print(e.why_not('tiny'))")
    assert told == f"tiny is not installed for {abis(pair)[1]}: ftbench engines install tiny"
    run("install")
    assert venvs.stamp(pair[1]) != without, "another engine means another environment"
    venvs.ready(tmp_path / "venv", pair[1])
    found = "import importlib.util as u; print(u.find_spec('tiny'), e.why_not('tiny')); "
    load = "print(e.load('tiny').VERSION)"
    assert asked(tmp_path / "venv", found + load) == "None None\n1.0"
