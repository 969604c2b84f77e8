"""What more workers buy for work that only crunches."""

from __future__ import annotations

from ftbench.facts.modes import MODE_NAMES
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark
from ftbench.probe.workloads.kernels import KERNELS


class CpuScaling(ScenarioBenchmark):
    """1, 2, 4 and 8 workers do as much each as the main thread alone, in turn with it.

    Shows how far a mode scales for six kinds of work, and what more workers than cores cost;
    does not show what starting them or sending them work costs.
    """

    scenario = "cpu_scaling"
    modes = MODE_NAMES
    ladders = (("kernel", tuple(KERNELS)),)
