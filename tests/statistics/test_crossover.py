"""Crossovers: a bracket that holds for good, whatever noise lies below it."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ftbench.errors import FtbenchError
from ftbench.statistics.crossover import Crossover, crossover

SIZE = st.floats(1e-6, 10)
COST = st.floats(0, 1e3)
COSTS = st.dictionaries(SIZE, COST, min_size=1, max_size=8)


def test_a_known_crossover() -> None:
    found = crossover({1e-5: 9.0, 1e-4: 3.0, 1e-3: 1.5, 1e-2: 0.5}, 1.0)
    assert (found.above, found.at) == (1e-3, 1e-2)
    assert found.estimate == pytest.approx(math.sqrt(1e-5))  # half way, on the logarithm


def test_a_cost_that_is_within_its_limit_everywhere_has_no_size_above() -> None:
    assert crossover({1e-5: 0.9, 1e-4: 0.6}, 1.0) == Crossover(above=None, at=1e-5, estimate=None)


def test_a_cost_that_never_falls_to_its_limit_has_no_size_from_which_on_it_does() -> None:
    assert crossover({1e-5: 9.0, 1e-4: 1.6}, 1.0) == Crossover(above=1e-4, at=None, estimate=None)


def test_a_size_that_is_within_the_limit_by_luck_is_no_crossover() -> None:
    found = crossover({1e-5: 0.9, 1e-4: 3.0, 1e-3: 0.5}, 1.0)
    assert (found.above, found.at) == (1e-4, 1e-3)


@given(COSTS, COST)
def test_the_bracket_is_what_its_words_say(costs: dict[float, float], limit: float) -> None:
    found = crossover(costs, limit)
    if found.above is None:
        assert found.at == min(costs)
        assert all(cost <= limit for cost in costs.values())
        return
    assert costs[found.above] > limit
    larger = {size: cost for size, cost in costs.items() if size > found.above}
    assert all(cost <= limit for cost in larger.values())
    assert found.at == min(larger, default=None)


@given(COSTS, COST)
def test_an_estimate_lies_in_its_bracket(costs: dict[float, float], limit: float) -> None:
    found = crossover(costs, limit)
    assert (found.estimate is None) == (found.above is None or found.at is None)
    if found.above is not None and found.at is not None and found.estimate is not None:
        assert found.above <= found.estimate <= found.at


@given(COSTS, COST, st.floats(1e-3, 1e3))
def test_an_estimate_scales_with_the_sizes(
    costs: dict[float, float], limit: float, factor: float
) -> None:
    found = crossover(costs, limit)
    assume(found.estimate is not None)
    scaled = {size * factor: cost for size, cost in costs.items()}
    assume(len(scaled) == len(costs))
    assert crossover(scaled, limit).estimate == pytest.approx(found.estimate * factor)  # type: ignore[operator]


@given(st.permutations([(1e-5, 9.0), (1e-4, 3.0), (1e-3, 0.5)]))
def test_the_order_of_the_sizes_does_not_matter(costs: list[tuple[float, float]]) -> None:
    assert crossover(dict(costs), 1.0).at == 1e-3


@pytest.mark.parametrize(
    "costs", [{}, {0.0: 1.0}, {-1.0: 1.0}, {math.inf: 1.0}, {1.0: math.nan}, {1.0: math.inf}]
)
def test_what_is_no_size_or_no_cost_is_refused(costs: dict[float, float]) -> None:
    with pytest.raises(FtbenchError, match="A crossover needs"):
        crossover(costs, 1.0)
