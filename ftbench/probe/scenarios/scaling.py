"""Scaling: the same work per worker by one and by N, one right after the other.

`scaled` compares 1, 2, 4 … workers with the serial twin:

    unit_N      seconds from the first worker's begin to the last one's end, per unit of all
    serial      seconds per unit of the serial twin: the main thread, while all workers wait
    relative_N  T(N) / T(serial), T(N) the time of N workers that do the serial amount each: 1 is
                ideal as long as there is a core for each worker, N / cores above
    cpu         CPU seconds per unit with the most workers, of the workers and the parent

`relative_N` is one over the efficiency of weak scaling (J. L. Gustafson, "Reevaluating Amdahl's
law", 1988).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from ftbench.errors import FtbenchError
from ftbench.facts.profiles import Profile
from ftbench.probe.instruments.clocks import NANO, clock_cost
from ftbench.probe.run.outcome import Invariant, Metric, Outcome, percentile
from ftbench.probe.scenarios.base import Cell, MetricSpec, costs, repeats
from ftbench.probe.workers import team_of
from ftbench.probe.workers.base import Member, Team


class Report(NamedTuple):
    """One worker's share, as `kernels.timed` reports it; times are in nanoseconds."""

    begin: int
    end: int
    cpu: int
    checksum: int


@dataclass(frozen=True, kw_only=True)
class Turn:
    """The work done once by all of a side: a report per worker, and the CPU seconds of all."""

    reports: tuple[Report, ...]
    cpu: float

    @property
    def seconds(self) -> float:
        """Seconds from the first worker's begin to the last one's end, by their own clocks."""
        begin = min(report.begin for report in self.reports)
        return (max(report.end for report in self.reports) - begin) * NANO

    @property
    def on_cpu(self) -> float:
        """The share of the turn that its workers were on a CPU, their mean."""
        whole = len(self.reports) * self.seconds
        return sum(report.cpu for report in self.reports) * NANO / max(NANO, whole)


Side = Callable[[], Turn]
Name = TypeVar("Name")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One turn of each side, next to each other in time."""

    one: Turn
    many: Turn

    @property
    def relative(self) -> float:
        """The time of many over the time of one."""
        return self.many.seconds / self.one.seconds


def by_team(team: Team) -> Side:
    """Return the side of a team's members."""

    def side() -> Turn:
        done = team.round()
        return Turn(reports=tuple(Report(*report) for report in done.reports), cpu=done.cpu)

    return side


def by_hand(member: Member) -> Side:
    """Return the serial side: this thread does what a member would do."""
    function, args = member.run
    if member.prepare:
        member.prepare[0](*member.prepare[1])

    def side() -> Turn:
        cpu = time.process_time()
        report = Report(*function(*args))
        return Turn(reports=(report,), cpu=time.process_time() - cpu)

    return side


def pairs(profile: Profile, sides: Mapping[Name, tuple[Side, Side]]) -> dict[Name, list[Pair]]:
    """Return name → the pairs of all rounds; `sides` are name → (one, many)."""
    found: dict[Name, list[Pair]] = {name: [] for name in sides}
    # A B in one round and B A in the next: what drifts (a clock rate, a neighbour on the machine)
    # meets both.
    for number in repeats(profile):
        for name, (one, many) in sides.items():
            if number % 2:
                late = many()
                found[name].append(Pair(one=one(), many=late))
            else:
                first = one()
                found[name].append(Pair(one=first, many=many()))
    return found


def check(of: str, turns: Iterable[Turn], expected: int) -> Invariant:
    """Return the invariant: every worker's checksum is `expected`, in every turn.

    Raises `FtbenchError` if one is not; `of` names the work.
    """
    reports = [report for turn in turns for report in turn.reports]
    seen = {report.checksum for report in reports}
    if seen != {expected}:
        raise FtbenchError(
            f"{of}: checksums {sorted(seen)} are not {expected}, as they must be: nothing is "
            "recorded.",
            hint="The interpreter computes wrongly or the work is not what it says; report it.",
        )
    return Invariant(
        name="checksum",
        checked=f"{len(reports)} times a worker's checksum was {expected}, as that of the serial "
        "twin",
    )


def shares(found: Mapping[Name, Sequence[Pair]]) -> dict[str, float]:
    """Return name → the median share of their turns that its many were on a CPU."""
    return {
        str(name): round(percentile([each.many.on_cpu for each in those], 50), 3)
        for name, those in found.items()
    }


WORKER = "worker"
# The ladder of the benchmarks.
COUNTS = (1, 2, 4, 8)
# What a cell has a metric of for each of its own numbers of workers.
PER_COUNT = ("unit", "relative")

Found = Mapping[int, Sequence[Pair]]


def ladder(most: int) -> tuple[int, ...]:
    """Return the numbers of workers that a cell compares: 1, 2, 4 and so on, and `most` itself."""
    powers = [1 << power for power in range(most.bit_length())]
    return tuple(dict.fromkeys([*powers, most]))


def scaled(cell: Cell, *, of: str, member: Member, units: int, expected: int) -> Outcome:
    """Measure one cell: a team for each number of workers, each in turn with the serial twin.

    `member` does `units` of the work `of` in a round, and its checksum is `expected`.
    """
    serial = by_hand(member)
    teams = {
        count: team_of(cell.mode, cell.deadline, [member] * count)
        for count in ladder(cell.params["workers"])
    }
    found = pairs(cell.profile, {count: (serial, by_team(team)) for count, team in teams.items()})
    for team in teams.values():
        team.end()
    turns = [turn for those in found.values() for each in those for turn in (each.one, each.many)]
    return Outcome(
        metrics=metrics(found, units),
        invariants=(check(of, turns, expected),),
        notes=notes(found, units),
    )


def metrics_of(counts: Iterable[int], who: str) -> tuple[MetricSpec, ...]:
    """Return the metrics of cells with these numbers of workers, each of which is called `who`."""
    one, *many = counts
    alone = "the main thread alone"
    return (
        MetricSpec("serial", "seconds", f"A unit of work by {alone}."),
        MetricSpec(f"unit_{one}", "seconds", f"A unit of work by one {who}."),
        *(
            MetricSpec(
                f"unit_{count}",
                "seconds",
                f"The time of {count} {who}s over the units of all.",
                always=False,
            )
            for count in many
        ),
        MetricSpec(f"relative_{one}", "ratio", f"The time of one {who} over that of {alone}."),
        *(
            MetricSpec(
                f"relative_{count}",
                "ratio",
                f"The time of {count} {who}s over that of the main thread with 1/{count} of their "
                "work.",
                always=False,
            )
            for count in many
        ),
        MetricSpec(
            "cpu",
            "seconds",
            f"CPU seconds of a unit with the most {who}s: theirs and the parent's.",
        ),
    )


def metrics(found: Found, units: int) -> dict[str, Metric]:
    """Return the metrics of number of workers → its pairs, a sample per round."""
    rounds = list(zip(*found.values(), strict=True))
    serial = [sum(pair.one.seconds for pair in each) / len(each) / units for each in rounds]
    most = max(found)
    samples = {"serial": serial}
    for count, those in found.items():
        samples[f"unit_{count}"] = [pair.many.seconds / (units * count) for pair in those]
    for count, those in found.items():
        samples[f"relative_{count}"] = [pair.relative for pair in those]
    samples["cpu"] = [pair.many.cpu / (units * most) for pair in found[most]]
    return costs(metrics_of(found, WORKER), samples)


def notes(found: Found, units: int) -> dict[str, Any]:
    """Return the notes; `units` are those of one worker in one round."""
    return {
        "rounds": min(map(len, found.values())),
        "units": units,
        "clock": clock_cost(),
        "on_cpu": shares(found),
    }
