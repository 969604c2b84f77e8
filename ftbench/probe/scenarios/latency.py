"""latency: how long a request takes at one offered load, by a plain loop and by warm pools.

Requests arrive by a schedule fixed beforehand (Poisson, one seed), at the same rate in every
mode: half of what one core can do, and a quarter more than it can.  A request's time runs from
when it was due, whatever held up its sending, until its answer is here.  Mode serial takes them
in order, one worker.  Where the backlog has not cleared for the last third of the requests, the
mode cannot keep up, and there is no figure.  A percentile is of all requests of a process: of
those of several it would have no interval.

Does not show payloads (`crossover`), nor requests that wait (`io`).  Source: Gil Tene, "How NOT to
Measure Latency", for the time from when a request was due.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from ftbench.facts.modes import MODE_NAMES
from ftbench.facts.profiles import Profile
from ftbench.facts.units import amount
from ftbench.probe.instruments.clocks import NANO, clock_cost
from ftbench.probe.run.outcome import (
    LACKS,
    Invariant,
    Outcome,
    percentile,
    percentiles,
    too_few,
)
from ftbench.probe.scenarios import crossover
from ftbench.probe.scenarios.base import Cell, MetricSpec, Param, Scenario, costs
from ftbench.probe.scenarios.crossover import POOL, SERIAL, Size
from ftbench.probe.workers.pools import Pool, check, pool_of
from ftbench.probe.workloads.arrivals import arrivals, send_off
from ftbench.probe.workloads.crunching import errand

if TYPE_CHECKING:
    from ftbench.probe.workloads.arrivals import Arrival

# Sizes of crossover, with the requests of a round at each load.
SIZES = {
    size: requests
    for size in crossover.SIZES
    if (requests := {"100us": 1_000, "1ms": 500, "10ms": 170}.get(size.name))
}
# A round of the larger takes five seconds, and three have enough for a percentile.
LONG_SECONDS, LONG_ROUNDS = 5e-3, 3
# What is offered in percent of one core, at 100 ns a step.
LOADS = (50, 125)
PERCENTS = {"p50": 50, "p99": 99}
# A queue that clears has a request that takes next to no longer than the quickest of all.
CLEARED = 4.0
CANNOT = "cannot keep up"  # how the reason of such a load begins

PARAMS = {"workers": Param(default=8)}


class Load(NamedTuple):
    """Requests of a size at a rate: `times` (ns) are when they are due, `answer` that of each."""

    size: Size
    percent: int
    rate: float
    steps: int
    times: Sequence[int]
    answer: int

    @property
    def name(self) -> str:
        """What the metrics end with: `1ms_50`."""
        return f"{self.size.name}_{self.percent}"


METRICS = tuple(
    MetricSpec(
        f"{name}_{size.name}_{percent}",
        "seconds",
        f"A request of {size.name} from when it was due, {says}; offered: {percent} % of one core.",
        always=False,
    )
    for name, says in (("p50", "the median"), ("p99", "the 99th percentile"))
    for size in SIZES
    for percent in LOADS
)


class Served(NamedTuple):
    """A round at one load, in ns: each request's time, and by how much it was sent late."""

    latencies: list[int]
    late: list[int]


Serve = Callable[[Load], Served]


def loads(profile: Profile, more: Callable[[int], int] = int) -> list[Load]:
    """Return the loads that a profile has time for; `more` is a cell's."""
    return [
        Load(
            size=size,
            percent=percent,
            rate=percent / 100 / size.nominal,
            steps=more(size.steps),
            times=arrivals(percent / 100 / size.nominal, requests),
            answer=errand(more(size.steps), b""),
        )
        for size, requests in SIZES.items()
        if size.nominal < LONG_SECONDS or profile.least_repeats >= LONG_ROUNDS
        for percent in LOADS
    ]


def in_a_loop(load: Load) -> Served:
    """Take requests in order, one after the other."""
    latencies: list[int] = []
    answers: list[int] = []

    def serve(arrival: Arrival) -> None:
        answers.append(errand(load.steps, b""))
        latencies.append(time.perf_counter_ns() - arrival[0])

    send_off(load.times, 0, serve)
    check(answers, [load.answer] * len(load.times))
    return Served(latencies, [])  # nobody sends


def by_pool(pool: Pool, load: Load) -> Served:
    """Hand requests to a pool when they are due; each ends when the pool has its answer."""
    ended: SimpleQueue[tuple[int, int]] = SimpleQueue()
    handles: list[Any] = []

    def answered(at: int, number: int) -> None:
        ended.put((number, time.perf_counter_ns() - at))

    def send(arrival: Arrival) -> None:
        handles.append(pool.submit_then(partial(answered, *arrival), errand, load.steps, b""))

    late = send_off(load.times, 0, send)
    latencies = [0] * len(handles)
    for _ in handles:
        try:
            number, took = ended.get(timeout=pool.deadline.left())
        except Empty:
            raise pool.deadline.passed("a request to be answered") from None
        latencies[number] = took
    check([pool.result(handle) for handle in handles], [load.answer] * len(handles))
    return Served(latencies, late)


def overload(rounds: Sequence[Served]) -> float | None:
    """Return the seconds of backlog that never cleared, None where in most rounds it did."""
    ends = [min(each.latencies[-len(each.latencies) // 3 :]) for each in rounds]
    quickest = min(min(each.latencies) for each in rounds)
    left = percentile([float(end) for end in ends], 50)
    return left * NANO if left > CLEARED * quickest else None


def figures(load: Load, rounds: Sequence[Served]) -> tuple[dict[str, float], dict[str, str]]:
    """Return the costs of all rounds at one load, and why others are not there, by metric."""
    names = {f"{name}_{load.name}": percent for name, percent in PERCENTS.items()}
    backlog = overload(rounds)
    if backlog is not None:
        why = f"{CANNOT}: the last third of the requests took {amount(backlog, 'seconds')}"
        return {}, dict.fromkeys(names, f"{why} or more")
    took = [each * NANO for served in rounds for each in served.latencies]
    known = percentiles(took, *PERCENTS.values())
    return (
        {name: known[percent] for name, percent in names.items() if percent in known},
        too_few(len(took), **names),
    )


def alone(load: Load) -> float:
    """Return the seconds of a request's work, by the main thread alone."""
    took = []
    for _ in range(3):
        begin = time.perf_counter()
        errand(load.steps, b"")
        took.append(time.perf_counter() - begin)
    return percentile(took, 50)


def rounds_of(cell: Cell, every: Sequence[Load]) -> dict[str, list[Served]]:
    """Return name of a load → its rounds."""
    serve: Serve = in_a_loop
    pool = None
    if cell.mode.name != SERIAL:
        pool = pool_of(POOL, cell.mode, cell.params["workers"], cell.deadline)
        pool.fill()
        serve = partial(by_pool, pool)
    rounds: dict[str, list[Served]] = {load.name: [] for load in every}
    for number in cell.repeats():
        for load in every[:: -1 if number % 2 else 1]:
            cell.stick()
            rounds[load.name].append(serve(load))
    if pool:
        pool.shutdown()
    return rounds


def run(cell: Cell) -> Outcome:
    """Measure one cell: every load in turn, round after round."""
    every = loads(cell.profile, cell.with_extra)
    share = {load.name: round(load.rate * alone(load), 3) for load in every}
    rounds = rounds_of(cell, every)
    known: dict[str, float] = {}
    lacks = {
        metric.name: f"a profile of fewer than {LONG_ROUNDS} rounds has no time for it"
        for metric in METRICS
    }
    for load in every:
        lacks = {name: why for name, why in lacks.items() if not name.endswith(f"_{load.name}")}
        found, why = figures(load, rounds[load.name])
        known |= found
        lacks |= why
    answers = sum(len(each.latencies) for served in rounds.values() for each in served)
    return Outcome(
        metrics=costs(METRICS, {name: [cost] for name, cost in known.items()}),
        invariants=(
            Invariant(name="digest", checked=f"all {answers} answers are the serial twin's"),
        ),
        notes={
            "rounds": len(rounds[every[0].name]),
            "clock": clock_cost(),
            "requests": {load.name: len(load.times) for load in every},
            "offered": share,
            **sending(rounds, known),
            LACKS: lacks,
        },
    )


def sending(rounds: Mapping[str, Sequence[Served]], known: Mapping[str, float]) -> dict[str, Any]:
    """Return how late requests were sent, the 99th percentile in seconds, and where too late.

    There it is more than half of what answers took: who sends had to wait for its own turn.
    """
    late = {
        name: percentile([each * NANO for served in of_load for each in served.late], 99)
        for name, of_load in rounds.items()
        if of_load[0].late
    }
    most = {name: known.get(f"p99_{name}", 0.0) for name in late}
    return {
        "sent_late": late,
        "sender": [name for name, seconds in late.items() if 0 < most[name] < 2 * seconds],
    }


LATENCY = Scenario(
    name="latency",
    version="1",
    title="Requests of 0.1 to 10 ms arrive, whether N workers keep up or not",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    modes=(*MODE_NAMES, SERIAL),
    hole=crossover.why_not,
)
