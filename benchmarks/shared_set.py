"""What it costs to keep one set of ids together, under every remedy."""

from __future__ import annotations

from ftbench.facts.modes import STANDING, mode_named
from ftbench.facts.profiles import profile_named
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark, Witness, record_own_clock
from ftbench.probe.scenarios.base import Cell, scenario_named
from ftbench.probe.scenarios.shared_set import WARM, work_of
from ftbench.probe.scenarios.shared_set_strategies import STRATEGIES, managed
from ftbench.probe.workers import shared_state_of, team_of
from ftbench.probe.workers.base import Deadline


class SharedSet(ScenarioBenchmark):
    """Eight workers insert the ids that are new, a fixed number of operations each.

    Shows the price of every strategy, from one lock to sets of their own that are merged, in
    every mode; does not show work between two insertions, of which there is none.
    """

    scenario = "shared_set"
    modes = STANDING
    ladders = (("strategy", tuple(STRATEGIES)), ("fill", ("cold", "grown")))


class PeakThreads:
    """The peak of one process whose eight threads insert, as the kernel keeps it.

    It sees what a look at the fullest moment does not: a table that is copied while it grows.
    """

    params = tuple(STRATEGIES)
    param_names = ("strategy",)
    timeout = 60.0
    version = scenario_named("shared_set").version

    def peakmem_threads(self, strategy: str) -> None:
        """Run the scenario as the smoke profile does, on a cold set, in this process."""
        scenario = scenario_named("shared_set")
        scenario.run(
            Cell(
                mode=mode_named("threads"),
                params=scenario.parse({"strategy": strategy}),
                profile=profile_named("smoke"),
                deadline=Deadline(self.timeout),
                observe=lambda *_: None,  # the kernel keeps the peak
            )
        )

    def teardown(self, strategy: str) -> None:
        """Record the build, the machine and the GIL that the figure was taken with."""
        record_own_clock("shared_set.PeakThreads", {"strategy": strategy})


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
