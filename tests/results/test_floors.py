"""Noise floors: what A/A runs say of a series, pooled, and found by what names it."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace

import numpy as np
import pytest
from fake_figures import rekeyed
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ftbench.errors import FtbenchError
from ftbench.facts.arms import USUAL_ARMS, arm_named
from ftbench.facts.profiles import PROFILES
from ftbench.releases import Release
from ftbench.results.figure import Environment, Figure, NoiseSeries, SeriesKey, State
from ftbench.results.floors import Floors
from ftbench.statistics.power import LEAST_EFFECT, Floor, floor

MEDIANS = (1.00, 1.02, 0.99, 1.01, 1.00, 0.98, 1.01, 1.00)
RUN = NoiseSeries(
    environment=Environment(
        machine="quiet-vm", arm=arm_named("ft"), flavour="source", profile="full"
    ),
    release=Release.parse("3.14.2"),
    series=SeriesKey(
        benchmark="lifecycle.Lifecycle.track_round", params={"mode": "threads", "workers": "8"}
    ),
    unit="seconds",
    medians=MEDIANS,
    order="ABBAABBA",
)
FIGURE = Figure(
    environment=Environment(
        machine="quiet-vm", arm=arm_named("ft"), flavour="another", profile="full"
    ),
    release=Release.parse("3.15.0"),
    series=SeriesKey(
        benchmark="lifecycle.Lifecycle.track_round", params={"workers": "8", "mode": "threads"}
    ),
    unit="seconds",
    state=State.MEASURED,
)


def only(*runs: NoiseSeries) -> Floor:
    found = Floors.of(runs).floor_of(FIGURE)
    assert found is not None
    return found


def test_a_floor_is_the_spread_of_log_medians_and_what_it_hides() -> None:
    """The effect by hand: (t of 99.5 % + t of 95 %) · spread · √(2 / processes), 7 freedoms."""
    found = only(RUN)
    assert found.spread == pytest.approx(float(np.std(np.log(MEDIANS), ddof=1)))
    assert found.freedom == 7
    assert found.processes == PROFILES["full"].processes
    reach = (3.4995 + 1.8946) * found.spread * math.sqrt(2 / found.processes)
    assert found.effect == pytest.approx(math.exp(reach) - 1, rel=1e-4)


def test_releases_and_flavours_are_pooled_each_around_its_own_mean() -> None:
    slower = tuple(3 * median for median in MEDIANS)
    other = rekeyed(RUN, release=Release.parse("3.13.5"), flavour="another", medians=slower)
    short = rekeyed(RUN, release=Release.parse("3.13.7"), medians=(5.0, 5.5), order="AB")
    both, three = only(RUN, other), only(RUN, other, short)
    assert both.freedom == 14
    assert both.spread == pytest.approx(only(RUN).spread)
    assert both.effect < only(RUN).effect  # better known
    assert three.freedom == 15
    squares = 14 * both.spread**2 + math.log(5.5 / 5) ** 2 / 2
    assert three.spread == pytest.approx(math.sqrt(squares / 15))


@pytest.mark.parametrize(
    "change",
    [
        {"machine": "other"},
        {"arm": USUAL_ARMS[0] if USUAL_ARMS[0].name != "ft" else USUAL_ARMS[1]},
        {"profile": "quick"},
        {"benchmark": "lifecycle.Lifecycle.track_cpu"},
        {"params": {"mode": "threads", "workers": "4"}},
        {"params": {"mode": "threads"}},
    ],
)
def test_a_series_of_another_name_has_no_floor(change: dict[str, object]) -> None:
    floors = Floors.of([RUN])
    assert floors.floor_of(FIGURE) is not None
    assert floors.floor_of(rekeyed(FIGURE, **change)) is None


def test_a_run_leads_to_the_floor_that_it_went_into() -> None:
    assert Floors.of([RUN]).floor_of(RUN) == only(RUN)
    assert Floors.of([]).floor_of(RUN) is None


def test_a_profile_of_no_name_has_one_process() -> None:
    run = rekeyed(RUN, profile="rounds=7")
    found = Floors.of([run]).floor_of(run)
    assert found is not None
    assert found.processes == 1
    assert found.effect > only(RUN).effect


@pytest.mark.parametrize("medians", [(), (1.0,), (0.0, 1.0), (1.0, -1.0), (1.0, math.nan)])
def test_a_run_without_a_spread_makes_no_floor_and_spoils_none(medians: tuple[float, ...]) -> None:
    run = rekeyed(RUN, medians=medians, order="ABBA"[: len(medians)])
    assert Floors.of([run]).floor_of(FIGURE) is None
    assert only(RUN, run) == only(RUN)


def test_what_never_moves_has_a_floor_of_a_thousandth() -> None:
    found = only(rekeyed(RUN, medians=(4096.0,) * 8))
    assert (found.spread, found.effect) == (0.0, LEAST_EFFECT)


def test_what_moves_beyond_all_bounds_has_a_floor_all_the_same() -> None:
    assert only(rekeyed(RUN, medians=(1e-300, 1e300), order="AB")).effect > 1e300


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(min_value=1e-3, max_value=1e3), min_size=2, max_size=9),
    st.floats(min_value=1e-3, max_value=1e3),
    st.randoms(use_true_random=False),
)
def test_neither_unit_nor_order_matter(medians: list[float], scale: float, random: object) -> None:
    shuffled = list(medians)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first = only(rekeyed(RUN, medians=tuple(medians)))
    second = only(rekeyed(RUN, medians=tuple(scale * median for median in shuffled)))
    assert second.spread == pytest.approx(first.spread, rel=1e-6, abs=1e-9)
    assert second.freedom == first.freedom


@settings(max_examples=60, deadline=None)
@given(
    st.floats(min_value=1e-3, max_value=0.2),
    st.integers(min_value=1, max_value=60),
    st.integers(min_value=1, max_value=30),
)
def test_a_floor_falls_with_steadiness_knowledge_and_processes(
    spread: float, freedom: int, processes: int
) -> None:
    found = floor(spread=spread, freedom=freedom, processes=processes).effect
    assert floor(spread=2 * spread, freedom=freedom, processes=processes).effect > found
    assert floor(spread=spread, freedom=freedom + 1, processes=processes).effect < found
    assert floor(spread=spread, freedom=freedom, processes=processes + 1).effect < found


def test_two_equal_costs_hardly_ever_seem_further_apart_than_their_floor() -> None:
    """A floor is where 19 of 20 true effects clear a 99 % interval: equal ones stay far below."""
    rng = np.random.default_rng(2)
    over = 0
    for _ in range(400):
        noise = rekeyed(RUN, medians=tuple(np.exp(0.03 * rng.standard_normal(8)).tolist()))
        found = only(noise)
        sides = 0.03 * rng.standard_normal((2, found.processes))
        over += abs(float(np.diff(sides.mean(axis=1))[0])) > math.log1p(found.effect)
    # Student's t beyond both its quantiles, either way: one in a thousand.
    expected = 2 * stats.t.sf(stats.t.ppf(0.995, 7) + stats.t.ppf(0.95, 7), 7)
    assert over / 400 <= float(expected) + 0.01


@pytest.mark.parametrize(
    "change",
    [
        {"freedom": 0},
        {"spread": -0.1},
        {"spread": math.nan},
        {"effect": math.inf},
        {"effect": -0.1},
    ],
)
def test_a_floor_of_no_meaning_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(FtbenchError, match="A floor needs"):
        replace(only(RUN), **change)  # type: ignore[arg-type]


def with_machine(measured: NoiseSeries, **facts: object) -> NoiseSeries:
    return replace(measured, machines=(facts,))


@pytest.mark.parametrize(
    ("then", "now", "fits"),
    [
        ({"governor": "performance"}, {"governor": "powersave"}, False),
        ({"pinned": "no"}, {"pinned": "one thread per core"}, False),
        ({"smt": False}, {"smt": True}, False),
        ({"libraries": ["a"]}, {"libraries": ["b"]}, False),
        ({"governor": "performance"}, {"governor": "performance"}, True),
        ({"governor": None}, {"governor": "performance"}, True),
        ({}, {"governor": "performance"}, True),
        ({"kernel": "6.1"}, {"kernel": "6.2"}, True),
    ],
)
def test_a_floor_is_of_the_conditions_it_was_measured_under(
    then: dict[str, object], now: dict[str, object], *, fits: bool
) -> None:
    """Where both tell them; and a figure without a floor for that says which they are."""
    floors = Floors.of([with_machine(RUN, **then)])
    figure = replace(FIGURE, machines=(now,), median=1.0, samples=(1.0,))
    (given,) = floors.given([figure])
    assert (floors.floor_of(figure) is not None) is fits
    assert (given.floor is not None) is fits
    assert (given.interval is not None) is fits
    assert given.other_conditions == (() if fits else tuple(now))


def test_sittings_of_other_conditions_are_not_pooled() -> None:
    slow = with_machine(rekeyed(RUN, medians=(1.0, 3.0, 1.0, 3.0), order="ABBA"), governor="slow")
    fast = with_machine(RUN, governor="fast")
    floors = Floors.of([slow, fast])
    assert floors.floor_of(fast) == only(fast)
    assert floors.floor_of(slow) == only(slow)
    both = replace(FIGURE, machines=({"governor": "slow"}, {"governor": "fast"}))
    assert floors.floor_of(both) is None


def jittered(middle: float, order: str = "ABBAABBA", b: float = 1.0) -> NoiseSeries:
    """Return a sitting around a middle, in which side B is so many times as dear."""
    apart = {"A": 1.0, "B": b}
    noise = (1.001, 1.001, 0.999, 0.999) * 2
    medians = (middle * jitter * apart[letter] for jitter, letter in zip(noise, order, strict=True))
    return rekeyed(RUN, medians=tuple(medians), order=order)


def test_how_far_another_sitting_lies_is_beside_the_floor_and_not_in_it() -> None:
    near, far = jittered(1.0), jittered(1.05)
    floors = Floors.of([near, far])
    found = floors.floor_of(FIGURE)
    assert found is not None
    assert found.freedom == 14
    assert found.spread < 0.002
    apart = floors.apart(near)
    assert apart.sittings == pytest.approx(0.05)
    assert apart.builds is None
    assert Floors.of([near]).apart(near) == (None, None)
    other = rekeyed(far, release=Release.parse("3.13.5"))
    assert Floors.of([near, other]).apart(near) == (None, None)


def test_how_far_a_second_build_lies_is_told_by_whole_blocks_of_one_sitting() -> None:
    built = replace(jittered(1.0, b=1.08), against="other")
    # A drift, or a block that was cut, has no share in it.
    cut = replace(rekeyed(built, medians=(1.0, 9.0), order="AB"), against="other")
    late = replace(jittered(1.5, b=1.08), against="other")
    floors = Floors.of([built, cut, late])
    found = floors.floor_of(FIGURE)
    assert found is not None
    assert found.spread < 0.002
    assert found.freedom == 12
    assert list(floors.apart(built)) == pytest.approx([0.5, 0.08])


def test_what_replicas_differ_by_is_in_the_floor_of_a_verdict_on_the_source_alone() -> None:
    """Of one flavour and of a series, whatever the release, and of two replicas at least."""
    figure = replace(FIGURE, environment=RUN.environment)
    shifts = (1.01, 0.99, 1.0)
    runs = [replace(jittered(1.0, b=b), against=f"replica {b}") for b in shifts]
    found = Floors.of(runs).floor_of(figure)
    assert found is not None
    assert found.builds is not None
    # Of four builds, the released one included: by Student's t of three degrees of freedom.
    spread = statistics.stdev(map(math.log, (1.0, *shifts)))
    assert found.builds == pytest.approx(math.expm1(5.841 * spread * math.sqrt(2)), rel=1e-3)
    alone = Floors.of([jittered(1.0)]).floor_of(figure)
    assert alone is not None
    assert alone.builds is None
    assert found.effect == pytest.approx(alone.effect, rel=0.1)  # fresh processes of one build
    both = found.on_source(found.builds)
    assert both.effect == pytest.approx((1 + found.effect) * (1 + found.builds) - 1)
    assert (both.judges, found.on_source(None).judges) == ("the source", "these builds")
    one = Floors.of(runs[:1]).floor_of(figure)
    assert one is not None
    assert one.builds is None
    other = replace(RUN.environment, flavour="source-gcc12-pgo-lto")
    optimized = Floors.of(runs).floor_of(replace(figure, environment=other))
    assert optimized is not None
    assert optimized.builds is None


@pytest.mark.parametrize("medians", [(1.0, 0.0, 1.0, 1.0), (5e-324, 1e30, 1e30, 1e-300)])
def test_a_second_build_of_any_figures_is_told_of_or_not(medians: tuple[float, ...]) -> None:
    run = replace(rekeyed(RUN, medians=medians, order="ABBA"), against="other")
    shares = [share for share in Floors.of([run, RUN]).apart(run) if share is not None]
    assert all(0 <= share < math.inf for share in shares)
