"""The wall clock may be set in the middle of a run, forth and back: no figure knows of it."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from asvproject import CELL, MACHINE, AsvProject, Ended

from ftbench.results import State, read_results
from ftbench.results.records import read_records, records_path

# Each look at the wall clock of asv's process finds it elsewhere: back first, then forth.
STEPS = """
import datetime, itertools, runpy, sys, time
wall, steps = time.time, itertools.cycle([0, -7200, 3600, -86400, 86400])
time.time = lambda: wall() + next(steps)
class Stepping(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(time.time(), tz)
datetime.datetime = Stepping
runpy.run_module("asv", run_name="__main__", alter_sys=True)
"""


def stepping(project: AsvProject, release: str, *words: str) -> Ended:
    command = [sys.executable, "-c", STEPS, "run", f"{release}^!", "--machine", MACHINE, *words]
    return project.ended(command)


def durations(path: Path) -> list[float]:
    read: dict[str, Any] = json.loads(path.read_text("utf-8"))
    place = read["result_columns"].index("duration")
    of_rows = [row[place] for row in read["results"].values() if len(row) > place]
    return [*of_rows, *read["durations"].values()]


@pytest.mark.parametrize("words", [CELL, ("--bench", "ThreadClock")], ids=["cell", "asv"])
def test_durations_are_of_a_clock_that_nobody_sets(
    empty: AsvProject, tmp_path: Path, release: str, words: tuple[str, str]
) -> None:
    project = empty.copy(tmp_path / "project")
    begin = time.monotonic()
    done = stepping(project, release, *words, "-E", "ft")
    took = time.monotonic() - begin
    assert done.code == 0, done.said
    (file,) = project.results.glob("3*-pyft-*.json")
    assert durations(file)
    assert all(0 <= each <= took for each in durations(file))
    figures = read_results(project.folder / "results").figures
    assert State.MEASURED in {figure.state for figure in figures}
    assert State.FAILED not in {figure.state for figure in figures}
    for cell in read_records(records_path(file)).cells:
        assert 0 <= cell.get("elapsed", 0) <= took


def test_caches_and_environments_from_the_future_are_of_use(
    project: AsvProject, release: str
) -> None:
    assert project.run(f"{release}^!", *CELL, "-E", "ft").code == 0
    future = time.time() + 10 * 365 * 86_400
    for path in project.folder.rglob("*"):
        if not path.is_symlink():
            os.utime(path, (future, future))
    done = stepping(project, release, *CELL, "-E", "ft")
    assert done.code == 0, done.said
    assert project.asv("publish", FTBENCH_SITE_ASSETS=str(project.folder / "none")).code == 0
