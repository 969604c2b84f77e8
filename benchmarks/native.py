"""What more threads buy for native code that lets go of the GIL."""

from __future__ import annotations

from typing import Any

from ftbench.probe.run.asv_benchmark import ScenarioBenchmark, cost
from ftbench.probe.scenarios.native import WORK


class Native(ScenarioBenchmark):
    """1, 2, 4 and 8 threads hash, compress or query as much each as the main thread alone.

    Shows how far threads scale where the GIL is not held, on every build; does not show short
    calls, nor anything that waits for a disk.
    """

    scenario = "native"
    params = (("threads",), tuple(WORK))
    param_names = ("mode", "work")

    @cost("seconds")
    def track_serial(self, mode: str, work: str) -> Any:
        """A unit of work by the main thread alone."""
        return self.cost_of("serial", mode, work)

    @cost("seconds")
    def track_unit_1(self, mode: str, work: str) -> Any:
        """A unit of work by one thread."""
        return self.cost_of("unit_1", mode, work)

    @cost("seconds")
    def track_unit_2(self, mode: str, work: str) -> Any:
        """The time of two threads over the units of both."""
        return self.cost_of("unit_2", mode, work)

    @cost("seconds")
    def track_unit_4(self, mode: str, work: str) -> Any:
        """The time of four threads over the units of all."""
        return self.cost_of("unit_4", mode, work)

    @cost("seconds")
    def track_unit_8(self, mode: str, work: str) -> Any:
        """The time of eight threads over the units of all."""
        return self.cost_of("unit_8", mode, work)

    @cost("ratio")
    def track_relative_1(self, mode: str, work: str) -> Any:
        """The time of one thread over that of the main thread alone."""
        return self.cost_of("relative_1", mode, work)

    @cost("ratio")
    def track_relative_2(self, mode: str, work: str) -> Any:
        """The time of two threads over that of the main thread with half of their work."""
        return self.cost_of("relative_2", mode, work)

    @cost("ratio")
    def track_relative_4(self, mode: str, work: str) -> Any:
        """The time of four threads over that of the main thread with a quarter of their work."""
        return self.cost_of("relative_4", mode, work)

    @cost("ratio")
    def track_relative_8(self, mode: str, work: str) -> Any:
        """The time of eight threads over that of the main thread with an eighth of their work."""
        return self.cost_of("relative_8", mode, work)

    @cost("seconds")
    def track_cpu(self, mode: str, work: str) -> Any:
        """CPU seconds of a unit with eight threads."""
        return self.cost_of("cpu", mode, work)
