"""What it costs to wait for many answers at once."""

from __future__ import annotations

from collections.abc import Mapping

from ftbench.facts.modes import Mode
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark

# One start method: how a process was started changes nothing in how it waits.
MODES = ("threads", "asyncio", "asyncio-per-thread", "processes-spawn")


class Io(ScenarioBenchmark):
    """So many requests are under way to a server that answers after a delay (in milliseconds).

    Shows what a request costs and how late its answer is, in every mode; does not show a network,
    and its servers share the cores with the clients.
    """

    scenario = "io"
    modes = MODES
    ladders = (("delay", (1, 20)), ("under_way", (64, 512)))

    @classmethod
    def why_not(cls, mode: Mode, params: Mapping[str, str | int]) -> str | None:
        """Of 512 the usual delay is enough."""
        if (params["delay"], params["under_way"]) == (1, 512):
            return "what 512 under way cost is shown by answers after 20 ms"
        return super().why_not(mode, params)
