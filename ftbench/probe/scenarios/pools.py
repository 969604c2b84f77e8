"""pools: what a pool costs, from its making to its end.

A round is the life of a pool of N workers: made, asked for a first result, filled, used, shut down.
Shows the cold start that a script pays and the hand-over that a server pays per request, for each
library's pool in each mode; does not show what real work or a large argument costs (`grain`,
`data`), nor maps of small tasks by Spark, which is for large ones.  Source: every guide says "reuse
a pool"; none says what the pools differ by.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from ftbench.facts.modes import POOL_MODES, POOL_TABLE, no_such_pool
from ftbench.probe import pool_tasks
from ftbench.probe.instruments.clocks import clock_cost
from ftbench.probe.run.outcome import LACKS, Invariant, Outcome
from ftbench.probe.scenarios.base import (
    Cell,
    Param,
    Scenario,
    by_round,
    costs,
    in_seconds,
)
from ftbench.probe.workers.engines import engine_of
from ftbench.probe.workers.pools import Pool, check, pool_of

# Tasks handed over one by one, each awaited; and tasks of a map, with chunks of 1 and of 64.
CALLS, TASKS = 32, 512
# Executors of threads and interpreters ignore chunks: there, `map_64` is `map_1`.
CHUNKS = (1, 64)
STEPS = tuple(map(pool_tasks.step, range(TASKS)))

PARAMS = {
    "pool": Param(default="executor", choices=tuple(POOL_TABLE)),
    "workers": Param(default=8),
}

METRICS = tuple(
    spec._replace(always=not spec.name.startswith("map"))
    for spec in in_seconds(
        first_cold="Time from creating a first pool to its result; with imports and fork server.",
        cold="Time from creating a pool to its first result; not a process's first pool.",
        full="Time from creating a pool until all workers are busy; not a first pool.",
        dispatch="Time to hand over one task; empty, to idle workers, with its result.",
        map_1="Time per task of a map without chunks; small tasks.",
        map_64="Time per task of a map in chunks of 64; small tasks.",
        shutdown="Time to shut down an idle pool; until its last worker is gone.",
    )
)


def opened(cell: Cell) -> tuple[Pool, float, float]:
    """Make a pool; return it, when its making began, and the seconds until its first result."""
    begin = time.perf_counter()
    pool = pool_of(cell.params["pool"], cell.mode, cell.params["workers"], cell.deadline)
    answer = pool.call(pool_tasks.echo, 1)
    cold = time.perf_counter() - begin
    check([answer], [1])
    return pool, begin, cold


def chunks_of(cell: Cell) -> Sequence[int]:
    """Return the chunks of the maps that are measured of a cell's pool."""
    return CHUNKS if POOL_TABLE[cell.params["pool"]].maps else ()


def one_by_one(pool: Pool, calls: int) -> list[int]:
    """Hand over empty tasks, each when the one before has come back; return their results."""
    return [pool.call(pool_tasks.echo, number) for number in range(calls)]


def one_life(cell: Cell) -> dict[str, float]:
    """Make a pool, use it and shut it down; return the seconds of each metric of a later pool."""
    calls, tasks = cell.with_extra(CALLS), cell.with_extra(TASKS)
    steps = STEPS if tasks == TASKS else tuple(map(pool_tasks.step, range(tasks)))
    pool, begin, cold = opened(cell)
    full = pool.fill() - begin
    cell.pass_turn()
    took = {"dispatch": timed(partial(one_by_one, pool, calls), range(calls)) / CALLS}
    cell.pass_turn()
    for chunk in chunks_of(cell):
        mapped = partial(pool.map, pool_tasks.step, range(tasks), chunk)
        took[f"map_{chunk}"] = timed(mapped, steps) / TASKS
        cell.pass_turn()
    return {"cold": cold, "full": full, **took, "shutdown": pool.shutdown()}


def timed(function: Callable[[], list[int]], expected: Sequence[int]) -> float:
    """Return the seconds that `function` takes, whose results must be `expected`."""
    begin = time.perf_counter()
    answers = function()
    end = time.perf_counter()
    check(answers, expected)
    return end - begin


def run(cell: Cell) -> Outcome:
    """Measure one cell: the first cold start, then whole lives."""
    pool, _, first = opened(cell)
    pool.shutdown()
    lives = [one_life(cell) for _ in cell.repeats()]
    calls, tasks = cell.with_extra(CALLS), cell.with_extra(TASKS)
    chunks = chunks_of(cell)
    results = len(lives) * (1 + calls + tasks * len(chunks))
    return Outcome(
        metrics=costs(METRICS, {"first_cold": [first]}) | by_round(METRICS, lives),
        invariants=(
            Invariant(name="results", checked=f"all {results} results are the serial twin's"),
        ),
        notes={
            "rounds": len(lives),
            "clock": clock_cost(),
            "calls": calls,
            "tasks": tasks,
            LACKS: {f"map_{each}": "a task of Spark is a job" for each in CHUNKS if not chunks},
            **engine_of(cell.mode),
        },
    )


POOLS = Scenario(
    name="pools",
    version="2",
    title="Make a pool of N workers, hand it tasks, shut it down",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    modes=POOL_MODES,
    hole=lambda mode, params: no_such_pool(params["pool"], mode),
    slowed=("dispatch", "map_1"),
)
