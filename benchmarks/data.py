"""What it costs to hand data to another worker and to get it back."""

from __future__ import annotations

from typing import Any

from ftbench.probe.channels import CHANNELS
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark, cost

# One start method: how a worker was started changes nothing in how it is connected.
MODES = ("threads", "processes-spawn", "interpreters")
KINDS = ("bytes", "object")


class Data(ScenarioBenchmark):
    """A payload goes to another worker and comes back, through every channel of a mode.

    Shows the round trip of four sizes and what the largest weighs while both sides hold it; does
    not show throughput, of which one payload at a time is no measure.
    """

    scenario = "data"
    params = (MODES, CHANNELS, KINDS)
    param_names = ("mode", "channel", "kind")

    @cost("seconds")
    def track_trip_1kib(self, mode: str, channel: str, kind: str) -> Any:
        """There and back with 1 KiB, the median of many trips."""
        return self.cost_of("trip_1kib", mode, channel, kind)

    @cost("seconds")
    def track_trip_64kib(self, mode: str, channel: str, kind: str) -> Any:
        """There and back with 64 KiB, the median of many trips."""
        return self.cost_of("trip_64kib", mode, channel, kind)

    @cost("seconds")
    def track_trip_1mib(self, mode: str, channel: str, kind: str) -> Any:
        """There and back with 1 MiB, the median of some trips."""
        return self.cost_of("trip_1mib", mode, channel, kind)

    @cost("seconds")
    def track_trip_16mib(self, mode: str, channel: str, kind: str) -> Any:
        """There and back with 16 MiB, the median of few trips."""
        return self.cost_of("trip_16mib", mode, channel, kind)

    @cost("bytes")
    def track_held(self, mode: str, channel: str, kind: str) -> Any:
        """What the tree grew by to hold 16 MiB on both sides: payload, copies and buffers."""
        return self.cost_of("held", mode, channel, kind)
