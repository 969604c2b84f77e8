"""What it costs to fetch in threads and to crunch in workers of another kind."""

from __future__ import annotations

from ftbench.facts.modes import STANDING
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark


class Hybrid(ScenarioBenchmark):
    """Eight threads wait 10 ms for each item; workers of the mode crunch it for 1.5 ms.

    Shows what mixing costs the fetchers and the items, by way of a queue with room for 16; does
    not show large items, nor many connections.
    """

    scenario = "hybrid"
    modes = STANDING
    ladders = (("workers", (2,)),)  # with 8 an item takes as long
