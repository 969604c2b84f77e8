"""Pairs: the same work per worker by one and by N, one right after the other.

A ratio of two times is sound where both were taken in one process and in turn: A B in one round
and B A in the next, so that what drifts (a clock rate, a neighbour on the machine) meets both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from ftbench.errors import FtbenchError
from ftbench.facts.profiles import Profile
from ftbench.probe.instruments.clocks import NANO
from ftbench.probe.instruments.samples import percentile
from ftbench.probe.run.document import Invariant
from ftbench.probe.scenarios.base import repeats
from ftbench.probe.teams import Member, Team


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
