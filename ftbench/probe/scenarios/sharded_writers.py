"""sharded_writers: N producers send ids to M writers, each of which owns a part of the set.

Shows what message passing costs when every message is acknowledged, one at a time (window 1) or
with 64 ids under way; does not show messages that need no answer (strategy `actor` of shared_set).
Source: scenario 3 of "Free-Threading Python vs Multiprocessing", for processes and window 1 alone.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ftbench.errors import FtbenchError
from ftbench.facts.modes import Mode
from ftbench.probe.instruments.clocks import NANO
from ftbench.probe.run.outcome import Metric, Outcome, percentile
from ftbench.probe.scenarios import sharded_writers_loops
from ftbench.probe.scenarios.base import (
    Cell,
    MetricSpec,
    Param,
    Scenario,
    costs,
    dearer,
    repeats,
    time_box,
)
from ftbench.probe.scenarios.reports import (
    Plan,
    Report,
    attempts,
    check,
    check_once,
    inserts,
    instrument,
    new_ids,
    on_cpu,
    reports_of,
    seconds_of,
)
from ftbench.probe.workers import shared_state_of, team_of
from ftbench.probe.workers.base import Member, Round, Team
from ftbench.probe.workers.shared_state import SharedState

OPERATIONS = 512
# A poll of 10 ms per acknowledgement: fewer, or a round would take many seconds.
POLLED_OPERATIONS = 16
EVERY = 8
PRODUCER, WRITER = "producer", "writer"
PUTS, ACKS = range(2)
SLOWED = ("op", "cpu")

PARAMS = {
    "workers": Param(default=8),
    "writers": Param(default=1),
    "window": Param(default=1, most=1_024),
    **time_box("article"),
}

METRICS = (
    MetricSpec(
        "op", "seconds", "An operation: the time of the whole over the ids of all producers."
    ),
    MetricSpec("put", "seconds", "Putting an id into its writer's queue, the mean."),
    MetricSpec("ack_p50", "seconds", "Waiting for the acknowledgement of a window, the median."),
    MetricSpec(
        "ack_p95", "seconds", "Waiting for the acknowledgement of a window, the 95th percentile."
    ),
    MetricSpec(
        "ack_p99", "seconds", "Waiting for the acknowledgement of a window, the 99th percentile."
    ),
    MetricSpec(
        "cpu", "seconds", "CPU seconds of an operation: the producers, the writers, the parent."
    ),
)


def why_not(_mode: Mode, params: Mapping[str, Any]) -> str | None:
    """Return why a combination makes no sense, None if it does."""
    if params["form"] == "article" and params["window"] != 1:
        return "the article measured window 1 alone"
    if OPERATIONS % params["window"]:
        return f"a round has {OPERATIONS} operations per producer, no multiple of this window"
    return None


def operations_of(cell: Cell) -> int:
    """Return the operations of a producer in a round, 0 for a time box."""
    if cell.params["form"] != "fixed":
        return 0
    polled = cell.mode.kind == "interpreters" and cell.params["window"] == 1
    return POLLED_OPERATIONS if polled else OPERATIONS


def plan_of(cell: Cell) -> Plan:
    """Return what each producer does."""
    params = cell.params
    window = params["window"]
    every = window if window > 1 else EVERY
    operations = cell.more(operations_of(cell), every)
    return Plan(operations, params["duration"] / 1000, every, params["id_space"])


def members_of(cell: Cell, means: SharedState) -> list[Member]:
    """Return the producers and then the writers."""
    producers, writers = cell.params["workers"], cell.params["writers"]
    queues = tuple(means.queue() for _ in range(writers))
    acks = tuple(means.queue() for _ in range(producers))
    single = cell.params["window"] == 1
    produce = (
        sharded_writers_loops.producing_one_by_one
        if single
        else sharded_writers_loops.producing_by_windows
    )
    if cell.params["form"] == "article":
        produce = sharded_writers_loops.producing_as_in_the_article
    write = (
        sharded_writers_loops.writing_one_by_one
        if single
        else sharded_writers_loops.writing_by_windows
    )
    plan = tuple(plan_of(cell))
    return [
        *(
            Member(role=PRODUCER, run=(produce, (index, plan, queues, acks[index])))
            for index in range(producers)
        ),
        *(
            Member(
                role=WRITER,
                run=(write, (index, producers, queues[index], acks)),
                prepare=(sharded_writers_loops.clear, (index,)),
            )
            for index in range(writers)
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One round: the producers' reports, the writers', and the CPU seconds of all."""

    producers: tuple[Report, ...]
    writers: tuple[Report, ...]
    cpu: float

    @property
    def operations(self) -> int:
        """Operations of all producers."""
        return attempts(self.producers)

    @property
    def inserts(self) -> int:
        """Ids that were new, by the writers' count."""
        return inserts(self.writers)

    @property
    def seconds(self) -> float:
        """Seconds from the first producer's begin to the last one's last acknowledgement."""
        begin = min(report.begin for report in self.producers)
        return (max(report.end for report in self.producers) - begin) * NANO

    def times(self, which: int) -> list[float]:
        """Return the seconds of all timed puts (`PUTS`) or acknowledgements (`ACKS`)."""
        return seconds_of([report.more[which] for report in self.producers])


def as_run(done: Round, producers: int) -> Run:
    """Check that every id arrived and that the sets hold what was new; return the round.

    Raises `FtbenchError` if not.
    """
    reports = reports_of(done)
    each = Run(producers=reports[:producers], writers=reports[producers:], cpu=done.cpu)
    arrived = attempts(each.writers)
    if arrived != each.operations:
        raise FtbenchError(
            f"{each.operations} ids were sent and {arrived} arrived: nothing is recorded."
        )
    held = sum(report.more for report in each.writers)
    if held != each.inserts:
        raise FtbenchError(
            f"The writers say that {each.inserts} ids were new, but hold {held}: nothing is "
            "recorded."
        )
    return each


def run(cell: Cell) -> Outcome:
    """Measure one cell in its form."""
    if cell.params["form"] == "fixed":
        return _fixed(cell)
    return _time_boxed(cell)


def _team(cell: Cell, means: SharedState) -> Team:
    return team_of(cell.mode, cell.deadline, members_of(cell, means))


def _fixed(cell: Cell) -> Outcome:
    means = shared_state_of(cell.mode)
    team = _team(cell, means)
    producers = cell.params["workers"]
    runs = [as_run(team.round(), producers) for _ in repeats(cell.profile)]
    team.end()
    means.close()
    plan = plan_of(cell)
    expected = new_ids(producers, plan)
    return Outcome(
        metrics=dearer(metrics(runs), SLOWED, plan.operations / operations_of(cell)),
        invariants=(check([each.inserts for each in runs], expected, runs[0].operations),),
        notes=notes(runs, plan.every) | {"distinct": expected},
    )


def _time_boxed(cell: Cell) -> Outcome:
    """Run once for the time asked for; `wall` is what the article divides by."""
    means = shared_state_of(cell.mode)
    article = cell.params["form"] == "article"
    if article:
        warm = _team(cell, means)
        warm.round()
        warm.end()
    wall = time.perf_counter()
    team = _team(cell, means)
    only = as_run(team.round(), cell.params["workers"])
    team.end()
    wall = time.perf_counter() - wall
    means.close()
    every = 1 if article else plan_of(cell).every
    return Outcome(
        metrics=metrics([only]),
        invariants=(check_once(only.inserts, only.operations),),
        notes=notes([only], every)
        | {"distinct": only.inserts, "attempts": only.operations, "wall": wall},
    )


def metrics(runs: list[Run]) -> dict[str, Metric]:
    """Return the metrics of all rounds, a sample per round."""
    acks = [each.times(ACKS) for each in runs]
    samples = {
        "op": [each.seconds / each.operations for each in runs],
        "put": [_mean(each.times(PUTS)) for each in runs],
        **{
            f"ack_p{percent}": [percentile(each, percent) for each in acks]
            for percent in (50, 95, 99)
        },
        "cpu": [each.cpu / each.operations for each in runs],
    }
    return costs(METRICS, samples)


def _mean(samples: list[float]) -> float:
    return sum(samples) / len(samples)


def notes(runs: list[Run], every: int) -> dict[str, Any]:
    """Return what goes with the figures: how much was done, and what the instrument costs."""
    return instrument([on_cpu(each.producers) for each in runs], every) | {
        "operations": runs[0].operations,
        "inserts": runs[0].inserts,
        "put_mean": _mean([took for each in runs for took in each.times(PUTS)]),
        "ack_mean": _mean([took for each in runs for took in each.times(ACKS)]),
    }


SHARDED_WRITERS = Scenario(
    name="sharded_writers",
    version="1",
    title="N producers send ids to M writers and wait for the answer",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    hole=why_not,
    slowed=SLOWED,
)
