"""The readers of a process's memory agree with each other, and know who is gone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from probing import eventually

from ftbench import observer
from ftbench.errors import NotAvailableError
from ftbench.observer import KernelReader, PsutilReader, Reader, best_reader, kernel_can

MIB = 2**20
KEPT = 24 * MIB

# Touches every page of what it keeps, and has a child in its group.
_PROGRAM = f"""
import subprocess, sys
keep = bytearray(b"x") * {KEPT}
child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"])
print(child.pid, flush=True)
sys.stdin.read()
child.wait()
"""

READERS = [
    pytest.param(PsutilReader, id="psutil"),
    pytest.param(
        KernelReader,
        id="kernel",
        marks=pytest.mark.skipif(not kernel_can(), reason="needs Linux's smaps_rollup"),
    ),
]
EACH_READER = pytest.mark.parametrize("make", READERS)
Make = Callable[[], Reader]


@pytest.fixture
def tree() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process in a session of its own and the pid of its child."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    yield process, child
    process.communicate()  # closes what both wait for


@EACH_READER
def test_what_a_process_keeps_is_seen(make: Make, tree: tuple[subprocess.Popen[str], int]) -> None:
    reader = make()
    memory = reader.read(tree[0].pid)
    reader.close()
    assert memory.rss >= KEPT
    if memory.uss is not None:
        assert KEPT <= memory.uss <= memory.rss
    if memory.pss is not None:
        assert memory.uss is not None
        assert memory.uss <= memory.pss <= memory.rss


@pytest.mark.skipif(not kernel_can(), reason="needs Linux's smaps_rollup")
def test_the_kernels_figures_are_psutils(tree: tuple[subprocess.Popen[str], int]) -> None:
    kernel, portable = KernelReader(), PsutilReader()
    one, other = kernel.read(tree[0].pid), portable.read(tree[0].pid)
    kernel.close()
    # psutil takes RSS from the process's counters, which lag behind its page tables.
    assert one.rss == pytest.approx(other.rss, abs=2 * MIB)
    assert one.uss == pytest.approx(other.uss, abs=2 * MIB)
    assert one.pss == pytest.approx(other.pss, abs=2 * MIB)


@EACH_READER
def test_the_whole_tree_is_found(make: Make, tree: tuple[subprocess.Popen[str], int]) -> None:
    reader = make()
    process, child = tree
    assert set(reader.group(process.pid)) == {process.pid, child}
    reader.close()


@EACH_READER
def test_a_process_that_ended_is_gone_even_before_it_was_waited_for(make: Make) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert process.stdin is not None
    reader = make()
    assert reader.read(process.pid).rss > 0
    process.kill()
    if sys.platform != "win32":
        seen = psutil.Process(process.pid)
        eventually(lambda: seen.status() == psutil.STATUS_ZOMBIE, "the process has ended")
        with pytest.raises(ProcessLookupError):
            reader.read(process.pid)
    process.wait(10)
    process.stdin.close()
    with pytest.raises(ProcessLookupError):
        reader.read(process.pid)
    reader.close()
    assert reader.group(process.pid) in ([], [process.pid])


def _refusing(known: dict[str, int]) -> Any:
    """Return a psutil that tells an ordinary user no more than `known`, as on macOS."""

    class DeniedError(Exception):
        """The system says no."""

    class Process:
        def __init__(self, pid: int) -> None:
            self.pid = pid

        def memory_full_info(self) -> Any:
            raise DeniedError

        def memory_info(self) -> Any:
            return SimpleNamespace(_asdict=lambda: known)

    return SimpleNamespace(Process=Process, AccessDenied=DeniedError, NoSuchProcess=KeyError)


def test_a_system_that_tells_rss_only_is_read_as_far_as_it_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = PsutilReader()
    monkeypatch.setattr(reader, "_psutil", _refusing({"rss": 5 * MIB, "vms": 9 * MIB}))
    memory = reader.read(1)
    assert (memory.rss, memory.uss, memory.pss) == (5 * MIB, None, None)


def test_the_cheapest_reader_of_the_system_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer, "kernel_can", lambda: True)
    assert best_reader().name == "smaps_rollup"
    monkeypatch.setattr(observer, "kernel_can", lambda: False)
    assert best_reader().name == "psutil"


def test_a_system_without_either_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer, "kernel_can", lambda: False)
    monkeypatch.setitem(sys.modules, "psutil", None)
    with pytest.raises(NotAvailableError, match="has no psutil"):
        best_reader()
