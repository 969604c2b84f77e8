"""The class of crossover has the cells that make sense."""

from __future__ import annotations

from benchmarks.crossover import Crossover
from ftbench.probe.scenarios.base import scenario_named


def test_the_ladder_is_fixed_and_within_the_scenarios_params() -> None:
    scenario = scenario_named("crossover")
    assert Crossover.modes == scenario.modes
    assert Crossover.ladders == (("workers", (1, 2, 8)),)
    assert Crossover.version == scenario.version
    assert [scenario.parse({"workers": each})["workers"] for each in (1, 2, 8)] == [1, 2, 8]


def test_every_mode_has_the_workers_that_make_sense() -> None:
    scenario = scenario_named("crossover")
    cells = {
        (mode.name, params["workers"])
        for _, mode, params in Crossover.cells()
        if scenario.why_not(mode, params) is None
    }
    assert {workers for mode, workers in cells if mode == "serial"} == {1}
    assert {workers for mode, workers in cells if mode != "serial"} == {2, 8}
    assert len(cells) == 13
