"""Crossovers: a bracket that holds for good, and only where intervals clear the limit."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ftbench.errors import FtbenchError
from ftbench.statistics.crossover import Crossover, crossover
from ftbench.statistics.spread import Interval

SIZE = st.floats(1e-6, 10)
COST = st.floats(0, 1e3)
COSTS = st.dictionaries(SIZE, COST, min_size=1, max_size=8)


def found(costs: dict[float, float], limit: float, margin: float = 0.001) -> Crossover:
    return crossover(
        costs,
        {
            size: Interval(low=cost * (1 - margin), high=cost * (1 + margin))
            for size, cost in costs.items()
        },
        limit,
    )


def test_a_constant_and_a_part_of_the_size_cross_where_they_do() -> None:
    # 100 us to hand a task over to two cores: even at 200 us.
    costs = {size: 1e-4 / size + 0.5 for size in (1e-5, 1e-4, 1e-3, 1e-2)}
    assert found(costs, 1.0).estimate == pytest.approx(2e-4)
    assert (found(costs, 1.0).above, found(costs, 1.0).at) == (1e-4, 1e-3)


def test_a_cost_that_is_within_its_limit_everywhere_has_no_size_above() -> None:
    assert found({1e-5: 0.9, 1e-4: 0.6}, 1.0) == Crossover(above=None, at=1e-5, estimate=None)


def test_a_cost_that_never_falls_to_its_limit_has_no_size_from_which_on_it_does() -> None:
    assert found({1e-5: 9.0, 1e-4: 1.6}, 1.0) == Crossover(above=1e-4, at=None, estimate=None)


def test_a_size_that_is_within_the_limit_by_luck_is_no_crossover() -> None:
    lucky = found({1e-5: 0.9, 1e-4: 3.0, 1e-3: 0.5}, 1.0)
    assert (lucky.above, lucky.at) == (1e-4, 1e-3)


def test_an_interval_that_reaches_the_limit_is_no_crossover() -> None:
    assert found({1e-5: 9.0, 1e-4: 0.9}, 1.0, margin=0.2).at is None
    assert found({1e-5: 9.0, 1e-4: 0.9, 1e-3: 0.5}, 1.0, margin=0.2).at == 1e-3


def test_what_has_no_interval_is_not_told() -> None:
    costs = {1e-5: 9.0, 1e-4: 0.5}
    assert crossover(costs, {}, 1.0) == Crossover(above=None, at=None, estimate=None)
    one = {1e-4: Interval(low=0.4, high=0.6)}
    assert crossover(costs, one, 1.0) == Crossover(above=None, at=1e-4, estimate=None)


@given(COSTS, COST, st.floats(0, 2))
def test_the_bracket_is_what_its_words_say(
    costs: dict[float, float], limit: float, margin: float
) -> None:
    point = found(costs, limit, margin)
    if point.above is not None:
        assert costs[point.above] > limit
    if point.at is not None:
        assert all(cost < limit for size, cost in costs.items() if size >= point.at)
        assert point.above is None or point.above < point.at


@given(COSTS, COST, st.floats(0, 2))
def test_an_estimate_lies_in_its_bracket(
    costs: dict[float, float], limit: float, margin: float
) -> None:
    point = found(costs, limit, margin)
    assert (point.estimate is None) == (point.above is None or point.at is None)
    if point.above is not None and point.at is not None and point.estimate is not None:
        assert point.above * (1 - 1e-9) <= point.estimate <= point.at * (1 + 1e-9)


@given(COSTS, COST, st.floats(1e-3, 1e3))
def test_an_estimate_scales_with_the_sizes(
    costs: dict[float, float], limit: float, factor: float
) -> None:
    point = found(costs, limit)
    assume(point.estimate is not None)
    scaled = {size * factor: cost for size, cost in costs.items()}
    assume(len(scaled) == len(costs))
    assert found(scaled, limit).estimate == pytest.approx(point.estimate * factor)  # type: ignore[operator]


@given(st.permutations([(1e-5, 9.0), (1e-4, 3.0), (1e-3, 0.5)]))
def test_the_order_of_the_sizes_does_not_matter(costs: list[tuple[float, float]]) -> None:
    assert found(dict(costs), 1.0).at == 1e-3


@pytest.mark.parametrize(
    "costs", [{}, {0.0: 1.0}, {-1.0: 1.0}, {math.inf: 1.0}, {1.0: math.nan}, {1.0: math.inf}]
)
def test_what_is_no_size_or_no_cost_is_refused(costs: dict[float, float]) -> None:
    with pytest.raises(FtbenchError, match="A crossover needs"):
        crossover(costs, {}, 1.0)
