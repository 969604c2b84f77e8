"""What more threads buy for native code that lets go of the GIL."""

from __future__ import annotations

from ftbench.probe.run.asv_benchmark import ScenarioBenchmark
from ftbench.probe.scenarios.native import WORK


class Native(ScenarioBenchmark):
    """1, 2, 4 and 8 threads do as much native work each as the main thread alone.

    Shows how far threads scale where the GIL is not held, on every build, and what libraries make
    of that; does not show those whose own threads meet with ours, GPUs, or what waits for a disk.
    """

    scenario = "native"
    modes = ("threads",)
    ladders = (("work", tuple(WORK)),)
