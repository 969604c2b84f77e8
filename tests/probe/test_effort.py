"""What a cell's tree has cost by the kernel's accounting, by whichever workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from probing import document_of, has_mode, words_of

from ftbench.facts.modes import MODES, Mode
from ftbench.probe.instruments import counters
from ftbench.probe.run import child
from ftbench.pythons import Interpreter

linux = pytest.mark.skipif(sys.platform != "linux", reason="what lives is told by /proc alone")

STAT = "42 (py) th) on) S 1 42 42 0 -1 4194560 500 70 3 2 150 50 30 20 20 0 1 0 100 1000 10"
STATUS = "Name:\tpython\nvoluntary_ctxt_switches:\t{}\nnonvoluntary_ctxt_switches:\t{}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not count")
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_every_modes_cell_counts_its_tree(gil_python: Interpreter, mode: Mode) -> None:
    if not has_mode(gil_python, mode):
        pytest.skip("this interpreter has no such mode")
    document = document_of(gil_python.executable, "lifecycle", *words_of(mode), "--workers", "2")
    counted = document["effort"]
    assert set(counted) == {
        "cpu_seconds",
        "voluntary_switches",
        "involuntary_switches",
        "minor_faults",
    }
    assert counted["minor_faults"] > 0
    # What the scenario has counted of its rounds is part of it.
    assert counted["cpu_seconds"] > sum(document["metrics"]["cpu"]["samples"])


@linux
def test_a_process_that_lives_is_counted_with_the_children_it_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for thread, switches in (("42", (5, 2)), ("43", (7, 1))):
        (tmp_path / "42" / "task" / thread).mkdir(parents=True)
        (tmp_path / "42" / "task" / thread / "status").write_text(STATUS.format(*switches))
    (tmp_path / "42" / "stat").write_text(STAT)
    monkeypatch.setattr(child, "PROC", tmp_path)
    ticks = os.sysconf("SC_CLK_TCK")
    assert counters._of_process(42) == {
        "minor_faults": 570,
        "cpu_seconds": 250 / ticks,
        "voluntary_switches": 12,
        "involuntary_switches": 3,
    }


@linux
def test_all_of_a_session_are_found_and_no_stranger() -> None:
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    leader = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        found: list[int] = []
        while len(found) < 2 and leader.poll() is None:
            found = child.session_of(leader.pid)
        assert os.getpid() not in found
        assert leader.pid in found
        assert [os.getsid(pid) for pid in found] == [leader.pid] * 2
    finally:
        os.killpg(leader.pid, signal.SIGKILL)
        leader.communicate()


def test_without_proc_nothing_else_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "PROC", tmp_path / "none")
    assert child.session_of(os.getpid()) == []
