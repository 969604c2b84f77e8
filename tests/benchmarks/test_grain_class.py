"""The class of grain has the ladder that its scenario takes."""

from __future__ import annotations

from benchmarks.grain import Grain
from ftbench.facts.modes import STANDING, TASK_ENGINES
from ftbench.probe.scenarios.base import scenario_named


def test_the_ladder_is_fixed_and_within_the_scenarios_params() -> None:
    scenario = scenario_named("grain")
    assert (Grain.modes, Grain.ladders) == ((*STANDING, *TASK_ENGINES), (("workers", (2,)),))
    assert set(Grain.modes) <= set(scenario.modes)
    assert Grain.version == scenario.version
    assert [scenario.parse({"workers": each})["workers"] for each in (2, 8)] == [2, 8]
