"""grain: how large a task must be to be worth a hand-over.

A warm pool of N workers runs a map task by task, for sizes from some 10 us to 100 ms of
arithmetic, in slices; between them the main thread runs some of the same tasks alone.

Shows the smallest task that pays in each mode.  Does not show large arguments (`data`), nor what
chunks save, which make one task of many.  Source: every guide says that processes are not for
tiny tasks; the figure they give, "100 ms to start a process", is not what a pool's task pays.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ftbench.facts.modes import POOL_MODES, POOL_TABLE, USUAL_POOL, no_such_pool
from ftbench.probe.instruments.clocks import clock_cost
from ftbench.probe.instruments.machine import machine_record
from ftbench.probe.pool_tasks import grind
from ftbench.probe.run.outcome import Invariant, Metric, Outcome, percentile
from ftbench.probe.scenarios.base import Cell, MetricSpec, Param, Scenario, by_round
from ftbench.probe.workers.base import nothing
from ftbench.probe.workers.engines import engine_of
from ftbench.probe.workers.pools import Pool, check, pool_of


class Size(NamedTuple):
    """A size of task: its `steps`; slices of a round, in each tasks `per_worker`, and `alone`.

    `nominal` is in seconds, at 100 ns a step; `alone` are the serial twin's, in slices of its own.
    """

    name: str
    nominal: float
    steps: int
    slices: int
    per_worker: int
    alone: int


SIZES = (
    Size(name="10us", nominal=1e-5, steps=100, slices=4, per_worker=16, alone=64),
    Size(name="100us", nominal=1e-4, steps=1_000, slices=4, per_worker=8, alone=16),
    Size(name="1ms", nominal=1e-3, steps=10_000, slices=4, per_worker=2, alone=4),
    Size(name="10ms", nominal=1e-2, steps=100_000, slices=2, per_worker=1, alone=1),
    Size(name="100ms", nominal=1e-1, steps=1_000_000, slices=1, per_worker=1, alone=1),
)

PARAMS = {
    "workers": Param(default=8),
    "pool": Param(default=USUAL_POOL, choices=(USUAL_POOL, *POOL_TABLE)),
}

METRICS = tuple(
    MetricSpec(f"{name}_{size.name}", unit, says.format(size.name))
    for size in SIZES
    for name, unit, says in (
        (
            "relative",
            "ratio",
            "Time of tasks of {} over a plain loop's; below 1 the pool is faster.",
        ),
        (
            "overhead",
            "seconds",
            "Overhead of a task of {}; of a worker's time, beyond the task's own work.",
        ),
        ("idle", "ratio", "Idle share of the workers with tasks of {}."),
    )
)


class Turn(NamedTuple):
    """One size in one round: seconds per task, of the serial twin and of the pool as a whole."""

    serial: float
    task: float

    def costs(self, capacity: int) -> dict[str, float]:
        """Return the metrics where `capacity` workers can run at a time."""
        return {
            "relative": self.task / self.serial,
            "overhead": max(0.0, self.task * capacity - self.serial),
            "idle": max(0.0, 1 - self.serial / (self.task * capacity)),
        }


def turn(
    pool: Pool,
    size: Size,
    more: int = 0,
    *,
    pool_first: bool = False,
    after: Callable[[], None] = nothing,
) -> Turn:
    """Run a round's tasks of one size, in slices by the main thread and by the pool in turn.

    The pool's have `more` steps each; `after` is called after each slice.
    """
    own = [(seed, size.steps) for seed in range(size.alone)]
    given = [(seed, steps + more) for seed, steps in own]
    tasks = [given[place % size.alone] for place in range(size.per_worker * pool.workers)]
    took = {False: 0.0, True: 0.0}
    expected: list[int] = []
    answers: list[int] = []
    for number in range(size.slices):
        first = pool_first ^ (number % 2 == 1)
        for by_pool in (first, not first):
            begin = time.perf_counter()
            if by_pool:
                answers += pool.map(grind, tasks, 1)
            else:
                expected = [grind(task) for task in own]
            took[by_pool] += time.perf_counter() - begin
            after()
    if more:
        expected = [grind(task) for task in given]
    check(answers, [expected[place % size.alone] for place in range(len(tasks))] * size.slices)
    return Turn(serial=took[False] / (size.slices * len(own)), task=took[True] / len(answers))


def one_round(
    pool: Pool, number: int, more: Mapping[str, int], after: Callable[[], None] = nothing
) -> list[Turn]:
    """Return the turns of all sizes, begun from the other end in every other round."""
    odd = number % 2 == 1
    order = SIZES[::-1] if odd else SIZES
    turns = {size: turn(pool, size, more[size.name], pool_first=odd, after=after) for size in order}
    return [turns[size] for size in SIZES]


def run(cell: Cell) -> Outcome:
    """Measure one cell: every size in turn, round after round, by one warm pool."""
    pool = pool_of(cell.params["pool"], cell.mode, cell.params["workers"], cell.deadline)
    pool.fill()
    more = {size.name: cell.with_extra(size.steps) - size.steps for size in SIZES}
    rounds = [one_round(pool, number, more, cell.pass_turn) for number in cell.repeats()]
    pool.shutdown()
    capacity = min(pool.workers, machine_record()["usable_cores"])
    tasks = {size.name: size.slices * size.per_worker * pool.workers for size in SIZES}
    results = len(rounds) * sum(tasks.values())
    return Outcome(
        metrics=metrics(rounds, capacity),
        invariants=(
            Invariant(name="results", checked=f"all {results} results are the serial twin's"),
        ),
        notes={
            "rounds": len(rounds),
            "clock": clock_cost(),
            "capacity": capacity,
            "tasks": tasks,
            "steps": {size.name: size.steps for size in SIZES},
            "serial": {
                size.name: percentile([turn_of.serial for turn_of in turns], 50)
                for size, turns in zip(SIZES, zip(*rounds, strict=True), strict=True)
            },
            **engine_of(cell.mode),
        },
    )


def metrics(rounds: Sequence[Sequence[Turn]], capacity: int) -> dict[str, Metric]:
    """Return the metrics of rounds that have a turn per size, a sample per round."""
    costs_of_rounds = [
        {
            f"{name}_{size.name}": cost
            for size, turn_of in zip(SIZES, turns, strict=True)
            for name, cost in turn_of.costs(capacity).items()
        }
        for turns in rounds
    ]
    return by_round(METRICS, costs_of_rounds)


GRAIN = Scenario(
    name="grain",
    version="3",
    title="Hand tasks of 10 us to 100 ms to N workers that are warm",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    modes=POOL_MODES,
    hole=lambda mode, params: no_such_pool(params["pool"], mode),
    slowed=("relative_10ms", "relative_100ms"),
)
