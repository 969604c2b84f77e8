"""What a pool costs: to make, to fill, to hand tasks to, to end."""

from __future__ import annotations

from ftbench.facts.modes import POOL_MODES, POOL_TABLE
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark


class Pools(ScenarioBenchmark):
    """A pool of eight workers, of each library in every mode that it has.

    Shows the cold start that a script pays and the hand-over that a server pays per request; does
    not show what real work or a large argument costs.
    """

    scenario = "pools"
    modes = POOL_MODES
    ladders = (("pool", tuple(POOL_TABLE)),)
