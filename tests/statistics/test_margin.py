"""What so many processes can tell apart, and how many more it takes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ftbench.statistics.power import MOST_PROCESSES, further, margin, shift

quick = settings(max_examples=60, deadline=None)
spreads = st.floats(min_value=1e-4, max_value=0.5)
counts = st.integers(min_value=1, max_value=40)


def more(gap: float, spread: float, freedom: int, before: int, after: int) -> int:
    (found,) = further(
        gap=np.array([gap]),
        spread=np.array([spread]),
        freedom=np.array([freedom]),
        before=np.array([before]),
        after=np.array([after]),
    )
    return int(found)


def reached(added: int, spread: float, freedom: int, before: int, after: int) -> float:
    return float(
        margin(
            spread=spread,
            freedom=freedom + 2 * added,
            before=before + added,
            after=after + added,
        )
    )


@pytest.mark.parametrize("freedom", [1, 2, 3, 7, 15, 60, 1000])
@pytest.mark.parametrize("tail", [0.005, 1e-4])
@pytest.mark.parametrize("chance", [0.95, 0.975])
def test_a_shift_is_found_by_a_shifted_t_with_its_chance(
    freedom: int, tail: float, chance: float
) -> None:
    found = shift(freedom, tail=tail, chance=chance)
    bar = stats.t.isf(tail, freedom)
    assert float(stats.nct.sf(bar, freedom, float(found))) == pytest.approx(chance, abs=0.008)


def test_a_margin_of_many_is_that_of_each() -> None:
    known, counts = np.array([3, 40]), np.array([1, 5])
    found = margin(spread=0.02, freedom=known, before=counts, after=counts + 1)
    alone = [
        float(margin(spread=0.02, freedom=3, before=1, after=2)),
        float(margin(spread=0.02, freedom=40, before=5, after=6)),
    ]
    assert found.tolist() == pytest.approx(alone)
    assert alone[1] == pytest.approx(float(shift(40)) * 0.02 * math.sqrt(1 / 5 + 1 / 6))


@quick
@given(
    st.floats(min_value=1e-3, max_value=0.5),
    spreads,
    st.integers(min_value=1, max_value=200),
    counts,
    counts,
)
def test_it_is_the_least_number_that_is_enough(
    gap: float, spread: float, freedom: int, before: int, after: int
) -> None:
    found = more(gap, spread, freedom, before, after)
    at_most = reached(MOST_PROCESSES, spread, freedom, before, after)
    if found > MOST_PROCESSES:
        assert at_most > gap
        return
    assert reached(found, spread, freedom, before, after) <= gap * (1 + 1e-9)
    if found > 1:
        assert reached(found - 1, spread, freedom, before, after) > gap


@quick
@given(spreads, st.integers(min_value=1, max_value=200), counts, counts)
def test_a_smaller_gap_never_needs_fewer(
    spread: float, freedom: int, before: int, after: int
) -> None:
    gaps = [0.3, 0.1, 0.03, 0.01, 0.003]
    needs = [more(gap, spread, freedom, before, after) for gap in gaps]
    assert needs == sorted(needs)


def test_none_is_none_and_no_pairs_need_nothing() -> None:
    assert more(0.0, 0.1, 7, 5, 5) > MOST_PROCESSES
    empty = np.array([])
    none = np.array([], np.int64)
    found = further(gap=empty, spread=empty, freedom=none, before=none, after=none)
    assert found.tolist() == []
