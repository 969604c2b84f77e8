"""pauses: one worker makes garbage and has it collected, the others tick.

Every millisecond, by a schedule fixed beforehand, each ticker wakes from a sleep and notes how
late it is: a pause of 20 ms makes twenty ticks late, as it would twenty requests.

Trigger `collect` calls `gc.collect()` three times in 0.3 s, `churn` makes cycles all the time and
leaves it to the collector when to come.  `heap` is what has to be visited: 1 000 records, or
100 000 (twice as many containers).  Processes and subinterpreters have heaps of their own: their
ticks are the control.  Does not show how long threads that are at work take to stop, nor slower
allocations.  Source: jHiccup (Gil Tene), for the ticks; PEP 703, for what stops whom.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ftbench.errors import FtbenchError
from ftbench.probe.instruments.clocks import NANO
from ftbench.probe.run.outcome import LACKS, Invariant, Outcome, percentiles, too_few
from ftbench.probe.scenarios import pauses_workers
from ftbench.probe.scenarios.base import Cell, MetricSpec, Param, Scenario, by_round, in_seconds
from ftbench.probe.scenarios.reports import instrument, on_cpu, seconds_of
from ftbench.probe.workers import team_of
from ftbench.probe.workers.base import Member

MILLI = 1_000_000
# Ticks sleep rather than spin: threads that spin wait for each other's time slices and, on a GIL
# build, for the switch interval, collection or not.
PERIOD, TICKS = MILLI, 300
LIVE = {"small": 1_000, "large": 100_000}
MAKER, TICKER = "maker", "ticker"
QUANTILES = {"p50": 50, "p99": 99, "p999": 99.9}

CYCLES = 1_000  # of garbage that a step makes
# What a step does, and when steps are due: a range in nanoseconds.  Collections begin where no
# other does, and end before the ticks do; a churn's steps are small enough to keep no other thread
# from its GIL for long.
TRIGGERS = {
    "collect": (pauses_workers.collecting, (50 * MILLI, 300 * MILLI, 100 * MILLI)),
    "churn": (pauses_workers.churning, (0, 300 * MILLI, MILLI)),
}

PARAMS = {
    "heap": Param(default="large", choices=tuple(LIVE)),
    "workers": Param(default=8),
    "trigger": Param(default="collect", choices=tuple(TRIGGERS)),
}

METRICS = (
    *in_seconds(
        p50="Delay of a tick, median.",
        max="Delay of a tick, longest of a round.",
        collect="Time of a collection, longest of a round; as its own thread sees it.",
    ),
    # Where there are tickers enough, of which no benchmark has as many as the latter needs.
    MetricSpec("p99", "seconds", "Delay of a tick, 99th percentile.", always=False),
    MetricSpec(
        "p999",
        "seconds",
        "Delay of a tick, 99.9th percentile.",
        always=False,
        tracked=False,
    ),
)


class MakerReport(NamedTuple):
    """What a maker reports, see `pauses_workers.make`."""

    begin: int
    end: int
    cpu: int
    cycles: int
    collections: int
    collected: int
    checksum: int
    took: bytes


def members_of(params: Mapping[str, Any], live: int) -> list[Member]:
    """Return the maker, whose heap holds `live` records, and then the tickers."""
    step, times = TRIGGERS[params["trigger"]]
    maker = Member(
        role=MAKER,
        run=(pauses_workers.make, (step, CYCLES, live, times)),
        prepare=(pauses_workers.settle, (live,)),
    )
    ticker = Member(role=TICKER, run=(pauses_workers.tick, (PERIOD, TICKS)))
    return [maker, *[ticker] * params["workers"]]


def run(cell: Cell) -> Outcome:
    """Measure one cell."""
    live = cell.with_extra(LIVE[cell.params["heap"]])
    team = team_of(cell.mode, cell.deadline, members_of(cell.params, live))
    rounds = [team.round().reports for _ in cell.repeats()]
    team.end()
    made = [MakerReport(*maker) for maker, *_tickers in rounds]
    late = [seconds_of([ticks for *_times, ticks in tickers]) for _maker, *tickers in rounds]
    invariants = check(made, cell.params["trigger"], live)
    ticks = len(late[0])
    ticked = {"ticks": ticks, LACKS: too_few(ticks, **QUANTILES)}
    return Outcome(
        metrics=by_round(METRICS, list(map(costs_of, made, late))),
        invariants=invariants,
        notes=notes(made, cell.params["heap"]) | ticked,
    )


def check(made: Sequence[MakerReport], trigger: str, live: int) -> tuple[Invariant, Invariant]:
    """Return the invariants: what was to be collected was, and what lives is as it was built.

    Raises `FtbenchError` if not.
    """
    collects = trigger == "collect"
    _step, times = TRIGGERS[trigger]
    asked = len(range(*times)) if collects else 1
    for of_round in made:
        if of_round.collections < asked or not of_round.took:
            raise FtbenchError(
                f"There were {of_round.collections} collections in a round, and there should be "
                f"{asked} at least: nothing is recorded."
            )
        if collects and of_round.collected < of_round.cycles:
            raise FtbenchError(
                f"Of {of_round.cycles} cycles the collector freed {of_round.collected} objects: "
                "nothing is recorded."
            )
        if of_round.checksum != live * (live - 1):
            raise FtbenchError("The live heap is not what was built: nothing is recorded.")
    least = min(of_round.collections for of_round in made)
    freed = min(of_round.collected for of_round in made)
    return (
        Invariant(
            name="collections",
            checked=f"in each of {len(made)} rounds there were {least} collections or more, which "
            f"freed {freed} objects or more",
        ),
        Invariant(name="heap", checked=f"{live} records are as they were built"),
    )


def costs_of(made: MakerReport, late: list[float]) -> dict[str, float]:
    """Return what a round costs in seconds; `late` is by how much each tick was."""
    known = percentiles(late, *QUANTILES.values())
    quantiles = {name: known[percent] for name, percent in QUANTILES.items() if percent in known}
    return {**quantiles, "max": max(late), "collect": max(seconds_of([made.took]))}


def notes(made: Sequence[MakerReport], heap: str) -> dict[str, Any]:
    """Return what goes with the figures: how much was done, and by what kind of collector."""
    return instrument([on_cpu([of_round]) for of_round in made], 1) | {
        "period": PERIOD * NANO,
        "live": 2 * LIVE[heap],
        "collections": made[0].collections,
        "collected": made[0].collected,
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
