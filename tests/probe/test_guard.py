"""The guard by itself: it starts a command, passes lines on, and leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from probing import environment, eventually, lives

from ftbench.probe.run import guard
from ftbench.probe.run.programs import short_folder

posix = pytest.mark.skipif(sys.platform == "win32", reason="process groups and signals are POSIX's")


def _guarded(program: str, deadline: float = 30.0) -> subprocess.Popen[str]:
    command, folder = [sys.executable, "-c", program], short_folder()
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "ftbench.probe.run.guard", str(deadline), folder, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(),
    )


def _end_of(guard: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for the guard without closing its standard input, which would end the cell."""
    assert guard.stdout is not None
    assert guard.stderr is not None
    assert guard.stdin is not None
    try:
        code = guard.wait(20)
        return code, guard.stdout.read(), guard.stderr.read()
    finally:
        guard.kill()
        for stream in (guard.stdin, guard.stdout, guard.stderr):
            stream.close()


def test_a_folder_goes_with_all_that_is_in_it_and_nothing_else(tmp_path: Path) -> None:
    own, others = tmp_path / "own", tmp_path / "others"
    for folder in (own / "bin" / "deep", others):
        folder.mkdir(parents=True)
        (folder / "file").touch()
    (own / "link").symlink_to(others, target_is_directory=True)
    (own / "bin" / "nowhere").symlink_to(own / "gone")
    guard._remove(str(own))
    assert [each.name for each in tmp_path.iterdir()] == ["others"]
    assert (others / "file").exists()


def test_the_cells_exit_code_and_words_come_through() -> None:
    code, out, _ = _end_of(_guarded("print('told'); raise SystemExit(7)"))
    assert (code, out) == (7, "told\n")


@posix
def test_a_signal_is_told_as_a_shell_does() -> None:
    code, _, _ = _end_of(_guarded("import os; os.kill(os.getpid(), 9)"))
    assert code == 128 + signal.SIGKILL


def test_lines_reach_the_cell() -> None:
    guard = _guarded("print('heard', input())")
    assert guard.stdin is not None
    guard.stdin.write("a line\n")
    guard.stdin.flush()
    code, out, _ = _end_of(guard)
    assert (code, out) == (0, "heard a line\n")


def test_a_deadline_that_passes_is_code_5() -> None:
    code, _, _ = _end_of(_guarded("import time; time.sleep(600)", deadline=0.3))
    assert code == 5


def test_a_standard_input_that_closes_ends_the_cell() -> None:
    guard = _guarded("import os, time; print(os.getpid(), flush=True); time.sleep(600)")
    assert guard.stdout is not None
    pid = int(guard.stdout.readline())
    guard.communicate(timeout=20)
    eventually(lambda: not lives(pid), "the cell is gone")


_CLOSED_EARS = """
import os, time
os.close(0)
print(os.getpid(), flush=True)
time.sleep(600)
"""


@posix
def test_a_cell_that_does_not_listen_is_ended_all_the_same() -> None:
    guard = _guarded(_CLOSED_EARS)
    assert guard.stdin is not None
    assert guard.stdout is not None
    pid = int(guard.stdout.readline())
    for _ in range(3):
        guard.stdin.write("nobody hears\n")
        guard.stdin.flush()
    guard.communicate(timeout=20)
    eventually(lambda: not lives(pid), "the cell is gone")


_LEAVES_A_CHILD = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
child.returncode = 0  # nobody shall warn that it still runs
"""


@posix
def test_a_child_that_the_cell_leaves_behind_is_ended() -> None:
    code, out, _ = _end_of(_guarded(_LEAVES_A_CHILD))
    assert code == 0
    eventually(lambda: not lives(int(out)), "the child is gone")
