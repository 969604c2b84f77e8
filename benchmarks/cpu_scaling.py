"""What more workers buy for work that only crunches."""

from __future__ import annotations

from typing import Any

from ftbench.facts.modes import MODE_NAMES
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark, cost
from ftbench.probe.workloads.kernels import KERNELS


class CpuScaling(ScenarioBenchmark):
    """1, 2, 4 and 8 workers do as much each as the main thread alone, in turn with it.

    Shows how far a mode scales for six kinds of work, and what more workers than cores cost;
    does not show what starting them or sending them work costs.
    """

    scenario = "cpu_scaling"
    params = (MODE_NAMES, tuple(KERNELS))
    param_names = ("mode", "kernel")

    @cost("seconds")
    def track_serial(self, mode: str, kernel: str) -> Any:
        """A unit of work by the main thread alone."""
        return self.cost_of("serial", mode, kernel)

    @cost("seconds")
    def track_unit_1(self, mode: str, kernel: str) -> Any:
        """A unit of work by one worker."""
        return self.cost_of("unit_1", mode, kernel)

    @cost("seconds")
    def track_unit_2(self, mode: str, kernel: str) -> Any:
        """The time of two workers over the units of both."""
        return self.cost_of("unit_2", mode, kernel)

    @cost("seconds")
    def track_unit_4(self, mode: str, kernel: str) -> Any:
        """The time of four workers over the units of all."""
        return self.cost_of("unit_4", mode, kernel)

    @cost("seconds")
    def track_unit_8(self, mode: str, kernel: str) -> Any:
        """The time of eight workers over the units of all."""
        return self.cost_of("unit_8", mode, kernel)

    @cost("ratio")
    def track_relative_1(self, mode: str, kernel: str) -> Any:
        """The time of one worker over that of the main thread alone."""
        return self.cost_of("relative_1", mode, kernel)

    @cost("ratio")
    def track_relative_2(self, mode: str, kernel: str) -> Any:
        """The time of two workers over that of the main thread with half of their work."""
        return self.cost_of("relative_2", mode, kernel)

    @cost("ratio")
    def track_relative_4(self, mode: str, kernel: str) -> Any:
        """The time of four workers over that of the main thread with a quarter of their work."""
        return self.cost_of("relative_4", mode, kernel)

    @cost("ratio")
    def track_relative_8(self, mode: str, kernel: str) -> Any:
        """The time of eight workers over that of the main thread with an eighth of their work."""
        return self.cost_of("relative_8", mode, kernel)

    @cost("seconds")
    def track_cpu(self, mode: str, kernel: str) -> Any:
        """CPU seconds of a unit with eight workers: theirs and the parent's."""
        return self.cost_of("cpu", mode, kernel)
