"""What members that draw and insert ids report, and how their rounds are run and checked.

Forms: `fixed`, the tracked one, does a fixed number of operations per worker, round after round on
sets that are reset in between; `timed` runs the same loops for a time, once; `article` is `timed`
with the article's instrument, after a warm-up of the same length.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, NamedTuple

from ftbench.errors import FtbenchError
from ftbench.probe.instruments.clocks import NANO, clock_cost
from ftbench.probe.run.outcome import Invariant, percentile
from ftbench.probe.scenarios.base import Cell, Param
from ftbench.probe.workers.base import Round, Team
from ftbench.probe.workloads.ids import swiftly

ID_SPACE = 10_000_000
FORM = {
    "form": Param(default="fixed", choices=("fixed", "timed", "article")),
    "duration": Param(default=5_000, most=600_000),  # milliseconds; nothing to form `fixed`
    "id_space": Param(default=ID_SPACE, most=1 << 62),
}


class Report(NamedTuple):
    """One member's round, as the loops in `workloads.inserting` report it; times are in ns."""

    begin: int
    end: int
    cpu: int
    attempts: int
    inserts: int
    waits: tuple[bytes, bytes]
    more: Any


class Plan(NamedTuple):
    """What each worker does, see `ids.turns`; of `every` operations one is timed."""

    operations: int
    seconds: float
    every: int
    id_space: int


def reports_of(done: Round) -> tuple[Report, ...]:
    """Return the reports of a round by name."""
    return tuple(Report(*report) for report in done.reports)


def seconds_of(packed: Sequence[bytes]) -> list[float]:
    """Return the times of several array('q') of nanoseconds, in seconds."""
    times = array("q")
    for part in packed:
        times.frombytes(part)
    return [took * NANO for took in times]


def attempts(reports: Sequence[Report]) -> int:
    """Return the operations of all."""
    return sum(report.attempts for report in reports)


def inserts(reports: Sequence[Report]) -> int:
    """Return how many ids were new, as all say."""
    return sum(report.inserts for report in reports)


def on_cpu(reports: Sequence[Any]) -> float:
    """Return the share of their own time (`begin`, `end`, `cpu`) that members were on a CPU."""
    spans: int = sum(report.end - report.begin for report in reports)
    cpu: int = sum(report.cpu for report in reports)
    return cpu / max(1, spans)


class Run(NamedTuple):
    """One round: the reports of those who draw ids, what it came to, the CPU seconds of all."""

    reports: tuple[Report, ...]
    inserts: int  # ids that were new
    end: int  # when the last of the work was done, in nanoseconds
    cpu: float

    @property
    def operations(self) -> int:
        """Operations of all."""
        return attempts(self.reports)

    @property
    def seconds(self) -> float:
        """Seconds from the first begin to the end of the last of the work."""
        return (self.end - min(report.begin for report in self.reports)) * NANO


def rounds_of(
    cell: Cell,
    make: Callable[[], Team],
    read: Callable[[Round], Run],
    reset: Callable[[], None] = lambda: None,
    look: Callable[[Team], None] = lambda _team: None,
    *,
    after: Callable[[Team], None] = lambda _team: None,
    warm_up: int = 0,
) -> tuple[list[Run], dict[str, float]]:
    """Run the rounds of the cell's form; return them, and what to note of them.

    `make` makes a team, `read` its round, `reset` brings back what it shares; `look` is called
    where the sets are at their fullest, `after` after each round of form `fixed`,
    which has so many rounds before that do not count, to `warm_up`.
    """
    form = cell.params["form"]
    if form == "fixed":
        team = make()
        for _ in range(warm_up):
            read(team.round(reset))
        runs = []
        for _ in cell.repeats():
            runs.append(read(team.round(reset)))
            after(team)
        look(team)
        team.end()
        return runs, _counts(runs[0])
    if form == "article":
        warm = make()
        warm.round(reset)
        warm.end()
    # The article's wall: freeing the old set, creating the workers, hand-shakes, joining.
    wall = time.perf_counter()
    reset()
    team = make()
    only = read(team.round())
    if form == "timed":
        look(team)
    team.end()
    wall = time.perf_counter() - wall
    if form == "article":
        look(team)  # not before: it takes time that the wall would have
    return [only], {**_counts(only), "attempts": only.operations, "wall": wall}


def _counts(run: Run) -> dict[str, float]:
    return {"operations": run.operations, "inserts": run.inserts, "distinct": run.inserts}


def new_ids(workers: int, plan: Plan, grown: Sequence[int] = ()) -> int:
    """Return how many ids the serial twin finds new: the same for every strategy and mode."""
    ids = set(grown)
    for index in range(workers):
        ids.update(islice(swiftly(index, plan.id_space), plan.operations))
    return len(ids) - len(grown)


def check(runs: Sequence[Run], workers: int, plan: Plan, grown: Sequence[int] = ()) -> Invariant:
    """Return the invariant that the ids new in each round are those that the serial twin finds.

    Of a time box nobody knows the work beforehand.  Raises `FtbenchError` if they are not.
    """
    inserts, operations = [run.inserts for run in runs], runs[0].operations
    of_all = f"{inserts[0]} of {operations} ids were new"
    if not plan.operations:
        return Invariant(name="inserts", checked=f"{of_all}, and the set grew by as many")
    expected = new_ids(workers, plan, grown)
    if set(inserts) != {expected}:
        raise FtbenchError(
            f"{sorted(set(inserts))} ids were new in the rounds, and {expected} in the serial "
            "twin: nothing is recorded.",
            hint="The interpreter loses updates or the lock is none; report it.",
        )
    return Invariant(
        name="inserts",
        checked=f"in each of {len(runs)} rounds {of_all}, as in the serial twin, and the set grew "
        "by as many",
    )


def instrument(shares: Sequence[float], every: int) -> dict[str, Any]:
    """Return notes on the instrument: one in `every` operations was timed, seconds of a clock call.

    `on_cpu` is the median of `shares`, a round's each.
    """
    return {
        "rounds": len(shares),
        "every": every,
        "clock": clock_cost(),
        "on_cpu": round(percentile(list(shares), 50), 3),
    }
