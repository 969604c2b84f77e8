"""Costs between measured points: never outside of what lies around them, never beyond the ends."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ftbench.analysis.advice.interpolation import Estimate, estimate, weights
from ftbench.statistics.spread import Interval

AXES = st.lists(st.floats(-20, 20), min_size=1, max_size=6, unique=True).map(sorted)
COSTS = st.floats(1e-9, 1e9)


def known(value: float, margin: float | None = 0.1, source: str = "") -> Estimate:
    interval = (
        None if margin is None else Interval(low=value * (1 - margin), high=value * (1 + margin))
    )
    return Estimate(value=value, interval=interval, sources=(source or str(value),))


@given(AXES, st.floats(-30, 30))
def test_weights_are_shares_of_neighbours_and_there_are_none_beyond_the_ends(
    axis: list[float], at: float
) -> None:
    assume(all(b - a > 1e-3 for a, b in itertools.pairwise(axis)))
    found = weights(axis, at)
    if found is None:
        assert at < axis[0] or at > axis[-1]
        return
    assert sum(found.values()) == pytest.approx(1)
    assert all(0 <= share <= 1 for share in found.values())
    assert sum(axis[i] * share for i, share in found.items()) == pytest.approx(at, abs=1e-3)
    assert max(found) - min(found) == len(found) - 1


@given(AXES)
def test_at_a_point_nothing_is_between(axis: list[float]) -> None:
    assume(all(b - a > 1e-3 for a, b in itertools.pairwise(axis)))
    for index, point in enumerate(axis):
        assert weights(axis, point) == {index: 1.0}


def test_no_axis_has_no_places() -> None:
    assert weights([], 1.0) is None
    assert weights([2.0], 3.0) is None


@given(COSTS, COSTS, st.floats(0, 1))
def test_an_estimate_lies_between_the_costs_around_it(
    one: float, other: float, share: float
) -> None:
    found = estimate([(1 - share, known(one)), (share, known(other))])
    low, high = sorted((one, other))
    assert low * (1 - 1e-9) <= found.value <= high * (1 + 1e-9)
    assert found.interval is not None
    assert found.interval.low <= found.value <= found.interval.high
    assert found.between


def test_a_cost_of_a_constant_and_a_part_of_the_work_is_met() -> None:
    found = estimate([(0.9, known(30e-6 + 1e-5)), (0.1, known(30e-6 + 1e-4))])
    assert found.value == pytest.approx(30e-6 + 0.9e-5 + 0.1e-4)
    assert len(found.sources) == 2


def test_between_rates_it_is_the_rate_that_is_halfway() -> None:
    assert estimate([(0.5, known(1.0)), (0.5, known(0.25))], -1).value == pytest.approx(1 / 2.5)


def test_a_measured_point_is_what_was_measured() -> None:
    found = estimate([(1.0, known(0.1234567, source="here"))])
    assert (found.value, found.sources, found.between) == (0.1234567, ("here",), False)


def test_without_an_interval_around_it_there_is_none() -> None:
    assert estimate([(0.5, known(1.0)), (0.5, known(2.0, None))]).interval is None


def test_an_interval_that_reaches_below_zero_leaves_nothing_known_below() -> None:
    wide = Estimate(value=1.0, interval=Interval(low=-3.0, high=4.0), sources=("wide",))
    found = estimate([(0.5, wide), (0.5, known(1.0))]).interval
    assert found is not None
    assert found.low == 0
    assert found.high == pytest.approx((4.0 + 1.1) / 2)
