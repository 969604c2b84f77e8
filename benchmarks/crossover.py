"""Which mode wins: tasks of four sizes with payloads of four sizes, through warm pools."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ftbench.probe.run.asv_benchmark import ScenarioBenchmark, cost
from ftbench.probe.scenarios.crossover.scenario import CROSSOVER, PAYLOADS, SIZES

# One worker is a plain loop, mode serial.
WORKERS = (1, 2, 8)
_COSTS = {
    "task": "the time of all over the tasks",
    "p99": "from handing one over to its answer, the 99th percentile",
    "cpu": "CPU seconds of a task, of the parent and all workers (Linux)",
}


class Crossover(ScenarioBenchmark):
    """Tasks with payloads, as many under way as there are workers, in every mode and in a loop.

    Shows where modes swap places, with tail, CPU and memory; does not show tasks that are queued
    all at once, large results, or tasks that share anything.  A size's name is nominal: its work
    is a fixed number of steps.
    """

    scenario = "crossover"
    params = (CROSSOVER.modes, WORKERS)
    param_names = ("mode", "workers")

    @cost("bytes")
    def track_pss(self, mode: str, workers: int) -> Any:
        """The tree with its warm pool when all has been carried (Linux)."""
        return self.cost_of("pss", mode, workers)

    @cost("bytes")
    def track_rss(self, mode: str, workers: int) -> Any:
        """The same by RSS, which every system has and which counts shared pages per process."""
        return self.cost_of("rss", mode, workers)


def _tracker(metric: str, words: str) -> Callable[[Crossover, str, int], Any]:
    """Return the method of a metric."""

    @cost("seconds")
    def track(self: Crossover, mode: str, workers: int) -> Any:
        return self.cost_of(metric, mode, workers)

    track.__name__ = f"track_{metric}"
    track.__qualname__ = f"Crossover.track_{metric}"
    track.__doc__ = words
    return track


# Three costs at each of sixteen places: written out they would be one method, 48 times.
for _name, _words in _COSTS.items():
    for _size in SIZES:
        for _payload in PAYLOADS:
            _metric = f"{_name}_{_size.name}_{_payload.name}"
            _told = f"Tasks of {_size.name} with {_payload.size} bytes: {_words}."
            setattr(Crossover, f"track_{_metric}", _tracker(_metric, _told))
