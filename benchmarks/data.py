"""What it costs to hand data to another worker and to get it back."""

from __future__ import annotations

from collections.abc import Mapping

from ftbench.facts.modes import STANDING, TASK_ENGINES, Mode
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark
from ftbench.probe.scenarios.data import PARAMS


class Data(ScenarioBenchmark):
    """A payload goes to another worker and comes back, through every channel of a mode.

    Shows the round trip of four sizes and what the largest weighs while both sides hold it; does
    not show throughput, of which one payload at a time is no measure.
    """

    scenario = "data"
    modes = (*STANDING, *TASK_ENGINES)
    ladders = (("channel", PARAMS["channel"].choices), ("kind", ("bytes", "object")))

    @classmethod
    def why_not(cls, mode: Mode, params: Mapping[str, str | int]) -> str | None:
        """What threads pass is a reference, whatever to; what is pickled is bytes."""
        if params["kind"] == "object":
            if mode.name == "threads":
                return "threads pass references: bytes stand for every object"
            if params["channel"] in {"pipe", "mmap"}:
                return "what pickling adds is shown by a queue and by shared memory"
        return super().why_not(mode, params)
