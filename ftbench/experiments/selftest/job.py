"""The whole of `ftbench selftest`: processes of every cell, slowed and not, and trials of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console

from ftbench.analysis.floors import Floors
from ftbench.asv.measuring_lock import MEASURING_LOCK
from ftbench.experiments.harness import (
    CellsJob,
    Gathered,
    Lost,
    Passes,
    in_turn,
    is_disturbed,
    medians,
    nothing_measured,
)
from ftbench.experiments.selftest.trials import Medians, Outcome, alarms, outcomes
from ftbench.experiments.suite import SuiteCell, benchmark_name
from ftbench.facts.profiles import profile_named
from ftbench.probe.scenarios.table import scenario_named
from ftbench.results.figure import NoiseSeries
from ftbench.results.keys import SeriesKey
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
    """One series: its floor, whether it is one on record, and what became of each slowdown."""

    benchmark: str
    params: Mapping[str, str]
    unit: str
    floor: Floor | None
    on_record: bool
    outcomes: tuple[Outcome, ...]

    @property
    def missed(self) -> tuple[Outcome, ...]:
        """What must be found and is not."""
        return tuple(outcome for outcome in self.outcomes if outcome.missed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A verdict on two equal sides."""

    benchmark: str
    params: Mapping[str, str]
    word: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class SelftestResult:
    """What came of a job; `judged` counts the verdicts on equal sides, of `PAIRS` comparisons.

    Others kept the machine busy beside `disturbed` of the `measured` processes.
    """

    job: SelftestJob
    tried: tuple[Tried, ...]
    alarms: tuple[Alarm, ...]
    judged: int
    lost: tuple[Lost, ...]
    measured: int = 0
    disturbed: int = 0

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


def run(job: SelftestJob, console: Console) -> SelftestResult:
    """Measure the pools and draw trials; shows progress on `console`.

    Cells that fail, and slowdowns that a cell cannot have, are in `lost`.  Raises `FtbenchError` if
    something else is measuring on this machine, `InterpreterError` if the interpreter cannot carry
    the measured side, `NotAvailableError` or `WorkerFailedError` if no cell could be measured.
    """
    MEASURING_LOCK.acquire()
    gathered = _gathered(job, console)
    if not any(each.taken for each in gathered.values()):
        raise nothing_measured([lost for each in gathered.values() for lost in each.lost])
    floors = Floors.of(job.noise)
    pools = [pool for cell in job.cells if (pool := _pools(job, cell, gathered, floors))]
    with console.status("Judging"):
        raised = alarms(
            [(pool.plain, pool.floors) for pool in pools], processes=job.processes, pairs=PAIRS
        )
        tried = tuple(tried for pool in pools for tried in _tried(job, pool))
    measured = [each for level in gathered.values() for each in level.measured]
    return SelftestResult(
        job=job,
        tried=tried,
        alarms=tuple(
            Alarm(
                benchmark=benchmark_name(pools[number].cell.group, name),
                params=pools[number].cell.texts,
                word=word,
            )
            for number, name, word in raised
        ),
        judged=PAIRS * sum(len(pool.plain) for pool in pools),
        lost=tuple(lost for each in gathered.values() for lost in each.lost),
        measured=len(measured),
        disturbed=sum(map(is_disturbed, measured)),
    )


def _gathered(job: SelftestJob, console: Console) -> dict[float, Gathered[float]]:
    """Return slowdown → its processes of every cell; 0.0 is the work as it is."""
    plain: Gathered[float] = Gathered()
    gathered = {0.0: plain, **{level: Gathered(base=plain) for level in job.slowdowns}}
    Passes(
        job=job,
        sides=list(in_turn((0.0, *job.slowdowns), job.pool)),
        measure=job.measure,
        gathered=gathered,
        words={level: f"{level:.0%} more" for level in gathered},
    ).run(console)
    return gathered


def _pools(
    job: SelftestJob, cell: SuiteCell, gathered: Mapping[float, Gathered[float]], on_record: Floors
) -> _Pools | None:
    """Return what was measured of a cell, None if that is too little for two equal sides."""
    measured = {
        level: [measured for _, measured in each.taken.get(cell.title, [])]
        for level, each in gathered.items()
    }
    plain = measured.pop(0.0)
    if len(plain) < 2 * job.processes:
        return None
    by_metric = medians(cell, plain)
    own = {name: _series(job, cell, name, values) for name, values in by_metric.items()}
    mine = Floors.of(own.values())
    recorded = {name: on_record.floor_of(series) for name, series in own.items()}
    floors = {name: recorded[name] or mine.floor_of(series) for name, series in own.items()}
    return _Pools(
        cell=cell,
        plain=by_metric,
        slowed={
            level: medians(cell, processes)
            for level, processes in measured.items()
            if len(processes) >= job.processes
        },
        floors={name: floor for name, floor in floors.items() if floor is not None},
        on_record=frozenset(name for name, floor in recorded.items() if floor is not None),
    )


def _series(
    job: SelftestJob, cell: SuiteCell, metric: str, plain: tuple[float, ...]
) -> NoiseSeries:
    return NoiseSeries(
        environment=job.environment,
        release=job.interpreter.release,
        series=SeriesKey(benchmark=benchmark_name(cell.group, metric), params=cell.texts),
        unit=cell.metrics[metric],
        medians=plain,
        order="A" * len(plain),
    )


def _tried(job: SelftestJob, pool: _Pools) -> Iterator[Tried]:
    cell = pool.cell
    names = [n for n in scenario_named(cell.scenario).slowed if n in pool.plain]
    by_level = [
        outcomes(
            pool.plain,
            slowed,
            share=level,
            metrics=[name for name in names if name in slowed],
            floors=pool.floors,
            processes=job.processes,
            trials=job.trials,
        )
        for level, slowed in sorted(pool.slowed.items())
    ]
    for name in names:
        yield Tried(
            benchmark=benchmark_name(cell.group, name),
            params=cell.texts,
            unit=cell.metrics[name],
            floor=pool.floors.get(name),
            on_record=name in pool.on_record,
            outcomes=tuple(each[name] for each in by_level if name in each),
        )
