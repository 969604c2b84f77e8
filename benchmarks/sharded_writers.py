"""What it costs to send every id to its owner, and to wait for the answer."""

from __future__ import annotations

from typing import Any

from ftbench.facts.modes import MODE_NAMES
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark, cost

WRITERS = (1, 2, 4, 8)
WINDOWS = (1, 64)


class ShardedWriters(ScenarioBenchmark):
    """Eight producers send ids to the writers that own them and wait for the acknowledgement.

    With a window of 1 an id is acknowledged before the next is sent, with 64 so many are under
    way.  Shows what a round trip between workers costs in every mode; does not show messages that
    need no answer.
    """

    scenario = "sharded_writers"
    params = (MODE_NAMES, WRITERS, WINDOWS)
    param_names = ("mode", "writers", "window")

    @cost("seconds")
    def track_op(self, mode: str, writers: int, window: int) -> Any:
        """An operation: the time of the whole over the ids of all producers."""
        return self.cost_of("op", mode, writers, window)

    @cost("seconds")
    def track_put(self, mode: str, writers: int, window: int) -> Any:
        """Putting an id into its writer's queue, the mean."""
        return self.cost_of("put", mode, writers, window)

    @cost("seconds")
    def track_ack_p50(self, mode: str, writers: int, window: int) -> Any:
        """Waiting for the acknowledgement of a window, the median."""
        return self.cost_of("ack_p50", mode, writers, window)

    @cost("seconds")
    def track_ack_p95(self, mode: str, writers: int, window: int) -> Any:
        """Waiting for the acknowledgement of a window, the 95th percentile."""
        return self.cost_of("ack_p95", mode, writers, window)

    @cost("seconds")
    def track_ack_p99(self, mode: str, writers: int, window: int) -> Any:
        """Waiting for the acknowledgement of a window, the 99th percentile."""
        return self.cost_of("ack_p99", mode, writers, window)

    @cost("seconds")
    def track_cpu(self, mode: str, writers: int, window: int) -> Any:
        """CPU seconds of an operation: the producers, the writers, the parent."""
        return self.cost_of("cpu", mode, writers, window)
