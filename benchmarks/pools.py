"""What a pool costs: to make, to fill, to hand tasks to, to end."""

from __future__ import annotations

from ftbench.facts.modes import POOL_MODES, POOL_TABLE
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark, Witness
from ftbench.probe.scenarios.base import Cell
from ftbench.probe.scenarios.pools import opened


class Pools(ScenarioBenchmark):
    """A pool of eight workers, of each library in every mode that it has.

    Shows the cold start that a script pays and the hand-over that a server pays per request; does
    not show what real work or a large argument costs.
    """

    scenario = "pools"
    modes = POOL_MODES
    ladders = (("pool", tuple(POOL_TABLE)),)


class ColdClock(Witness):
    """From making a pool to its first result, by asv's clock."""

    scenario = "pools"
    ladders = (("pool", ("executor",)),)

    def ready(self, cell: Cell) -> None:
        """Make a first pool and end it, so that its library is loaded."""
        self.pool, *_ = opened(cell)
        self.pool.shutdown()

    def time_cold(self, *_cell: str | int) -> None:
        """Make a pool and have its first result."""
        self.pool, *_ = opened(self.cell)

    def end(self) -> None:
        """End the pool."""
        self.pool.shutdown()
