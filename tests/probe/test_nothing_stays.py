"""Whoever ends a measurement, and however: afterwards no process of it lives."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from probing import cell_with, environment, eventually, footprint_with, lives

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX's")

_HANG = "def bad(): time.sleep(600)"
# Supervisor, guard, cell, two workers; footprint has its observer and half of them.
_PROCESSES = {"lifecycle": 5, "footprint": 5}


def _role(process: psutil.Process) -> str:
    try:
        words = " ".join(process.cmdline())
    except psutil.Error:
        return "gone"
    return "guard" if "ftbench.probe.run.guard" in words else "other"


@contextmanager
def _hanging(
    scenario: str, deadline: float = 60.0
) -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    """Start a measurement whose workers hang; yield its supervisor and, once whole, its tree."""
    words = ["--mode", "processes-fork", "--workers", "2", "--profile", "smoke"]
    folder = Path(tempfile.mkdtemp(prefix="t"))
    program = Path(tempfile.mkdtemp(prefix="t"))
    how = cell_with(_HANG) if scenario == "lifecycle" else footprint_with(program, _HANG)
    supervisor = subprocess.Popen(
        [sys.executable, *how, scenario, *words, "--deadline", str(deadline), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment({"TMPDIR": str(folder)}),
        start_new_session=True,
    )
    root = psutil.Process(supervisor.pid)
    tree: list[psutil.Process] = []

    def whole() -> bool:
        tree[:] = [root, *root.children(recursive=True)]
        return len(tree) >= _PROCESSES[scenario]

    try:
        eventually(whole, "supervisor, guard, cell and workers are there")
        yield supervisor, tree
        out, _ = supervisor.communicate(timeout=20)
        assert out == "", "nothing is recorded"
        eventually(lambda: not any(map(lives, tree)), "the whole tree is gone")
        eventually(lambda: not list(folder.iterdir()), "the cell's folder is gone")
    finally:
        for process in tree:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        supervisor.communicate()
        shutil.rmtree(folder)
        shutil.rmtree(program)


def _interrupt(supervisor: subprocess.Popen[str]) -> None:
    os.killpg(supervisor.pid, signal.SIGINT)


def _kill(supervisor: subprocess.Popen[str]) -> None:
    supervisor.kill()


def _terminate(supervisor: subprocess.Popen[str]) -> None:
    supervisor.terminate()


@pytest.mark.parametrize("scenario", _PROCESSES)
@pytest.mark.parametrize(
    ("end", "code"),
    [(_interrupt, 130), (_kill, -signal.SIGKILL), (_terminate, -signal.SIGTERM)],
)
def test_the_end_of_the_supervisor_is_the_end_of_all(
    scenario: str, end: Callable[[subprocess.Popen[str]], None], code: int
) -> None:
    with _hanging(scenario) as (supervisor, _):
        end(supervisor)
    assert supervisor.returncode == code


def test_ctrl_c_is_said_in_one_line() -> None:
    with _hanging("lifecycle") as (supervisor, _):
        _interrupt(supervisor)
        _, err = supervisor.communicate(timeout=20)
        assert err == "ftbench.probe: interrupted; nothing is recorded.\n"


def test_a_guard_that_is_told_to_end_takes_its_cell_along() -> None:
    with _hanging("lifecycle") as (supervisor, tree):
        next(process for process in tree if _role(process) == "guard").terminate()
    assert supervisor.returncode == 4


def test_without_its_guard_a_cell_still_has_its_deadline() -> None:
    with _hanging("lifecycle", deadline=4.0) as (supervisor, tree):
        next(process for process in tree if _role(process) == "guard").kill()
    assert supervisor.returncode == 5


def test_a_cell_that_is_killed_takes_its_workers_along() -> None:
    with _hanging("lifecycle") as (supervisor, tree):
        guard = next(process for process in tree if _role(process) == "guard")
        guard.children()[0].kill()
        _, err = supervisor.communicate(timeout=20)
        assert "ended with code 137" in err
    assert supervisor.returncode == 4
