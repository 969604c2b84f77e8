"""What workers weigh while they are alive and busy."""

from __future__ import annotations

import tempfile

from ftbench.facts.modes import MODE_NAMES
from ftbench.probe.run.asv_benchmark import EVERY_ARM, ScenarioBenchmark, Witness
from ftbench.probe.scenarios.footprint_workers import Crew

WORKERS = (1, 2, 4, 8)


class Footprint(ScenarioBenchmark):
    """The memory of a tree with N busy workers, sampled from outside, in every mode.

    Counts the parent, the workers, the fork server and the resource tracker.  Shows what a
    mode's workers weigh; does not show the data of a program.
    """

    scenario = "footprint"
    modes = MODE_NAMES
    not_with_gil = EVERY_ARM
    ladders = (("workers", WORKERS),)


class Peak(Witness):
    """The peak of a process with N busy threads, as the kernel keeps it.

    asv's own peak sees one process: of a mode with several it would be that of the parent alone.
    """

    scenario = "footprint"
    modes = ("threads",)
    ladders = (("workers", (8,)),)

    def peakmem_busy(self, *_cell: str | int) -> None:
        """Start the workers, wait until all have run the task once, and end them."""
        mode, workers = self.cell.mode.name, self.cell.params["workers"]
        with tempfile.TemporaryDirectory() as folder:
            crew = Crew(mode, workers, self.timeout, folder)
            crew.grow(workers)
            crew.end()
