"""pauses: one worker makes garbage and has it collected, the others tick.

Every millisecond, by a schedule fixed beforehand, each ticker wakes from a sleep and notes how
late it is: a pause of 20 ms makes twenty ticks late, as it would twenty requests.

    p50, p99, p999, max    seconds by which the ticks of all tickers are late
    collect                the longest collection of a round, as its own thread sees it

Trigger `collect` calls `gc.collect()` three times in 0.3 s, `churn` makes cycles all the time and
leaves it to the collector when to come.  `heap` is what has to be visited: 1 000 records, or
100 000 (twice as many containers).  Processes and subinterpreters have heaps of their own: their
ticks are the control.  Does not show how long threads that are at work take to stop, nor slower
allocations.  Source: jHiccup (Gil Tene), for the ticks; PEP 703, for what stops whom.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ftbench.errors import FtbenchError
from ftbench.probe.instruments.clocks import NANO
from ftbench.probe.run.outcome import Invariant, Metric, Outcome, percentile
from ftbench.probe.scenarios import pauses_workers
from ftbench.probe.scenarios.base import Cell, MetricSpec, Param, Scenario, costs, repeats
from ftbench.probe.scenarios.reports import instrument, on_cpu, seconds_of
from ftbench.probe.workers import team_of
from ftbench.probe.workers.base import Member, Round

MILLI = 1_000_000
# Ticks sleep rather than spin: threads that spin wait for each other's time slices and, on a GIL
# build, for the switch interval, collection or not.
PERIOD, TICKS = MILLI, 300
LIVE = {"small": 1_000, "large": 100_000}
MAKER, TICKER = "maker", "ticker"
QUANTILES = {"p50": 50.0, "p99": 99.0, "p999": 99.9, "max": 100.0}

PARAMS = {
    "heap": Param(default="large", choices=tuple(LIVE)),
    "workers": Param(default=8),
    "trigger": Param(default="collect", choices=("collect", "churn")),
}

METRICS = (
    MetricSpec("p50", "seconds", "How late a tick is, the median."),
    MetricSpec("p99", "seconds", "How late a tick is, the 99th percentile."),
    MetricSpec("p999", "seconds", "How late a tick is, the latest of a thousand."),
    MetricSpec("max", "seconds", "How late a tick is, the latest of a round."),
    MetricSpec(
        "collect", "seconds", "The longest collection of a round, as its own thread sees it."
    ),
)


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """How garbage is made: a step, its cycles, and when its steps are due (a range, in ns)."""

    step: Any
    cycles: int
    times: tuple[int, int, int]


# Collections begin where no other does, and end before the ticks do; a churn's steps are small
# enough to keep no other thread from its GIL for long.
TRIGGERS = {
    "collect": Trigger(
        step=pauses_workers.collecting, cycles=1_000, times=(50 * MILLI, 300 * MILLI, 100 * MILLI)
    ),
    "churn": Trigger(step=pauses_workers.churning, cycles=1_000, times=(0, 300 * MILLI, MILLI)),
}


class Made(NamedTuple):
    """What a maker reports, see `ticking.make`."""

    begin: int
    end: int
    cpu: int
    cycles: int
    collections: int
    collected: int
    checksum: int
    took: bytes


class Ticked(NamedTuple):
    """What a ticker reports, see `ticking.tick`."""

    begin: int
    end: int
    cpu: int
    late: bytes


@dataclass(frozen=True, kw_only=True)
class Run:
    """One round: what the maker and the tickers report."""

    made: Made
    ticked: tuple[Ticked, ...]

    @property
    def late(self) -> list[float]:
        """Seconds by which each tick was late."""
        return seconds_of([each.late for each in self.ticked])

    @property
    def longest(self) -> float:
        """Seconds of the longest collection."""
        return max(seconds_of([self.made.took]))


def members_of(params: Mapping[str, Any], live: int) -> list[Member]:
    """Return the maker, whose heap holds `live` records, and then the tickers."""
    trigger = TRIGGERS[params["trigger"]]
    maker = Member(
        role=MAKER,
        run=(pauses_workers.make, (trigger.step, trigger.cycles, live, trigger.times)),
        prepare=(pauses_workers.settle, (live,)),
    )
    ticker = Member(role=TICKER, run=(pauses_workers.tick, (PERIOD, TICKS)))
    return [maker, *[ticker] * params["workers"]]


def as_run(done: Round) -> Run:
    """Return the reports of a round by name."""
    made, *ticked = done.reports
    return Run(made=Made(*made), ticked=tuple(Ticked(*each) for each in ticked))


def run(cell: Cell) -> Outcome:
    """Measure one cell."""
    live = cell.more(LIVE[cell.params["heap"]])
    team = team_of(cell.mode, cell.deadline, members_of(cell.params, live))
    runs = [as_run(team.round()) for _ in repeats(cell.profile)]
    team.end()
    held = check(runs, cell.params, live)
    return Outcome(metrics=metrics(runs), invariants=held, notes=notes(runs, cell.params))


def check(runs: Sequence[Run], params: Mapping[str, Any], live: int) -> tuple[Invariant, Invariant]:
    """Return the invariants: what was to be collected was, and what lives is as it was built.

    Raises `FtbenchError` if not.
    """
    trigger = TRIGGERS[params["trigger"]]
    asked = len(range(*trigger.times)) if params["trigger"] == "collect" else 1
    for each in runs:
        if each.made.collections < asked or not each.made.took:
            raise FtbenchError(
                f"There were {each.made.collections} collections in a round, and there should be "
                f"{asked} at least: nothing is recorded."
            )
        if params["trigger"] == "collect" and each.made.collected < each.made.cycles:
            raise FtbenchError(
                f"Of {each.made.cycles} cycles the collector freed {each.made.collected} objects: "
                "nothing is recorded."
            )
        if each.made.checksum != live * (live - 1):
            raise FtbenchError("The live heap is not what was built: nothing is recorded.")
    least = min(each.made.collections for each in runs)
    freed = min(each.made.collected for each in runs)
    return (
        Invariant(
            name="collections",
            checked=f"in each of {len(runs)} rounds there were {least} collections or more, which "
            f"freed {freed} objects or more",
        ),
        Invariant(name="heap", checked=f"{live} records are as they were built"),
    )


def metrics(runs: Sequence[Run]) -> dict[str, Metric]:
    """Return the metrics of all rounds, a sample per round."""
    late = [each.late for each in runs]
    samples = {
        **{name: [percentile(each, at) for each in late] for name, at in QUANTILES.items()},
        "collect": [each.longest for each in runs],
    }
    return costs(METRICS, samples)


def notes(runs: Sequence[Run], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what goes with the figures: how much was done, and by what kind of collector."""
    first = runs[0]
    return instrument([on_cpu([each.made]) for each in runs], 1) | {
        "ticks": len(first.late),
        "period": PERIOD * NANO,
        "live": 2 * LIVE[params["heap"]],
        "collections": first.made.collections,
        "collected": first.made.collected,
        "gc": {"mode": gc_mode(), "threshold": list(gc.get_threshold())},
    }


def gc_mode() -> str:
    """Return how the running interpreter's collector works when it comes by itself."""
    # The releases of 3.14 that collect in increments say 0 for the threshold of the oldest
    # generation, which they do not have.
    import sysconfig  # noqa: PLC0415

    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "free-threaded"
    return "generational" if gc.get_threshold()[2] else "incremental"


PAUSES = Scenario(
    name="pauses",
    version="1",
    title="One worker collects garbage, the others tick",
    slowed=("collect",),
    params=PARAMS,
    metrics=METRICS,
    run=run,
)
