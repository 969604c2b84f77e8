"""Scaling: the same work per worker by 1, 2, 4 … of them, each in turn with the serial twin.

    unit_N      seconds from the first worker's begin to the last one's end, per unit of all
    serial      seconds per unit of the serial twin: the main thread, while all workers wait
    relative_N  T(N) / T(serial) = 1 / E(N), where the scaling efficiency E(N) is the speed-up,
                N * T(serial) / T(N), over N: 1 is ideal as long as there is a core for each
                worker, N / cores above
    cpu         CPU seconds per unit with the most workers, of the workers and the parent

T(N) is the time of N workers of which each does the serial amount of work, T(serial) that of its
serial neighbour in the same round.  The efficiency is that of weak scaling (J. L. Gustafson,
"Reevaluating Amdahl's law", 1988), turned over so that it is a cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ftbench.probe.instruments.clocks import clock_cost
from ftbench.probe.pairs import Pair, by_hand, by_team, check, pairs, shares
from ftbench.probe.run.document import Metric, Outcome
from ftbench.probe.scenarios.base import Cell
from ftbench.probe.teams import Member, team_of

WORKER = "worker"

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


def metrics(found: Found, units: int) -> dict[str, Metric]:
    """Return the metrics of number of workers → its pairs, a sample per round.

    The serial twin's sample is its mean in a round.
    """
    rounds = list(zip(*found.values(), strict=True))
    serial = [sum(pair.one.seconds for pair in each) / len(each) / units for each in rounds]
    most = max(found)
    made = {"serial": _metric("seconds", serial)}
    for count, those in found.items():
        all_units = units * count
        made[f"unit_{count}"] = _metric("seconds", (p.many.seconds / all_units for p in those))
    for count, those in found.items():
        made[f"relative_{count}"] = _metric("ratio", (pair.relative for pair in those))
    made["cpu"] = _metric("seconds", (pair.many.cpu / (units * most) for pair in found[most]))
    return made


def _metric(unit: str, samples: Iterable[float]) -> Metric:
    return Metric(unit=unit, samples=tuple(samples))


def notes(found: Found, units: int) -> dict[str, Any]:
    """Return what goes with the figures: how much was done, and what the instrument costs.

    `units` are those of one worker in one round; `on_cpu` is number of workers → the median share
    of their turns that they were on a CPU, which is cores / N at most.
    """
    return {
        "rounds": min(map(len, found.values())),
        "units": units,
        "clock": clock_cost(),
        "on_cpu": shares(found),
    }
