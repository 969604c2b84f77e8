"""The class of hybrid tracks what its scenario measures."""

from __future__ import annotations

import pytest

from benchmarks.hybrid import Hybrid
from ftbench.facts.modes import MODE_NAMES
from ftbench.probe.scenarios.hybrid.scenario import Run, metrics
from ftbench.probe.scenarios.table import scenario_named


def test_every_metric_is_tracked_by_the_method_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hybrid, "cost_of", lambda _self, metric, *_cell: metric)
    found = metrics([Run(items=1, seconds=1.0, waits=(1.0,), fetches=(1.0,), cpu=1.0)])
    assert {name for name in dir(Hybrid) if name.startswith("track_")} == {
        f"track_{name}" for name in found
    }
    for name in found:
        method = getattr(Hybrid, f"track_{name}")
        assert method(Hybrid(), "threads", 2) == name
        assert method.unit == "seconds"


def test_the_ladder_is_fixed_and_within_the_scenarios_params() -> None:
    scenario = scenario_named("hybrid")
    assert Hybrid.params == (MODE_NAMES, (2, 8))
    assert (Hybrid.params[0], Hybrid.version) == (scenario.modes, scenario.version)
    assert [scenario.parse({"workers": each})["workers"] for each in Hybrid.params[1]] == [2, 8]
