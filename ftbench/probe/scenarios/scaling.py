"""Scaling: the same work per worker by one and by N, one right after the other.

`scaled` compares 1, 2, 4 … workers with the serial twin, the main thread while all workers wait.
`relative_N` is one over the efficiency of weak scaling (J. L. Gustafson, "Reevaluating Amdahl's
law", 1988): 1 is ideal as long as there is a core for each worker, N / cores above.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from ftbench.probe.instruments.clocks import NANO, clock_cost
from ftbench.probe.run.outcome import Invariant, Metric, Outcome, percentile, same_checksums
from ftbench.probe.scenarios.base import Cell, MetricSpec, costs
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


class Pair(NamedTuple):
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


def pairs(cell: Cell, sides: Mapping[Name, tuple[Side, Side]]) -> dict[Name, list[Pair]]:
    """Return name → the pairs of all rounds; `sides` are name → (one, many)."""
    pairs_of: dict[Name, list[Pair]] = {name: [] for name in sides}
    # A B in one round and B A in the next: what drifts (a clock rate, a neighbour on the machine)
    # meets both.
    for number in cell.repeats():
        for name, (one, many) in sides.items():
            if number % 2:
                late = many()
                pairs_of[name].append(Pair(one=one(), many=late))
            else:
                first = one()
                pairs_of[name].append(Pair(one=first, many=many()))
    return pairs_of


def check(of: str, pairs_of: Mapping[Name, Sequence[Pair]], expected: int) -> Invariant:
    """Return the invariant that every worker's checksum is `expected`, in every turn of `of`."""
    turns = [turn for ladder in pairs_of.values() for pair in ladder for turn in pair]
    return same_checksums(
        of, [report.checksum for turn in turns for report in turn.reports], expected
    )


def shares(pairs_of: Mapping[Name, Sequence[Pair]]) -> dict[str, float]:
    """Return name → the median share of their turns that its many were on a CPU."""
    return {
        str(name): round(percentile([pair.many.on_cpu for pair in rounds], 50), 3)
        for name, rounds in pairs_of.items()
    }


WORKER = "worker"
# The ladder of the benchmarks.
COUNTS = (1, 2, 4, 8)
# What a cell has a metric of for each of its own numbers of workers.
PER_COUNT = ("unit", "relative")


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
    sides = {count: (serial, by_team(team)) for count, team in teams.items()}
    pairs_of = pairs(cell, sides)
    for team in teams.values():
        team.end()
    return Outcome(
        metrics=metrics(pairs_of, units),
        invariants=(check(of, pairs_of, expected),),
        notes={
            "rounds": len(pairs_of[1]),
            "units": units,  # of one worker in one round
            "clock": clock_cost(),
            "on_cpu": shares(pairs_of),
        },
    )


def metrics_of(counts: Iterable[int], who: str) -> tuple[MetricSpec, ...]:
    """Return the metrics of cells with these numbers of workers, each of which is called `who`."""
    one, *many = counts
    alone = "the main thread alone"

    def ladder_of(name: str, unit: str, says: str) -> Iterator[MetricSpec]:
        return (MetricSpec(f"{name}_{n}", unit, says.format(n, who), always=False) for n in many)

    return (
        MetricSpec("serial", "seconds", f"A unit of work by {alone}."),
        MetricSpec(f"unit_{one}", "seconds", f"A unit of work by one {who}."),
        *ladder_of("unit", "seconds", "The time of {0} {1}s over the units of all."),
        MetricSpec(f"relative_{one}", "ratio", f"The time of one {who} over that of {alone}."),
        *ladder_of(
            "relative",
            "ratio",
            "The time of {0} {1}s over that of the main thread with 1/{0} of their work.",
        ),
        MetricSpec(
            "cpu",
            "seconds",
            f"CPU seconds of a unit with the most {who}s: theirs and the parent's.",
        ),
    )


def metrics(pairs_of: Mapping[int, Sequence[Pair]], units: int) -> dict[str, Metric]:
    """Return the metrics of number of workers → its pairs, a sample per round."""
    most = max(pairs_of)
    samples = {
        "serial": [
            sum(pair.one.seconds for pair in row) / len(row) / units
            for row in zip(*pairs_of.values(), strict=True)
        ],
        "cpu": [pair.many.cpu / (units * most) for pair in pairs_of[most]],
    }
    for count, rounds in pairs_of.items():
        samples[f"unit_{count}"] = [pair.many.seconds / (units * count) for pair in rounds]
        samples[f"relative_{count}"] = [pair.relative for pair in rounds]
    return costs(metrics_of(pairs_of, WORKER), samples)
