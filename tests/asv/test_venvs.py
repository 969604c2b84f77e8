"""What a benchmark runs in: exactly the measured side, nothing compiled, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import asv_runner
import pytest
import virtualenv
from filelock import FileLock

import ftbench
from ftbench.errors import InterpreterError, NotAvailableError
from ftbench.probe.run.child import clean_environment
from ftbench.pythons import Interpreter, venvs


@pytest.fixture(scope="module")
def venv(ft_python: Interpreter, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("venvs") / "31402f00-flavour"
    venvs.ready(place, ft_python)
    return place


def purelib(venv: Path) -> Path:
    (found,) = [*venv.glob("lib/python*/site-packages"), *venv.glob("Lib/site-packages")]
    return found


def sources(folder: Path) -> set[str]:
    return {each.relative_to(folder).as_posix() for each in folder.rglob("*.py")}


def test_it_holds_the_measured_side_and_asvs_runner_and_nothing_else(venv: Path) -> None:
    packages = purelib(venv)
    assert {each.name for each in packages.iterdir()} - {"__pycache__"} == {"asv_runner", "ftbench"}
    measured = {file.as_posix() for file in venvs.measured_files()}
    assert sources(packages / "ftbench") == measured
    assert sources(packages / "asv_runner") == sources(Path(asv_runner.__file__).parent)


def test_every_measured_file_is_there_as_it_is(venv: Path) -> None:
    package = Path(ftbench.__file__).parent
    for file in venvs.measured_files():
        assert (purelib(venv) / "ftbench" / file).read_bytes() == (package / file).read_bytes()


def test_nothing_compiled_is_in_it(venv: Path) -> None:
    assert [each for each in venv.rglob("*") if each.suffix in {".so", ".pyd", ".dylib"}] == []


def test_the_host_side_is_not_in_it(venv: Path) -> None:
    python = venvs.python_of(venv)
    code = (
        "import ftbench.probe.run.asv_benchmark, importlib.util as u;"
        "print(u.find_spec('asv'), u.find_spec('ftbench.asv'))"
    )
    said = subprocess.check_output(
        [python, "-c", code], text=True, cwd=venv, env=clean_environment(os.environ), timeout=60
    )
    assert said.split() == ["None", "None"]


def test_bytecode_is_there_before_the_first_benchmark(venv: Path) -> None:
    """Or the first spawned worker would compile, and be measured at it."""
    compiled = {each.name.partition(".")[0] for each in purelib(venv).rglob("*.pyc")}
    assert {file.stem for file in venvs.measured_files()} <= compiled


def test_one_that_is_there_is_used_again(venv: Path, ft_python: Interpreter) -> None:
    before = (venv / "ftbench-stamp.json").stat().st_mtime_ns
    venvs.ready(venv, ft_python)
    assert (venv / "ftbench-stamp.json").stat().st_mtime_ns == before


def test_it_needs_no_network(
    ft_python: Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "ALL_PROXY", "PIP_INDEX_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert venvs.ready(tmp_path / "venv", ft_python).exists()


@pytest.fixture
def own(venv: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    shutil.copytree(venv, tmp_path / venv.name, symlinks=True)
    return tmp_path / venv.name


@pytest.mark.parametrize("spoil", ["stamp", "cut", "gone", "python"])
def test_one_that_is_not_whole_is_made_again(own: Path, ft_python: Interpreter, spoil: str) -> None:
    stamp = own / "ftbench-stamp.json"
    wanted = stamp.read_text(encoding="utf-8")
    if spoil == "stamp":
        stamp.write_text(json.dumps({**json.loads(wanted), "sources": "other"}), encoding="utf-8")
    elif spoil == "cut":
        stamp.write_text(wanted[:10], encoding="utf-8")
    elif spoil == "gone":
        stamp.unlink()
    else:
        venvs.python_of(own).unlink()
    (own / "left-over").touch()
    assert venvs.ready(own, ft_python).exists()
    assert stamp.read_text(encoding="utf-8") == wanted
    assert not (own / "left-over").exists()


def test_changed_sources_mean_another_environment(
    venv: Path, ft_python: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = venvs.stamp(ft_python)
    monkeypatch.setattr(venvs, "MEASURED", venvs.MEASURED[:-1])
    assert venvs.stamp(ft_python) != before


def test_what_a_killed_creation_left_is_never_used(own: Path, ft_python: Interpreter) -> None:
    half = own.rename(own.with_name(f"{own.name}.new"))
    (half / "ftbench-stamp.json").unlink()
    (half / "left-over").touch()
    assert venvs.ready(own, ft_python).exists()
    assert not half.exists()
    assert not (own / "left-over").exists()


READY = """
import pathlib, sys
from ftbench.pythons import venvs
from ftbench.pythons.install import at
one = at(pathlib.Path(sys.argv[2]))
print("ready")
print(venvs.ready(pathlib.Path(sys.argv[1]), one))
"""


def test_two_that_come_at_once_share_one(own: Path, ft_python: Interpreter) -> None:
    """The second waits for the first, and then finds it made."""
    stamp = own / "ftbench-stamp.json"
    kept = stamp.read_text(encoding="utf-8")
    stamp.unlink()
    with FileLock(own.with_name(f"{own.name}.lock")):
        other = subprocess.Popen(
            [sys.executable, "-u", "-c", READY, str(own), str(ft_python.executable)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        time.sleep(0.3)
        stamp.write_text(kept, encoding="utf-8")
        (own / "made-by-the-first").touch()
    said, _ = other.communicate(timeout=60)
    assert other.returncode == 0
    assert said.strip() == str(venvs.python_of(own))
    assert (own / "made-by-the-first").exists()


@pytest.mark.skipif(os.name == "nt", reason="a script stands for the interpreter")
@pytest.mark.parametrize("script", ["exit 3", "echo nonsense", "kill -SEGV $$"])
def test_an_interpreter_that_cannot_carry_one_is_an_error_and_leaves_nothing(
    ft_python: Interpreter, tmp_path: Path, script: str
) -> None:
    executable = tmp_path / "python3"
    executable.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    executable.chmod(0o755)
    broken = Interpreter(
        executable=executable, prefix=tmp_path, build=ft_python.build, origin=ft_python.origin
    )
    with pytest.raises(InterpreterError, match="cannot carry a virtual environment") as raised:
        venvs.ready(tmp_path / "env" / "venv", broken)
    assert str(executable) in str(raised.value)
    assert "ftbench pythons" in str(raised.value)
    assert not (tmp_path / "env" / "venv").exists()


def test_a_system_without_room_is_no_fault_of_the_interpreter(
    ft_python: Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def starve(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(virtualenv, "cli_run", starve)
    with pytest.raises(NotAvailableError, match="no more processes or threads"):
        venvs.ready(tmp_path / "env" / "venv", ft_python)


def test_an_interpreter_that_is_gone_is_an_error(ft_python: Interpreter, tmp_path: Path) -> None:
    gone = Interpreter(
        executable=tmp_path / "none",
        prefix=tmp_path,
        build=ft_python.build,
        origin=ft_python.origin,
    )
    with pytest.raises(InterpreterError, match="cannot carry a virtual environment"):
        venvs.ready(tmp_path / "venv", gone)
