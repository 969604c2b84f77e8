"""The class of crossover tracks what its scenario measures."""

from __future__ import annotations

import pytest

from benchmarks.crossover import Crossover
from ftbench.facts.modes import mode_named
from ftbench.probe.scenarios.crossover.scenario import Carried, metrics, places
from ftbench.probe.scenarios.table import scenario_named


def test_every_metric_is_tracked_by_the_method_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Crossover, "cost_of", lambda _self, metric, *_cell: metric)
    one = Carried(task=1.0, p99=1.0, cpu=1.0)
    found = metrics({place.name: [one] for place in places(2)})
    units = {name: metric.unit for name, metric in found.items()} | {"pss": "bytes", "rss": "bytes"}
    assert {name for name in dir(Crossover) if name.startswith("track_")} == {
        f"track_{name}" for name in units
    }
    for name, unit in units.items():
        method = getattr(Crossover, f"track_{name}")
        assert method(Crossover(), "threads", 2) == name
        assert (method.unit, method.better, method.__name__) == (unit, "lower", f"track_{name}")
        assert method.__doc__


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
