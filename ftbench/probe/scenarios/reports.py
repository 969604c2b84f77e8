"""What members that draw and insert ids report, and what the scenarios that have them share."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import islice
from typing import Any, NamedTuple

from ftbench.errors import FtbenchError
from ftbench.probe.instruments.clocks import NANO, clock_cost
from ftbench.probe.run.outcome import Invariant, percentile
from ftbench.probe.workers.base import Round
from ftbench.probe.workloads.ids import draw


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
    every = array("q")
    for each in packed:
        every.frombytes(each)
    return [took * NANO for took in every]


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


def new_ids(workers: int, plan: Plan, grown: Sequence[int] = ()) -> int:
    """Return how many ids the serial twin finds new: the same for every strategy and mode."""
    found = set(grown)
    for index in range(workers):
        found.update(islice(draw(index, plan.id_space), plan.operations))
    return len(found) - len(grown)


def check(found: Sequence[int], expected: int, operations: int) -> Invariant:
    """Return the invariant of a fixed amount of work; `found` are the ids new in each round.

    Raises `FtbenchError` unless that is what the serial twin found, in every round.
    """
    if set(found) != {expected}:
        raise FtbenchError(
            f"{sorted(set(found))} ids were new in the rounds, and {expected} in the serial "
            "twin: nothing is recorded.",
            hint="The interpreter loses updates or the lock is none; report it.",
        )
    return Invariant(
        name="inserts",
        checked=f"in each of {len(found)} rounds {expected} of {operations} ids were new, as in "
        "the serial twin, and the set grew by as many",
    )


def check_once(found: int, operations: int) -> Invariant:
    """Return the invariant of a time box, of which nobody knows the work beforehand."""
    return Invariant(
        name="inserts",
        checked=f"{found} of {operations} ids were new, and the set grew by as many",
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
