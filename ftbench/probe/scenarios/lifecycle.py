"""lifecycle: the price of having a worker at all.

A round creates, starts, runs one task in and joins N workers.  Shows the control-plane cost of a
mode, whole and by part; does not show what a warm pool costs, which pays it once.  Source:
scenario 1, profile "overhead", of "Free-Threading Python vs Multiprocessing", with an empty task
beside the article's, the first round apart (the fork server starts once) and fixed work per round.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from ftbench.errors import FtbenchError, GilStateError
from ftbench.facts.profiles import Profile
from ftbench.probe.entry_points import TASKS
from ftbench.probe.instruments.build import gil_enabled
from ftbench.probe.instruments.clocks import NANO
from ftbench.probe.run.outcome import Invariant, Metric, Outcome, percentile
from ftbench.probe.scenarios.base import Cell, MetricSpec, Param, Scenario, costs
from ftbench.probe.workers import cpu_clock_of, crew_of
from ftbench.probe.workers.base import Crew, Report

PARAMS = {"workers": Param(default=8), "task": Param(default="empty", choices=tuple(TASKS))}

METRICS = (
    MetricSpec(
        "round",
        "seconds",
        "A whole round, once the first is over; the median of the rounds is p50.",
    ),
    MetricSpec(
        "first_round",
        "seconds",
        "The first round, which also starts the fork server and fills caches.",
    ),
    MetricSpec(
        "start", "seconds", "Creating and starting a worker, as the parent sees it, per worker."
    ),
    MetricSpec(
        "first_line",
        "seconds",
        "From a worker's creation to its first line, the mean over the workers.",
    ),
    MetricSpec("task", "seconds", "The task itself, the mean over the workers."),
    MetricSpec("teardown", "seconds", "From the end of the last task until every worker is gone."),
    MetricSpec("p95", "seconds", "The 95th percentile of the rounds of one process."),
    MetricSpec("p99", "seconds", "The 99th percentile of the rounds of one process."),
    MetricSpec(
        "cpu", "seconds", "CPU seconds of a round: the parent, its workers and the fork server."
    ),
    MetricSpec(
        "p50",
        "seconds",
        "The median of the rounds, which is what asv makes of `round` too.",
        tracked=False,
    ),
)

# How many rounds say what one takes, where a share of it is to be added.
_TRIES = 5

# Where a worker's report (`workers.run_once`, then the process's own clock) has what.
_FIRST_LINE, _END, _CHECKSUM, _TASK_CPU, _PROCESS_CPU = range(5)


@dataclass(frozen=True, kw_only=True)
class Round:
    """One round, all times in nanoseconds of one clock."""

    begin: int
    starts: tuple[int, ...]  # before each worker is created
    started: int  # after the last start call
    end: int
    reports: tuple[Report, ...]

    @property
    def whole(self) -> float:
        """Seconds from before the first worker is created until the last is gone."""
        return (self.end - self.begin) * NANO

    @property
    def start(self) -> float:
        """Seconds per worker to create and start it, as the parent sees it."""
        return (self.started - self.begin) / len(self.starts) * NANO

    @property
    def first_line(self) -> float:
        """Seconds from a worker's creation to its first line, the mean over the workers."""
        waits = (r[_FIRST_LINE] - s for r, s in zip(self.reports, self.starts, strict=True))
        return sum(waits) / len(self.starts) * NANO

    @property
    def task(self) -> float:
        """Seconds that the task took, the mean over the workers."""
        times = (r[_END] - r[_FIRST_LINE] for r in self.reports)
        return sum(times) / len(self.reports) * NANO

    @property
    def teardown(self) -> float:
        """Seconds from the end of the last task until every worker is gone."""
        return (self.end - max(r[_END] for r in self.reports)) * NANO

    @property
    def on_cpu(self) -> float:
        """The share of the workers' task time that they were on a CPU."""
        busy = sum(r[_TASK_CPU] for r in self.reports)
        return busy / max(1, sum(r[_END] - r[_FIRST_LINE] for r in self.reports))


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
    return Round(
        begin=begin,
        starts=tuple(starts),
        started=started,
        end=end,
        reports=tuple(crew.reports()),
    )


def _later_rounds(crew: Crew, workers: int, task: str, profile: Profile) -> list[Round]:
    rounds: list[Round] = []
    gil = gil_enabled()
    begin = time.perf_counter()
    while len(rounds) < profile.least_rounds or (
        len(rounds) < profile.most_rounds and time.perf_counter() - begin < profile.seconds
    ):
        rounds.append(one_round(crew, workers, task))
        if gil_enabled() != gil:
            raise GilStateError(f"The GIL was switched in round {len(rounds)}.")
    return rounds


def check(rounds: list[Round], workers: int, task: str) -> Invariant:
    """Return the invariant: every worker's checksum is that of the serial twin."""
    expected = TASKS[task]()
    seen = {report[_CHECKSUM] for each in rounds for report in each.reports}
    if seen != {expected}:
        raise FtbenchError(
            f"Checksums {sorted(seen)} are not the serial twin's {expected}: nothing is recorded.",
            hint="The interpreter computes wrongly or the task is not what it says; report it.",
        )
    return Invariant(
        name="checksum",
        checked=f"{len(rounds) * workers} workers' checksums are the serial twin's {expected}",
    )


def _make_dearer(crew: Crew, cell: Cell) -> None:
    """Have the parent crunch besides before a round is over: a share of what a round takes."""
    from ftbench.probe.workloads.injected import spin, steps_for  # noqa: PLC0415 - no luggage of every cell

    workers, task = cell.params["workers"], cell.params["task"]
    tries = [one_round(crew, workers, task).whole / NANO for _ in range(_TRIES)]
    steps = steps_for(cell.extra * percentile(tries, 50))
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
        _make_dearer(crew, cell)
    clock = cpu_clock_of(cell.mode)
    clock.start()
    rounds = _later_rounds(crew, workers, task, cell.profile)
    own = sum(r[_PROCESS_CPU] for each in rounds for r in each.reports if len(r) > _PROCESS_CPU)
    cpu = clock.stop(own) / len(rounds)
    crew.close()
    return Outcome(
        metrics=_metrics(first, rounds, cpu),
        invariants=(check([first, *rounds], workers, task),),
        notes={
            "rounds": len(rounds),
            "cpu_method": clock.method,
            "on_cpu": round(percentile([each.on_cpu for each in rounds], 50), 3),
        },
    )


def _metrics(first: Round, rounds: list[Round], cpu: float) -> dict[str, Metric]:
    whole = [each.whole for each in rounds]
    samples: dict[str, list[float]] = {
        "round": whole,
        "first_round": [first.whole],
        "start": [each.start for each in rounds],
        "first_line": [each.first_line for each in rounds],
        "task": [each.task for each in rounds],
        "teardown": [each.teardown for each in rounds],
        "p50": [percentile(whole, 50)],
        "p95": [percentile(whole, 95)],
        "p99": [percentile(whole, 99)],
        "cpu": [cpu],
    }
    return costs(METRICS, samples)


LIFECYCLE = Scenario(
    name="lifecycle",
    version="1",
    title="Create, start, run one task in, join N workers",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    slowed=("round",),
)
