"""The class of failure tracks what its scenario measures."""

from __future__ import annotations

import pytest

from benchmarks.failure import Failure
from ftbench.facts.modes import mode_named
from ftbench.probe.pools import POOL_MODES
from ftbench.probe.scenarios.failure import Calling, Crash, metrics
from ftbench.probe.scenarios.table import scenario_named


def test_every_metric_is_tracked_by_the_method_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Failure, "cost_of", lambda _self, metric, *_cell: metric)
    found = metrics(
        [Crash(detect=1.0, recover=1.0, lost=1)], [Calling(cancel=1.0, uncancelled=1, stop=1.0)]
    )
    assert {name for name in dir(Failure) if name.startswith("track_")} == {
        f"track_{name}" for name in found
    }
    for name, metric in found.items():
        method = getattr(Failure, f"track_{name}")
        assert method(Failure(), "threads", "executor") == name
        assert method.unit == metric.unit


def test_the_grid_has_the_pools_whose_tasks_can_be_watched() -> None:
    scenario = scenario_named("failure")
    assert Failure.params == (POOL_MODES, ("executor", "multiprocessing"))
    assert Failure.version == scenario.version
    for pool in Failure.params[1]:
        assert scenario.why_not(mode_named("threads"), scenario.parse({"pool": pool})) is None
