"""The class of pools has every pool in every mode."""

from __future__ import annotations

from benchmarks.pools import Pools
from ftbench.facts.modes import POOL_TABLE
from ftbench.probe.scenarios.base import scenario_named


def test_the_grid_has_every_pool_of_the_table_and_holes_for_the_rest() -> None:
    scenario = scenario_named("pools")
    assert (Pools.modes, Pools.version) == (scenario.modes, scenario.version)
    measured = {
        (mode.name, params["pool"])
        for _, mode, params in Pools.cells()
        if scenario.why_not(mode, scenario.parse(params)) is None
    }
    assert measured == {(mode, kind.name) for kind in POOL_TABLE.values() for mode in kind.modes}
