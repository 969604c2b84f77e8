"""How long a request takes at one offered load, by a plain loop and through warm pools."""

from __future__ import annotations

from ftbench.facts.modes import STANDING
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark


class Latency(ScenarioBenchmark):
    """Requests arrive by a fixed schedule, at nominally half of what a core can do and at more.

    Shows what a request takes from when it was due, and which mode cannot keep up; does not show
    payloads.  A size's name is nominal, and so is the share of a core: its work is a fixed number
    of steps.
    """

    scenario = "latency"
    modes = (*STANDING, "serial")
    ladders = (("workers", (1, 8)),)  # one worker is a plain loop, mode serial
