"""shared_set: N workers draw ids and insert those that are new into one set.

Shows what keeping one set of ids costs under every remedy (strategy) in every mode, with the same
ids and the same result; does not show work between two insertions, which is the worst case for
every strategy that takes turns.  Source: scenario 2 of "Free-Threading Python vs Multiprocessing",
whose one strategy is `lock`; the others are the remedies that it names and does not measure.

Forms: `fixed`, the tracked one, does a fixed number of operations per worker, round after round on
a set that is reset in between; `timed` runs the same loop for a time, once; `article` is `timed`
with the article's instrument after a warm-up of the same length, for strategy `lock`.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from ftbench.facts.modes import Mode
from ftbench.probe.instruments.clocks import NANO
from ftbench.probe.run.outcome import Metric, Outcome, memory, percentile, weighted_percentile
from ftbench.probe.scenarios.base import (
    Cell,
    MetricSpec,
    Param,
    Scenario,
    costs,
    dearer,
    memory_of,
    repeats,
    time_box,
)
from ftbench.probe.scenarios.reports import (
    Plan,
    Report,
    attempts,
    check,
    check_once,
    instrument,
    new_ids,
    on_cpu,
    reports_of,
    seconds_of,
)
from ftbench.probe.scenarios.shared_set_strategies import (
    STRATEGIES,
    Strategy,
    Work,
    Yield,
    hole,
    managed,
)
from ftbench.probe.workers import shared_state_of, team_of
from ftbench.probe.workers.base import Round
from ftbench.probe.workers.shared_state import BlameHelper, SharedState
from ftbench.probe.workloads.ids import draw

# Operations per worker, in memory and by a manager, whose each takes many times as long.
OPERATIONS, MANAGED_OPERATIONS = 8_000, 256
# A clock call is nothing beside a call of a manager, and little beside those of a pipe.
EVERY, EVERY_ONE = 64, 1
# A set and a dict grown by so many ids hold a round's 64 000 more without resizing.
GROWN = 180_000
MOST_SLOTS = 1 << 25
FULL = "full"
SLOWED = ("op", "cpu")
STATUS = Path("/proc/self/status")

PARAMS = {
    "workers": Param(default=8),
    "strategy": Param(default="lock", choices=tuple(STRATEGIES)),
    "fill": Param(default="cold", choices=("cold", "grown")),
    **time_box("article"),
}

METRICS = (
    MetricSpec(
        "op",
        "seconds",
        "An operation: the time from the first begin to the last end, over all operations.",
    ),
    MetricSpec(
        "lock_wait",
        "seconds",
        "Waiting for the lock, the mean of the timed operations.",
        always=False,
    ),
    MetricSpec("lock_wait_p50", "seconds", "Waiting for the lock, the median.", always=False),
    MetricSpec(
        "lock_wait_p99", "seconds", "Waiting for the lock, the 99th percentile.", always=False
    ),
    MetricSpec(
        "lock_wait_max",
        "seconds",
        "Waiting for the lock, the longest that was timed.",
        always=False,
    ),
    MetricSpec("fairness", "ratio", "The slowest worker's time over the fastest's."),
    MetricSpec(
        "cpu", "seconds", "CPU seconds of an operation: the workers, the parent, the manager."
    ),
    *memory_of("The tree at its fullest: all ids in, nothing freed (Linux)."),
)


def why_not(mode: Mode, params: Mapping[str, Any]) -> str | None:
    """Return why a combination makes no sense, None if it does."""
    if params["form"] == "article" and params["strategy"] != "lock":
        return "the article measured strategy lock alone"
    boxed = params["strategy"] == "shared_memory" and params["form"] != "fixed"
    if boxed and params["id_space"] > MOST_SLOTS:
        return f"the table of a time box has a slot for every id, {MOST_SLOTS} at most"
    return hole(params["strategy"], mode)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One round: what the workers reported, what it came to, the CPU seconds of all."""

    reports: tuple[Report, ...]
    yielded: Yield
    cpu: float

    @property
    def operations(self) -> int:
        """Operations of all workers."""
        return attempts(self.reports)

    @property
    def seconds(self) -> float:
        """Seconds from the first worker's begin to the end of the last of the work."""
        return (self.yielded.end - min(report.begin for report in self.reports)) * NANO

    @property
    def waits(self) -> list[tuple[float, float]]:
        """Seconds that operations waited for their lock (if any), and how many each stands for."""
        # A wait for a lock that was not free stands for itself.  Of those that found it free, the
        # median of the timed ones stands for all: a longer one had lost its core, not waited.
        quicks = seconds_of([report.waits[0] for report in self.reports])
        waits = [(wait, 1.0) for wait in seconds_of([each.waits[1] for each in self.reports])]
        free = self.operations - len(waits)
        if not quicks or len(quicks) == free:
            return [*waits, *((quick, 1.0) for quick in quicks)]
        return [*waits, (percentile(quicks, 50), float(free))]

    @property
    def lock_wait(self) -> float:
        """Seconds that an operation waited for its lock by the article's instrument, the mean."""
        waited: int = sum(report.more for report in self.reports)
        return waited * NANO / self.operations

    @property
    def fairness(self) -> float:
        """Slowest worker's time per operation over the fastest's, at least 1."""
        paces = [(each.end - each.begin) / max(1, each.attempts) for each in self.reports]
        return max(paces) / max(1.0, min(paces))


def operations_of(cell: Cell) -> int:
    """Return the operations of a worker in a round, 0 for a time box."""
    if cell.params["form"] != "fixed":
        return 0
    return MANAGED_OPERATIONS if managed(cell.params["strategy"], cell.mode) else OPERATIONS


def work_of(cell: Cell) -> Work:
    """Return what the cell's parameters ask for."""
    params = cell.params
    proxied = managed(params["strategy"], cell.mode)
    piped = cell.mode.kind == "interpreters" and params["strategy"] == "shared_memory"
    every = EVERY_ONE if proxied or piped else EVERY
    operations = cell.more(operations_of(cell), every)
    workers, id_space = params["workers"], params["id_space"]
    drawn = GROWN if params["fill"] == "grown" else 0
    return Work(
        workers=workers,
        plan=Plan(operations, params["duration"] / 1000, every, id_space),
        drawn=drawn,
        grown=array("q", set(islice(draw(workers, id_space), drawn))),
        article=params["form"] == "article",
    )


def as_run(strategy: Strategy, done: Round) -> Run:
    """Finish a round of `strategy`."""
    reports = reports_of(done)
    own = time.process_time()
    yielded = strategy.finish(reports)
    cpu = done.cpu + time.process_time() - own
    return Run(reports=reports[: strategy.work.workers], yielded=yielded, cpu=cpu)


def run(cell: Cell) -> Outcome:
    """Measure one cell in its form."""
    means = shared_state_of(cell.mode)
    with BlameHelper(means, cell.mode):
        return (_fixed if cell.params["form"] == "fixed" else _time_boxed)(cell, means)


def _fixed(cell: Cell, means: SharedState) -> Outcome:
    work = work_of(cell)
    strategy = STRATEGIES[cell.params["strategy"]](cell.mode, means, work)
    team = team_of(cell.mode, cell.deadline, strategy.members(), means.helper)
    runs = [as_run(strategy, team.round(strategy.reset)) for _ in repeats(cell.profile)]
    cell.observe(FULL, 0.0, team.roles())
    team.end()
    means.close()
    # Before the serial twin, whose set weighs what the round's did.
    said = notes(runs, work, cell.mode)
    expected = new_ids(work.workers, work.plan, work.grown)
    held = check([each.yielded.inserts for each in runs], expected, runs[0].operations)
    return Outcome(
        metrics=dearer(metrics(runs), SLOWED, work.plan.operations / operations_of(cell)),
        invariants=(held,),
        notes=said | {"distinct": expected},
    )


def _time_boxed(cell: Cell, means: SharedState) -> Outcome:
    """Run once for the time asked for; `wall` is what the article divides by."""
    work = work_of(cell)
    strategy = STRATEGIES[cell.params["strategy"]](cell.mode, means, work)
    if work.article:
        warm = team_of(cell.mode, cell.deadline, strategy.members(), means.helper)
        warm.round(strategy.reset)
        warm.end()
    # The article's wall: freeing the old set, creating the workers, hand-shakes, joining.
    wall = time.perf_counter()
    strategy.reset()
    team = team_of(cell.mode, cell.deadline, strategy.members(), means.helper)
    only = as_run(strategy, team.round())
    if not work.article:
        # Not in the article's form: looking takes time that its wall would have.
        cell.observe(FULL, 0.0, team.roles())
    team.end()
    wall = time.perf_counter() - wall
    if work.article:
        cell.observe(FULL, 0.0, team.roles())
    means.close()
    figures = metrics([only])
    if work.article:
        figures |= costs(METRICS, {"lock_wait": [only.lock_wait]})
    inserts = only.yielded.inserts
    return Outcome(
        metrics=figures,
        invariants=(check_once(inserts, only.operations),),
        notes=notes([only], work, cell.mode)
        | {"distinct": inserts, "attempts": only.operations, "wall": wall},
    )


def metrics(runs: list[Run]) -> dict[str, Metric]:
    """Return the metrics of all rounds, a sample per round."""
    samples = {
        "op": [each.seconds / each.operations for each in runs],
        "fairness": [each.fairness for each in runs],
        "cpu": [each.cpu / each.operations for each in runs],
    }
    waits = [each.waits for each in runs]
    if all(waits):
        samples["lock_wait"] = [_mean(each) for each in waits]
        for percent in (50, 99):
            name = f"lock_wait_p{percent}"
            samples[name] = [weighted_percentile(each, percent) for each in waits]
        samples["lock_wait_max"] = [max(each)[0] for each in waits]
    return costs(METRICS, samples)


def _mean(weighted: list[tuple[float, float]]) -> float:
    return sum(value * weight for value, weight in weighted) / sum(each for _, each in weighted)


def notes(runs: list[Run], work: Work, mode: Mode) -> dict[str, Any]:
    """Return the notes, with `peak_rss` where all workers are in this process."""
    shares = [on_cpu(each.reports) for each in runs]
    said = instrument(shares, 1 if work.article else work.plan.every)
    said |= {"operations": runs[0].operations, "inserts": runs[0].yielded.inserts}
    return said if mode.processes else said | {"peak_rss": peak_rss()}


def peak_rss() -> int | None:
    """Return this process's largest resident set so far in bytes, None without Linux's `/proc`."""
    try:
        status = STATUS.read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    sizes = (line.split() for line in status.splitlines() if line.startswith("VmHWM:"))
    return next((int(kibibytes) * 1024 for _name, kibibytes, _unit in sizes), None)


def from_observation(phases: Mapping[str, Any], _workers: int) -> Outcome:
    """Return the memory of the tree when all ids are in and nothing is freed."""
    return memory(phases[FULL])


SHARED_SET = Scenario(
    name="shared_set",
    version="1",
    title="N workers insert new ids into one set",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    observed=True,
    hole=why_not,
    from_observation=from_observation,
    slowed=SLOWED,
)
