"""latency: how long a request takes at one offered load, by a plain loop and by warm pools.

Requests arrive by a schedule fixed beforehand (Poisson, one seed), at the same rate in every
mode: nominally half of what one core can do, and a quarter more than it can.  A request's time
runs from when it was due, whatever held up its sending, until its answer is here.  Mode serial
takes them in order, one worker.  Where the backlog has not cleared for the last third of the
requests, the mode cannot keep up, and there is no figure.  A percentile is of all requests of a
process: of those of several it would have no interval.

Does not show payloads (`crossover`), nor requests that wait (`io`).  Source: Gil Tene, "How NOT to
Measure Latency", for the time from when a request was due.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from ftbench.facts.modes import MODE_NAMES
from ftbench.facts.profiles import Profile
from ftbench.probe.instruments.clocks import NANO, clock_cost
from ftbench.probe.run.outcome import LACKS, Invariant, Outcome, percentile, percentiles, too_few
from ftbench.probe.scenarios import crossover
from ftbench.probe.scenarios.base import Cell, MetricSpec, Param, Scenario, costs
from ftbench.probe.scenarios.crossover import POOL, SERIAL, Size
from ftbench.probe.workers.pools import Pool, check, pool_of
from ftbench.probe.workloads.arrivals import arrivals, send_off
from ftbench.probe.workloads.crunching import errand

if TYPE_CHECKING:
    from ftbench.probe.workloads.arrivals import Arrival

# Sizes of crossover, with the requests of a round at each load.
_REQUESTS = {"100us": 1_000, "1ms": 500, "10ms": 170}
SIZES = {size: _REQUESTS[size.name] for size in crossover.SIZES if size.name in _REQUESTS}
# A round of the larger takes five seconds, and three have enough for a percentile.
LONG_SECONDS, LONG_ROUNDS = 5e-3, 3
# What is offered in percent of one core, at 100 ns a step.
LOADS = (50, 125)
PERCENTS = {"p50": 50, "p99": 99}
# A queue that clears has a request that takes next to no longer than the quickest of all.
CLEARED = 4.0
# Requests for each worker ahead of those that count: the first imports, and code is slow at first.
WARM = 20
CANNOT = "cannot keep up"  # how the reason of such a load begins
SENDER = "half of it or more is that who sends had to wait for its own turn, in a process at least"

PARAMS = {"workers": Param(default=8)}
METRICS = tuple(
    MetricSpec(
        f"{name}_{size.name}_{load}",
        "seconds",
        f"Latency of a request of {size.name} at {load} % load, {says}; from when it was due.",
        always=False,
    )
    for name, says in (("p50", "median"), ("p99", "99th percentile"))
    for size in SIZES
    for load in LOADS
)


class Load(NamedTuple):
    """Requests of `steps` that are due at `times` (ns), each with its `answer`.

    `name` is what their metrics end with, `1ms_50`, and `share` what of a core they need in truth.
    """

    name: str
    steps: int
    times: Sequence[int]
    answer: int
    share: float


class Served(NamedTuple):
    """A round at one load, in ns: each request's time, and by how much it was sent late."""

    latencies: list[int]
    late: list[int]


def load_of(size: Size, percent: int, steps: int) -> Load:
    """Return the load of requests of a size that is offered in percent of one core."""
    rate, took = percent / 100 / size.nominal, []
    for _ in range(3):
        begin = time.perf_counter()
        answer = errand(steps, b"")
        took.append(time.perf_counter() - begin)
    return Load(
        name=f"{size.name}_{percent}",
        steps=steps,
        times=arrivals(rate, SIZES[size]),
        answer=answer,
        share=rate * percentile(took, 50),
    )


def sizes(profile: Profile) -> list[Size]:
    """Return the sizes that a profile has time for."""
    whole = profile.least_repeats >= LONG_ROUNDS
    return [size for size in SIZES if whole or size.nominal < LONG_SECONDS]


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


def figures(name: str, rounds: Sequence[Served]) -> tuple[dict[str, float], dict[str, str]]:
    """Return the costs of all rounds at one load, and why others are not there, by metric."""
    names = {f"{cost}_{name}": percent for cost, percent in PERCENTS.items()}
    took = [each * NANO for served in rounds for each in served.latencies]
    # The shortest of the last third is what the backlog takes, in most of the rounds.
    ends = [min(each.latencies[-len(each.latencies) // 3 :]) * NANO for each in rounds]
    if percentile(ends, 50) > CLEARED * min(took):
        return {}, dict.fromkeys(names, f"{CANNOT}: the backlog grew to the end")
    known = percentiles(took, *PERCENTS.values())
    found = {metric: known[percent] for metric, percent in names.items() if percent in known}
    return found, too_few(len(took), **names)


def run(cell: Cell) -> Outcome:
    """Measure one cell: every load in turn, round after round."""
    every = [
        load_of(size, percent, cell.with_extra(size.steps))
        for size in sizes(cell.profile)
        for percent in LOADS
    ]
    serve: Callable[[Load], Served] = in_a_loop
    pool = None
    if cell.mode.name != SERIAL:
        pool = pool_of(POOL, cell.mode, cell.params["workers"], cell.deadline)
        pool.fill()
        serve = partial(by_pool, pool)
    for load in every[: 2 * len(LOADS) : len(LOADS)]:  # of the sizes that are in every profile
        serve(load._replace(times=[0] * WARM * cell.params["workers"]))
    rounds: dict[str, list[Served]] = {load.name: [] for load in every}
    for number in cell.repeats():
        for load in every[:: -1 if number % 2 else 1]:
            cell.stick()
            rounds[load.name].append(serve(load))
    if pool:
        pool.shutdown()
    known: dict[str, float] = {}
    short = f"a profile of fewer than {LONG_ROUNDS} rounds has no time for it"
    lacks = {each.name: short for each in METRICS if each.name.partition("_")[2] not in rounds}
    for name, of_load in rounds.items():
        found, why = figures(name, of_load)
        known |= found
        lacks |= why
    late = {
        name: percentile([each * NANO for served in of_load for each in served.late or [0]], 99)
        for name, of_load in rounds.items()
    }
    answers = sum(len(each.latencies) for of_load in rounds.values() for each in of_load)
    return Outcome(
        metrics=costs(METRICS, {name: [cost] for name, cost in known.items()}),
        invariants=(
            Invariant(name="digest", checked=f"all {answers} answers are the serial twin's"),
        ),
        notes={
            "rounds": len(rounds[every[0].name]),
            "clock": clock_cost(),
            "requests": {load.name: len(load.times) for load in every},
            "offered": {load.name: round(load.share, 3) for load in every},
            "sent_late": late,
            "doubts": {
                metric: SENDER
                for each in late
                if 2 * late[each] >= known.get(metric := f"p99_{each}", math.inf)
            },
            LACKS: lacks,
        },
    )


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
