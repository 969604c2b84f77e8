"""What one worker's garbage collections cost all the others."""

from __future__ import annotations

from typing import Any, ClassVar

from ftbench.probe.run.asv_benchmark import ScenarioBenchmark, cost

# Threads share a heap; a process and a subinterpreter have their own, and are the control.
MODES = ("threads", "processes-spawn", "interpreters")
HEAPS = ("small", "large")
TICKERS = (1, 8)


class Pauses(ScenarioBenchmark):
    """One worker calls `gc.collect()`, others wake every millisecond and note how late they are.

    Shows what a full collection costs those who have no part in it, by live objects and by how
    many there are; does not show threads that are at work, which have to stop first.
    """

    scenario = "pauses"
    params: ClassVar[tuple[tuple[str | int, ...], ...]] = (MODES, HEAPS, TICKERS)
    param_names: ClassVar[tuple[str, ...]] = ("mode", "heap", "workers")

    @cost("seconds")
    def track_p50(self, *cell: str | int) -> Any:
        """How late a tick is, the median."""
        return self.cost_of("p50", *cell)

    @cost("seconds")
    def track_p99(self, *cell: str | int) -> Any:
        """How late a tick is, the 99th percentile."""
        return self.cost_of("p99", *cell)

    @cost("seconds")
    def track_p999(self, *cell: str | int) -> Any:
        """How late a tick is, the latest of a thousand."""
        return self.cost_of("p999", *cell)

    @cost("seconds")
    def track_max(self, *cell: str | int) -> Any:
        """How late a tick is, the latest of a round."""
        return self.cost_of("max", *cell)

    @cost("seconds")
    def track_collect(self, *cell: str | int) -> Any:
        """The longest collection of a round, as its own thread sees it."""
        return self.cost_of("collect", *cell)


class Churn(Pauses):
    """The same where cycles are made all the time and the collector comes by itself.

    Shows what automatic collections cost others: by generations, in increments or of all that is
    there, as the build has it.
    """

    params = (MODES[:1], ("churn",), HEAPS)
    param_names = ("mode", "trigger", "heap")
