"""The class of crossover has the cells that make sense."""

from __future__ import annotations

from benchmarks.crossover import Crossover
from ftbench.facts.modes import mode_named
from ftbench.probe.scenarios.table import scenario_named


def test_the_ladder_is_fixed_and_within_the_scenarios_params() -> None:
    scenario = scenario_named("crossover")
    assert Crossover.params == (scenario.modes, (1, 2, 8))
    assert Crossover.version == scenario.version
    assert [scenario.parse({"workers": each})["workers"] for each in (1, 2, 8)] == [1, 2, 8]


def test_every_mode_has_the_workers_that_make_sense() -> None:
    scenario = scenario_named("crossover")
    cells = {
        (mode, workers)
        for mode in Crossover.params[0]
        for workers in Crossover.params[1]
        if scenario.why_not(mode_named(mode), {"workers": workers}) is None
    }
    assert {workers for mode, workers in cells if mode == "serial"} == {1}
    assert {workers for mode, workers in cells if mode != "serial"} == {2, 8}
    assert len(cells) == 11
