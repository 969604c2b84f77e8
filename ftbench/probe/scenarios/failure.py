"""failure: what a crash costs a pool, and what it takes to call off work that waits.

A round has two halves.  In the first a worker dies in the middle of a task while a few others are
at work; in the second every worker is busy and many more tasks wait.

A process is killed (SIGKILL; on Windows it is terminated); in a thread or a subinterpreter an
exception escapes from the task.  Shows the price of the pools' own ways; does not show supervisors
that retry, nor what ends a whole program with its threads.  Source: the articles recommend
processes for their isolation and leave out that an executor then drops every task.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from queue import Empty, SimpleQueue
from typing import Any

from ftbench.errors import FtbenchError
from ftbench.facts.modes import POOL_MODES, POOL_TABLE, Mode, no_such_pool
from ftbench.probe import pool_tasks
from ftbench.probe.instruments.clocks import clock_cost
from ftbench.probe.run.outcome import Invariant, Outcome
from ftbench.probe.scenarios.base import Cell, MetricSpec, Param, Scenario, by_round
from ftbench.probe.workers.engines import engine_of
from ftbench.probe.workers.pools import Pool, check, pool_of

# From handing tasks over until the crash, or until the pool is told to stop: all are at work then.
LEAD_SECONDS = 0.03
# How long the others are at work after that: longer than a pool takes to notice.
HOLD_SECONDS = 0.05
# What is still to be done in every worker when the pool is told to stop.
REST_SECONDS = 0.02
# How long a crash of which nobody is told is watched.
# `multiprocessing.Pool` starts another worker, and whoever waits for the lost task waits for ever.
WATCH_SECONDS = 0.5
WAITING = 128

PARAMS = {
    "pool": Param(default="executor", choices=tuple(POOL_TABLE)),
    "workers": Param(default=8, least=2),
}

METRICS = (
    MetricSpec(
        "detect",
        "seconds",
        "Time until a dead worker is noticed; or a task's exception.",
        always=False,
    ),
    MetricSpec(
        "recover",
        "seconds",
        "Time from the crash to a working pool; until a later task has returned.",
    ),
    MetricSpec(
        "lost",
        "tasks",
        "Tasks lost in a crash; of four under way.",
    ),
    MetricSpec("cancel", "seconds", "Time to cancel a waiting task.", always=False),
    MetricSpec(
        "uncancelled",
        "tasks",
        "Tasks run although cancelled; of 136, eight of them begun.",
        always=False,
    ),
    MetricSpec(
        "stop",
        "seconds",
        "Time to stop a busy pool; 128 tasks waiting, 20 ms left in each worker.",
    ),
)


def why_not(mode: Mode, params: Mapping[str, Any]) -> str | None:
    """Return why a combination makes no sense, None if it does."""
    if mode.name == "mpire":
        return "a pool of mpire tells that a worker was killed, and runs no task after that"
    kind = POOL_TABLE[params["pool"]]
    if not kind.futures:
        return f"{kind.title} waits for all its tasks: none can be watched or cancelled alone"
    return no_such_pool(kind.name, mode)


def new_pool(cell: Cell) -> Pool:
    """Return a pool as the cell asks for it."""
    return pool_of(cell.params["pool"], cell.mode, cell.params["workers"], cell.deadline)


def crash(cell: Cell, pool: Pool, watch: float) -> tuple[dict[str, float], Pool]:
    """Let a worker of a full pool die; return what it cost, and a pool that works.

    Where the pool goes on without a word, that is watched for `watch` seconds.
    """
    moments: SimpleQueue[float] = SimpleQueue()  # at which the library knew
    when = time.perf_counter() + LEAD_SECONDS
    dying = pool.submit_then(
        lambda: moments.put(time.perf_counter()), pool_tasks.die, when, cell.mode.processes
    )
    # Half of the workers stay idle: a pool that goes on has room for the next task.
    others = [
        pool.submit(pool_tasks.stay, when + HOLD_SECONDS, place)
        for place in range(pool.workers // 2 - 1)
    ]
    known = None
    if pool.goes_on:
        pool_tasks.stay(when, 0)
    elif (known := _within(cell.deadline.left(), moments)) is None:
        raise cell.deadline.passed("word of a worker that died")
    working = answering(cell, pool)
    recover = time.perf_counter() - when
    if pool.goes_on:
        known = _within(watch, moments)
    lost = 1 + sum(not pool.came_back(other, WATCH_SECONDS) for other in others)
    if pool.came_back(dying, 0.0):
        raise FtbenchError("A task that was to crash came back: nothing is recorded.")
    detect = {} if known is None else {"detect": known - when}
    return {**detect, "recover": recover, "lost": lost}, working


def _within(seconds: float, moments: SimpleQueue[float]) -> float | None:
    try:
        return moments.get(timeout=seconds)
    except Empty:
        return None


def answering(cell: Cell, pool: Pool) -> Pool:
    """Return a pool that has answered: `pool` if it still does, else a new one."""
    try:
        handle = pool.submit(pool_tasks.echo, 1)
    except Exception:  # noqa: BLE001 - each library has its own word for broken
        pool.shutdown()
        pool = new_pool(cell)
        handle = pool.submit(pool_tasks.echo, 1)
    check([pool.result(handle)], [1])
    return pool


def busy(pool: Pool, seconds: float) -> list[Any]:
    """Have every worker at work for `seconds`; return tasks that wait, `LEAD_SECONDS` later."""
    now = time.perf_counter()
    for place in range(pool.workers):
        pool.submit(pool_tasks.stay, now + seconds, place)
    waiting = [pool.submit(pool_tasks.echo, number) for number in range(WAITING)]
    pool_tasks.stay(now + LEAD_SECONDS, 0)
    return waiting


def call_off(pool: Pool) -> dict[str, float]:
    """Return what it costs to cancel all that waits, then to end a pool with as much waiting."""
    costs = {}
    waiting = busy(pool, LEAD_SECONDS + HOLD_SECONDS)
    kept = list(enumerate(waiting))
    if pool.cancels:
        begin = time.perf_counter()
        gone = [pool.cancel(handle) for handle in waiting]
        costs["cancel"] = (time.perf_counter() - begin) / WAITING
        kept = [task for task, cancelled in zip(kept, gone, strict=True) if not cancelled]
    check([pool.result(handle) for _, handle in kept], [number for number, _ in kept])
    busy(pool, LEAD_SECONDS + REST_SECONDS)
    return {**costs, "uncancelled": pool.workers + len(kept), "stop": pool.stop()}


def run(cell: Cell) -> Outcome:
    """Measure one cell: in each round a crash, then calling off what waits."""
    rounds: list[dict[str, float]] = []
    watch = WATCH_SECONDS
    for _ in cell.repeats():
        pool = new_pool(cell)
        pool.fill()
        crashed, pool = crash(cell, pool, watch)
        if "detect" not in crashed:
            watch = 0.0  # it was watched once: what is lost now is lost later
        pool.fill()
        rounds.append(crashed | call_off(pool))
        none_left()
    metrics = by_round(METRICS, rounds)
    return Outcome(
        metrics=metrics,
        invariants=(
            Invariant(
                name="results",
                checked=f"in each of {len(rounds)} rounds the crashed task had no result, the "
                "pool answered rightly afterwards, and no worker process stayed",
            ),
        ),
        notes={
            "rounds": len(rounds),
            "clock": clock_cost(),
            "waiting": WAITING,
            "at_work": cell.params["workers"] // 2,
            "rest": REST_SECONDS,
            **({} if "detect" in metrics else {"undetected": WATCH_SECONDS}),
            **engine_of(cell.mode),
        },
    )


def none_left() -> None:
    """Raise `FtbenchError` if a pool that is over has left a worker process behind."""
    multiprocessing = sys.modules.get("multiprocessing")
    left = multiprocessing.active_children() if multiprocessing else []
    if left:
        raise FtbenchError(
            f"{len(left)} worker processes are there after their pool has ended: nothing is "
            "recorded."
        )


FAILURE = Scenario(
    name="failure",
    version="1",
    title="A worker of a pool dies; work that waits is called off",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    modes=POOL_MODES,
    hole=why_not,
)
