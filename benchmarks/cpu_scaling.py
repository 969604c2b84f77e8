"""What more workers buy for work that only crunches."""

from __future__ import annotations

from collections.abc import Mapping

from ftbench.facts.modes import STANDING, Mode
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark, Witness
from ftbench.probe.scenarios.base import Cell
from ftbench.probe.workers import team_of
from ftbench.probe.workers.base import Member
from ftbench.probe.workloads.kernels import KERNELS, crunch


class CpuScaling(ScenarioBenchmark):
    """1, 2, 4 and 8 workers do as much each as the main thread alone, in turn with it.

    Shows how far a mode scales for six kinds of work, and what more workers than cores cost;
    does not show what starting them or sending them work costs.
    """

    scenario = "cpu_scaling"
    modes = STANDING
    ladders = (("kernel", tuple(KERNELS)),)

    @classmethod
    def why_not(cls, mode: Mode, params: Mapping[str, str | int]) -> str | None:
        """Of processes, the control, one kernel is enough: what shares nothing scales alike.

        Subinterpreters share what makes objects.
        """
        if mode.processes and params["kernel"] != "sum_of_squares":
            return "processes share nothing: sum_of_squares stands for every kernel"
        if mode.name == "interpreters" and params["kernel"] not in {"sum_of_squares", "objects"}:
            return (
                "subinterpreters share no objects: two kernels, one that makes some, stand for all"
            )
        return super().why_not(mode, params)


# Some 50 ms, beside which what opens and ends a round is little.
_UNITS = 25


class TeamClock(Witness):
    """Two workers that crunch 25 units each, by asv's clock.

    It begins before the gate opens and ends when all reports have come; nobody is held to a core.
    """

    scenario = "cpu_scaling"
    modes = STANDING[:2]
    ladders = (("kernel", ("sum_of_squares",)), ("workers", (2,)))

    def ready(self, cell: Cell) -> None:
        """Make the team, and have it warm."""
        run = (crunch, (cell.params["kernel"], _UNITS))
        members = [Member("worker", run)] * cell.params["workers"]
        self.team = team_of(cell.mode, cell.deadline, members)
        self.team.round()

    def time_round(self, *_cell: str | int) -> None:
        """Open the gate, wait for all reports."""
        self.done = self.team.run()

    def end(self) -> None:
        """Let the team leave."""
        self.team.end()
