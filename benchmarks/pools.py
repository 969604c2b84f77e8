"""What a pool costs: to make, to fill, to hand tasks to, to end."""

from __future__ import annotations

from typing import Any

from ftbench.probe.pools import POOL_MODES, POOL_TABLE
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark, cost


class Pools(ScenarioBenchmark):
    """A pool of eight workers, of each library in every mode that it has.

    Shows the cold start that a script pays and the hand-over that a server pays per request; does
    not show what real work or a large argument costs.
    """

    scenario = "pools"
    params = (POOL_MODES, tuple(POOL_TABLE))
    param_names = ("mode", "pool")

    @cost("seconds")
    def track_first_cold(self, mode: str, pool: str) -> Any:
        """From making the first pool of a process to its first result: imports, fork server."""
        return self.cost_of("first_cold", mode, pool)

    @cost("seconds")
    def track_cold(self, mode: str, pool: str) -> Any:
        """From making a later pool to its first result."""
        return self.cost_of("cold", mode, pool)

    @cost("seconds")
    def track_full(self, mode: str, pool: str) -> Any:
        """From making a later pool until each of its workers has taken a task."""
        return self.cost_of("full", mode, pool)

    @cost("seconds")
    def track_dispatch(self, mode: str, pool: str) -> Any:
        """Handing over one empty task and having its result, the workers being idle."""
        return self.cost_of("dispatch", mode, pool)

    @cost("seconds")
    def track_map_1(self, mode: str, pool: str) -> Any:
        """A small task of a map without chunks: the time of the whole over the tasks."""
        return self.cost_of("map_1", mode, pool)

    @cost("seconds")
    def track_map_64(self, mode: str, pool: str) -> Any:
        """A small task of a map in chunks of 64: the time of the whole over the tasks."""
        return self.cost_of("map_64", mode, pool)

    @cost("seconds")
    def track_shutdown(self, mode: str, pool: str) -> Any:
        """Ending an idle pool, until its last worker is gone."""
        return self.cost_of("shutdown", mode, pool)
