"""What handing over a task costs beside its own work, from tiny tasks to large ones."""

from __future__ import annotations

from typing import Any

from ftbench.probe.pools import POOL_MODES
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark, cost

WORKERS = (2, 8)


class Grain(ScenarioBenchmark):
    """Tasks of some 10 us to 100 ms of arithmetic, handed one by one to warm executors.

    Shows the smallest task that pays in each mode; does not show large arguments, nor what chunks
    save.  A size's name is nominal: its work is a fixed number of steps.
    """

    scenario = "grain"
    params = (POOL_MODES, WORKERS)
    param_names = ("mode", "workers")

    @cost("ratio")
    def track_relative_10us(self, mode: str, workers: int) -> Any:
        """The time of tasks of 10 us over that of a plain loop; below 1 the pool is faster."""
        return self.cost_of("relative_10us", mode, workers)

    @cost("seconds")
    def track_overhead_10us(self, mode: str, workers: int) -> Any:
        """What a task of 10 us takes of a worker's time beside its own work."""
        return self.cost_of("overhead_10us", mode, workers)

    @cost("ratio")
    def track_idle_10us(self, mode: str, workers: int) -> Any:
        """The share of the workers that is idle while tasks of 10 us are run."""
        return self.cost_of("idle_10us", mode, workers)

    @cost("ratio")
    def track_relative_100us(self, mode: str, workers: int) -> Any:
        """The time of tasks of 100 us over that of a plain loop; below 1 the pool is faster."""
        return self.cost_of("relative_100us", mode, workers)

    @cost("seconds")
    def track_overhead_100us(self, mode: str, workers: int) -> Any:
        """What a task of 100 us takes of a worker's time beside its own work."""
        return self.cost_of("overhead_100us", mode, workers)

    @cost("ratio")
    def track_idle_100us(self, mode: str, workers: int) -> Any:
        """The share of the workers that is idle while tasks of 100 us are run."""
        return self.cost_of("idle_100us", mode, workers)

    @cost("ratio")
    def track_relative_1ms(self, mode: str, workers: int) -> Any:
        """The time of tasks of 1 ms over that of a plain loop; below 1 the pool is faster."""
        return self.cost_of("relative_1ms", mode, workers)

    @cost("seconds")
    def track_overhead_1ms(self, mode: str, workers: int) -> Any:
        """What a task of 1 ms takes of a worker's time beside its own work."""
        return self.cost_of("overhead_1ms", mode, workers)

    @cost("ratio")
    def track_idle_1ms(self, mode: str, workers: int) -> Any:
        """The share of the workers that is idle while tasks of 1 ms are run."""
        return self.cost_of("idle_1ms", mode, workers)

    @cost("ratio")
    def track_relative_10ms(self, mode: str, workers: int) -> Any:
        """The time of tasks of 10 ms over that of a plain loop; below 1 the pool is faster."""
        return self.cost_of("relative_10ms", mode, workers)

    @cost("seconds")
    def track_overhead_10ms(self, mode: str, workers: int) -> Any:
        """What a task of 10 ms takes of a worker's time beside its own work."""
        return self.cost_of("overhead_10ms", mode, workers)

    @cost("ratio")
    def track_idle_10ms(self, mode: str, workers: int) -> Any:
        """The share of the workers that is idle while tasks of 10 ms are run."""
        return self.cost_of("idle_10ms", mode, workers)

    @cost("ratio")
    def track_relative_100ms(self, mode: str, workers: int) -> Any:
        """The time of tasks of 100 ms over that of a plain loop; below 1 the pool is faster."""
        return self.cost_of("relative_100ms", mode, workers)

    @cost("seconds")
    def track_overhead_100ms(self, mode: str, workers: int) -> Any:
        """What a task of 100 ms takes of a worker's time beside its own work."""
        return self.cost_of("overhead_100ms", mode, workers)

    @cost("ratio")
    def track_idle_100ms(self, mode: str, workers: int) -> Any:
        """The share of the workers that is idle while tasks of 100 ms are run."""
        return self.cost_of("idle_100ms", mode, workers)
