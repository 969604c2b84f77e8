"""The price of a build to a program that has one thread: small kernels, one at a time."""

from __future__ import annotations

from ftbench.probe.run.asv_benchmark import ScenarioBenchmark
from ftbench.probe.workloads.kernels import SMALL


class SingleThread(ScenarioBenchmark):
    """A dozen small kernels, each in the main thread of a process that has no other.

    The free-threaded build's time over the GIL build's is what it asks of a program that does not
    use it, corner by corner of the language; does not show a whole program, which has more memory
    and less of a loop.
    """

    scenario = "single_thread"
    modes = ("serial",)
    ladders = (("kernel", tuple(SMALL)),)
