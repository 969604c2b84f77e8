"""What it costs to fetch in threads and to crunch in workers of another kind."""

from __future__ import annotations

from typing import Any

from ftbench.facts.modes import MODE_NAMES
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark, cost

WORKERS = (2, 8)


class Hybrid(ScenarioBenchmark):
    """Eight threads wait 10 ms for each item; workers of the mode crunch it for 1.5 ms.

    Shows what mixing costs the fetchers and the items, by way of a queue with room for 16; does
    not show large items, nor many connections.
    """

    scenario = "hybrid"
    params = (MODE_NAMES, WORKERS)
    param_names = ("mode", "workers")

    @cost("seconds")
    def track_item(self, mode: str, workers: int) -> Any:
        """An item: from the first fetch until the last item is crunched, over all items."""
        return self.cost_of("item", mode, workers)

    @cost("seconds")
    def track_wait_p50(self, mode: str, workers: int) -> Any:
        """An item's time in the queue, waiting for room included; the median."""
        return self.cost_of("wait_p50", mode, workers)

    @cost("seconds")
    def track_wait_p99(self, mode: str, workers: int) -> Any:
        """An item's time in the queue, waiting for room included; the 99th percentile."""
        return self.cost_of("wait_p99", mode, workers)

    @cost("seconds")
    def track_fetch_p99(self, mode: str, workers: int) -> Any:
        """A wait of 10 ms until its thread runs again; the 99th percentile."""
        return self.cost_of("fetch_p99", mode, workers)

    @cost("seconds")
    def track_cpu(self, mode: str, workers: int) -> Any:
        """CPU seconds of an item: the parent, its fetchers, the workers."""
        return self.cost_of("cpu", mode, workers)
