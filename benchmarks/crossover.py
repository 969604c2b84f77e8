"""Which mode wins: tasks of four sizes with payloads of four sizes, through warm pools."""

from __future__ import annotations

from ftbench.probe.run.asv_benchmark import EVERY_ARM, ScenarioBenchmark
from ftbench.probe.scenarios.crossover import CROSSOVER


class Crossover(ScenarioBenchmark):
    """Tasks with payloads, as many under way as there are workers, in every mode and in a loop.

    Shows where modes swap places, with CPU and memory; does not show how long a task waits, tasks
    that are queued all at once, large results, or tasks that share anything.  A size's name is
    nominal: its work is a fixed number of steps.
    """

    scenario = "crossover"
    modes = CROSSOVER.modes
    not_with_gil = EVERY_ARM
    ladders = (("workers", (1, 2, 8)),)  # one worker is a plain loop, mode serial
