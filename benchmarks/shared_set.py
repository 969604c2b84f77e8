"""What it costs to keep one set of ids together, under every remedy."""

from __future__ import annotations

from collections.abc import Mapping

from ftbench.facts.modes import STANDING, Mode
from ftbench.facts.profiles import profile_named
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark, Witness
from ftbench.probe.scenarios.base import Cell
from ftbench.probe.scenarios.shared_set import SHARED_SET, WARM, work_of
from ftbench.probe.scenarios.shared_set_strategies import STRATEGIES, managed
from ftbench.probe.workers import shared_state_of, team_of


class SharedSet(ScenarioBenchmark):
    """Eight workers insert the ids that are new, a fixed number of operations each.

    Shows the price of every strategy, from one lock to sets of their own that are merged, in
    every mode; does not show work between two insertions, of which there is none.
    """

    scenario = "shared_set"
    modes = STANDING
    ladders = (("strategy", tuple(STRATEGIES)), ("fill", ("cold", "grown")))

    @classmethod
    def why_not(cls, mode: Mode, params: Mapping[str, str | int]) -> str | None:
        """A set grows in any process as threads show it, and `lock` that a manager hides it."""
        grows = params["fill"] == "cold" and mode.name != "threads" and params["strategy"] != "lock"
        shown = "how a set grows is shown by threads" if grows else None
        return super().why_not(mode, params) or shown


class Peak(Witness):
    """The peak of one process whose eight threads insert, as the kernel keeps it.

    It sees what a look at the fullest moment does not: a table that is copied while it grows.
    """

    scenario = "shared_set"
    modes = STANDING[:1]
    ladders = (("strategy", ("lock",)), ("fill", ("cold",)))

    def peakmem_inserting(self, *_cell: str | int) -> None:
        """Run the scenario as the smoke profile does, in this process."""
        SHARED_SET.run(self.cell._replace(profile=profile_named("smoke")))


class RoundClock(Witness):
    """A round of eight workers that insert under one lock, by asv's clock.

    It begins before the gate opens and ends when all reports have come.
    """

    scenario = "shared_set"
    modes = STANDING[:2]
    ladders = (("strategy", ("lock",)), ("fill", ("cold",)))

    def ready(self, cell: Cell) -> None:
        """Make the team, have it warm, and have it draw its ids for an empty set."""
        self.state = shared_state_of(cell.mode)
        strategy = STRATEGIES["lock"](cell.mode, self.state, work_of(cell))
        members, helper = strategy.members(), self.state.helper
        self.team = team_of(cell.mode, cell.deadline, members, helper)
        for _ in range(0 if managed("lock", cell.mode) else WARM):
            self.team.round(strategy.reset)
        self.team.prepare()
        strategy.reset()

    def time_round(self, *_cell: str | int) -> None:
        """Open the gate, wait for all reports."""
        self.done = self.team.run()

    def end(self) -> None:
        """Let the team leave."""
        self.team.end()
        self.state.close()
