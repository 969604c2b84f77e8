"""What it costs to send every id to its owner, and to wait for the answer."""

from __future__ import annotations

from ftbench.facts.modes import STANDING
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark


class ShardedWriters(ScenarioBenchmark):
    """Eight producers send ids to the writers that own them and wait for the acknowledgement.

    With a window of 1 an id is acknowledged before the next is sent, with 64 so many are under
    way, each acknowledged.  Shows what a round trip between workers costs in every mode; does not
    show messages that need no answer.
    """

    scenario = "sharded_writers"
    modes = STANDING
    ladders = (("writers", (1, 2, 4, 8)), ("window", (1, 64)))


class Batches(ScenarioBenchmark):
    """Eight producers send ids to the writers that own them, 64 at once, and wait for the answer.

    A message has a batch of ids and one acknowledgement.  Shows how much of a round trip's price
    batches share out; does not show ids that cannot wait for others.
    """

    scenario = "sharded_writers"
    modes = STANDING
    # One, and as many as there are producers: what 2 and 4 cost lies between the two.
    ladders = (("writers", (1, 8)), ("batch", (64,)))
