"""shared_set: N workers insert ids that are new into one set; the ids are drawn beforehand.

Shows what keeping one set of ids costs under every remedy (strategy) in every mode, with the same
ids and the same result.  There is no work between two insertions, the worst case for every strategy
that takes turns; but a manager that has slept has to wake up first, so of its strategies `write`
and `write_cpu` say, on the grown set, what a write amid work costs.
Source: scenario 2 of "Free-Threading Python vs Multiprocessing", whose one strategy is `lock`; the
others are the remedies that it names and does not measure.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from ftbench.errors import FtbenchError
from ftbench.facts.modes import Mode
from ftbench.probe.instruments.clocks import NANO
from ftbench.probe.run.outcome import (
    LEAST_SAMPLES,
    Outcome,
    memory,
    percentile,
    weighted_percentile,
)
from ftbench.probe.scenarios.base import (
    Cell,
    MetricSpec,
    Param,
    Scenario,
    by_round,
    in_seconds,
    memory_of,
)
from ftbench.probe.scenarios.reports import (
    FORM,
    Plan,
    Run,
    check,
    inserts,
    instrument,
    on_cpu,
    reports_of,
    rounds_of,
    seconds_of,
)
from ftbench.probe.scenarios.shared_set_strategies import (
    STRATEGIES,
    Strategy,
    Work,
    hole,
    managed,
)
from ftbench.probe.workers import shared_state_of, team_of
from ftbench.probe.workers.base import Round, Team
from ftbench.probe.workers.shared_state import BlameHelper
from ftbench.probe.workloads.ids import swiftly

# Operations per worker, in memory and by a manager, whose each takes many times as long.
OPERATIONS, MANAGED_OPERATIONS = 8_000, 256
# A clock call is nothing beside a call of a manager, and little beside those of a pipe.
EVERY, EVERY_ONE = 64, 1
WARM = 2  # rounds that do not count
# A set and a dict grown by so many ids hold a round's 64 000 more without resizing.
GROWN = 180_000
MOST_SLOTS = 1 << 25
FULL = "full"
STATUS = Path("/proc/self/status")

PARAMS = {
    "workers": Param(default=8),
    "strategy": Param(default="lock", choices=tuple(STRATEGIES)),
    "fill": Param(default="cold", choices=("cold", "grown")),
    **FORM,
}

METRICS = (
    *in_seconds(
        op="Time per operation; from the first start to the last end, over all operations.",
        cpu="CPU time per operation; of the workers, the parent, the manager.",
    ),
    *(
        MetricSpec(name, "seconds", f"Wait for the lock, {what}.", always=False)
        for name, what in (
            ("lock_wait", "mean; of the timed operations"),
            ("lock_wait_p50", "median"),
            ("lock_wait_p99", "99th percentile"),
            ("lock_wait_max", "longest; of those that were timed"),
        )
    ),
    *(
        MetricSpec(
            name, "seconds", f"{what} of a write by a manager; between other work.", always=False
        )
        for name, what in (("write", "Time"), ("write_cpu", "CPU time"))
    ),
    MetricSpec("fairness", "ratio", "Slowest worker's time over the fastest's."),
    *memory_of("at its fullest: all ids in, nothing freed (Linux)."),
)


def why_not(mode: Mode, params: Mapping[str, Any]) -> str | None:
    """Return why a combination makes no sense, None if it does."""
    if params["form"] == "article" and params["strategy"] != "lock":
        return "the article measured strategy lock alone"
    boxed = params["strategy"] == "shared_memory" and params["form"] != "fixed"
    if boxed and params["id_space"] > MOST_SLOTS:
        return f"the table of a time box has a slot for every id, {MOST_SLOTS} at most"
    return hole(params["strategy"], mode)


def lock_waits(run: Run) -> list[tuple[float, float]]:
    """Return seconds that operations waited for their lock, if any, and how many each stands for.

    A wait for a lock that was not free stands for itself.  Of those that found it free, the median
    of the timed ones stands for all: a longer one had lost its core, not waited.
    """
    quicks = seconds_of([report.waits[0] for report in run.reports])
    waits = [(wait, 1.0) for wait in seconds_of([report.waits[1] for report in run.reports])]
    free = run.operations - len(waits)
    if not quicks or len(quicks) == free:
        return [*waits, *((quick, 1.0) for quick in quicks)]
    return [*waits, (percentile(quicks, 50), float(free))]


def fairness(run: Run) -> float:
    """Return the slowest worker's time per operation over the fastest's, at least 1."""
    paces = [(report.end - report.begin) / max(1, report.attempts) for report in run.reports]
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
    operations = cell.with_extra(operations_of(cell), every)
    workers, id_space = params["workers"], params["id_space"]
    drawn = GROWN if params["fill"] == "grown" else 0
    return Work(
        workers=workers,
        plan=Plan(operations, params["duration"] / 1000, every, id_space),
        drawn=drawn,
        grown=array("q", set(islice(swiftly(workers, id_space), drawn))),
        article=params["form"] == "article",
        priced=proxied and bool(drawn) and params["form"] == "fixed",
    )


def as_run(strategy: Strategy, done: Round) -> Run:
    """Finish a round of `strategy`."""
    reports = reports_of(done)
    own = time.process_time()
    yielded = strategy.finish(reports)
    cpu = done.cpu + time.process_time() - own
    workers = reports[: strategy.work.workers]
    return Run(reports=workers, inserts=yielded.inserts, end=yielded.end, cpu=cpu)


def price_of(strategy: Strategy, team: Team) -> dict[str, float]:
    """Return what a write amid work costs, where the work is less than with the write."""
    before = strategy.size()
    alone, writing = (as_round(team.round()) for _ in range(2))
    grew = strategy.size() - before
    if not grew == writing.inserts == writing.operations:
        raise FtbenchError(
            f"Of {writing.operations} new ids {writing.inserts} were found new, and the set grew "
            f"by {grew}: nothing is recorded."
        )
    more = {"write": writing.seconds - alone.seconds, "write_cpu": writing.cpu - alone.cpu}
    return {name: cost / writing.operations for name, cost in more.items() if cost > 0}


def as_round(done: Round) -> Run:
    """Return a round that nothing has to be done after."""
    reports = reports_of(done)
    end = max(report.end for report in reports)
    return Run(reports=reports, inserts=inserts(reports), end=end, cpu=done.cpu)


def run(cell: Cell) -> Outcome:
    """Measure one cell in its form."""
    work, means = work_of(cell), shared_state_of(cell.mode)
    prices: list[dict[str, float]] = []
    with BlameHelper(means, cell.mode):
        strategy = STRATEGIES[cell.params["strategy"]](cell.mode, means, work)
        runs, counts = rounds_of(
            cell,
            lambda: team_of(cell.mode, cell.deadline, strategy.members(), means.helper),
            partial(as_run, strategy),
            strategy.reset,
            lambda team: cell.observe(FULL, 0.0, team.roles()),
            # The first rounds of what takes less than a microsecond pay for fresh memory, which a
            # manager dwarfs.
            warm_up=0 if managed(cell.params["strategy"], cell.mode) else WARM,
            after=lambda team: prices.append(price_of(strategy, team) if work.priced else {}),
        )
        means.close()
    # What the process weighs, before the samples and the serial twin's set do.
    noted = notes(runs, work, cell.mode) | counts
    nominal = work.workers * operations_of(cell)
    costs = [
        costs_of(run, nominal, article=work.article) | price
        for run, price in zip(runs, prices or [{}], strict=True)
    ]
    return Outcome(
        metrics=by_round(METRICS, costs),
        invariants=(check(runs, work.workers, work.plan, work.grown),),
        notes=noted,
    )


def costs_of(run: Run, nominal: int = 0, *, article: bool = False) -> dict[str, float]:
    """Return the metrics of a round of `nominal` operations, or of a time box.

    Those of the lock are there if a lock is.
    """
    operations = nominal or run.operations
    costs = {
        "op": run.seconds / operations,
        "fairness": fairness(run),
        "cpu": run.cpu / operations,
    }
    waits = lock_waits(run)
    if waits:
        costs |= {"lock_wait": _mean(waits), "lock_wait_max": max(waits)[0]}
        # Whoever waited was timed, and the others stand for all of their kind.
        enough = [n for n in (50, 99) if operations >= LEAST_SAMPLES[n]]
        costs |= {f"lock_wait_p{n}": weighted_percentile(waits, n) for n in enough}
    if article:  # by its own instrument
        waited = sum(report.more for report in run.reports)
        costs["lock_wait"] = waited * NANO / run.operations
    return costs


def _mean(weighted: list[tuple[float, float]]) -> float:
    return sum(value * weight for value, weight in weighted) / sum(weight for _, weight in weighted)


def notes(runs: list[Run], work: Work, mode: Mode) -> dict[str, Any]:
    """Return the notes, with `peak_rss` where all workers are in this process."""
    shares = [on_cpu(run.reports) for run in runs]
    own = {} if mode.processes else {"peak_rss": peak_rss()}
    return instrument(shares, 1 if work.article else work.plan.every) | own


def peak_rss() -> int | None:
    """Return this process's largest resident set so far in bytes, None without Linux's `/proc`."""
    try:
        status = STATUS.read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    sizes = (line.split() for line in status.splitlines() if line.startswith("VmHWM:"))
    return next((int(kibibytes) * 1024 for _name, kibibytes, _unit in sizes), None)


SHARED_SET = Scenario(
    name="shared_set",
    version="4",
    title="N workers insert new ids into one set",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    hole=why_not,
    # When all ids are in and nothing is freed.
    from_observation=lambda phases, _workers: memory(phases[FULL]),
    slowed=("op", "cpu"),
)
