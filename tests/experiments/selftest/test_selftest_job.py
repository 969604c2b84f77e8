"""The job on made-up processes: pools in turn, floors on record, what is lost, what is said."""

from __future__ import annotations

import dataclasses
import itertools
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_measurements import BUILD, measurement
from rich.console import Console

from ftbench.asv.measuring_lock import MeasuringLock
from ftbench.errors import FtbenchError, NotAvailableError, WorkerFailedError
from ftbench.experiments import harness
from ftbench.experiments.harness import journal_of
from ftbench.experiments.selftest import SelftestJob, SelftestResult, document_of
from ftbench.experiments.selftest import run as run_with
from ftbench.experiments.suite import SuiteCell
from ftbench.facts.arms import arm_named
from ftbench.probe.run.document import Measurement
from ftbench.pythons import Interpreter, Origin, PythonBuild
from ftbench.report.output import Format, rendered
from ftbench.results.figure import Environment, NoiseSeries, SeriesKey

QUIET = Console(quiet=True)
# Spreads by a thousandth or two, the same for every pool.
JITTER = (1.0, 1.001, 0.999, 1.002, 1.0005, 0.9995, 1.0015, 0.998, 1.0, 1.001)
Answer = Callable[[SuiteCell, int, float], Measurement]


def run(job: SelftestJob, console: Console, *, fresh: bool = False) -> SelftestResult:
    with journal_of(*job.asked("selftest", job.pool), console, fresh=fresh) as journal:
        return run_with(job, console, journal)


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


@pytest.fixture
def plan() -> SelftestJob:
    """Two cells and three slowdowns, on an interpreter that nobody will start."""
    return SelftestJob(
        interpreter=Interpreter(
            executable=Path(sys.executable),
            prefix=Path("nowhere"),
            build=PythonBuild.from_record(BUILD),
            origin=Origin.SOURCE,
        ),
        arm=arm_named("ft"),
        cells=CELLS,
        profile="full",
        slowdowns=(0.05, 0.10, 0.20),
        trials=20,
        machine="vm",
    )


@pytest.fixture
def asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[Answer], list[tuple[str, float]]]:
    """Return a function that has the probe answer as told, and lists what it was asked."""
    monkeypatch.setenv("FTBENCH_CACHE", str(tmp_path))
    monkeypatch.setattr(MeasuringLock, "acquire", lambda _lock: None)

    def answered_by(answer: Answer) -> list[tuple[str, float]]:
        seen: list[tuple[str, float]] = []

        def probe(
            _interpreter: Interpreter, _name: str, *, extra: float, **options: object
        ) -> Measurement:
            (asked_for,) = [each for each in CELLS if each.params == options["params"]]
            number = seen.count((asked_for.title, extra))
            seen.append((asked_for.title, extra))
            return answer(asked_for, number, extra)

        monkeypatch.setattr(harness, "probe", probe)
        return seen

    return answered_by


def fine(of: SuiteCell, number: int, extra: float) -> Measurement:
    """Answer with a round that takes so much longer, and a start that does not."""
    took = JITTER[number] * (1 + extra)
    return measurement(of, round=(took,) * 3, start=(JITTER[-number],))


def test_slowdowns_take_turns_in_whole_passes(
    plan: SelftestJob, asked: Callable[[Answer], list[tuple[str, float]]]
) -> None:
    seen = asked(fine)
    run(plan, QUIET)
    assert len(seen) == 4 * 10 * 2
    levels = [level for level, _ in itertools.groupby(extra for _, extra in seen[:16])]
    assert levels == [0.0, 0.05, 0.10, 0.20, 0.10, 0.05, 0.0]
    assert [title for title, _ in seen[:4]] == [each.title for each in CELLS] * 2


def test_what_was_slowed_is_found_and_nothing_else_is_tried(
    plan: SelftestJob, asked: Callable[[Answer], list[tuple[str, float]]]
) -> None:
    asked(fine)
    report = run(plan, QUIET)
    assert report.passed
    assert report.alarms == ()
    assert report.judged == 20 * 4
    assert [each.series.benchmark for each in report.tried] == [
        "lifecycle.Lifecycle.track_round"
    ] * 2
    for tried in report.tried:
        assert [each.share for each in tried.outcomes] == [0.05, 0.10, 0.20]
        assert [each.found for each in tried.outcomes] == [20, 20, 20]
        assert not tried.on_record


def test_a_loud_floor_on_record_makes_it_miss(
    plan: SelftestJob, asked: Callable[[Answer], list[tuple[str, float]]]
) -> None:
    asked(fine)
    loud = NoiseSeries(
        environment=Environment(machine="vm", arm=plan.arm, flavour="source-gcc12", profile="full"),
        release=plan.interpreter.release,
        series=SeriesKey(benchmark="lifecycle.Lifecycle.track_round", params=CELLS[0].texts),
        unit="seconds",
        medians=(1.0, 1.6, 0.7, 1.3, 0.9, 1.5, 0.6, 1.1),
        order="ABBAABBA",
    )
    report = run(dataclasses.replace(plan, noise=(loud,)), QUIET)
    assert [each.on_record for each in report.tried] == [True, False]
    assert [len(each.missed) for each in report.tried] == [2, 0]
    assert not report.passed


def test_a_floor_of_other_conditions_is_not_taken(
    plan: SelftestJob, asked: Callable[[Answer], list[tuple[str, float]]]
) -> None:
    def answer(of: SuiteCell, number: int, extra: float) -> Measurement:
        return dataclasses.replace(fine(of, number, extra), machine={"governor": "performance"})

    asked(answer)
    series = SeriesKey(benchmark="lifecycle.Lifecycle.track_round", params=CELLS[0].texts)
    slow = NoiseSeries(
        environment=plan.environment,
        release=plan.interpreter.release,
        series=series,
        unit="seconds",
        medians=(1.0, 1.6, 0.7, 1.3),
        order="ABBA",
        machines=({"governor": "powersave"},),
    )
    report = run(dataclasses.replace(plan, noise=(slow,)), QUIET)
    assert [each.on_record for each in report.tried] == [False, False]


def test_a_slowdown_that_is_not_to_be_had_is_said_and_the_rest_is_tried(
    plan: SelftestJob, asked: Callable[[Answer], list[tuple[str, float]]]
) -> None:
    def answer(of: SuiteCell, number: int, extra: float) -> Measurement:
        if extra == 0.05:
            raise NotAvailableError("5% more cannot be had")
        return fine(of, number, extra)

    seen = asked(answer)
    report = run(plan, QUIET)
    assert seen.count((CELLS[0].title, 0.05)) == 1
    assert [each.share for each in report.tried[0].outcomes] == [0.10, 0.20]
    assert [lost.reason for lost in report.lost] == ["5% more cannot be had"] * 2


def test_processes_that_others_disturbed_are_counted_and_told(
    plan: SelftestJob, asked: Callable[[Answer], list[tuple[str, float]]]
) -> None:
    def answer(of: SuiteCell, number: int, extra: float) -> Measurement:
        marked = of == CELLS[0] and extra == 0.0
        return dataclasses.replace(fine(of, number, extra), interference={"marked": marked})

    asked(answer)
    report = run(plan, QUIET)
    assert (report.measured, report.disturbed) == (80, 10)
    assert document_of(report).record["disturbed"] == 10


def test_a_cell_that_fails_is_left_out(
    plan: SelftestJob, asked: Callable[[Answer], list[tuple[str, float]]]
) -> None:
    def answer(of: SuiteCell, number: int, extra: float) -> Measurement:
        if of == CELLS[0]:
            raise WorkerFailedError("a worker died")
        return fine(of, number, extra)

    asked(answer)
    report = run(plan, QUIET)
    assert {each.series.params["workers"] for each in report.tried} == {"8"}
    assert {lost.cell.title for lost in report.lost if not lost.skipped} == {CELLS[0].title}


@pytest.mark.parametrize("reason", [NotAvailableError("there is none"), WorkerFailedError("died")])
def test_where_nothing_could_be_tried_nothing_is_proven(
    plan: SelftestJob, asked: Callable[[Answer], list[tuple[str, float]]], reason: FtbenchError
) -> None:
    """That is no alarm and no miss: it ends as its cells did."""

    def answer(_of: SuiteCell, _number: int, _extra: float) -> Measurement:
        raise reason

    asked(answer)
    with pytest.raises(type(reason), match="No cell could be measured") as raised:
        run(plan, QUIET)
    assert raised.value.story == reason.message


def test_the_table_says_what_was_found_and_what_would_find_it(
    plan: SelftestJob, asked: Callable[[Answer], list[tuple[str, float]]]
) -> None:
    asked(fine)
    report = run(plan, QUIET)
    text = rendered(document_of(report), Format.TABLE, width=80)
    assert "Equal sides: 0 alarms in 80 verdicts of 20 comparisons" in text
    assert "100% (" in rendered(document_of(report), Format.TABLE, width=160)
    assert "0 of 2 series miss what they must find." in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_document_has_every_outcome(
    plan: SelftestJob, asked: Callable[[Answer], list[tuple[str, float]]]
) -> None:
    asked(fine)
    told = document_of(run(plan, QUIET)).record
    assert told["passed"]
    assert told["equal"] == {"pairs": 20, "judged": 80, "alarms": []}
    (first, _second) = told["series"]
    assert [each["found"] for each in first["slowdowns"]] == [20, 20, 20]
    assert first["slowdowns"][1]["needs"] >= 1


def test_a_run_that_was_ended_is_gone_on_with_by_whole_turns(
    plan: SelftestJob, asked: Callable[[Answer], list[tuple[str, float]]]
) -> None:
    """A turn that was cut is measured again, and what a later sitting takes more is no effect."""
    count = 0

    def ended(of: SuiteCell, number: int, extra: float) -> Measurement:
        nonlocal count
        count += 1
        if count > 4 * 2 * 4 + 3:  # four turns of two cells, and three processes of the next
            raise KeyboardInterrupt
        return fine(of, number, extra)

    asked(ended)
    with pytest.raises(KeyboardInterrupt):
        run(plan, QUIET)

    def slower(of: SuiteCell, number: int, extra: float) -> Measurement:
        took = 1.5 * JITTER[number] * (1 + extra)
        return measurement(of, round=(took,) * 3, start=(JITTER[-number],))

    seen = asked(slower)
    report = run(plan, QUIET)
    assert len(seen) == 6 * 2 * 4
    assert list(report.sittings.values()) == [32, 48]
    assert report.passed
    assert document_of(report).record["sittings"] == report.sittings
    for tried in report.tried:
        effects = [outcome.effect and outcome.effect.value for outcome in tried.outcomes]
        assert effects == pytest.approx([1.05, 1.10, 1.20], rel=2e-3)
        assert tried.floor is not None
        assert tried.floor.effect < 0.01
