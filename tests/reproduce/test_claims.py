"""How a claim is judged: the range, the interval, the cores, the article's own way."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reproductions import FAILED, made

from ftbench.reproduce.article import TIMES, Claim, Relation, article
from ftbench.reproduce.cells import Cell
from ftbench.reproduce.claims import Judgement, Ratio, Verdict, _Named, _ratios, judge
from ftbench.reproduce.record import Reproduction
from ftbench.reproduce.report import report_of
from ftbench.results.figure import Interval

END = st.floats(1e-3, 1e3)


def judgement(done: Reproduction, quote: str) -> Judgement:
    (found,) = (each for each in report_of(done).judgements if quote in each.claim.quote)
    return found


def ratio(value: float, spread: Interval | None = None, *, low: float, high: float) -> Ratio:
    return Ratio(
        what="a / b", unit=TIMES, cell=Cell(value=value, spread=spread), low=low, high=high
    )


@given(st.tuples(END, END, END).map(sorted), st.tuples(END, END).map(sorted))
def test_a_ratio_is_in_its_range_outside_or_across_an_edge(
    points: list[float], edges: list[float]
) -> None:
    (low, value, high), (least, most) = points, edges
    verdict = ratio(value, Interval(low=low, high=high), low=least, high=most).verdict
    if least <= low <= high <= most:
        assert verdict is Verdict.HOLDS
    elif high < least or low > most:
        assert verdict is Verdict.NOT
    else:
        assert verdict is Verdict.CANNOT


@given(END, END, END)
def test_without_an_interval_the_ratio_itself_decides(value: float, a: float, b: float) -> None:
    low, high = sorted((a, b))
    expected = Verdict.HOLDS if low <= value <= high else Verdict.NOT
    assert ratio(value, low=low, high=high).verdict is expected


def claim(relation: Relation, count: int, claimed: float | None = None) -> Claim:
    return Claim(
        table="t",
        quote="q",
        relation=relation,
        of=tuple(f"t.{index}.f" for index in range(count)),
        cores=1,
        claimed=claimed,
    )


def verdict_of(asked: Claim, *values: float) -> Verdict:
    cells = [
        _Named(name=str(index), unit=TIMES, cell=Cell(value=value))
        for index, value in enumerate(values)
    ]
    verdicts = {each.verdict for each in _ratios(asked, cells)}
    return Verdict.NOT if Verdict.NOT in verdicts else verdicts.pop()


@given(st.lists(END, min_size=2, max_size=5))
def test_ascending_is_strictly_so(values: list[float]) -> None:
    pairs = list(itertools.pairwise(values))
    holds = all(math.nextafter(1, 2) <= after / before for before, after in pairs)
    verdict = verdict_of(claim(Relation.ASCENDING, len(values)), *values)
    assert (verdict is Verdict.HOLDS) is holds


@given(st.lists(END, min_size=2, max_size=5), st.floats(1, 10))
def test_alike_is_whatever_the_order(values: list[float], claimed: float) -> None:
    asked = claim(Relation.ALIKE, len(values), claimed)
    verdict = verdict_of(asked, *values)
    assert verdict is verdict_of(asked, *reversed(values))
    assert (verdict is Verdict.HOLDS) is (max(values) / min(values) <= claimed)


@given(END, END)
def test_a_ratio_may_differ_by_the_factor_up_or_down(above: float, below: float) -> None:
    asked = claim(Relation.RATIO, 2, claimed=above / below)
    assert verdict_of(asked, above, below) is Verdict.HOLDS
    assert verdict_of(asked, above * 1.24, below) is Verdict.HOLDS
    assert verdict_of(asked, above / 1.24, below) is Verdict.HOLDS
    assert verdict_of(asked, above * 1.26, below) is Verdict.NOT
    assert verdict_of(asked, above / 1.26, below) is Verdict.NOT


def test_at_least_and_at_most_take_one_figure_or_two() -> None:
    assert verdict_of(claim(Relation.AT_LEAST, 2, 2.0), 4.0, 2.0) is Verdict.HOLDS
    assert verdict_of(claim(Relation.AT_LEAST, 1, 0.5), 0.4) is Verdict.NOT
    assert verdict_of(claim(Relation.AT_MOST, 2, 2.0), 4.1, 2.0) is Verdict.NOT
    assert verdict_of(claim(Relation.AT_MOST, 1, 0.5), 0.4) is Verdict.HOLDS


def test_on_too_few_cores_a_claim_cannot_be_judged_and_its_figures_are_shown() -> None:
    fork = judgement(made(cores=2), "fork 1.70")
    assert (fork.verdict, fork.words) == (Verdict.CANNOT, "cannot be judged on 2 cores")
    assert fork.ratios[0].cell.value == pytest.approx(2.0)
    assert fork.by_way is None
    assert judgement(made(cores=1), "fork 1.70").words == "cannot be judged on 1 core"
    assert judgement(made(cores=8), "fork 1.70").verdict is Verdict.HOLDS


def test_in_too_short_a_window_neither() -> None:
    short = judgement(made(scale=0.1), "start method")
    assert short.words == "cannot be judged in a window of 0.5 s"
    assert short.ratios[0].cell.value == pytest.approx(1.05)
    assert judgement(made(scale=0.2), "start method").verdict is Verdict.HOLDS
    assert judgement(made(scale=0.1), "fork 1.70").verdict is Verdict.HOLDS


def test_a_quota_of_cores_counts_as_cores() -> None:
    done = made()
    assert replace(done, machine={**done.machine, "quota_cores": 2.5}).cores == 2.5
    assert replace(done, machine={}).cores == 1


def test_the_verdict_is_on_the_corrected_figures_and_says_what_the_articles_way_says() -> None:
    # Its way: 42 ms over 4 ms is 10.5; corrected: 40 ms over 2 ms is 20.
    spawn = judgement(made(), "spawn 17.93")
    assert spawn.verdict is Verdict.HOLDS
    assert spawn.by_way is Verdict.NOT
    assert judgement(made(), "fork 1.70").by_way is None


def test_what_failed_or_was_not_asked_for_is_not_measured() -> None:
    broken = made(broken={"lifecycle/fork/empty": FAILED})
    assert judgement(broken, "fork 1.70").words == "not measured (failed)"
    alone = made(parts=("sharded",))
    assert judgement(alone, "1-writer").words == "not measured"
    without = made(without=["lifecycle/fork/empty"])
    assert judgement(without, "fork 1.70").words == "not measured"


def test_few_samples_whose_interval_crosses_the_edge_decide_nothing() -> None:
    done = made()
    few = {"lifecycle/fork/empty": (0.0045, 0.0025), "lifecycle/threads/empty": (0.0021, 0.0019)}
    for step in done.steps:
        if step.key in few and step.measurement is not None:
            metric = step.measurement.metrics["round"]
            step.measurement.metrics["round"] = replace(metric, samples=few[step.key])
    fork = judgement(done, "fork 1.70")
    assert fork.words == "cannot be judged from so few samples"


def test_a_claim_is_shown_under_its_table_only() -> None:
    report = report_of(made(parts=("memory",)))
    assert {each.claim.table for each in report.judgements} == {"memory"}
    whole = report_of(made())
    shown = [each for table in whole.tables for each in whole.judgements_under(table.spec.name)]
    assert sorted(each.claim.quote for each in shown) == sorted(
        each.quote for each in article().claims
    )


def test_figures_of_one_row_are_told_apart_by_what_they_are_of() -> None:
    massive = judgement(made(), "RSS looks massive")
    assert massive.ratios[0].what == "RSS / PSS"
    writers = judgement(made(), "1-writer")
    assert writers.ratios[0].what == "1 writer / processes, forkserver"


def test_nothing_is_judged_without_tables() -> None:
    assert judge(article(), (), cores=16, seconds=5.0) == ()
