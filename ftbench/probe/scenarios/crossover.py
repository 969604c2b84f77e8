"""crossover: which mode wins, for tasks of every size with payloads of every size.

A warm pool of N workers has as many tasks under way.  A task gets a payload of bytes, reads all
of it, does a fixed number of steps of arithmetic and answers with one number that proves both.
Mode serial is the main thread alone, one worker.

Shows where a plain loop, threads, subinterpreters and processes swap places, with CPU.  A task's
time is that of a busy pool, from the answer at which each worker has had a task to the answer as
many before the last: counted are the answers between, whole waves, and what is partly done at
either end is as much.  Does not show how long a task waits
(`latency`), tasks queued all at once (`grain`), large results, objects that are dear to pickle
(`data`), payloads that no cache holds, or tasks that share anything (`shared_set`).  Source: every
guide to the choice draws this map by hand; none has measured where its borders are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from ftbench.facts.modes import MODE_NAMES, Mode
from ftbench.probe.instruments import counters
from ftbench.probe.instruments.clocks import clock_cost
from ftbench.probe.run.outcome import Invariant, Metric, Outcome, memory
from ftbench.probe.scenarios.base import (
    Cell,
    MetricSpec,
    Param,
    Scenario,
    costs,
    memory_of,
)
from ftbench.probe.workers.engines import engine_of
from ftbench.probe.workers.pools import Pool, check, pool_of
from ftbench.probe.workloads.crunching import errand
from ftbench.probe.workloads.payloads import KIB, build

SERIAL = "serial"
POOL = "executor"
WORKER, AFTER = "worker", "after"


class Size(NamedTuple):
    """A size of task: its `steps`, its `nominal` seconds at 100 ns a step."""

    name: str
    nominal: float
    steps: int


class Payload(NamedTuple):
    """A size of payload in bytes."""

    name: str
    size: int


SIZES = (
    Size(name="10us", nominal=1e-5, steps=100),
    Size(name="100us", nominal=1e-4, steps=1_000),
    Size(name="1ms", nominal=1e-3, steps=10_000),
    Size(name="10ms", nominal=1e-2, steps=100_000),
)
PAYLOADS = (
    Payload(name="0", size=0),
    Payload(name="1kib", size=KIB),
    Payload(name="64kib", size=64 * KIB),
    Payload(name="1mib", size=KIB * KIB),
)
# Tasks of a turn for each worker: a row per size, a column per payload.  The first of each only
# sets the pool to work, the last keeps it so.  A plain loop has those of two.
WAVES = (
    (8, 8, 8, 4),
    (8, 8, 8, 4),
    (4, 4, 4, 4),
    (4, 4, 4, 4),
)
LOOPS = 2

PARAMS = {"workers": Param(default=8)}

_SAYS = {
    "task": ("Time", "while all workers are busy"),
    "cpu": ("CPU time", "of the parent and all workers (Linux)"),
}
METRICS = (
    *(
        MetricSpec(
            f"{name}_{size.name}_{payload.name}",
            "seconds",
            f"{what} per task of {size.name} with payload {payload.name}; {says}.",
            always=name != "cpu",
        )
        for name, (what, says) in _SAYS.items()
        for size in SIZES
        for payload in PAYLOADS
    ),
    *memory_of("with its warm pool, after all tasks (Linux)."),
)


class Place(NamedTuple):
    """A place of the map: `count` tasks of a size and a payload, and what each must answer."""

    size: Size
    steps: int
    payload: Payload
    data: bytes
    count: int  # type: ignore[assignment]  # a tuple's own is never called
    answer: int

    @property
    def name(self) -> str:
        """What the metrics of this place end with: `10us_64kib`."""
        return f"{self.size.name}_{self.payload.name}"


Carry = Callable[[Place], float]


def why_not(mode: Mode, params: Mapping[str, Any]) -> str | None:
    """Return why a combination makes no sense, None if it does."""
    if (mode.name == SERIAL) == (params["workers"] == 1):
        return None
    if mode.name == SERIAL:
        return "a plain loop is one worker: workers=1"
    return "one worker runs one task at a time, as the plain loop does"


def places(workers: int, more: Callable[[int], int] = int) -> list[Place]:
    """Return the places of the map with the serial twin's answers; `more` is a cell's."""
    datas = [build("bytes", payload.size) for payload in PAYLOADS]
    return [
        Place(
            size=size,
            steps=more(size.steps),
            payload=payload,
            data=data,
            count=WAVES[row][column] * max(LOOPS, workers),
            answer=errand(more(size.steps), data),
        )
        for row, size in enumerate(SIZES)
        for column, (payload, data) in enumerate(zip(PAYLOADS, datas, strict=True))
    ]


def in_a_loop(place: Place) -> float:
    """Run a place's tasks one after the other; return the seconds of one."""
    begin = time.perf_counter()
    answers = [errand(place.steps, place.data) for _ in range(place.count)]
    seconds = time.perf_counter() - begin
    check(answers, [place.answer] * place.count)
    return seconds / place.count


def by_pool(pool: Pool, place: Place) -> float:
    """Run a place's tasks, as many under way as there are workers; return the seconds of one.

    Those of the first wave and of the last, in which not all are at work, do not count.
    """
    ended: SimpleQueue[int] = SimpleQueue()
    handles: list[Any] = []
    answers: list[int] = []
    clock = [0.0] * (place.count + 1)  # by the answers that were there

    def hand_over() -> None:
        call = partial(ended.put, len(handles))
        handles.append(pool.submit_then(call, errand, place.steps, place.data))

    for _ in range(pool.workers):
        hand_over()
    while len(answers) < place.count:
        try:
            number = ended.get(timeout=pool.deadline.left())
        except Empty:
            raise pool.deadline.passed("a task of the pool to end") from None
        answers.append(pool.result(handles[number]))
        clock[len(answers)] = time.perf_counter()
        handles[number] = None
        if len(handles) < place.count:
            hand_over()
    check(answers, [place.answer] * place.count)
    first, last = pool.workers, place.count - pool.workers
    return (clock[last] - clock[first]) / (last - first)


def cpu_seconds(pids: Sequence[int]) -> float | None:
    """Return the CPU seconds of this process and of its workers so far, None if nobody knows."""
    if pids and not counters.knows_cpu_of_others():
        return None
    return time.process_time() + counters.cpu_seconds_of(pids)


def carried(place: Place, carry: Carry, pids: Sequence[int]) -> dict[str, float]:
    """Carry out a place's tasks once; return what one costs, as `_SAYS` has it."""
    before = cpu_seconds(pids)
    figures = {"task": carry(place)}
    after = cpu_seconds(pids)
    if before is not None and after is not None:
        figures["cpu"] = (after - before) / place.count
    return figures


def turns_of(cell: Cell, ladder: Sequence[Place]) -> dict[str, list[dict[str, float]]]:
    """Return name of a place → what a task of it cost in each turn; then have the tree seen."""
    carry: Carry = in_a_loop
    pids: tuple[int, ...] = ()
    pool = None
    if cell.mode.name != SERIAL:
        pool = pool_of(POOL, cell.mode, cell.params["workers"], cell.deadline)
        pool.fill()
        carry = partial(by_pool, pool)
        for place in ladder[: len(PAYLOADS)]:
            carry(place)
        pids = worker_pids(cell.mode)
    turns: dict[str, list[dict[str, float]]] = {place.name: [] for place in ladder}
    for number in cell.repeats():
        for place in ladder[:: -1 if number % 2 else 1]:  # so that none is always early
            cell.stick()
            turns[place.name].append(carried(place, carry, pids))
    cell.observe(AFTER, 0.0, dict.fromkeys(pids, WORKER))
    if pool:
        pool.shutdown()
    return turns


def run(cell: Cell) -> Outcome:
    """Measure one cell: the places of the map in turn, round after round."""
    ladder = places(cell.params["workers"], cell.with_extra)
    turns = turns_of(cell, ladder)
    tasks = {place.name: place.count for place in ladder}
    answers = sum(len(turns[name]) * count for name, count in tasks.items())
    return Outcome(
        metrics=metrics(turns),
        invariants=(
            Invariant(
                name="digest",
                checked=f"all {answers} answers are the serial twin's, of the payload and of the "
                "work",
            ),
        ),
        notes={
            "rounds": len(turns[ladder[-1].name]),
            "clock": clock_cost(),
            "tasks": tasks,
            "steps": {size.name: size.steps for size in SIZES},
            "bytes": {payload.name: payload.size for payload in PAYLOADS},
            **engine_of(cell.mode),
        },
    )


def worker_pids(mode: Mode) -> tuple[int, ...]:
    """Return the process ids of a pool's workers; none for those that are no processes."""
    if not mode.processes:
        return ()
    import multiprocessing  # noqa: PLC0415 - threads and interpreters must not pay for it

    return tuple(child.pid for child in multiprocessing.active_children() if child.pid)


def metrics(turns_of: Mapping[str, Sequence[Mapping[str, float]]]) -> dict[str, Metric]:
    """Return the metrics of each place, a sample per turn."""
    samples = {
        f"{cost}_{name}": [figures[cost] for figures in turns]
        for name, turns in turns_of.items()
        for cost in turns[0]
    }
    return costs(METRICS, samples)


CROSSOVER = Scenario(
    name="crossover",
    version="2",
    title="Tasks of 10 us to 10 ms with payloads up to 1 MiB, by N workers that are warm",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    modes=(*MODE_NAMES, SERIAL, "dask"),
    hole=why_not,
    from_observation=lambda phases, _workers: memory(phases[AFTER]),
    slowed=("task_10ms_0", "task_10ms_1kib", "cpu_10ms_0"),
)
