"""What one worker's garbage collections cost all the others."""

from __future__ import annotations

from collections.abc import Mapping

from ftbench.facts.modes import STANDING, Mode
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark

HEAPS = ("small", "large")


class Pauses(ScenarioBenchmark):
    """One worker calls `gc.collect()`, others wake every millisecond and note how late they are.

    Shows what a full collection costs those who have no part in it, by live objects; does
    not show threads that are at work, which have to stop first.
    """

    scenario = "pauses"
    # Threads share a heap; a process and a subinterpreter have their own, and are the control.
    modes = STANDING
    ladders = (("heap", HEAPS), ("workers", (8,)))

    @classmethod
    def why_not(cls, mode: Mode, params: Mapping[str, str | int]) -> str | None:
        """Of the control the large heap is enough."""
        if mode.name != "threads" and params["heap"] == "small":
            return "who has a heap of their own is held up by none: the large one stands for both"
        return super().why_not(mode, params)


class Churn(ScenarioBenchmark):
    """The same where cycles are made all the time and the collector comes by itself.

    Shows what automatic collections cost others: by generations, in increments or of all that is
    there, as the build has it.
    """

    scenario = "pauses"
    modes = ("threads",)
    ladders = (("trigger", ("churn",)), ("heap", HEAPS))
