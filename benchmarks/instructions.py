"""Instructions beside times: whether a build does more for the same work, or only takes longer."""

from __future__ import annotations

from ftbench.probe.run.asv_benchmark import ScenarioBenchmark
from ftbench.probe.scenarios.must_scale import LEDGER
from ftbench.probe.workloads.kernels import KERNELS, SMALL


class SingleThread(ScenarioBenchmark):
    """The kernels of single_thread, a run of each, counted by valgrind.

    Hardly any machine's noise is in it; does not show caches, branch misses and waiting.
    """

    scenario = "instructions"
    modes = ("serial",)
    ladders = (("kernel", tuple(SMALL)),)


class CpuScaling(ScenarioBenchmark):
    """The kernels of cpu_scaling, what each of two threads executes for a run.

    Does not show how they scale: valgrind lets one thread run at a time.
    """

    scenario = "instructions"
    modes = ("threads",)
    ladders = (("kernel", tuple(KERNELS)),)


class MustScale(ScenarioBenchmark):
    """The patterns of must_scale, what each of two threads executes for a turn.

    Does not show how they scale: valgrind lets one thread run at a time.
    """

    scenario = "instructions"
    modes = ("threads",)
    ladders = (("pattern", tuple(LEDGER)),)
