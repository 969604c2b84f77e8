"""What workers weigh while they are alive and busy."""

from __future__ import annotations

import tempfile

from ftbench.facts.modes import MODE_NAMES
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark, record_own_clock
from ftbench.probe.scenarios.footprint_workers import Crew

WORKERS = (1, 2, 4, 8)


class Footprint(ScenarioBenchmark):
    """The memory of a tree with N busy workers, sampled from outside, in every mode.

    Counts the parent, the workers, the fork server and the resource tracker.  Shows what a
    mode's workers weigh; does not show the data of a program.
    """

    scenario = "footprint"
    modes = MODE_NAMES
    ladders = (("workers", WORKERS),)


class PeakThreads:
    """The peak of one process with N busy threads, as the kernel keeps it.

    asv's own peak is the right instrument here: it sees one process, and the kernel's high-water
    mark misses nothing between two looks.  For workers that are processes it would see the
    parent alone, so there the observer measures.
    """

    params = WORKERS
    param_names = ("workers",)
    timeout = 60.0
    version = "1"

    def peakmem_threads(self, workers: int) -> None:
        """Start `workers` threads, wait until all have run the task once, and join them."""
        with tempfile.TemporaryDirectory() as folder:
            crew = Crew("threads", workers, self.timeout, folder)
            crew.grow(workers)
            crew.end()

    def teardown(self, workers: int) -> None:
        """Record the build, the machine and the GIL that the figure was taken with."""
        record_own_clock("footprint.PeakThreads", {"workers": str(workers)})
