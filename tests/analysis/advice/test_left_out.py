"""How far interpolation misses cells that were measured, as `tests/tools/left_out.py` has it."""

from __future__ import annotations

import pytest
from fake_figures import Place, crossover, seconds
from left_out import misses

from ftbench.analysis.advice.cells import cells_of
from ftbench.probe.scenarios.crossover import SIZES


def test_costs_of_a_constant_a_part_of_the_work_and_one_of_the_bytes_are_met() -> None:
    missed = misses(cells_of(crossover()))
    # Three arms; a loop, and five modes of two pools: of four by four places sixteen lie between.
    assert len(missed) == 3 * (1 + 5 * 2) * 16
    assert max(missed) == pytest.approx(0, abs=1e-9)


def test_a_cell_that_lies_off_the_line_is_missed() -> None:
    def off(place: Place) -> float:
        return seconds(place) * (2 if place.size == SIZES[1] else 1)

    assert max(misses(cells_of(crossover(cost=off)))) > 0.4
