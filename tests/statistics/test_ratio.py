"""Ratios and their intervals: what holds whatever the samples are, and how often they are right."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from fake_figures import Noise
from hypothesis import given, settings
from hypothesis import strategies as st

from ftbench.errors import FtbenchError
from ftbench.statistics import Basis, Processes, Ratio, paired_ratio, ratio
from ftbench.statistics.spread import Interval

costs = st.floats(min_value=1e-6, max_value=1e3)
process = st.lists(costs, min_size=1, max_size=6).map(tuple)
sides = st.lists(process, min_size=1, max_size=4).map(tuple)
pairs = st.lists(st.lists(st.tuples(costs, costs), min_size=1, max_size=6), min_size=1, max_size=4)
few = settings(max_examples=20, deadline=None)


def ends(found: Ratio) -> tuple[float, float]:
    assert found.interval is not None
    return found.interval.low, found.interval.high


def covers(found: Ratio, truth: float) -> bool:
    low, high = ends(found)
    return low <= truth <= high


def same(first: Ratio, second: Ratio) -> bool:
    if (first.interval is None) != (second.interval is None) or first.basis != second.basis:
        return False
    numbers = [(first.value, second.value)]
    if first.interval is not None:
        numbers += zip(ends(first), ends(second), strict=True)
    return all(math.isclose(a, b, rel_tol=1e-6) for a, b in numbers)


@few
@given(sides, sides, st.floats(min_value=1e-3, max_value=1e3))
def test_the_unit_does_not_matter(above: Processes, below: Processes, scale: float) -> None:
    def scaled(side: Processes) -> Processes:
        return tuple(tuple(sample * scale for sample in process) for process in side)

    assert same(ratio(above, below), ratio(scaled(above), scaled(below)))


def inverse(found: Ratio) -> Ratio:
    """The ratio of the sides swapped."""
    ends = found.interval
    interval = ends and Interval(low=1 / ends.high, high=1 / ends.low)
    return replace(found, value=1 / found.value, interval=interval)


@few
@given(sides, sides)
def test_swapping_the_sides_inverts_the_ratio(above: Processes, below: Processes) -> None:
    assert same(ratio(above, below), inverse(ratio(below, above)))


@few
@given(pairs)
def test_swapping_the_members_of_all_pairs_inverts_the_ratio(
    given_pairs: list[list[tuple[float, float]]],
) -> None:
    swapped = paired_ratio([[(b, a) for a, b in process] for process in given_pairs])
    assert same(paired_ratio(given_pairs), inverse(swapped))


@few
@given(sides, sides)
def test_the_interval_holds_the_ratio_and_comes_out_alike_each_time(
    above: Processes, below: Processes
) -> None:
    found = ratio(above, below)
    assert found == ratio(above, below)
    assert found.interval is None or covers(found, found.value)


@few
@given(sides, st.floats(min_value=0.1, max_value=10))
def test_a_drift_that_both_members_of_a_pair_share_is_not_in_the_ratio(
    drifts: Processes, truth: float
) -> None:
    found = paired_ratio([[(truth * drift, drift) for drift in process] for process in drifts])
    assert math.isclose(found.value, truth, rel_tol=1e-9)
    if found.interval is not None:
        assert ends(found) == pytest.approx((truth, truth), rel=1e-6)


def test_it_is_the_ratio_of_the_medians() -> None:
    found = ratio(((3.0, 9.0, 100.0),), ((3.0, 2.0),))
    assert found.value == pytest.approx(9.0 / 2.5)


def test_of_several_processes_it_is_that_of_the_geometric_means_of_their_medians() -> None:
    found = ratio(((3.0, 9.0, 100.0), (1.0,)), ((0.5, 0.5),))
    assert found.value == pytest.approx(3.0 / 0.5)


def _two_sides(
    rng: np.random.Generator, shape: tuple[int, int], spread: tuple[float, float]
) -> list[Processes]:
    return [Noise(between=spread[0], within=spread[1]).drawn(rng, *shape) for _ in range(2)]


def _unpaired(
    rng: np.random.Generator, shape: tuple[int, int], spread: tuple[float, float]
) -> Callable[[float], Ratio]:
    above, below = _two_sides(rng, shape, spread)
    return lambda confidence: ratio(above, below, confidence=confidence)


def _paired(
    rng: np.random.Generator, shape: tuple[int, int], spread: tuple[float, float]
) -> Callable[[float], Ratio]:
    ratios = Noise(between=spread[0], within=spread[1]).drawn(rng, *shape)
    found = [[(each, 1.0) for each in process] for process in ratios]
    return lambda confidence: paired_ratio(found, confidence=confidence)


@pytest.mark.parametrize("kind", [_unpaired, _paired])
@pytest.mark.parametrize(
    ("shape", "spread"),
    [
        ((3, 10), (0.05, 0.02)),  # few processes that differ
        ((6, 4), (0.01, 0.05)),  # samples scatter more than processes differ
        ((12, 1), (0.05, 0.0)),  # one sample of each process
    ],
)
def test_an_interval_covers_the_truth_at_its_rate(
    kind: Callable[..., Callable[[float], Ratio]],
    shape: tuple[int, int],
    spread: tuple[float, float],
) -> None:
    """Of 600 intervals: 99 % ones hardly ever miss; 80 % ones miss now and then, as they say."""
    rng = np.random.default_rng(7)
    runs = [kind(rng, shape, spread) for _ in range(600)]
    assert sum(covers(run(0.99), 1.0) for run in runs) >= 0.975 * 600
    assert 0.75 * 600 <= sum(covers(run(0.80), 1.0) for run in runs) <= 0.88 * 600


def test_more_processes_do_not_widen_the_expected_interval() -> None:
    shapes = [(3, 8), (6, 8), (12, 8), (24, 8)]
    rng = np.random.default_rng(11)

    def width(shape: tuple[int, int]) -> float:
        found = [ends(ratio(*_two_sides(rng, shape, (0.03, 0.03)))) for _ in range(20)]
        return float(np.mean([math.log(high / low) for low, high in found]))

    widths = [width(shape) for shape in shapes]
    assert all(more < fewer for fewer, more in pairwise(widths)), widths


def test_a_higher_confidence_is_a_wider_interval_around_the_same_ratio() -> None:
    above, below = ((1.0, 1.1), (1.2, 1.3)), ((1.0, 1.2), (0.9, 1.1))
    narrow, wide = (ratio(above, below, confidence=each) for each in (0.9, 0.99))
    assert narrow.value == wide.value
    assert ends(wide)[0] < ends(narrow)[0] < ends(narrow)[1] < ends(wide)[1]


MANY = ((1.0, 2.0), (1.5, 2.5))
ONE_PROCESS = ((1.0, 2.0, 3.0),)


@pytest.mark.parametrize(
    ("above", "below", "basis"),
    [
        (MANY, MANY, Basis.PROCESSES),
        (MANY, ONE_PROCESS, Basis.NONE),
        (ONE_PROCESS, MANY, Basis.NONE),
        (ONE_PROCESS, ONE_PROCESS, Basis.NONE),
    ],
)
def test_a_ratio_says_what_its_interval_rests_on(
    above: Processes, below: Processes, basis: Basis
) -> None:
    found = ratio(above, below)
    assert found.basis is basis
    assert (found.interval is None) is (basis is Basis.NONE)


def test_one_pair_is_a_ratio_without_an_interval() -> None:
    found = paired_ratio([[(3.0, 2.0)]])
    assert found.value == pytest.approx(1.5)
    assert (found.interval, found.basis) == (None, Basis.NONE)
    assert paired_ratio([[(3.0, 2.0), (3.1, 2.0)]]).interval is None
    assert paired_ratio([[(3.0, 2.0)], [(3.1, 2.0)]]).basis is Basis.PROCESSES


def test_an_interval_that_two_wild_processes_leave_wide_open_can_be_inverted() -> None:
    found = ratio(((1e-6,), (1e6,)), ((1e-6,), (1e6,)), confidence=0.9999)
    low, high = ends(inverse(found))
    assert 0 < low < 1 < high < math.inf


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_a_cost_that_is_none_is_refused(bad: float) -> None:
    with pytest.raises(FtbenchError, match="finite costs above zero"):
        ratio(((1.0, bad),), ((1.0,),))
    with pytest.raises(FtbenchError, match="finite costs above zero"):
        ratio(((1.0,),), ((1.0, bad),))
    with pytest.raises(FtbenchError, match="finite costs above zero"):
        paired_ratio([[(1.0, bad)]])


@pytest.mark.parametrize("nothing", [(), ((),), ((1.0,), ())])
def test_no_samples_are_refused(nothing: Processes) -> None:
    with pytest.raises(FtbenchError, match="no samples"):
        ratio(nothing, ((1.0,),))
    with pytest.raises(FtbenchError, match="no samples"):
        paired_ratio([[(each, each) for each in process] for process in nothing])


@pytest.mark.parametrize("confidence", [0.0, 1.0, 99.0, math.nan])
def test_a_confidence_that_is_none_is_refused(confidence: float) -> None:
    with pytest.raises(FtbenchError, match="confidence"):
        ratio(MANY, MANY, confidence=confidence)
