"""The class of hybrid has the ladder that its scenario takes."""

from __future__ import annotations

from benchmarks.hybrid import Hybrid
from ftbench.facts.modes import MODE_NAMES
from ftbench.probe.scenarios.table import scenario_named


def test_the_ladder_is_fixed_and_within_the_scenarios_params() -> None:
    scenario = scenario_named("hybrid")
    assert Hybrid.params == (MODE_NAMES, (2, 8))
    assert (Hybrid.params[0], Hybrid.version) == (scenario.modes, scenario.version)
    assert [scenario.parse({"workers": each})["workers"] for each in Hybrid.params[1]] == [2, 8]
