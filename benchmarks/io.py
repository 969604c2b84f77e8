"""What it costs to wait for many answers at once."""

from __future__ import annotations

from typing import Any

from ftbench.probe.run.asv_benchmark import ScenarioBenchmark, cost

# One start method: how a process was started changes nothing in how it waits.
MODES = ("threads", "asyncio", "asyncio-per-thread", "processes-spawn")
DELAYS = (1, 20)
UNDER_WAY = (64, 512)


class Io(ScenarioBenchmark):
    """So many requests are under way to a server that answers after a delay (in milliseconds).

    Shows what a request costs and how late its answer is, in every mode; does not show a network,
    and its servers share the cores with the clients.
    """

    scenario = "io"
    params = (MODES, DELAYS, UNDER_WAY)
    param_names = ("mode", "delay", "under_way")

    @cost("seconds")
    def track_request(self, mode: str, delay: int, under_way: int) -> Any:
        """A request of the closed loop: the time of the whole over all requests."""
        return self.cost_of("request", mode, delay, under_way)

    @cost("seconds")
    def track_cpu(self, mode: str, delay: int, under_way: int) -> Any:
        """CPU seconds of a request: the clients and the parent, not the servers."""
        return self.cost_of("cpu", mode, delay, under_way)

    @cost("seconds")
    def track_p50(self, mode: str, delay: int, under_way: int) -> Any:
        """An answer of the open loop, from when its request was to be sent, the median."""
        return self.cost_of("p50", mode, delay, under_way)

    @cost("seconds")
    def track_p95(self, mode: str, delay: int, under_way: int) -> Any:
        """An answer of the open loop, the 95th percentile."""
        return self.cost_of("p95", mode, delay, under_way)

    @cost("seconds")
    def track_p99(self, mode: str, delay: int, under_way: int) -> Any:
        """An answer of the open loop, the 99th percentile."""
        return self.cost_of("p99", mode, delay, under_way)

    @cost("bytes")
    def track_pss(self, mode: str, delay: int, under_way: int) -> Any:
        """The tree without its servers, all clients connected (Linux)."""
        return self.cost_of("pss", mode, delay, under_way)

    @cost("bytes")
    def track_rss(self, mode: str, delay: int, under_way: int) -> Any:
        """The tree without its servers, shared pages counted once per process."""
        return self.cost_of("rss", mode, delay, under_way)
