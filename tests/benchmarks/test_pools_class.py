"""The class of pools has every pool in every mode."""

from __future__ import annotations

from benchmarks.pools import Pools
from ftbench.facts.modes import POOL_TABLE
from ftbench.probe.scenarios.pools import CHUNKS, Life, metrics
from ftbench.probe.scenarios.table import scenario_named

LIFE = Life(cold=1.0, full=2.0, dispatch=0.1, maps=(0.3, 0.2), shutdown=0.5)


def test_the_samples_are_those_of_the_lives() -> None:
    found = {name: metric.samples for name, metric in metrics(3.0, [LIFE, LIFE]).items()}
    assert CHUNKS == (1, 64)
    assert found == {
        "first_cold": (3.0,),
        "cold": (1.0, 1.0),
        "full": (2.0, 2.0),
        "dispatch": (0.1, 0.1),
        "map_1": (0.3, 0.3),
        "map_64": (0.2, 0.2),
        "shutdown": (0.5, 0.5),
    }


def test_the_grid_has_every_pool_of_the_table_and_holes_for_the_rest() -> None:
    scenario = scenario_named("pools")
    assert (Pools.modes, Pools.version) == (scenario.modes, scenario.version)
    measured = {
        (mode.name, params["pool"])
        for _, mode, params in Pools.cells()
        if scenario.why_not(mode, scenario.parse(params)) is None
    }
    assert measured == {(mode, kind.name) for kind in POOL_TABLE.values() for mode in kind.modes}
