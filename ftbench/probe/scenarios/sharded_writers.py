"""sharded_writers: N producers send ids to M writers, each of which owns a part of the set.

Shows what message passing costs when every message is acknowledged: with one under way (window 1),
with 64, or with one that is a batch of 64 ids; does not show messages that need no answer (strategy
`actor` of shared_set).  The ids are drawn beforehand.
Source: scenario 3 of "Free-Threading Python vs Multiprocessing", for processes and window 1 alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftbench.errors import FtbenchError
from ftbench.facts.modes import Mode
from ftbench.probe.run.outcome import LACKS, Outcome, percentiles, too_few
from ftbench.probe.scenarios import sharded_writers_loops as loops
from ftbench.probe.scenarios.base import Cell, MetricSpec, Param, Scenario, by_round, in_seconds
from ftbench.probe.scenarios.reports import (
    FORM,
    Plan,
    Run,
    attempts,
    check,
    inserts,
    instrument,
    on_cpu,
    reports_of,
    rounds_of,
    seconds_of,
)
from ftbench.probe.workers import shared_state_of, team_of
from ftbench.probe.workers.base import Member, Round, Step
from ftbench.probe.workers.shared_state import SharedState
from ftbench.probe.workloads.ids import prepare

OPERATIONS = 512
# A batch costs little more than one id: with as few, opening the gate would be half of a round.
BATCHED_TIMES = 8
# A poll of 10 ms per acknowledgement: fewer, or a round would take many seconds.
POLLED_OPERATIONS = 16
EVERY = 8
PRODUCER, WRITER = "producer", "writer"
PUTS, ACKS = range(2)

PARAMS = {
    "workers": Param(default=8),
    "writers": Param(default=1),
    "window": Param(default=1, most=OPERATIONS),
    "batch": Param(default=1, most=OPERATIONS),
    **FORM,
}

METRICS = (
    *in_seconds(
        op="Time per operation; the whole time over the ids of all producers.",
        put="Time to put an id into its writer's queue; the mean.",
    ),
    *(
        MetricSpec(f"ack_p{n}", "seconds", f"Wait for an acknowledgement, {what}.", always=sure)
        for n, what, sure in (
            (50, "median", True),
            (95, "95th percentile", False),
            (99, "99th percentile", False),
        )
    ),
    *in_seconds(cpu="CPU time per operation; of the producers, the writers, the parent."),
)


def why_not(_mode: Mode, params: Mapping[str, Any]) -> str | None:
    """Return why a combination makes no sense, None if it does."""
    window, batch = params["window"], params["batch"]
    if params["form"] == "article" and (window, batch) != (1, 1):
        return "the article measured window 1 alone, without batches"
    if window > 1 and batch > 1:
        return "a window of batches is not measured: one of the two is 1"
    if OPERATIONS % batch:
        return f"a round has {OPERATIONS} operations per producer, no multiple of this batch"
    return None


def operations_of(cell: Cell) -> int:
    """Return the operations of a producer in a round, 0 for a time box."""
    if cell.params["form"] != "fixed":
        return 0
    if cell.params["window"] > 1:
        return 2 * OPERATIONS  # so that there are waits enough once the window is full
    polled, batched = cell.mode.kind == "interpreters", cell.params["batch"] > 1
    if polled:
        return OPERATIONS if batched else POLLED_OPERATIONS
    return BATCHED_TIMES * OPERATIONS if batched else OPERATIONS


def plan_of(cell: Cell) -> Plan:
    """Return what each producer does."""
    params = cell.params
    batch = params["batch"]
    every = batch if batch > 1 else EVERY
    operations = cell.with_extra(operations_of(cell), every)
    return Plan(operations, params["duration"] / 1000, every, params["id_space"])


def members_of(cell: Cell, means: SharedState) -> list[Member]:
    """Return the producers and then the writers."""
    producers, writers = cell.params["workers"], cell.params["writers"]
    queues = tuple(means.queue() for _ in range(writers))
    acks = tuple(means.queue() for _ in range(producers))
    plan = tuple(plan_of(cell))
    article, batches = cell.params["form"] == "article", cell.params["batch"] > 1

    def producer(index: int) -> Member:
        ends = queues, acks[index]
        if article:  # which draws its own ids
            return Member(PRODUCER, (loops.producing_as_in_the_article, (index, plan, *ends)))
        run: Step = loops.producing, (index, plan, cell.params["window"], *ends)
        if batches:
            run = loops.producing_batches, (index, plan, *ends)
        return Member(PRODUCER, run, prepare=(prepare, (index, plan)))

    return [
        *map(producer, range(producers)),
        *(
            Member(
                WRITER,
                run=(
                    loops.writing_batches if batches else loops.writing,
                    (index, producers, queues[index], acks),
                ),
                prepare=(loops.clear, (index,)),
            )
            for index in range(writers)
        ),
    ]


def times(run: Run, which: int) -> list[float]:
    """Return the seconds of all timed puts (`PUTS`) or acknowledgements (`ACKS`)."""
    return seconds_of([report.more[which] for report in run.reports])


def as_run(done: Round, producers: int) -> Run:
    """Return the round, which lasts until the last acknowledgement.

    Raises `FtbenchError` unless every id arrived and the sets hold what was new.
    """
    reports = reports_of(done)
    sent, writers = reports[:producers], reports[producers:]
    run = Run(
        reports=sent,
        inserts=inserts(writers),
        end=max(report.end for report in sent),
        cpu=done.cpu,
    )
    arrived, held = attempts(writers), sum(report.more for report in writers)
    if arrived != run.operations:
        raise FtbenchError(
            f"{run.operations} ids were sent and {arrived} arrived: nothing is recorded."
        )
    if held != run.inserts:
        raise FtbenchError(
            f"The writers say that {run.inserts} ids were new, but hold {held}: nothing is "
            "recorded."
        )
    return run


def run(cell: Cell) -> Outcome:
    """Measure one cell in its form."""
    means, producers = shared_state_of(cell.mode), cell.params["workers"]
    runs, counts = rounds_of(
        cell,
        lambda: team_of(cell.mode, cell.deadline, members_of(cell, means)),
        lambda done: as_run(done, producers),
        warm_up=cell.mode.kind == "threads",  # whose messages take no longer than what is cold
    )
    means.close()
    plan = plan_of(cell)
    nominal = producers * operations_of(cell)
    return Outcome(
        metrics=by_round(METRICS, [costs_of(run, nominal) for run in runs]),
        invariants=(check(runs, producers, plan),),
        notes=notes(runs, 1 if cell.params["form"] == "article" else plan.every) | counts,
    )


def costs_of(run: Run, nominal: int = 0) -> dict[str, float]:
    """Return the metrics of a round of `nominal` operations, or of a time box."""
    operations = nominal or run.operations
    acks = times(run, ACKS)
    return {
        "op": run.seconds / operations,
        "put": _mean(times(run, PUTS)),
        **{f"ack_p{n}": cost for n, cost in percentiles(acks, 50, 95, 99).items()},
        "cpu": run.cpu / operations,
    }


def _mean(samples: list[float]) -> float:
    return sum(samples) / len(samples)


def notes(runs: list[Run], every: int) -> dict[str, Any]:
    """Return the means, and what the instrument costs."""
    return instrument([on_cpu(run.reports) for run in runs], every) | {
        "put_mean": _mean([took for run in runs for took in times(run, PUTS)]),
        "ack_mean": _mean([took for run in runs for took in times(run, ACKS)]),
        LACKS: too_few(len(times(runs[0], ACKS)), ack_p95=95, ack_p99=99),
    }


SHARDED_WRITERS = Scenario(
    name="sharded_writers",
    version="4",
    title="N producers send ids to M writers and wait for the answer",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    hole=why_not,
    slowed=("op", "cpu"),
)
