"""Proof of power: equal things raise no alarm, and a known slowdown of each cell is found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from rich.console import Console

from ftbench.experiments.harness import (
    CellsJob,
    Passes,
    PassesResult,
    Process,
    Side,
    in_turn,
    medians,
)
from ftbench.experiments.noise import percent
from ftbench.experiments.suite import SuiteCell
from ftbench.experiments.trials import LEAST, MUST_FIND, Medians, Outcome, alarms, enough, outcomes
from ftbench.facts.profiles import profile_named
from ftbench.facts.units import plural
from ftbench.probe.scenarios.base import scenario_named
from ftbench.report.document import Document, Part, Row, Table, Tone
from ftbench.report.words import NONE
from ftbench.results.figure import NoiseSeries, SeriesKey
from ftbench.results.floors import Floors
from ftbench.results.journal import Journal
from ftbench.statistics import CONFIDENCE
from ftbench.statistics.power import Floor
from ftbench.statistics.verdict import Word

PAIRS: Final = 20
LEAST_POOL: Final = 8
# A few cells of different kinds: workers that come and go, work that is shared, work that only
# crunches, hand-overs, memory.
USUAL: Final = (
    r"lifecycle\.Lifecycle\..*\('threads', 'none', 8, 'article'\)|"
    r"shared_set\.SharedSet\..*\('threads', 'none', 'local', 'cold'\)|"
    r"cpu_scaling\.CpuScaling\..*\('threads', 'none', 'lcg'\)|"
    r"pools\.Pools\..*\('threads', 'none', 'executor'\)|"
    r"footprint\.Footprint\..*\('threads', 'none', 8\)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelftestJob(CellsJob):
    """What to try: `slowdowns` are shares, `noise` the A/A runs on record that floors come from."""

    slowdowns: Sequence[float]
    trials: int
    noise: Sequence[NoiseSeries] = ()

    @property
    def processes(self) -> int:
        """Processes of a side in a trial: as many as the profile has."""
        return profile_named(self.profile).processes

    @property
    def pool(self) -> int:
        """Processes to measure of a cell and a slowdown: enough for two sides that share none."""
        return max(LEAST_POOL, 2 * self.processes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One series: its floor, whether that is one on record, and what became of each slowdown."""

    series: SeriesKey
    floor: Floor | None
    on_record: bool
    outcomes: tuple[Outcome, ...]

    @property
    def missed(self) -> tuple[Outcome, ...]:
        """What must be found and is not."""
        return tuple(outcome for outcome in self.outcomes if outcome.missed)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelftestResult(PassesResult):
    """What came of a job; `alarms` are among the `judged` verdicts on `PAIRS` equal sides."""

    job: SelftestJob
    tried: tuple[Tried, ...]
    alarms: tuple[tuple[SeriesKey, Word], ...]
    judged: int

    @property
    def passed(self) -> bool:
        """Tell whether something was tried, equal things raised no alarm and nothing was missed."""
        return bool(self.tried) and not self.alarms and not any(t.missed for t in self.tried)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pools:
    """The processes of one cell: as it is, and by slowdown; the floors of its metrics."""

    cell: SuiteCell
    plain: Medians
    slowed: Mapping[float, Medians]
    floors: Mapping[str, Floor]
    on_record: frozenset[str]


def run(job: SelftestJob, console: Console, journal: Journal) -> SelftestResult:
    """Measure the pools of all cells in turn, and judge trials drawn from them as releases are."""
    sides = [Side(name=f"{extra:.0%}", extra=extra) for extra in (0.0, *job.slowdowns)]
    turns = list(in_turn(sides, job.pool))
    passes = Passes(job=job, sides=turns, journal=journal, block=len(sides))
    passes.run(console)
    if not any(passes.taken.values()):
        raise passes.nothing_measured()
    floors = Floors.of(job.noise)
    pools = [pool for cell in job.cells if (pool := _pools(job, cell, passes, floors))]
    with console.status("Judging"):
        raised = alarms(
            [(pool.plain, pool.floors) for pool in pools], processes=job.processes, pairs=PAIRS
        )
        tried = tuple(tried for pool in pools for tried in _tried(job, pool))
    return SelftestResult(
        job=job,
        tried=tried,
        alarms=tuple((pools[number].cell.series(name), word) for number, name, word in raised),
        judged=PAIRS * sum(len(pool.plain) for pool in pools),
        **passes.result(),
    )


def _pools(job: SelftestJob, cell: SuiteCell, passes: Passes, on_record: Floors) -> _Pools | None:
    """Return what was measured of a cell, None if that is too little for two equal sides."""
    taken = passes.taken.get(cell.title, [])
    levels = _levels(cell, taken)
    plain = levels.pop(0.0, {})
    if min(map(len, plain.values()), default=0) < 2 * job.processes:
        return None
    # Where no A/A run is on record, the processes that are compared say how they differ.
    own = {
        name: NoiseSeries(
            environment=job.environment,
            release=job.interpreter.release,
            series=cell.series(name),
            unit=cell.metrics[name],
            medians=values,
            order="A" * len(values),
            machines=(taken[0].measured.machine,),
        )
        for name, values in plain.items()
    }
    own_floors = Floors.of(own.values())
    recorded = {name: on_record.floor_of(series) for name, series in own.items()}
    floors = {name: recorded[name] or own_floors.floor_of(series) for name, series in own.items()}
    return _Pools(
        cell=cell,
        plain=plain,
        slowed={
            extra: slowed
            for extra, slowed in sorted(levels.items())
            if min(map(len, slowed.values()), default=0) >= job.processes
        },
        floors={name: floor for name, floor in floors.items() if floor is not None},
        on_record=frozenset(name for name, floor in recorded.items() if floor is not None),
    )


def _levels(cell: SuiteCell, taken: Sequence[Process]) -> dict[float, Medians]:
    """Return the medians of processes by slowdown, as if all were of one sitting."""
    whole = medians(cell, [process.measured for process in taken])
    steady = {name: _of_one_sitting(values, taken) for name, values in whole.items()}
    numbers: dict[float, list[int]] = {}
    for number, process in enumerate(taken):
        numbers.setdefault(process.side.extra, []).append(number)
    return {
        extra: {name: tuple(values[n] for n in own) for name, values in steady.items()}
        for extra, own in numbers.items()
    }


def _of_one_sitting(values: Sequence[float], taken: Sequence[Process]) -> Sequence[float]:
    """Return values without the share of their sittings, for what is compared must be of one.

    Each sitting has whole turns of all slowdowns, and so the same share in each.
    """
    sittings = np.array([process.sitting for process in taken])
    if min(values, default=0) <= 0 or len(set(sittings)) == 1:
        return values
    logs = np.log(values)
    own = [logs[sittings == each].mean() for each in sittings]
    return [float(value) for value in np.exp(logs - own + logs.mean())]


def _tried(job: SelftestJob, pool: _Pools) -> Iterator[Tried]:
    names = [name for name in scenario_named(pool.cell.scenario).slowed if name in pool.plain]
    by_level = [
        outcomes(
            pool.plain,
            slowed,
            share=extra,
            metrics=[name for name in names if name in slowed],
            floors=pool.floors,
            processes=job.processes,
            trials=job.trials,
        )
        for extra, slowed in pool.slowed.items()
    ]
    for name in names:
        yield Tried(
            series=pool.cell.series(name),
            floor=pool.floors.get(name),
            on_record=name in pool.on_record,
            outcomes=tuple(level[name] for level in by_level if name in level),
        )


SCHEMA: Final = {"name": "ftbench.selftest", "version": 1}


def document_of(report: SelftestResult) -> Document:
    """Return the document: a row per series, a column per slowdown, and below it what it means."""
    job = report.job
    shares = sorted(job.slowdowns)
    table = Table(
        columns=(
            "series",
            "floor",
            *(f"{share:.0%} more" for share in shares),
            f"{LEAST:.0%} needs",
        ),
        rows=tuple(_row(report, tried) for tried in report.tried),
        numbers=len(shares) + 2,
        notes=tuple(_legend(report)),
    )
    return Document(
        title=f"What is found of CPython {job.interpreter.release.name}, {job.arm.title} "
        f"({job.interpreter.build.flavour}), profile {job.profile}, on {job.machine}",
        record=_record(report),
        parts=(Part(tables=(table,)),),
    )


def _record(report: SelftestResult) -> dict[str, Any]:
    job = report.job
    return {
        "schema": SCHEMA,
        "release": job.interpreter.release.name,
        "build": job.interpreter.build.record(),
        "arm": job.arm.name,
        "profile": job.profile,
        "machine": job.machine,
        "processes": job.processes,
        "pool": job.pool,
        "measured": report.measured,
        "disturbed": report.disturbed,
        "sittings": dict(report.sittings),
        "passed": report.passed,
        "equal": {
            "pairs": PAIRS,
            "judged": report.judged,
            "alarms": [{**_named(series), "word": word} for series, word in report.alarms],
        },
        "series": [_series_record(tried) for tried in report.tried],
        "lost": [
            {"cell": lost.cell.title, "skipped": lost.skipped, "reason": lost.reason}
            for lost in report.lost
        ],
    }


def _named(series: SeriesKey) -> dict[str, Any]:
    return {"benchmark": series.benchmark, "params": dict(series.params)}


def _series_record(tried: Tried) -> dict[str, Any]:
    floor = tried.floor
    return {
        **_named(tried.series),
        "floor": floor and floor.effect,
        "spread": floor and floor.spread,
        "floor_on_record": tried.on_record,
        "slowdowns": [
            {
                "share": each.share,
                "effect": each.effect and each.effect.value,
                "interval": each.effect
                and each.effect.interval
                and [each.effect.interval.low, each.effect.interval.high],
                "trials": each.trials,
                "found": each.found,
                "found_interval": [each.interval.low, each.interval.high],
                "reached": each.reached,
                "missed": each.missed,
                "needs": floor and enough(floor, each.share),
            }
            for each in tried.outcomes
        ],
    }


def _row(report: SelftestResult, tried: Tried) -> Row:
    known = {each.share: each for each in tried.outcomes}
    needs = enough(tried.floor, LEAST) if tried.floor else None
    return Row(
        cells=(
            _title(tried.series),
            percent(tried.floor.effect) if tried.floor else "none",
            *(
                _outcome(known[share]) if share in known else NONE
                for share in sorted(report.job.slowdowns)
            ),
            str(needs) if needs else NONE,
        ),
        tone=Tone.BAD if tried.missed else Tone.PLAIN,
    )


def _title(series: SeriesKey) -> str:
    return f"{series.benchmark}({', '.join(series.params.values())})"


def _outcome(outcome: Outcome) -> str:
    effect = f"\N{MULTIPLICATION SIGN}{outcome.effect.value:.3f}, " if outcome.effect else ""
    if not outcome.reached:
        return f"{effect}not reached"
    low, high = (round(end * 100) for end in (outcome.interval.low, outcome.interval.high))
    return f"{effect}{outcome.rate:.0%} ({low}\N{EN DASH}{high})"


def _legend(report: SelftestResult) -> Iterator[str]:
    job = report.job
    yield (
        f"Equal sides: {plural(len(report.alarms), 'alarm', 'alarms')} in "
        f"{plural(report.judged, 'verdict', 'verdicts')} of {PAIRS} comparisons; there must be "
        "none."
    )
    yield from (f"{word}: {_title(series)}" for series, word in report.alarms)
    yield (
        f"A known share of its own work was added to each series. First: the effect that "
        f"{job.pool} processes a side show. Then: in how many of {job.trials} trials of "
        f"{plural(job.processes, 'process', 'processes')} a side it was called worse, with a "
        f"{CONFIDENCE:.0%} interval; at {LEAST:.0%} and above that must be {MUST_FIND:.0%} or "
        "more. Trials are drawn from the same processes again and again. not reached: the work "
        "that was added surely had a smaller effect there."
    )
    yield f"needs: processes a side in the profile that would find {LEAST:.0%} in 19 of 20 cases."
    recorded = sum(tried.on_record for tried in report.tried)
    yield (
        f"Floors: of {recorded} series those on record here, of the rest from the processes that "
        "are compared."
    )
    missed = sum(bool(tried.missed) for tried in report.tried)
    misses = "misses what it" if missed == 1 else "miss what they"
    yield f"{missed} of {len(report.tried)} series {misses} must find."
    yield from report.notes("more is found")
