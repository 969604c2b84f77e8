"""What workers weigh while they are alive and busy."""

from __future__ import annotations

from typing import Any

from ftbench.facts.modes import MODE_NAMES, mode_named
from ftbench.probe.crews import Deadline, crew_of
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark, cost, record_own_clock

WORKERS = (1, 2, 4, 8)


class Footprint(ScenarioBenchmark):
    """The memory of a tree with N busy workers, sampled from outside, in every mode.

    Counts the parent, the workers, the fork server and the resource tracker.  Shows what a
    mode's workers weigh; does not show the data of a program.
    """

    scenario = "footprint"
    params = (MODE_NAMES, WORKERS)
    param_names = ("mode", "workers")

    @cost("bytes")
    def track_pss(self, mode: str, workers: int) -> Any:
        """Proportional set size: shared pages split between those who share them (Linux)."""
        return self.cost_of("pss", mode, workers)

    @cost("bytes")
    def track_uss(self, mode: str, workers: int) -> Any:
        """Unique set size: what would be free if the tree ended."""
        return self.cost_of("uss", mode, workers)

    @cost("bytes")
    def track_rss(self, mode: str, workers: int) -> Any:
        """Resident set size, summed: shared pages count once per process."""
        return self.cost_of("rss", mode, workers)

    @cost("bytes")
    def track_per_worker(self, mode: str, workers: int) -> Any:
        """What each worker added to the tree (PSS where the system has it)."""
        return self.cost_of("per_worker", mode, workers)

    @cost("bytes")
    def track_peak(self, mode: str, workers: int) -> Any:
        """The largest look at the tree while the workers were busy."""
        return self.cost_of("peak", mode, workers)

    @cost("bytes")
    def track_left(self, mode: str, workers: int) -> Any:
        """The tree when the workers are gone."""
        return self.cost_of("left", mode, workers)


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
        crew = crew_of(mode_named("threads"), Deadline(self.timeout))
        crew.start_busy(workers, "article")
        crew.stop()
        crew.join()
        crew.reports()

    def teardown(self, workers: int) -> None:
        """Record the build, the machine and the GIL that the figure was taken with."""
        record_own_clock("footprint.PeakThreads", {"workers": str(workers)})
