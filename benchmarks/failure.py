"""What a crash costs a pool, and what it takes to call off work that waits."""

from __future__ import annotations

from typing import Any

from ftbench.probe.pools import POOL_MODES, POOL_TABLE
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark, cost

POOLS = tuple(kind.name for kind in POOL_TABLE.values() if kind.futures)


class Failure(ScenarioBenchmark):
    """Pools of eight workers of which one dies; and eight busy workers with 128 tasks waiting.

    Shows the price of the pools' own ways; does not show supervisors that retry, nor what ends a
    whole program with its threads.
    """

    scenario = "failure"
    params = (POOL_MODES, POOLS)
    param_names = ("mode", "pool")

    @cost("seconds")
    def track_detect(self, mode: str, pool: str) -> Any:
        """From a worker's death, or a task's exception, until the library knows."""
        return self.cost_of("detect", mode, pool)

    @cost("seconds")
    def track_recover(self, mode: str, pool: str) -> Any:
        """From the crash until a task handed over after it has come back."""
        return self.cost_of("recover", mode, pool)

    @cost("tasks")
    def track_lost(self, mode: str, pool: str) -> Any:
        """Of four tasks at work, those that the crash of one has left without a result."""
        return self.cost_of("lost", mode, pool)

    @cost("seconds")
    def track_cancel(self, mode: str, pool: str) -> Any:
        """Cancelling a task that waits."""
        return self.cost_of("cancel", mode, pool)

    @cost("tasks")
    def track_uncancelled(self, mode: str, pool: str) -> Any:
        """Of 136 tasks, those that run although all were cancelled; eight are at work by then."""
        return self.cost_of("uncancelled", mode, pool)

    @cost("seconds")
    def track_stop(self, mode: str, pool: str) -> Any:
        """Ending a pool at once, with 128 tasks waiting and 20 ms of work left in each worker."""
        return self.cost_of("stop", mode, pool)
