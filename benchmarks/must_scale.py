"""Patterns that ought to scale across threads, and some that are known not to."""

from __future__ import annotations

from ftbench.probe.run.asv_benchmark import TAKE_TURNS, ScenarioBenchmark
from ftbench.probe.scenarios.must_scale import LEDGER


class MustScale(ScenarioBenchmark):
    """2 and 4 threads do a pattern as often each as one alone, sharing what programs share.

    Beside it the control arm, processes, which share nothing.  Shows where threads meet inside
    CPython; does not show how much of a program's time such a pattern is.
    """

    scenario = "must_scale"
    modes = ("threads",)
    not_with_gil = TAKE_TURNS
    ladders = (("pattern", tuple(LEDGER)),)
