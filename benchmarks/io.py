"""What it costs to wait for many answers at once."""

from __future__ import annotations

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
