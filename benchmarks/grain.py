"""What handing over a task costs beside its own work, from tiny tasks to large ones."""

from __future__ import annotations

from ftbench.facts.modes import STANDING, TASK_ENGINES
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark


class Grain(ScenarioBenchmark):
    """Tasks of some 10 us to 100 ms of arithmetic, handed one by one to warm executors.

    Shows the smallest task that pays in each mode; does not show large arguments, nor what chunks
    save.  A size's name is nominal: its work is a fixed number of steps.
    """

    scenario = "grain"
    modes = (*STANDING, *TASK_ENGINES)
    ladders = (("workers", (2,)),)  # with 8 a task costs a worker the same
