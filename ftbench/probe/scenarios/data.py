"""data: a payload goes to another worker and comes back, through every channel of a mode.

Shows seconds per round trip for four sizes, of bytes and of a nested object, and what the tree
grows by while both sides hold the largest.  Does not show throughput (one payload is under way at
a time), workers that work on shared memory in place, or memory that is only needed on the way, as
a pickled copy is: a look sees what stays.

Source: "Python Multiprocessing vs. Multithreading: A Cost-Speed-Risk Decision" calls data movement
the second cost driver, and other guides warn of it in the same way; none has a figure.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ftbench.errors import FtbenchError
from ftbench.probe.entry_points import turn
from ftbench.probe.instruments.clocks import NANO
from ftbench.probe.run.outcome import (
    MEMORY_KINDS,
    Invariant,
    Metric,
    Outcome,
    percentile,
    roles,
    totals,
)
from ftbench.probe.scenarios.base import Cell, MetricSpec, Param, Scenario, costs, repeats
from ftbench.probe.scenarios.reports import instrument, on_cpu
from ftbench.probe.workers import channel_of, no_such_channel, team_of
from ftbench.probe.workers.base import Member, Team
from ftbench.probe.workers.shared_state import CHANNELS, Channel
from ftbench.probe.workloads import trips
from ftbench.probe.workloads.payloads import KIB, twin

SIZES = {"1kib": KIB, "64kib": 64 * KIB, "1mib": KIB * KIB, "16mib": 16 * KIB * KIB}
LARGEST = max(SIZES.values())
# Trips of a round, smallest size first: a tenth of a second or so on a machine of today.
# The far side reads all of what it got before it answers; that reading is not in the time.
TRIPS = {"bytes": (200, 100, 20, 2), "object": (100, 30, 5, 1)}
# Behind a queue that is looked at every 10 ms.
POLLED_TRIPS = (8, 4, 2, 1)

PARAMS = {
    "channel": Param(default="queue", choices=CHANNELS),
    "kind": Param(default="bytes", choices=("bytes", "object")),
}

METRICS = (
    MetricSpec("trip_1kib", "seconds", "There and back with 1 KiB, the median of many trips."),
    MetricSpec("trip_64kib", "seconds", "There and back with 64 KiB, the median of many trips."),
    MetricSpec("trip_1mib", "seconds", "There and back with 1 MiB, the median of some trips."),
    MetricSpec("trip_16mib", "seconds", "There and back with 16 MiB, the median of few trips."),
    MetricSpec(
        "held",
        "bytes",
        "What the tree grew by to hold 16 MiB on both sides: payload, copies and buffers.",
    ),
)
EMPTY, BUILT, HELD = "empty", "built", "held"


def ladder_of(cell: Cell) -> tuple[tuple[int, int], ...]:
    """Return (bytes, trips of a round) of each size."""
    polled = cell.mode.kind == "interpreters" and cell.params["channel"] == "queue"
    counts = POLLED_TRIPS if polled else TRIPS[cell.params["kind"]]
    *smaller, largest = SIZES.values()
    return tuple(zip([*smaller, cell.more(largest, KIB)], counts, strict=True))


class Report(NamedTuple):
    """What a side reports, see `trips`."""

    begin: int
    end: int
    cpu: int
    sums: list[int]
    left: bytes
    arrived: bytes


@dataclass(frozen=True, kw_only=True)
class Run:
    """One round: the reports of both sides, and how many trips each size made."""

    near: Report
    far: Report
    ladder: tuple[tuple[int, int], ...]

    @property
    def trips(self) -> list[list[float]]:
        """Seconds of each trip, there and back, by size."""
        clocks = (self.near.left, self.far.arrived, self.far.left, self.near.arrived)
        every = iter(
            (there - asked + back - answered) * NANO
            for asked, there, answered, back in zip(*map(_times, clocks), strict=True)
        )
        return [[next(every) for _ in range(count)] for _size, count in self.ladder]


def _times(packed: bytes) -> array[int]:
    times = array("q")
    times.frombytes(packed)
    return times


def run(cell: Cell) -> Outcome:
    """Look at the memory of one payload that both sides hold, then time the trips."""
    channel = channel_of(cell.params["channel"], cell.mode, cell.more(LARGEST, KIB))
    team = team_of(cell.mode, cell.deadline, members_of(cell, channel))
    channel.settled()
    _look(cell, team)
    runs = [_timed(team, ladder_of(cell)) for _ in repeats(cell.profile)]
    team.end()
    channel.close()
    return Outcome(
        metrics=metrics(runs),
        invariants=(check(runs, cell.params["kind"]),),
        notes=instrument([on_cpu((each.near, each.far)) for each in runs], 1)
        | {"trips": {name: count for name, (_, count) in zip(SIZES, runs[0].ladder, strict=True)}},
    )


def members_of(cell: Cell, channel: Channel) -> list[Member]:
    """Return the two sides."""
    kind, ladder = cell.params["kind"], ladder_of(cell)
    near = (trips.NEAR, trips.near_side, (channel.near, kind, ladder))
    far = (trips.FAR, trips.far_side, (channel.far, kind, ladder))
    return [
        Member(role=trips.NEAR, run=(turn, near), prepare=(trips.ready, (kind, ladder))),
        Member(role=trips.FAR, run=(turn, far)),
    ]


def _look(cell: Cell, team: Team) -> None:
    """Have the tree looked at without a payload, with one, and with one on both sides."""
    cell.observe(EMPTY, 0.0, team.roles())
    gave, kept = team.round(lambda: cell.observe(BUILT, 0.0, team.roles())).reports
    cell.observe(HELD, 0.0, team.roles())
    if gave != kept:
        raise FtbenchError(f"Checksum {gave} was sent and {kept} arrived: nothing is recorded.")


def _timed(team: Team, ladder: tuple[tuple[int, int], ...]) -> Run:
    here, there = team.round().reports
    return Run(near=Report(*here), far=Report(*there), ladder=ladder)


def check(runs: Sequence[Run], kind: str) -> Invariant:
    """Return the invariant: on every trip both sides got the payload of the serial twin.

    Raises `FtbenchError` if not.
    """
    expected = [total for size, count in runs[0].ladder for total in [twin(kind, size)] * count]
    for each in runs:
        for side, report in ((trips.NEAR, each.near), (trips.FAR, each.far)):
            if list(report.sums) != expected:
                raise FtbenchError(
                    f"What the {side} got is not the serial twin's payload: nothing is recorded."
                )
    return Invariant(
        name="checksum",
        checked=f"in each of {len(runs)} rounds {len(expected)} payloads had the serial twin's "
        "checksum, there and back",
    )


def metrics(runs: Sequence[Run]) -> dict[str, Metric]:
    """Return seconds per trip of each size: a sample per round, the median of its trips."""
    times = [each.trips for each in runs]
    return costs(
        METRICS,
        {
            f"trip_{name}": [percentile(each[at], 50) for each in times]
            for at, name in enumerate(SIZES)
        },
    )


def from_observation(phases: Mapping[str, Any], _workers: int) -> Outcome:
    """Return what the tree grew by to hold the largest payload on both sides, by PSS if it can.

    The note `beyond` is the part that is not the payload, but copies and buffers.
    """
    sums = {
        phase: {kind: totals(seen["samples"], kind) for kind in MEMORY_KINDS}
        for phase, seen in phases.items()
    }
    kind = next(
        each for each in ("pss", "uss", "rss") if all(found[each] for found in sums.values())
    )
    empty, built, held = (sums[phase][kind][-1] for phase in (EMPTY, BUILT, HELD))
    return Outcome(
        metrics=costs(METRICS, {"held": [held - empty]}),
        notes={
            "memory": kind,
            "payload": LARGEST,
            "beyond": held - built,
            "roles": roles(phases[HELD]["samples"][-1]),
        },
    )


DATA = Scenario(
    name="data",
    version="1",
    title="A payload goes to another worker and comes back",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    observed=True,
    hole=lambda mode, params: no_such_channel(params["channel"], mode),
    from_observation=from_observation,
    slowed=("trip_16mib", "held"),
)
