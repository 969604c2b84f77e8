"""Where a system has no semaphores, all works but what needs one: asv itself would not start."""

from __future__ import annotations

import sys

import pytest
from asvproject import CELL, FTBENCH, MACHINE, AsvProject, Ended

# What `sem_open` says without /dev/shm, and where the system has no such call.
WITHOUT = """
import errno, os, runpy, sys
import _multiprocessing
class SemLock:
    SEM_VALUE_MAX = 1
    def __init__(self, *_):
        raise OSError(number, os.strerror(number))
_multiprocessing.SemLock = SemLock
number, module = getattr(errno, sys.argv.pop(1)), sys.argv.pop(1)
if module == "ftbench":
    from ftbench.cli import main
    main()
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def called(project: AsvProject, error: str, module: str, *words: str) -> Ended:
    command = [sys.executable, "-c", WITHOUT, error, module, *words]
    return project.ended(command, FTBENCH_SITE_ASSETS=str(project.folder / "none"))


@pytest.mark.parametrize("error", ["ENOENT", "ENOSYS"])
def test_asv_itself_cannot_start(project: AsvProject, error: str) -> None:
    """An asv of which this fails needs neither `asv_import` nor `python -m ftbench.asv`."""
    assert "Traceback" in called(project, error, "asv", "publish").said


def test_it_measures_and_publishes(project: AsvProject, release: str) -> None:
    before = project.files()
    words = ("run", f"{release}^!", "--machine", MACHINE, "-E", "ft", *CELL)
    done = called(project, "ENOSYS", "ftbench.asv", *words)
    assert done.code == 0, done.said
    assert project.files() != before
    done = called(project, "ENOSYS", "ftbench.asv", "publish")
    assert done.code == 0, done.said
    assert (project.folder / "html" / "choose.html").is_file()
    assert (project.folder / "html" / "index.html").is_file()


def test_what_needs_one_is_told_with_what_would_help(project: AsvProject, release: str) -> None:
    words = ("run", f"{release}^!", "--machine", MACHINE, "-E", "ft", *CELL, "-j", "2")
    done = called(project, "ENOSYS", "ftbench.asv", *words)
    assert "Traceback" not in done.said, done.said
    assert done.code == 1, done.said
    assert "/dev/shm" in done.said


@pytest.mark.parametrize("words", [("report",), ("advise", "--task", "1ms")])
def test_what_only_reads_does_all_it_does(project: AsvProject, words: tuple[str, ...]) -> None:
    assert called(project, "ENOENT", "ftbench", *words) == project.ended([*FTBENCH, *words])
