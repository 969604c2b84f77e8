"""What a process has from its caller and cannot be freed of is on record."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from probing import environment, ran, run_probe

from ftbench.analysis.conditions import MACHINE_FACTS
from ftbench.probe.instruments import inherited as instrument
from ftbench.probe.instruments import kernel
from ftbench.probe.instruments.inherited import inherited
from ftbench.probe.instruments.machine import machine_record
from ftbench.results.figure import CONDITIONS
from ftbench.results.records import fits
from ftbench.results.sidecar import _Word

FIELDS = ["0"] * 50


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kernel, "PROC", tmp_path / "proc")
    monkeypatch.setattr(kernel, "USUAL", tmp_path / "cgroup")
    monkeypatch.setattr(instrument, "HUGE_PAGES", tmp_path / "pages")
    monkeypatch.setattr(instrument, "PRELOADS", tmp_path / "ld.so.preload")
    (tmp_path / "proc" / "self").mkdir(parents=True)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_system_without_these_files_says_nothing(system: Path) -> None:
    assert not list((system / "proc" / "self").iterdir())
    facts = inherited({})
    assert facts.pop("cgroup") == "CPU quota none, memory limit none"
    assert facts.pop("libraries") == "the build's own"
    assert set(facts.values()) == {None}


def test_huge_pages_are_as_the_kernel_was_told_of_every_size(system: Path) -> None:
    pages = system / "pages"
    write(pages / "enabled", "always [madvise] never\n")
    write(pages / "defrag", "always defer [defer+madvise] madvise never\n")
    write(pages / "hugepages-2048kB" / "enabled", "always [inherit] madvise never\n")
    assert inherited({})["huge_pages"] == "enabled madvise, defrag defer+madvise"
    write(pages / "hugepages-64kB" / "enabled", "[always] inherit madvise never\n")
    assert (
        inherited({})["huge_pages"]
        == "enabled madvise, defrag defer+madvise, hugepages-64kB always"
    )
    write(system / "proc" / "self" / "status", "Name:\tx\nTHP_enabled:\t0\n")
    assert inherited({})["huge_pages"].endswith("here 0")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, "other, nice 0, priority 0"),
        ({16: "10"}, "other, nice 10, priority 0"),
        ({38: "3"}, "batch, nice 0, priority 0"),
        ({38: "1", 37: "7"}, "fifo, nice 0, priority 7"),
        ({38: "77"}, "77, nice 0, priority 0"),
    ],
)
def test_the_scheduling_class_and_the_priority_are_told(
    system: Path, changed: dict[int, str], words: str
) -> None:
    fields = [changed.get(place, field) for place, field in enumerate(FIELDS)]
    write(system / "proc" / "self" / "stat", f"12 (a) name) {' '.join(fields)}\n")
    assert inherited({})["scheduling"] == words


def test_what_makes_system_calls_dearer_is_told(system: Path) -> None:
    own = system / "proc" / "self"
    write(own / "status", "Seccomp:\t2\nTracerPid:\t77\nSpeculation_Store_Bypass:\tmitigated\n")
    write(own / "personality", "00040000\n")
    assert (
        inherited({})["process"]
        == "seccomp 2, store bypass mitigated, traced yes, personality 00040000"
    )


def test_limits_of_a_cgroup_are_told_without_its_name(system: Path) -> None:
    write(system / "proc" / "self" / "cgroup", "0::/user-1000.slice/mine\n")
    assert inherited({})["cgroup"] == "CPU quota none, memory limit none"
    write(system / "cgroup" / "user-1000.slice" / "cpu.max", "50000 100000")
    write(system / "cgroup" / "user-1000.slice" / "mine" / "memory.max", "1000000")
    assert inherited({})["cgroup"] == "CPU quota 0.5, memory limit 1000000"


@pytest.mark.usefixtures("system")
def test_other_libraries_are_told_by_a_checksum_and_not_by_a_path() -> None:
    first, second = (inherited({"LD_LIBRARY_PATH": path})["libraries"] for path in ("/x", "/y"))
    assert first != second
    assert first.startswith("LD_LIBRARY_PATH ")
    assert "/x" not in first


def test_preloads_of_the_system_are_told(system: Path) -> None:
    write(system / "ld.so.preload", "/usr/lib/libjemalloc.so.2\n")
    assert inherited({})["libraries"].startswith("ld.so.preload ")


def test_every_condition_is_on_record_and_has_a_title() -> None:
    record = machine_record()
    assert set(CONDITIONS) - {"pinned"} <= record.keys()
    assert set(CONDITIONS) <= MACHINE_FACTS.keys()
    assert all(fits(value, _Word) for value in record.values())


@pytest.mark.skipif(sys.platform != "linux", reason="of Linux's tools")
@pytest.mark.parametrize(
    ("command", "fact", "words"),
    [
        (["nice", "-n", "7"], "scheduling", "nice 7"),
        (["chrt", "-b", "0"], "scheduling", "batch"),
        (["taskset", "-c", str(min(os.sched_getaffinity(0)))], "usable_cores", "1"),
        (["setarch", "-R"], "process", "personality 00040000"),
        (["prlimit", "--stack=4194304"], "limits", "stack size 4194304"),
    ],
    ids=lambda each: each[0] if isinstance(each, list) else "",
)
def test_a_real_process_tells_how_it_was_started(command: list[str], fact: str, words: str) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} here")
    asks = (
        "import json; from ftbench.probe.instruments.machine import machine_record; "
        "print(json.dumps(machine_record()))"
    )
    done = ran([*command, sys.executable, "-c", asks], check=True)
    assert words in str(json.loads(done.stdout)[fact])
    assert words not in str(machine_record()[fact])


_AS_CALLED = """
import os, signal, sys
{how}
os.execv(sys.executable, [sys.executable, "-m", "ftbench.probe", *sys.argv[1:]])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
@pytest.mark.parametrize(
    "how",
    [
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
        "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))",
        "os.mkdir(folder := f'gone-{os.getpid()}'); os.chdir(folder); os.rmdir(f'../{folder}')",
    ],
)
@pytest.mark.parametrize("start_method", ["fork", "forkserver"])
def test_what_the_caller_ignores_or_has_lost_is_not_the_cells(
    how: str, start_method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["lifecycle", "--mode", "processes", "--start-method", start_method, "--workers", "2"]
    done = run_probe(sys.executable, *words, how=["-c", _AS_CALLED.format(how=how)])
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
def test_how_a_child_ended_is_heard_of_where_the_caller_ignores_it() -> None:
    code = """
import os, signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
from ftbench.probe.run.child import reset_signals
from ftbench.processes import run
reset_signals()
print(run(["/bin/sh", "-c", "exit 3"], environ={}, deadline=20).code)
"""
    done = ran([sys.executable, "-c", code], env=environment())
    assert done.stdout == "3\n", done.stderr
