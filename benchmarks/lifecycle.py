"""What it costs to have a worker at all: create, start, run one task in, join."""

from __future__ import annotations

import gc
import threading
from collections.abc import Mapping

from ftbench.facts.modes import MODE_NAMES, Mode
from ftbench.probe.run.asv_benchmark import (
    EVERY_ARM,
    ScenarioBenchmark,
    Witness,
    record_own_clock,
)
from ftbench.probe.scenarios.base import Cell
from ftbench.probe.scenarios.lifecycle import one_round
from ftbench.probe.workers import crew_of


class Lifecycle(ScenarioBenchmark):
    """A round of N workers that run one task each, in every mode.

    Shows the control-plane cost of a mode, whole and by part; does not show what a warm pool
    costs.  `empty` is the tax alone, `article` adds the article's 20 000 steps of work.
    """

    scenario = "lifecycle"
    modes = MODE_NAMES
    not_with_gil = EVERY_ARM
    ladders = (("workers", (1, 8)), ("task", ("empty", "article")))

    @classmethod
    def why_not(cls, mode: Mode, params: Mapping[str, str | int]) -> str | None:
        """The article's task is a round's of eight."""
        if (params["workers"], params["task"]) == (1, "article"):
            return "what the task adds to a round is shown by eight workers"
        return super().why_not(mode, params)


def _nothing() -> None:
    pass


class ThreadClock:
    """One thread, started and joined, by asv's own clock.

    The right instrument here: the work is far below a millisecond, needs no other process, and
    asv's calibrated loop resolves what one round cannot.  asv times with the cyclic garbage
    collector off; each sample gives it back, since collecting is part of the price.
    """

    timeout = 60.0
    version = "1"

    def time_start_join(self) -> None:
        """Create, start and join one thread that does nothing."""
        gc.enable()
        thread = threading.Thread(target=_nothing)
        thread.start()
        thread.join()

    def teardown(self) -> None:
        """Record the build, the machine and the GIL that the figure was taken with."""
        record_own_clock("lifecycle.ThreadClock", {})


class RoundClock(Witness):
    """A round of eight workers that do nothing, by asv's clock, which also reads their reports."""

    scenario = "lifecycle"
    ladders = (("workers", (8,)), ("task", ("empty",)))

    def ready(self, cell: Cell) -> None:
        """Make a crew that has had its first round."""
        self.crew = crew_of(cell.mode, cell.deadline)
        self.time_round()

    def time_round(self, *_cell: str | int) -> None:
        """Create, start and join the workers."""
        one_round(self.crew, self.cell.params["workers"], self.cell.params["task"])

    def end(self) -> None:
        """Close the crew's pipes."""
        self.crew.close()
