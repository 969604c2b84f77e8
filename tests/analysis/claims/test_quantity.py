"""The arithmetic of figures that may be missing."""

from __future__ import annotations

import statistics
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ftbench.analysis.claims.quantity import NOT_MEASURED, Quantity, mean, median, over
from ftbench.statistics.power import Floor
from ftbench.statistics.spread import Interval

SAMPLES = st.lists(st.floats(1e-9, 1e9), min_size=1, max_size=30)
MISSING = Quantity(word="failed", reason="it broke")


@given(SAMPLES)
def test_a_median_lies_in_the_middle_half_of_its_samples(samples: list[float]) -> None:
    quantity = median(samples)
    assert quantity.value == statistics.median(samples)
    assert quantity.processes == (tuple(samples),)
    assert quantity.spread is None
    assert (quantity.middle is None) is (len(samples) < 4)
    if quantity.middle is not None:
        assert min(samples) <= quantity.middle.low <= quantity.middle.high <= max(samples)
        assert quantity.middle.low <= quantity.value * (1 + 1e-9)
        assert quantity.value <= quantity.middle.high * (1 + 1e-9)


@given(SAMPLES)
def test_a_rate_is_the_median_of_rates(samples: list[float]) -> None:
    quantity = median(samples).map(lambda seconds: 1 / seconds)
    assert quantity.processes == (tuple(1 / each for each in samples),)
    if quantity.middle is not None:
        assert quantity.middle.low <= quantity.middle.high


@given(SAMPLES)
def test_a_mean_has_no_spread(samples: list[float]) -> None:
    quantity = mean(samples)
    assert quantity == Quantity(value=statistics.fmean(samples))


def test_what_is_missing_says_why_wherever_it_goes() -> None:
    one = Quantity(value=1.0)
    assert over(MISSING, one) is MISSING
    assert over(one, MISSING) is MISSING
    assert MISSING.map(lambda value: value * 2) is MISSING
    assert over(NOT_MEASURED, MISSING).word == "not measured"


def test_a_ratio_has_its_interval_by_several_processes_or_by_noise_floors() -> None:
    few = Quantity(value=2.0, processes=((2.0, 2.1), (1.9,)))
    one = median([1.0, 1.05, 0.95, 1.02])
    floor = Floor(spread=0.02, freedom=8, processes=5, effect=0.1)
    for below in (replace(few, value=1.0, processes=((1.0,), (1.05,))), replace(one, floor=floor)):
        both = over(few, below)
        assert both.spread is not None
        assert both.spread.low < 2 < both.spread.high
    assert over(few, one).spread is None
    assert over(few, Quantity(value=1.0)).spread is None
    assert over(median([2.0]), median([1.0])) == Quantity(value=2.0)


def test_a_ratio_to_nothing_is_none() -> None:
    assert over(Quantity(value=1.0), Quantity(value=0.0)).word == "no ratio"


def test_samples_of_zero_leave_a_ratio_without_an_interval() -> None:
    quantity = over(median([0.0, 1.0, 2.0]), median([1.0, 1.0, 1.0]))
    assert quantity == Quantity(value=1.0)


def test_a_falling_function_turns_the_spread_around() -> None:
    quantity = Quantity(value=2.0, spread=Interval(low=1.0, high=4.0)).map(lambda value: 1 / value)
    assert quantity.spread == Interval(low=0.25, high=1.0)
