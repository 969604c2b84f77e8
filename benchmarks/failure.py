"""What a crash costs a pool, and what it takes to call off work that waits."""

from __future__ import annotations

from ftbench.facts.modes import POOL_MODES, POOL_TABLE
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark


class Failure(ScenarioBenchmark):
    """Pools of eight workers of which one dies; and eight busy workers with 128 tasks waiting.

    Shows the price of the pools' own ways; does not show supervisors that retry, nor what ends a
    whole program with its threads.
    """

    scenario = "failure"
    modes = POOL_MODES
    ladders = (("pool", tuple(kind.name for kind in POOL_TABLE.values() if kind.futures)),)
