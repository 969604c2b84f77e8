"""The class of failure has the pools whose tasks can be watched."""

from __future__ import annotations

from benchmarks.failure import Failure
from ftbench.facts.modes import POOL_MODES, mode_named
from ftbench.probe.scenarios.base import scenario_named


def test_the_grid_has_the_pools_whose_tasks_can_be_watched() -> None:
    scenario = scenario_named("failure")
    pools = ("executor", "multiprocessing")
    assert (Failure.modes, Failure.ladders) == (POOL_MODES, (("pool", pools),))
    assert Failure.version == scenario.version
    for pool in pools:
        assert scenario.why_not(mode_named("threads"), scenario.parse({"pool": pool})) is None
