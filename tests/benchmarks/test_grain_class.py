"""The class of grain tracks what its scenario measures."""

from __future__ import annotations

import pytest

from benchmarks.grain import Grain
from ftbench.probe.pools import POOL_MODES
from ftbench.probe.scenarios.grain import SIZES, Turn, metrics
from ftbench.probe.scenarios.table import scenario_named


def test_every_metric_is_tracked_by_the_method_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Grain, "cost_of", lambda _self, metric, *_cell: metric)
    found = metrics([[Turn(serial=1.0, task=1.0)] * len(SIZES)], 2)
    assert {name for name in dir(Grain) if name.startswith("track_")} == {
        f"track_{name}" for name in found
    }
    for name, metric in found.items():
        method = getattr(Grain, f"track_{name}")
        assert method(Grain(), "threads", 2) == name
        assert method.unit == metric.unit


def test_the_ladder_is_fixed_and_within_the_scenarios_params() -> None:
    scenario = scenario_named("grain")
    assert Grain.params == (POOL_MODES, (2, 8))
    assert (Grain.params[0], Grain.version) == (scenario.modes, scenario.version)
    assert [scenario.parse({"workers": each})["workers"] for each in Grain.params[1]] == [2, 8]
