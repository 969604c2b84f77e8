"""What it costs to have a worker at all: create, start, run one task in, join."""

from __future__ import annotations

import gc
import threading
from typing import Any

from ftbench.facts.modes import MODE_NAMES
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark, cost, record_own_clock


class Lifecycle(ScenarioBenchmark):
    """A round of N workers that run one task each, in every mode.

    Shows the control-plane cost of a mode, whole and by part; does not show what a warm pool
    costs.  `empty` is the tax alone, `article` adds the article's 20 000 steps of work.
    """

    scenario = "lifecycle"
    params = (MODE_NAMES, (1, 8), ("empty", "article"))
    param_names = ("mode", "workers", "task")

    @cost("seconds")
    def track_round(self, mode: str, workers: int, task: str) -> Any:
        """A whole round, once the first is over; the median of the rounds is p50."""
        return self.cost_of("round", mode, workers, task)

    @cost("seconds")
    def track_first_round(self, mode: str, workers: int, task: str) -> Any:
        """The first round, which also starts the fork server and fills caches."""
        return self.cost_of("first_round", mode, workers, task)

    @cost("seconds")
    def track_start(self, mode: str, workers: int, task: str) -> Any:
        """Creating and starting a worker, as the parent sees it, per worker."""
        return self.cost_of("start", mode, workers, task)

    @cost("seconds")
    def track_first_line(self, mode: str, workers: int, task: str) -> Any:
        """From a worker's creation to its first line, the mean over the workers."""
        return self.cost_of("first_line", mode, workers, task)

    @cost("seconds")
    def track_task(self, mode: str, workers: int, task: str) -> Any:
        """The task itself, the mean over the workers."""
        return self.cost_of("task", mode, workers, task)

    @cost("seconds")
    def track_teardown(self, mode: str, workers: int, task: str) -> Any:
        """From the end of the last task until every worker is gone."""
        return self.cost_of("teardown", mode, workers, task)

    @cost("seconds")
    def track_p95(self, mode: str, workers: int, task: str) -> Any:
        """The 95th percentile of the rounds of one process."""
        return self.cost_of("p95", mode, workers, task)

    @cost("seconds")
    def track_p99(self, mode: str, workers: int, task: str) -> Any:
        """The 99th percentile of the rounds of one process."""
        return self.cost_of("p99", mode, workers, task)

    @cost("seconds")
    def track_cpu(self, mode: str, workers: int, task: str) -> Any:
        """CPU seconds of a round: the parent, its workers and the fork server."""
        return self.cost_of("cpu", mode, workers, task)


def _nothing() -> None:
    pass


class ThreadClock:
    """One thread, started and joined, by asv's own clock.

    The right instrument here: the work is far below a millisecond, needs no other process, and
    asv's calibrated loop resolves what one round cannot.  asv times with the cyclic garbage
    collector off; each sample gives it back, since collecting is part of the price.
    """

    timeout = 60.0
    version = "1"

    def time_start_join(self) -> None:
        """Create, start and join one thread that does nothing."""
        gc.enable()
        thread = threading.Thread(target=_nothing)
        thread.start()
        thread.join()

    def teardown(self) -> None:
        """Record the build, the machine and the GIL that the figure was taken with."""
        record_own_clock("lifecycle.ThreadClock", {})
