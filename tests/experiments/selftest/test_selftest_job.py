"""The job on made-up pairs: trials in turn, what is found, missed, lost and said."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import secrets
import sys
from pathlib import Path

import msgspec
import pytest
from fake_pairs import Takes
from rich.console import Console

from ftbench.asv.measuring_lock import MeasuringLock
from ftbench.errors import FtbenchError, NotAvailableError, ResultsError, WorkerFailedError
from ftbench.experiments import duel, selftest
from ftbench.experiments.selftest import (
    EQUAL,
    Outcome,
    SelftestJob,
    SelftestResult,
    Target,
    Tried,
    _word,
    document_of,
)
from ftbench.experiments.selftest import run as run_on
from ftbench.experiments.suite import SuiteCell
from ftbench.experiments.turns import Duellist, SideError
from ftbench.facts.arms import arm_named
from ftbench.probe.instruments.build import build_record
from ftbench.probe.instruments.machine import machine_record
from ftbench.pythons import PythonBuild
from ftbench.report.output import Format, rendered
from ftbench.results.duels import read_duels, series_of

QUIET = Console(quiet=True)


def run(job: SelftestJob) -> SelftestResult:
    return run_on(job, QUIET)


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
BUILD = build_record()
A = Duellist(
    name="A",
    python=Path(sys.executable),
    release="3.14.2",
    flavour="source-gcc12",
    arm=arm_named("ft"),
)
SERIES = ["lifecycle.Lifecycle.round(threads, 1)", "lifecycle.Lifecycle.round(threads, 8)"]
EQUAL_SIDES, MORE = "lifecycle, equal sides in 15 s", "lifecycle, 5 % more in 15 s"


@pytest.fixture
def plan(tmp_path: Path) -> SelftestJob:
    """Two cells, on an interpreter that nobody will start."""
    return SelftestJob(
        sides=(A, dataclasses.replace(A, name="B")),
        cells=CELLS,
        build=PythonBuild.from_record(BUILD).digest,
        folder=tmp_path / "results" / "vm",
        trials=3,
    )


@pytest.fixture
def takes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Takes:
    monkeypatch.setenv("FTBENCH_CACHE", str(tmp_path))
    monkeypatch.setattr(MeasuringLock, "acquire", lambda _lock: None)
    seeds = itertools.count()
    monkeypatch.setattr(secrets, "randbelow", lambda _: next(seeds))
    made = Takes()
    made.builds = BUILD, BUILD
    monkeypatch.setattr(duel, "take", made)
    return made


def by_title(result: SelftestResult) -> dict[str, Tried]:
    """Return what was tried by the titles of the targets."""
    return {each.target.title: each for each in result.tried}


def words(result: SelftestResult) -> list[list[str]]:
    """Return how the duels of each target ended."""
    return [[_word(series_of(d)) for each in tried.trials for d in each] for tried in result.tried]


def test_targets_take_turns_and_each_trial_has_orders_of_its_own(
    plan: SelftestJob, takes: Takes
) -> None:
    result = run(plan)
    first = list(dict.fromkeys(takes.asked))
    assert first == [(each.title, extra) for each in CELLS for extra in (0.0, 0.05)]
    seeds = [d.seed for tried in result.tried for each in tried.trials for d in each]
    assert len(set(seeds)) == len(seeds) == 12


def test_what_was_added_is_found_and_equal_sides_are_the_same(
    plan: SelftestJob, takes: Takes
) -> None:
    result = run(plan)
    assert result.passed
    assert list(by_title(result)) == [EQUAL_SIDES, MORE]
    assert words(result) == [["same"] * 6, ["worse"] * 6]
    equal, more = result.tried
    assert (equal.hits, more.hits) == (0, 6)
    assert list(more.series) == SERIES
    assert {each.outcome for each in result.tried} == {Outcome.OPEN}  # three trials say little
    assert takes.pairs


def test_the_same_is_half_of_what_was_added(plan: SelftestJob, takes: Takes) -> None:
    """Else an effect within the usual margin would end as the same, long before it is sure."""
    result = run(dataclasses.replace(plan, share=0.02))
    assert words(result) == [["worse"] * 6]
    assert {d.margin for t in result.tried for each in t.trials for d in each} == {0.01}
    takes.reached = 0.0
    assert words(run(dataclasses.replace(plan, share=0.03))) == [["same"] * 6]


def test_enough_trials_meet_a_target_and_one_alarm_or_a_series_misses_it(
    plan: SelftestJob, takes: Takes
) -> None:
    result = run(dataclasses.replace(plan, trials=EQUAL))
    assert by_title(result)[EQUAL_SIDES].outcome is Outcome.MET
    assert by_title(result)[MORE].outcome is Outcome.OPEN  # 40 of 40 might be 94 %
    many = dataclasses.replace(plan, trials=2 * EQUAL, share=0.05)
    (more,) = run(many).tried
    assert more.outcome is Outcome.MET
    assert 0.95 < more.interval[0] < 0.96
    assert more.interval[1] == 1
    takes.reached = 0.0
    (missed,) = run(dataclasses.replace(many, fresh=True)).tried
    assert missed.outcome is Outcome.MISSED
    first, *_, second = more.trials  # of two cells
    (found,) = first
    lost = (msgspec.structs.replace(found, pairs=((0.0, 1.0, 1.0),) * 30),)
    one_is_not = dataclasses.replace(more, trials=[*[first, lost] * 5, *[second] * 400])
    assert one_is_not.interval[0] > 0.95
    assert one_is_not.outcome is Outcome.MISSED


@pytest.mark.parametrize("ratio", [0.97, 1.03])
def test_equal_sides_that_differ_are_alarms(plan: SelftestJob, takes: Takes, ratio: float) -> None:
    takes.ratio = ratio
    result = run(dataclasses.replace(plan, share=0.0))
    assert not result.passed
    (equal,) = result.tried
    assert equal.hits == 6
    assert equal.outcome is Outcome.MISSED


def test_a_share_that_is_not_to_be_had_is_said_and_the_rest_is_tried(
    plan: SelftestJob, takes: Takes
) -> None:
    for each in CELLS:
        takes.ends[f"{each.title} 0.05"] = SideError(1, NotAvailableError("5% cannot be had"))
    result = run(plan)
    assert takes.asked.count((CELLS[0].title, 0.05)) == 1
    assert list(by_title(result)) == [EQUAL_SIDES]
    told = document_of(result)
    assert [each["reason"] for each in told.record["lost"]] == ["5% cannot be had"] * 2
    assert "5% cannot be had" in rendered(told, Format.TABLE, width=160)


def test_a_cell_that_fails_is_left_out(plan: SelftestJob, takes: Takes) -> None:
    takes.ends[CELLS[0].title] = SideError(0, WorkerFailedError("a worker died"))
    result = run(plan)
    assert list(by_title(result)[MORE].series) == SERIES[1:]
    assert {title for title, _ in result.lost} == {CELLS[0].title}


@pytest.mark.parametrize("reason", [NotAvailableError("there is none"), WorkerFailedError("died")])
def test_where_nothing_could_be_tried_nothing_is_proven(
    plan: SelftestJob, takes: Takes, reason: FtbenchError
) -> None:
    """That is no alarm and no miss: it ends as its cells did."""
    takes.ends |= {each.title: SideError(0, reason) for each in CELLS}
    with pytest.raises(type(reason), match="No cell could be tried") as raised:
        run(plan)
    assert raised.value.story == reason.message


def test_the_table_says_what_was_found_and_what_limits_it(plan: SelftestJob, takes: Takes) -> None:
    takes.noise = 1e-6
    result = run(plan)
    text = rendered(document_of(result), Format.TABLE, width=80)
    assert max(map(len, text.splitlines())) <= 80
    wide = rendered(document_of(result), Format.TABLE, width=160)
    assert "0 of 6 alarmed (0\N{EN DASH}45.9 %)" in wide
    assert "6 of 6 (54.1\N{EN DASH}100 %)" in wide
    assert "too few trials" in wide
    (row,) = (line for line in wide.splitlines() if SERIES[0] in line and "5 %" in line)
    assert re.search(r"0.00%  11 \(", row)  # no spread: the fewest pairs


@pytest.mark.usefixtures("takes")
def test_what_ran_beside_it_is_said(plan: SelftestJob) -> None:
    result = run(dataclasses.replace(plan, share=0.05, trials=1))
    for trials in result.trials.values():
        for number, each in enumerate(trials):
            (found,) = each
            busy = msgspec.structs.replace(found, disturbed=number, pairs=found.pairs[:10])
            trials[number] = (busy,)
    text = rendered(document_of(result), Format.TABLE, width=160)
    assert "disturbed 1 of 20 pairs" in text


def test_the_limit_is_what_the_spread_of_pairs_asks_for(plan: SelftestJob, takes: Takes) -> None:
    """Four times the spread, sixteen times what is above the least."""
    needs = []
    for noise in (0.02, 0.04, 0.08):
        takes.noise = noise
        few = dataclasses.replace(plan, share=0.02, seconds=1e-6, fresh=True)
        told = document_of(run(few)).record
        (target,) = told["targets"]
        needs.append(target["series"][0]["needs"])
        assert target["series"][0]["spread"] == pytest.approx(noise / 3**0.5, rel=0.5)
    assert 11 < needs[0] < needs[1] < needs[2]


def test_the_document_has_every_target_and_series(plan: SelftestJob, takes: Takes) -> None:
    told = document_of(run(plan)).record
    assert told["passed"]
    assert told["left"] == {}
    equal, more = told["targets"]
    assert (equal["alarms"], equal["trials"], more["found"], more["trials"]) == (0, 6, 6, 6)
    assert [each["series"] for each in more["series"]] == SERIES
    assert [each["words"] for each in more["series"]] == [{"worse": 3}] * 2
    assert [each["effect"] for each in more["series"]] == pytest.approx([1.05, 1.05], rel=6e-3)
    assert json.loads(rendered(document_of(run(plan)), Format.JSON, width=80))


def test_a_run_that_was_ended_is_gone_on_with_trial_by_trial(
    plan: SelftestJob, takes: Takes
) -> None:
    takes.ends[f"{CELLS[1].title} 0.05"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        run(plan)
    takes.ends.clear()
    takes.asked.clear()
    result = run(plan)
    assert takes.asked[0] == (CELLS[1].title, 0.05)
    assert [len(each.trials) for each in result.tried] == [6, 6]


def test_what_no_time_is_left_for_is_for_another_call(plan: SelftestJob, takes: Takes) -> None:
    """Which may ask for more trials, and finds what is on record."""
    result = run(dataclasses.replace(plan, within=1e-9))
    told = document_of(result)
    assert told.record["left"] == {EQUAL_SIDES: 5, MORE: 6}
    said = rendered(told, Format.TABLE, width=200)
    assert "11 trials are left, 3 min at most: another call goes on." in said
    assert f"Not tried yet: {MORE}." in said
    takes.asked.clear()
    whole = dataclasses.replace(plan, trials=4)
    assert [len(each.trials) for each in run(whole).tried] == [8, 8]
    assert takes.asked[0] == (CELLS[0].title, 0.05)
    takes.asked.clear()
    assert [len(each.trials) for each in run(plan).tried] == [6, 6]
    assert not takes.asked


def test_what_is_told_soonest_is_tried_first(
    plan: SelftestJob, takes: Takes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole round of it, before the next round of anything."""
    targets = [Target(scenario="lifecycle", share=s, seconds=t) for s, t in ((0.1, 60), (0.2, 15))]
    monkeypatch.setattr(selftest, "TARGETS", targets)
    run(dataclasses.replace(plan, trials=2))
    shares = [[extra for title, extra in takes.asked if title == each.title] for each in CELLS]
    for each in shares:
        assert [share for share, _ in itertools.groupby(each)] == [0.2, 0.0, 0.1] * 2
    assert takes.asked[0] == (CELLS[0].title, 0.2)


def test_trials_of_other_work_and_those_to_be_fresh_make_room(
    plan: SelftestJob, takes: Takes
) -> None:
    few = dataclasses.replace(plan, trials=1, share=0.05)
    run(few)
    changed = [dataclasses.replace(each, version="2") for each in CELLS]
    for other in (
        dataclasses.replace(few, cells=changed[:1]),
        dataclasses.replace(few, cells=changed, fresh=True),
    ):
        takes.asked.clear()
        (tried,) = run(other).tried
        count = len(other.cells)
        assert len(tried.trials) == len({title for title, _ in takes.asked}) == count
        file = read_duels(few.path)
        assert file
        assert [duel.version for duel in file.duels].count("2") == count
        assert len(file.duels) == 2


def test_trials_of_another_build_or_under_other_conditions_are_never_mixed(
    plan: SelftestJob, takes: Takes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What took hours is not lost by a call."""
    few = dataclasses.replace(plan, trials=1, share=0.05)
    run(few)
    before = few.path.read_bytes()
    takes.asked.clear()
    with pytest.raises(ResultsError, match="trials of another build: they are never mixed"):
        run(dataclasses.replace(few, build="another"))
    record = machine_record() | {"affinity": "7", "usable_cores": 1}
    monkeypatch.setattr(selftest, "machine_record", lambda: record)
    with pytest.raises(ResultsError, match="another usable_cores and another affinity:"):
        run(few)
    assert few.path.read_bytes() == before
    assert not takes.asked
    run(dataclasses.replace(few, fresh=True))
    assert takes.asked


def test_another_time_a_trial_is_another_question(plan: SelftestJob, takes: Takes) -> None:
    """What was found in 15 s does not say what is found in 7."""
    few = dataclasses.replace(plan, trials=1, share=0.05)
    run(few)
    takes.asked.clear()
    run(dataclasses.replace(few, seconds=7.0))
    assert takes.asked
    takes.asked.clear()
    (tried,) = run(few).tried
    assert not takes.asked
    assert {duel.budget for trial in tried.trials for duel in trial} == {15}
