"""The job on made-up pairs: trials in turn, what is found, missed, lost and said."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_pairs import Takes
from rich.console import Console

from ftbench.asv.measuring_lock import MeasuringLock
from ftbench.errors import FtbenchError, NotAvailableError, WorkerFailedError
from ftbench.experiments import duel
from ftbench.experiments.duel import DuelJob
from ftbench.experiments.harness import journal_of
from ftbench.experiments.selftest import SelftestJob, SelftestResult, document_of
from ftbench.experiments.selftest import run as run_with
from ftbench.experiments.suite import SuiteCell
from ftbench.experiments.turns import Duellist, SideError
from ftbench.facts.arms import arm_named
from ftbench.report.output import Format, rendered
from ftbench.statistics.verdict import Word

QUIET = Console(quiet=True)


def run(job: SelftestJob) -> SelftestResult:
    with journal_of(["selftest", job.trials], [], QUIET, fresh=False) as journal:
        return run_with(job, QUIET, journal)


def cell(workers: int) -> SuiteCell:
    """Return a cell of lifecycle, of which `round` can be slowed."""
    return SuiteCell(
        group="lifecycle.Lifecycle",
        scenario="lifecycle",
        mode="threads",
        params={"workers": workers},
        values=("threads", "none", workers),
        metrics={"round": "seconds", "start": "seconds"},
    )


CELLS = (cell(1), cell(8))
A = Duellist(
    name="A",
    python=Path(sys.executable),
    release="3.14.2",
    flavour="source-gcc12",
    arm=arm_named("ft"),
)
SERIES = ["lifecycle.Lifecycle.round(threads, 1)", "lifecycle.Lifecycle.round(threads, 8)"]


@pytest.fixture
def plan() -> SelftestJob:
    """Two cells and two slowdowns, on an interpreter that nobody will start."""
    sides = A, dataclasses.replace(A, name="B")
    job = DuelJob(sides=sides, cells=CELLS, budget=15.0, folder=Path("nowhere"))
    return SelftestJob(duel=job, slowdowns=(0.05, 0.10), trials=3)


@pytest.fixture
def takes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Takes]:
    monkeypatch.setenv("FTBENCH_CACHE", str(tmp_path))
    monkeypatch.setattr(MeasuringLock, "acquire", lambda _lock: None)
    made = Takes()
    monkeypatch.setattr(duel, "take", made)
    yield made
    assert not Path("nowhere").exists()  # results are not kept of it


def test_levels_take_turns_and_each_trial_has_orders_of_its_own(
    plan: SelftestJob, takes: Takes
) -> None:
    run(plan)
    levels = list(dict.fromkeys(takes.asked[: takes.asked.index((CELLS[0].title, 0.1))]))
    assert levels == [(each.title, extra) for extra in (0.0, 0.05) for each in CELLS]
    layouts = {layout for layout, _ in takes.drawn}
    assert len(layouts) >= 3 * min(takes.pairs.values()) / 9


def test_what_was_slowed_is_found_and_nothing_else_is_tried(
    plan: SelftestJob, takes: Takes
) -> None:
    report = run(plan)
    assert report.passed
    assert list(report.levels) == SERIES
    for levels in report.levels.values():
        assert list(levels) == [0.0, 0.05, 0.10]
        assert [level.count(Word.WORSE) for level in levels.values()] == [0, 3, 3]
        assert [level.alarms for level in levels.values()] == [0, 0, 0]
        effects = [level.effect for level in levels.values()]
        assert effects == pytest.approx([1.0, 1.05, 1.10], rel=6e-3)


def test_a_slowdown_that_does_not_show_is_missed(plan: SelftestJob, takes: Takes) -> None:
    takes.reached = 0.0
    report = run(plan)
    assert not report.passed
    assert all(level.missed is (level.extra > 0) for level in report.levels[SERIES[0]].values())


@pytest.mark.parametrize("ratio", [0.97, 1.03])
def test_equal_sides_that_differ_are_alarms(plan: SelftestJob, takes: Takes, ratio: float) -> None:
    takes.ratio = ratio
    report = run(plan)
    assert not report.passed
    assert report.levels[SERIES[0]][0.0].alarms == 3


def test_a_slowdown_that_is_not_to_be_had_is_said_and_the_rest_is_tried(
    plan: SelftestJob, takes: Takes
) -> None:
    for each in CELLS:
        takes.ends[f"{each.title} 0.05"] = SideError(1, NotAvailableError("5% cannot be had"))
    report = run(plan)
    assert takes.asked.count((CELLS[0].title, 0.05)) == 1
    assert list(report.levels[SERIES[0]]) == [0.0, 0.10]
    told = document_of(report)
    assert [each["reason"] for each in told.record["lost"]] == ["5% cannot be had"] * 2
    assert "5% cannot be had" in rendered(told, Format.TABLE, width=160)


def test_a_cell_that_fails_is_left_out(plan: SelftestJob, takes: Takes) -> None:
    takes.ends[CELLS[0].title] = SideError(0, WorkerFailedError("a worker died"))
    report = run(plan)
    assert list(report.levels) == SERIES[1:]
    assert {title for title, _ in report.lost} == {CELLS[0].title}


@pytest.mark.parametrize("reason", [NotAvailableError("there is none"), WorkerFailedError("died")])
def test_where_nothing_could_be_tried_nothing_is_proven(
    plan: SelftestJob, takes: Takes, reason: FtbenchError
) -> None:
    """That is no alarm and no miss: it ends as its cells did."""
    takes.ends |= {each.title: SideError(0, reason) for each in CELLS}
    with pytest.raises(type(reason), match="No cell could be tried") as raised:
        run(plan)
    assert raised.value.story == reason.message


def test_the_table_says_what_was_found(plan: SelftestJob, takes: Takes) -> None:
    report = run(plan)
    text = rendered(document_of(report), Format.TABLE, width=80)
    assert "3 duels of each, of at most 15 s." in text
    assert max(map(len, text.splitlines())) <= 80
    wide = rendered(document_of(report), Format.TABLE, width=160)
    assert "100% (" in wide
    assert "0 alarms, 3 of 3 the same" in wide


def test_the_document_has_every_level(plan: SelftestJob, takes: Takes) -> None:
    told = document_of(run(plan)).record
    assert told["passed"]
    (first, second) = told["series"]
    assert [first["series"], second["series"]] == SERIES
    assert [each["worse"] for each in first["levels"]] == [0, 3, 3]
    assert [each["same"] for each in first["levels"]] == [3, 0, 0]
    assert [len(each["pairs"]) for each in first["levels"]] == [3, 3, 3]


def test_a_run_that_was_ended_is_gone_on_with_trial_by_trial(
    plan: SelftestJob, takes: Takes
) -> None:
    takes.ends[f"{CELLS[1].title} 0.1"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        run(plan)
    takes.ends.clear()
    takes.asked.clear()
    report = run(plan)
    assert takes.asked[0] == (CELLS[1].title, 0.1)
    assert all(
        len(level.duels) == 3 for levels in report.levels.values() for level in levels.values()
    )
