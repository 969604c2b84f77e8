"""data: a payload goes to another worker and comes back, through every channel of a mode.

A pool's worker gets it as a task's argument and answers with it (channel task), which is all that
engines have.
Shows seconds per round trip for four sizes, of bytes and of a nested object, and what the tree
grows by while both sides hold the largest.  Does not show throughput (one payload is under way at
a time), workers that work on shared memory in place, or memory that is only needed on the way, as
a pickled copy is: a look sees what stays.

Source: "Python Multiprocessing vs. Multithreading: A Cost-Speed-Risk Decision" calls data movement
the second cost driver, and other guides warn of it in the same way; none has a figure.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from ftbench.errors import FtbenchError
from ftbench.facts.modes import MODE_NAMES, TASK_ENGINES, USUAL_POOL
from ftbench.probe.entry_points import turn
from ftbench.probe.instruments.clocks import NANO
from ftbench.probe.run.outcome import Invariant, Outcome, percentile, roles, totals
from ftbench.probe.scenarios.base import (
    Cell,
    MetricSpec,
    Param,
    Scenario,
    by_round,
    in_seconds,
)
from ftbench.probe.scenarios.reports import instrument, on_cpu
from ftbench.probe.workers import channel_of, no_such_channel, team_of
from ftbench.probe.workers.base import Member, Team
from ftbench.probe.workers.engines import engine_of
from ftbench.probe.workers.pools import pool_of
from ftbench.probe.workers.shared_state import CHANNELS, TASK, Channel
from ftbench.probe.workloads import trips
from ftbench.probe.workloads.payloads import KIB, checksum, twin

SIZES = {"1kib": KIB, "64kib": 64 * KIB, "1mib": KIB * KIB, "16mib": 16 * KIB * KIB}
LARGEST = max(SIZES.values())
# Trips of a round, smallest size first: a tenth of a second or so on a machine of today.
# The far side reads all of what it got before it answers; that reading is not in the time.
TRIPS = {"bytes": (200, 100, 20, 2), "object": (100, 30, 5, 1)}
# Behind a queue that is looked at every 10 ms.
POLLED_TRIPS = (8, 4, 2, 1)
# Rounds by which a cell with extra work learns how long a trip takes.
_TRIES = 8
EMPTY, BUILT, HELD = "empty", "built", "held"

PARAMS = {
    "channel": Param(default="queue", choices=(*CHANNELS, TASK)),
    "kind": Param(default="bytes", choices=tuple(TRIPS)),
}

METRICS = (
    *in_seconds(
        trip_1kib="Time there and back, 1 KiB; the median of many trips.",
        trip_64kib="Time there and back, 64 KiB; the median of many trips.",
        trip_1mib="Time there and back, 1 MiB; the median of some trips.",
        trip_16mib="Time there and back, 16 MiB; the median of few trips.",
    ),
    MetricSpec(
        "held",
        "bytes",
        "Memory to hold 16 MiB on both sides; payload, copies and buffers.",
    ),
)

Ladder = tuple[tuple[int, int], ...]  # (bytes, trips of a round) of each size


class SideReport(NamedTuple):
    """What a side reports, see `trips`."""

    begin: int
    end: int
    cpu: int
    sums: list[int]
    left: bytes
    arrived: bytes


NearAndFar = tuple[SideReport, SideReport]  # the near and the far one of a round


def ladder_of(cell: Cell) -> Ladder:
    """Return the sizes of a cell and their trips."""
    polled = cell.mode.kind == "interpreters" and cell.params["channel"] == "queue"
    whole = POLLED_TRIPS if polled else TRIPS[cell.params["kind"]]
    counts = [max(1, trips // cell.profile.shorter) for trips in whole]
    return tuple(zip(SIZES.values(), counts, strict=True))


def run(cell: Cell) -> Outcome:
    """Look at the memory of one payload that both sides hold, then time the trips."""
    kind, ladder = cell.params["kind"], ladder_of(cell)
    made = _by_tasks if cell.params["channel"] == TASK else _by_channel
    rounds = [(SideReport(*near), SideReport(*far)) for near, far in made(cell, kind, ladder)]
    return Outcome(
        metrics=by_round(METRICS, [trip_costs(sides, ladder) for sides in rounds]),
        invariants=(check(rounds, kind, ladder),),
        notes=instrument([on_cpu(sides) for sides in rounds], 1)
        | {"trips": {name: count for name, (_, count) in zip(SIZES, ladder, strict=True)}}
        | engine_of(cell.mode),
    )


def _by_channel(cell: Cell, kind: str, ladder: Ladder) -> Sequence[Sequence[Any]]:
    wait = 0
    if cell.extra:
        cell.pass_turn()  # the other side starts beside this one
        wait = later(cell.extra, _on_channel(cell, kind, ladder, tries=_TRIES), ladder)
    return _on_channel(cell, kind, ladder, wait)


def _on_channel(
    cell: Cell, kind: str, ladder: Ladder, wait: int = 0, *, tries: int = 0
) -> Sequence[Sequence[Any]]:
    channel = channel_of(cell.params["channel"], cell.mode, LARGEST)
    team = team_of(cell.mode, cell.deadline, members_of(channel, kind, ladder, wait))
    channel.settled()
    if tries:
        team.round()
    else:
        _look(cell, team)
    reports = [team.round().reports for _ in (range(tries) if tries else cell.repeats())]
    team.end()
    channel.close()
    return reports


def later(extra: float, rounds: Iterable[Sequence[Any]], ladder: Ladder) -> int:
    """Return such a share of the nanoseconds of a trip of the largest payload."""
    sides = ((SideReport(*near), SideReport(*far)) for near, far in rounds)
    took = [trip_costs(each, ladder)[f"trip_{[*SIZES][-1]}"] for each in sides]
    return round(extra * percentile(took, 50) / NANO)


def _by_tasks(cell: Cell, kind: str, ladder: Ladder) -> Sequence[Sequence[Any]]:
    pool = pool_of(USUAL_POOL, cell.mode, 1, cell.deadline)
    pool.fill()
    cell.observe(EMPTY, 0.0, {})
    trips.ready(kind, ladder)
    cell.observe(BUILT, 0.0, {})
    payload = trips.PAYLOADS[kind, ladder[-1][0]]
    _same(checksum(payload), pool.call(trips.hold, payload))
    cell.observe(HELD, 0.0, {})
    pool.call(trips.let_go, 0)
    trips.ready(kind, ladder)
    wait = 0

    def reports() -> Sequence[Any]:
        answers: list[Any] = []
        side: trips.Side = TASK, pool.call, answers
        near = trips.near((trips.LATER, side, wait) if wait else side, kind, ladder)
        sums, there, sent = zip(*answers, strict=True)
        far = (array("q", moments).tobytes() for moments in (sent, there))
        return near, (0, 0, 0, list(sums), *far)  # of its CPU nothing is known

    if cell.extra:
        cell.pass_turn()  # the other side starts beside this one
        wait = later(cell.extra, (reports() for _ in range(_TRIES)), ladder)
    rounds = [reports() for _ in cell.repeats()]
    pool.shutdown()
    return rounds


def members_of(channel: Channel, kind: str, ladder: Ladder, wait: int = 0) -> list[Member]:
    """Return the two sides; the near one sends everything off so many nanoseconds later."""
    side = (trips.LATER, channel.near, wait) if wait else channel.near
    # Threads that wait are others than those that did not.
    near = ((trips.NEAR, wait), trips.near_side, (side, kind, ladder))
    far = ((trips.FAR, wait), trips.far_side, (channel.far, kind, ladder))
    return [
        Member(role=trips.NEAR, run=(turn, near), prepare=(trips.ready, (kind, ladder))),
        Member(role=trips.FAR, run=(turn, far)),
    ]


def _look(cell: Cell, team: Team) -> None:
    """Have the tree looked at without a payload, with one, and with one on both sides."""
    cell.observe(EMPTY, 0.0, team.roles())
    gave, kept = team.round(lambda: cell.observe(BUILT, 0.0, team.roles())).reports
    cell.observe(HELD, 0.0, team.roles())
    _same(gave, kept)


def _same(gave: int, kept: int) -> None:
    if gave != kept:
        raise FtbenchError(f"Checksum {gave} was sent and {kept} arrived: nothing is recorded.")


def seconds_of_trips(sides: NearAndFar) -> Iterator[float]:
    """Yield the seconds of each trip, there and back."""
    near, far = sides
    clocks = (near.left, far.arrived, far.left, near.arrived)
    moments = (memoryview(packed).cast("q") for packed in clocks)
    for asked, there, answered, back in zip(*moments, strict=True):
        yield (there - asked + back - answered) * NANO


def trip_costs(sides: NearAndFar, ladder: Ladder) -> dict[str, float]:
    """Return the seconds of a round's trips of each size, their median."""
    times = seconds_of_trips(sides)
    return {
        f"trip_{name}": percentile(list(islice(times, count)), 50)
        for name, (_size, count) in zip(SIZES, ladder, strict=True)
    }


def check(rounds: Sequence[NearAndFar], kind: str, ladder: Ladder) -> Invariant:
    """Return the invariant: on every trip both sides got the payload of the serial twin.

    Raises `FtbenchError` if not.
    """
    expected = [total for size, count in ladder for total in [twin(kind, size)] * count]
    for sides in rounds:
        for name, report in zip((trips.NEAR, trips.FAR), sides, strict=True):
            if list(report.sums) != expected:
                raise FtbenchError(
                    f"What the {name} got is not the serial twin's payload: nothing is recorded."
                )
    return Invariant(
        name="checksum",
        checked=f"in each of {len(rounds)} rounds {len(expected)} payloads had the serial twin's "
        "checksum, there and back",
    )


def from_observation(phases: Mapping[str, Any], _workers: int) -> Outcome:
    """Return what the tree grew by to hold the largest payload on both sides, by PSS if it can.

    The note `beyond` is the part that is not the payload, but copies and buffers.
    """
    looks = [phases[phase]["samples"] for phase in (EMPTY, BUILT, HELD)]
    kind = next(kind for kind in ("pss", "uss", "rss") if all(totals(seen, kind) for seen in looks))
    empty, built, held = (totals(seen, kind)[-1] for seen in looks)
    return Outcome(
        metrics=by_round(METRICS, [{"held": held - empty}]),
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
    modes=(*MODE_NAMES, *TASK_ENGINES),
    hole=lambda mode, params: no_such_channel(params["channel"], mode),
    from_observation=from_observation,
    slowed=("trip_16mib",),
)
