"""lifecycle: the price of having a worker at all.

A round creates, starts, runs one task in and joins N workers.  Shows the control-plane cost of a
mode, whole and by part; does not show what a warm pool costs, which pays it once, nor workers that
make their subinterpreters side by side, as a pool's do: one parent makes them here.  Source:
scenario 1, profile "overhead", of "Free-Threading Python vs Multiprocessing", with an empty task
beside the article's, the first round apart (the fork server starts once) and fixed work per round.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from ftbench.errors import GilStateError
from ftbench.probe.entry_points import TASKS
from ftbench.probe.instruments.build import gil_enabled
from ftbench.probe.instruments.clocks import NANO
from ftbench.probe.run.outcome import Invariant, Outcome, percentile, percentiles, same_checksums
from ftbench.probe.scenarios.base import (
    Cell,
    MetricSpec,
    Param,
    Scenario,
    by_round,
    costs,
    in_seconds,
)
from ftbench.probe.workers import crew_of
from ftbench.probe.workers.base import Crew, Report

PARAMS = {"workers": Param(default=8), "task": Param(default="empty", choices=tuple(TASKS))}

METRICS = (
    *in_seconds(
        round="Time per round; creating, starting and joining all workers; not the first round.",
        first_round="Time of the first round; it also starts the fork server and fills caches.",
        start="Time to create and start a worker; as the parent sees it.",
        first_line="Time from a worker's creation to its first line; the mean over the workers.",
        task="Time of the task itself; the mean over the workers.",
        teardown="Time from the end of the last task until every worker is gone.",
        cpu="CPU time per round; of the parent, its workers and the fork server.",
    ),
    # The median is what asv makes of `round` too; no profile has rounds enough for the others.
    *(
        MetricSpec(name, "seconds", f"{what} of the rounds.", always=always, tracked=False)
        for name, what, always in (
            ("p50", "The median", True),
            ("p95", "The 95th percentile", False),
            ("p99", "The 99th percentile", False),
        )
    ),
)

# How many rounds say what one takes, where a share of it is to be added.
_TRIES = 5


class Round(NamedTuple):
    """One round: the seconds of its parts, as in `METRICS`, and what its workers report besides."""

    seconds: dict[str, float]
    checksums: tuple[int, ...]
    on_cpu: float  # the share of the tasks' time that the workers were on a CPU
    process_cpu: int  # nanoseconds of the workers that are processes


def one_round(crew: Crew, workers: int, task: str) -> Round:
    """Create, start, run and join `workers` workers."""
    starts = []
    begin = time.perf_counter_ns()
    for _ in range(workers):
        starts.append(time.perf_counter_ns())
        crew.start_once(task)
    started = time.perf_counter_ns()
    crew.join()
    end = time.perf_counter_ns()
    # The reports are read when the clock has stopped: they are instrument, not load.
    return round_of(begin, starts, started, end, crew.reports())


def round_of(
    begin: int, starts: Sequence[int], started: int, end: int, reports: Sequence[Report]
) -> Round:
    """Return the round with these moments, all in nanoseconds of one clock.

    `starts` are those before each worker is created, `started` is after the last start call; a
    report is that of `entry_points.run_once`, and then of the clock of a worker's own process.
    """
    first_lines, ends, checksums, cpu, *process_cpu = zip(*reports, strict=True)
    task = sum(ends) - sum(first_lines)
    return Round(
        seconds={
            "round": (end - begin) * NANO,
            "start": (started - begin) / len(starts) * NANO,
            "first_line": (sum(first_lines) - sum(starts)) / len(starts) * NANO,
            "task": task / len(starts) * NANO,
            "teardown": (end - max(ends)) * NANO,
        },
        checksums=checksums,
        on_cpu=sum(cpu) / max(1, task),
        process_cpu=sum(map(sum, process_cpu)),
    )


def _later_rounds(crew: Crew, cell: Cell) -> list[Round]:
    done: list[Round] = []
    gil = gil_enabled()
    for number in cell.rounds():
        done.append(one_round(crew, cell.params["workers"], cell.params["task"]))
        if gil_enabled() != gil:
            raise GilStateError(f"The GIL was switched in round {number + 1}.")
    return done


def check(done: Sequence[Round], task: str) -> Invariant:
    """Return the invariant: every worker's checksum is that of the serial twin."""
    checksums = [checksum for one in done for checksum in one.checksums]
    return same_checksums(f"task {task}", checksums, TASKS[task]())


def _add_extra(crew: Crew, cell: Cell) -> None:
    """Have the parent crunch besides before a round is over: a share of what a round takes."""
    from ftbench.probe.workloads.injected import spin, steps_for  # noqa: PLC0415 - no luggage of every cell

    workers, task = cell.params["workers"], cell.params["task"]
    cell.pass_turn()  # the other side starts beside this one
    tries = [one_round(crew, workers, task).seconds["round"] for _ in range(_TRIES)]
    steps = steps_for(cell.extra * percentile(tries, 50) / NANO)
    join = crew.join

    def join_and_crunch() -> None:
        join()
        spin(steps)

    # A round itself stays as it is.
    crew.join = join_and_crunch  # type: ignore[method-assign]


def run(cell: Cell) -> Outcome:
    """Measure one cell: the first round, then the later ones."""
    workers, task = cell.params["workers"], cell.params["task"]
    crew = crew_of(cell.mode, cell.deadline)
    first = one_round(crew, workers, task)
    if cell.extra:
        _add_extra(crew, cell)
    clock = crew.cpu_clock(cell.mode)
    clock.start()
    later = _later_rounds(crew, cell)
    cpu = clock.stop(sum(one.process_cpu for one in later)) / len(later)
    crew.close()
    whole = [one.seconds["round"] for one in later]
    once = {"first_round": [first.seconds["round"]], "cpu": [cpu]}
    once |= {f"p{n}": [cost] for n, cost in percentiles(whole, 50, 95, 99).items()}
    return Outcome(
        metrics=by_round(METRICS, [one.seconds for one in later]) | costs(METRICS, once),
        invariants=(check([first, *later], task),),
        notes={
            "rounds": len(later),
            "cpu_method": clock.method,
            "on_cpu": round(percentile([one.on_cpu for one in later], 50), 3),
        },
    )


LIFECYCLE = Scenario(
    name="lifecycle",
    version="1",
    title="Create, start, run one task in, join N workers",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    slowed=("round",),
)
