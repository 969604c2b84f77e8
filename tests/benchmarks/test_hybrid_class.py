"""The class of hybrid has the ladder that its scenario takes."""

from __future__ import annotations

from benchmarks.hybrid import Hybrid
from ftbench.facts.modes import STANDING
from ftbench.probe.scenarios.base import scenario_named


def test_the_ladder_is_fixed_and_within_the_scenarios_params() -> None:
    scenario = scenario_named("hybrid")
    assert (Hybrid.modes, Hybrid.ladders) == (STANDING, (("workers", (2,)),))
    assert set(Hybrid.modes) <= set(scenario.modes)
    assert Hybrid.version == scenario.version
    assert [scenario.parse({"workers": each})["workers"] for each in (2, 8)] == [2, 8]
