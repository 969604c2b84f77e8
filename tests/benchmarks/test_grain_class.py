"""The class of grain has the ladder that its scenario takes."""

from __future__ import annotations

from benchmarks.grain import Grain
from ftbench.facts.modes import POOL_MODES
from ftbench.probe.scenarios.table import scenario_named


def test_the_ladder_is_fixed_and_within_the_scenarios_params() -> None:
    scenario = scenario_named("grain")
    assert Grain.params == (POOL_MODES, (2, 8))
    assert (Grain.params[0], Grain.version) == (scenario.modes, scenario.version)
    assert [scenario.parse({"workers": each})["workers"] for each in Grain.params[1]] == [2, 8]
