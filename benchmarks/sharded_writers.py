"""What it costs to send every id to its owner, and to wait for the answer."""

from __future__ import annotations

from ftbench.facts.modes import MODE_NAMES
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark


class ShardedWriters(ScenarioBenchmark):
    """Eight producers send ids to the writers that own them and wait for the acknowledgement.

    With a window of 1 an id is acknowledged before the next is sent, with 64 so many are under
    way.  Shows what a round trip between workers costs in every mode; does not show messages that
    need no answer.
    """

    scenario = "sharded_writers"
    modes = MODE_NAMES
    ladders = (("writers", (1, 2, 4, 8)), ("window", (1, 64)))
