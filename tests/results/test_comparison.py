from __future__ import annotations

import pytest
from fake_figures import rekeyed

from ftbench.analysis.comparison import Metric
from ftbench.analysis.grid import compare
from ftbench.facts.arms import USUAL_ARMS, arm_named
from ftbench.facts.modes import MODES, mode_named
from ftbench.releases import Release
from ftbench.results import Figure, State
from ftbench.results.figure import Environment, SeriesKey
from ftbench.results.selection import pair_builds
from ftbench.statistics.spread import Interval

ROUND = Metric(benchmark="l.L.track_round", title="round", params={"workers": "8"})


def figure(mode: str, arm: str, median: float | None, **changes: object) -> Figure:
    made = Figure(
        environment=Environment(machine="m", arm=arm_named(arm), flavour="source", profile="full"),
        release=Release.parse("3.14.2"),
        series=SeriesKey(benchmark="l.L.track_round", params={"mode": mode, "workers": "8"}),
        unit="seconds",
        state=State.MEASURED if median is not None else State.FAILED,
        median=median,
        interval=Interval(low=median * 0.9, high=median * 1.1) if median is not None else None,
        runs=frozenset({"one"}),
    )
    return rekeyed(made, **changes)


BASE = figure("threads", "ft", 2.0)


def test_every_mode_stands_on_every_arm() -> None:
    comparison = compare([BASE], ROUND)
    assert len(comparison.cells) == len(MODES) * len(USUAL_ARMS)
    assert comparison.baseline.ratio == 1.0
    assert comparison.cell(mode_named("interpreters"), USUAL_ARMS[0]).words == "not measured"


def test_the_jit_has_a_place_where_something_was_measured_with_it() -> None:
    measured = compare([BASE, figure("threads", "jit", 1.0)], ROUND)
    assert [arm.name for arm in measured.asked] == ["gil", "ft", "ft-gil1", "jit"]
    assert measured.cell(mode_named("threads"), arm_named("jit")).ratio == 0.5


def test_a_ratio_is_to_free_threaded_threads() -> None:
    cell = compare([BASE, figure("processes-spawn", "gil", 9.0)], ROUND).cell(
        mode_named("processes-spawn"), arm_named("gil")
    )
    assert (cell.ratio, cell.close) == (4.5, False)


def test_overlapping_intervals_are_said_to_be_close() -> None:
    cell = compare([BASE, figure("threads", "gil", 2.1)], ROUND).cell(
        mode_named("threads"), arm_named("gil")
    )
    assert cell.close


@pytest.mark.parametrize("runs", [frozenset({"two"}), frozenset()])
def test_figures_of_different_runs_have_no_ratio(runs: frozenset[str]) -> None:
    cell = compare([BASE, figure("threads", "gil", 9.0, runs=runs)], ROUND).cell(
        mode_named("threads"), arm_named("gil")
    )
    assert cell.ratio is None


def test_without_a_baseline_there_is_no_ratio() -> None:
    failed = figure("threads", "ft", None)
    for others in ([], [failed], [figure("threads", "ft", 0.0)]):
        cell = compare([*others, figure("threads", "gil", 9.0)], ROUND).cell(
            mode_named("threads"), arm_named("gil")
        )
        assert cell.ratio is None


def test_skipped_failed_and_absent_have_their_own_words() -> None:
    skipped = figure("threads", "gil", None, state=State.SKIPPED, reason="no fork here")
    comparison = compare([skipped, figure("threads", "ft", None)], ROUND)
    words = [comparison.cell(mode_named("threads"), arm).words for arm in USUAL_ARMS]
    assert words == ["skipped: no fork here", "failed, no reason on record", "not measured"]


def test_another_metric_stands_in_where_nothing_of_the_first_was_measured() -> None:
    pss = Metric(benchmark="f.track_pss", title="PSS", instead=ROUND)
    assert compare([BASE], pss).metric is ROUND
    assert compare([], pss).metric is pss


def test_figures_of_other_params_are_of_another_metric() -> None:
    other = rekeyed(BASE, params={"mode": "threads", "workers": "1"})
    assert compare([other], ROUND).medians == ()


def test_a_metric_at_a_value_has_nothing_to_stand_in_for_it() -> None:
    made = Metric(benchmark="b", title="t", params={"a": "1"}, instead=ROUND).at("b", "2")
    assert made == Metric(benchmark="b", title="t", params={"a": "1", "b": "2"})


@pytest.mark.parametrize(
    ("interval", "margin"),
    [
        (Interval(low=1.9, high=2.5), 0.25),
        (Interval(low=1.0, high=2.5), 0.5),
        (None, None),
    ],
)
def test_the_margin_is_the_share_of_the_intervals_farther_end(
    interval: Interval | None, margin: float | None
) -> None:
    assert compare([rekeyed(BASE, interval=interval)], ROUND).baseline.margin == margin


def test_a_median_of_zero_and_a_failure_have_no_margin() -> None:
    for each in (figure("threads", "ft", 0.0), figure("threads", "ft", None)):
        assert compare([each], ROUND).baseline.margin is None


def test_builds_go_with_their_like_and_a_lone_one_stands_in() -> None:
    assert pair_builds({"gil": {"a", "b"}, "ft": {"b"}}) == (
        (("gil", "a"),),
        (("ft", "b"), ("gil", "b")),
    )
    assert pair_builds({"gil": {"a", "b"}, "ft": {"b", "c"}}) == (
        (("ft", "c"), ("gil", "a")),
        (("ft", "b"), ("gil", "b")),
    )
    assert pair_builds({"gil": {"debian"}, "ft": {"source"}}) == (
        (("ft", "source"), ("gil", "debian")),
    )
    assert pair_builds({}) == ()
