"""The class of hybrid has the ladder that its scenario takes."""

from __future__ import annotations

from benchmarks.hybrid import Hybrid
from ftbench.facts.modes import MODE_NAMES
from ftbench.probe.scenarios.base import scenario_named


def test_the_ladder_is_fixed_and_within_the_scenarios_params() -> None:
    scenario = scenario_named("hybrid")
    assert (Hybrid.modes, Hybrid.ladders) == (MODE_NAMES, (("workers", (2, 8)),))
    assert (Hybrid.modes, Hybrid.version) == (scenario.modes, scenario.version)
    assert [scenario.parse({"workers": each})["workers"] for each in (2, 8)] == [2, 8]
