"""What it costs to send every id to its owner, and to wait for the answer."""

from __future__ import annotations

from collections.abc import Mapping

from ftbench.facts.modes import STANDING, Mode
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

    @classmethod
    def why_not(cls, mode: Mode, params: Mapping[str, str | int]) -> str | None:
        """The article's 2 and 4 writers are processes, with a window of 1."""
        its = mode.processes and params["window"] == 1
        if not its and params["writers"] not in {1, 8}:
            return "what 2 and 4 writers cost lies between what 1 and 8 do"
        return super().why_not(mode, params)


class Batches(ScenarioBenchmark):
    """Eight producers send ids to the writers that own them, 64 at once, and wait for the answer.

    A message has a batch of ids and one acknowledgement.  Shows how much of a round trip's price
    batches share out; does not show ids that cannot wait for others.
    """

    scenario = "sharded_writers"
    modes = STANDING
    ladders = (("writers", (1, 8)), ("batch", (64,)))
