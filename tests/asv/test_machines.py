"""How this machine is called in the results, and what asv is told of it."""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asv.machine import Machine
from asvproject import CHEAP, AsvProject
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from ftbench.asv import machines
from ftbench.asv.machines import OwnMachine, identity, introduce, machine_name, register
from ftbench.cli.measuring import bench, duel, noise, selftest
from ftbench.cli.report import adopt
from ftbench.errors import FtbenchError, ResultsError, UsageError
from ftbench.probe.instruments import machine as instrument

ROOT = Path(__file__).parents[2]
CPU, CORES = "AMD EPYC", 2
USUAL = "amd-epyc-2cpu"


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Return a function that changes to the home of a user, of whom each container has its own."""
    facts = {"cpu": CPU, "cores": CORES}
    monkeypatch.setattr(machines, "machine_record", lambda: facts)

    def change(name: str) -> Path:
        for variable in ("HOME", "USERPROFILE", "LOCALAPPDATA"):
            monkeypatch.setenv(variable, str(tmp_path / name))
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / name / "data"))
        return tmp_path / name

    change("me")
    return change


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose results have a machine of before there were identities."""
    folder = tmp_path / "clone"
    record(folder, USUAL)
    shutil.copy(ROOT / "asv.conf.json", folder)
    (folder / "benchmarks").symlink_to(ROOT / "benchmarks")
    monkeypatch.chdir(folder)
    return folder


def record(project: Path, name: str, **more: str) -> Path:
    path = project / "results" / name / "machine.json"
    path.parent.mkdir(parents=True)
    fields = {"machine": name, "cpu": CPU, "num_cpu": str(CORES), "os": "Linux 1", "version": 1}
    path.write_text(json.dumps(fields | more), encoding="utf-8")
    return path


def fields_at(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


@pytest.mark.parametrize(
    ("cpu", "cores", "name"),
    [
        ("AMD Ryzen 9 9950X 16-Core Processor", 32, "amd-ryzen-9-9950x-32cpu"),
        ("Intel(R) Xeon(R) Processor @ 2.50GHz", 2, "intel-xeon-2.50ghz-2cpu"),
        ("Intel(R) Core(TM) i5-2520M CPU @ 2.50GHz", 4, "intel-core-i5-2520m-2.50ghz-4cpu"),
        ("Apple M3 Pro", 12, "apple-m3-pro-12cpu"),
        ("", 1, "unknown-1cpu"),
    ],
)
def test_a_machine_is_called_by_its_cpu_and_cores(cpu: str, cores: int, name: str) -> None:
    assert machine_name(cpu, cores) == name


@given(st.text(), st.integers(min_value=1, max_value=4096))
def test_every_name_can_be_a_folder_on_every_system(cpu: str, cores: int) -> None:
    name = machine_name(cpu, cores)
    assert name
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
    assert name[-1].isalnum()


def test_asv_is_told_all_that_it_asks_for_and_no_host_name(tmp_path: Path) -> None:
    fields = introduce(tmp_path / "results", register(tmp_path / "results", None))
    assert set(fields) == {field for field, _ in Machine.fields}
    assert all(fields.values())
    assert platform.node() not in fields.values()


def test_a_name_is_readable_and_has_some_digits_of_the_identity(tmp_path: Path) -> None:
    own = identity(tmp_path)
    assert register(tmp_path / "results", None) == f"{USUAL}-{own[:4]}"


def test_two_clones_of_a_user_are_of_one_machine(tmp_path: Path) -> None:
    one, other = (register(tmp_path / name / "results", None) for name in ("a", "b"))
    assert one == other


def test_two_containers_with_the_same_processor_are_two(
    tmp_path: Path, user: Callable[[str], Path]
) -> None:
    """One mounts the results of the other."""
    results = tmp_path / "results"
    mine = register(results, None)
    introduce(results, mine)
    user("another")
    theirs = register(results, None)
    assert theirs != mine
    with pytest.raises(UsageError, match=f"{mine}.*not known to be of this machine"):
        register(results, mine)


@pytest.mark.parametrize(
    ("fact", "value"), [("_cores", 64), ("_memory_bytes", 2**40), ("_cpuinfo", "another")]
)
def test_another_processor_number_of_cores_or_memory_is_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fact: str, value: object
) -> None:
    """A home folder that is copied, or shared by hosts, does not make them one."""
    own = identity(tmp_path)
    monkeypatch.setattr(instrument, fact, lambda *_: value)
    assert identity(tmp_path) != own


@pytest.mark.parametrize("memory", [25276510208, 25276514304, 25_000_000_000, 24 * 2**30])
def test_memory_that_a_kernel_keeps_for_itself_makes_no_other_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: int
) -> None:
    monkeypatch.setattr(instrument, "_memory_bytes", lambda: 25276510208)
    own = identity(tmp_path)
    monkeypatch.setattr(instrument, "_memory_bytes", lambda: memory)
    monkeypatch.setattr(platform, "release", lambda: "another kernel")
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert identity(tmp_path) == own


def test_what_is_on_record_of_this_machine_stays(tmp_path: Path) -> None:
    """asv's graphs are by these fields: a new kernel would begin new ones."""
    path = record(tmp_path, "box", identity=identity(tmp_path))
    before = path.read_bytes()
    fields = introduce(tmp_path / "results", "box")
    assert fields["os"] == "Linux 1"
    assert "identity" not in fields
    assert path.read_bytes() == before


def test_where_a_users_folder_cannot_be_written_the_clone_keeps_it_and_says_so(
    tmp_path: Path, user: Callable[[str], Path]
) -> None:
    user("file").write_text("no folder", encoding="utf-8")
    said: list[str] = []
    one = identity(tmp_path / "a", said.append)
    assert one == identity(tmp_path / "a", said.append)
    assert one != identity(tmp_path / "b", said.append)
    assert all("another one for other clones" in line for line in said)
    assert len(said) == 3


def test_a_user_without_a_home_has_an_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def homeless(_: str) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("ftbench.files.platformdirs.user_data_path", homeless)
    said: list[str] = []
    assert identity(tmp_path, said.append)
    assert "no home folder" in said[0]


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../elsewhere", "a/b", "a\\b", "a b", "/root", "x\n", "x.", "-x", "v" * 101],
)
def test_a_name_that_is_no_folder_of_the_results_is_refused(tmp_path: Path, name: str) -> None:
    """It would write outside of them, or where nobody reads."""
    with pytest.raises(UsageError, match="cannot be a machine's name"):
        register(tmp_path / "results", name)
    assert not (tmp_path / "results").exists()


def test_a_name_that_is_a_file_of_the_results_is_refused(clone: Path) -> None:
    (clone / "results" / "benchmarks.json").write_text("{}", "utf-8")
    with pytest.raises(UsageError, match="cannot be a machine's name"):
        register(clone / "results", "benchmarks.json")


@pytest.mark.parametrize("words", [(bench,), (duel, "/nowhere", "/nowhere"), (noise,), (selftest,)])
@pytest.mark.parametrize("text", [None, "{", '{"machine": "x", "version": 1}', ""])
def test_a_machine_that_does_not_say_that_it_is_this_one_is_refused_with_what_to_do(
    clone: Path, words: tuple[Any, ...], text: str | None
) -> None:
    """Before anything is installed or measured, and of damaged records, too."""
    path = clone / "results" / USUAL / "machine.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    before = path.read_bytes()
    command, *arguments = words
    with pytest.raises(UsageError) as raised:
        CliRunner().invoke(command, [*arguments, "--machine", USUAL], catch_exceptions=False)
    assert raised.value.exit_code == 2
    assert f"ftbench results adopt {USUAL}" in raised.value.hint
    assert f"{USUAL}-{identity(clone)[:4]}" in raised.value.hint
    assert path.read_bytes() == before


def test_results_without_a_record_of_their_machine_are_of_none(clone: Path) -> None:
    (clone / "results" / "box").mkdir()
    assert register(clone / "results", "box") == "box"
    (clone / "results" / "box" / "x.json").touch()
    with pytest.raises(UsageError, match="not known to be"):
        register(clone / "results", "box")


def test_whoever_says_so_once_measures_on_under_the_old_name(
    clone: Path, user: Callable[[str], Path]
) -> None:
    path = clone / "results" / USUAL / "machine.json"
    before = fields_at(path)
    done = CliRunner().invoke(adopt, [USUAL], catch_exceptions=False)
    assert str(path) in done.output
    assert fields_at(path) == before | {"identity": identity(clone)}
    assert register(clone / "results", None) == USUAL
    assert register(clone / "results", USUAL) == USUAL
    user("another")
    assert register(clone / "results", None) != USUAL
    with pytest.raises(UsageError, match="identity is"):
        CliRunner().invoke(adopt, [USUAL], catch_exceptions=False)


@pytest.mark.parametrize(
    ("name", "more", "error", "why"),
    [
        ("xeon", {"cpu": "Xeon"}, UsageError, "cpu is Xeon, not AMD EPYC"),
        ("big", {"num_cpu": "64"}, UsageError, "num_cpu is 64, not 2"),
        ("odd", {"machine": "x"}, ResultsError, "names the machine"),
        ("none", None, UsageError, f"There is: {USUAL}"),
    ],
)
def test_what_is_of_another_machine_by_its_record_is_not_adopted(
    clone: Path, name: str, more: dict[str, str] | None, error: type[FtbenchError], why: str
) -> None:
    path = record(clone, name, **more) if more else clone
    before = path.read_bytes() if more else b""
    with pytest.raises(error, match=why):
        CliRunner().invoke(adopt, [name], catch_exceptions=False)
    assert not more or path.read_bytes() == before


def test_asv_run_measures_under_a_name_of_its_own_and_never_under_anothers(
    empty: AsvProject, tmp_path: Path, release: str
) -> None:
    """Nobody has told asv of a machine before."""
    project = empty.copy(tmp_path / "project")
    path = record(project.folder, USUAL)
    before = path.read_bytes()
    words = ("run", f"{release}^!", "-E", "ft", *CHEAP, "--quick")
    refused = project.asv(*words, "--machine", USUAL)
    assert refused.code == 1
    assert f"ftbench results adopt {USUAL}" in refused.said
    assert [each.name for each in path.parent.iterdir()] == ["machine.json"]
    assert path.read_bytes() == before
    done = project.asv(*words)
    assert done.code == 0, done.said
    (mine,) = (each.parent for each in project.folder.glob("results/*/3*.json"))
    said = fields_at(mine / "machine.json")
    assert said["machine"] == mine.name
    assert mine.name.endswith(f"-{said['identity'][:4]}")
    (result,) = mine.glob("3*cpython*.json")
    assert "identity" not in fields_at(result)["params"]


def test_asv_finds_the_machine_under_its_name(clone: Path) -> None:
    assert OwnMachine.load(machine_name="box", interactive=True).machine == "box"
    assert not (clone / "results" / "box").exists()
