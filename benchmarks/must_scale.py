"""Patterns that ought to scale across threads, and some that are known not to."""

from __future__ import annotations

from typing import Any

from ftbench.probe.run.asv_benchmark import ScenarioBenchmark, cost
from ftbench.probe.scenarios.must_scale.expectations import LEDGER


class MustScale(ScenarioBenchmark):
    """2 and 4 threads do a pattern as often each as one alone, sharing what programs share.

    Beside it the control arm, whose threads share nothing.  Shows where threads meet inside
    CPython; does not show how much of a program's time such a pattern is.
    """

    scenario = "must_scale"
    params = (("threads",), tuple(LEDGER))
    param_names = ("mode", "pattern")

    @cost("seconds")
    def track_op(self, mode: str, pattern: str) -> Any:
        """The pattern once, by one thread."""
        return self.cost_of("op", mode, pattern)

    @cost("ratio")
    def track_relative_2(self, mode: str, pattern: str) -> Any:
        """The time of two threads over that of one with half of their work."""
        return self.cost_of("relative_2", mode, pattern)

    @cost("ratio")
    def track_relative_4(self, mode: str, pattern: str) -> Any:
        """The time of four threads over that of one with a quarter of their work."""
        return self.cost_of("relative_4", mode, pattern)

    @cost("ratio")
    def track_control_2(self, mode: str, pattern: str) -> Any:
        """The time of two threads over that of one, where threads share nothing."""
        return self.cost_of("control_2", mode, pattern)

    @cost("ratio")
    def track_control_4(self, mode: str, pattern: str) -> Any:
        """The time of four threads over that of one, where threads share nothing."""
        return self.cost_of("control_4", mode, pattern)
