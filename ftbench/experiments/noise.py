"""The noise floor: the same interpreter twice, as if it were two releases, and what differs.

A pass measures each cell once in a fresh process.  It belongs to a side, and sides alternate so
that each has the same place on average (A B B A): a machine that gets slower at a steady rate
changes both sides alike.  Passes are whole because asv's processes of one cell lie minutes apart
too: a cell repeated at once would look steadier than it is.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from rich.console import Console

from ftbench.analysis.names import series_name
from ftbench.asv.machines import introduce
from ftbench.errors import (
    FtbenchError,
    InterpreterError,
    NotAvailableError,
    ResultsError,
    UsageError,
    WorkerFailedError,
)
from ftbench.experiments.harness import (
    MOST_FAILURES,
    in_turn,
    journal_of,
    of_sittings,
    probe,
    taken_over,
)
from ftbench.experiments.suite import SuiteCell
from ftbench.facts.arms import Arm
from ftbench.facts.units import kept, plural
from ftbench.probe.run.document import Measurement
from ftbench.probe.scenarios.base import scenario_named
from ftbench.progress import bar
from ftbench.pythons import Interpreter, PythonBuild
from ftbench.report.document import Document, Part, Row, Table, Tone
from ftbench.report.words import NONE
from ftbench.results.figure import Environment, NoiseSeries, SeriesKey
from ftbench.results.floors import APART, Apart, Floors
from ftbench.results.journal import Journal
from ftbench.results.noise import NoiseFile, noise_path, read_noise_file, write_noise_file
from ftbench.results.records import NoiseCell, Provenance, digest_of
from ftbench.statistics.power import Floor, smallest

_A, _B = "A", "B"
_MOST_REASONS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseJob:
    """What to measure against itself, `replicates` fresh processes per cell and side.

    `machine` is this one's name in `results`, the folder; `fresh` forgets what earlier runs found.
    The other side is `against`, a second build of the same source, or the same interpreter.
    """

    interpreter: Interpreter
    arm: Arm
    cells: Sequence[SuiteCell]
    profile: str
    machine: str
    replicates: int
    results: Path
    fresh: bool = False
    against: Interpreter | None = None

    @property
    def environment(self) -> Environment:
        """Where and with what it is measured."""
        return Environment(
            machine=self.machine,
            arm=self.arm,
            flavour=self.interpreter.build.flavour,
            profile=self.profile,
        )

    @property
    def passes(self) -> list[tuple[str, Interpreter]]:
        """Which side each pass belongs to, and what it is measured on."""
        sides = (_A, self.interpreter), (_B, self.against or self.interpreter)
        return list(in_turn(sides, self.replicates))

    @property
    def asked(self) -> list[Any]:
        """The request, which names its journal."""
        cells = [(cell.title, *sorted(cell.metrics)) for cell in self.cells]
        where = self.machine, self.arm.name, self.profile, str(Path.cwd())
        paths = [str(self.against.executable)] if self.against else []
        return ["noise", self.interpreter.name, *where, cells, self.replicates, paths]

    def file(self, **content: Any) -> NoiseFile:
        """Return the file of what is measured, with some content."""
        return NoiseFile(environment=self.environment, release=self.interpreter.release, **content)

    @property
    def path(self) -> Path:
        """Where the noise goes: beside asv's result file of the same release and environment."""
        return noise_path(self.results, self.environment, self.interpreter.release)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A cell that has not all of its processes, and why; `skipped` where it does not exist here."""

    cell: SuiteCell
    skipped: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseResult:
    """What came of a job: its series, with the processes that are on record beside this run's."""

    job: NoiseJob
    series: tuple[NoiseSeries, ...]
    lost: tuple[Lost, ...]
    processes: tuple[Process, ...] = ()  # of this run

    @property
    def disturbed(self) -> int:
        """Of its processes, those beside which others kept the machine busy."""
        return sum(is_disturbed(process.measured) for process in self.processes)

    @property
    def sittings(self) -> dict[str, int]:
        """How many processes each has, by its begin."""
        return dict(sorted(Counter(process.sitting for process in self.processes).items()))


def run(jobs: Sequence[NoiseJob], console: Console) -> Iterator[NoiseResult]:
    """Measure, keep each process until all jobs are through, and show progress on `console`.

    Raises `ResultsError` if the file is damaged, is of another build or cannot be written,
    `FtbenchError` if something else is measuring, `InterpreterError` as `probe`, and the error of
    `Passes.nothing_measured` if no cell was measured on both sides; then nothing is written.
    """
    for job in jobs:
        _before(job)
    written: set[Path] = set()
    with ExitStack() as journals:
        for job in jobs:
            builds = [job.interpreter, *([job.against] if job.against else [])]
            one = journal_of(job.asked, builds, console, fresh=job.fresh)
            journal = journals.enter_context(one)
            introduce(job.results, job.machine)
            passes = Passes(job=job, journal=journal)
            passes.run(console)
            mine = _file(job, passes)
            if not mine.cells:
                raise passes.nothing_measured()
            anew = job.fresh and job.path not in written
            after = _before(job).with_cells(mine, fresh=anew)
            write_noise_file(job.path, after)
            written.add(job.path)
            keys = {cell.key for cell in mine.cells}
            shown = replace(after, cells=tuple(cell for cell in after.cells if cell.key in keys))
            yield NoiseResult(
                job=job,
                series=tuple(shown.series()),
                lost=tuple(passes.lost),
                processes=tuple(itertools.chain(*passes.taken.values())),
            )


class Process(NamedTuple):
    """A fresh process that measured a cell, for one side in one sitting."""

    side: str
    sitting: str
    measured: Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Passes:
    """Whole passes over a job's cells, and what they yielded."""

    job: NoiseJob
    journal: Journal
    # By the title of a cell, in the order of measuring.
    taken: dict[str, list[Process]] = field(default_factory=dict)
    lost: list[Lost] = field(default_factory=list)

    def run(self, console: Console) -> None:
        """Make the passes, and keep each process as soon as it has measured.

        What fails is lost, but for what all cells would meet: raises `InterpreterError` and
        `UsageError` (an invalid variable of the environment).
        """
        left, count = self._left(), len(self.job.passes)
        total = count * len(self.job.cells)
        if done := total - len(left):
            console.print(taken_over(done, total, self.journal), soft_wrap=True)
        with bar(console, len(left)) as shown:
            for number, cell in left:
                shown.begin(f"pass {number + 1} of {count}, {cell.title}")
                if not self._given_up(cell):
                    self._measure(cell, number)

    def _left(self) -> list[tuple[int, SuiteCell]]:
        """Take over what was kept, and return what is to be measured, pass by pass."""
        left = []
        for cell in self.job.cells:
            for number, (side, _) in enumerate(self.job.passes):
                kept = self.journal.whole([_asked(number, cell)])
                self.taken.setdefault(cell.title, []).extend(
                    Process(side, sitting, Measurement.from_json(document))
                    for sitting, document in kept
                )
                left += [] if kept else [(number, cell)]
        return sorted(left, key=lambda each: each[0])

    def _given_up(self, cell: SuiteCell) -> bool:
        lost = [each for each in self.lost if each.cell == cell]
        return any(each.skipped for each in lost) or len(lost) >= MOST_FAILURES

    def _measure(self, cell: SuiteCell, number: int) -> None:
        side, interpreter = self.job.passes[number]
        try:
            measured = probe(
                interpreter,
                cell.scenario,
                mode=cell.mode,
                params=cell.params,
                profile=self.job.profile,
                gil=self.job.arm.gil,
                jit=self.job.arm.jit,
            )
        except (InterpreterError, UsageError):
            raise
        except FtbenchError as error:
            skipped = isinstance(error, NotAvailableError)
            self.lost.append(Lost(cell=cell, skipped=skipped, reason=error.message))
        else:
            self.taken[cell.title].append(Process(side, self.journal.run, measured))
            self.journal.add(_asked(number, cell), measured.to_json())

    def nothing_measured(self) -> NotAvailableError | WorkerFailedError:
        """Return the error of a run in which no cell was measured often enough to say anything."""
        kind = NotAvailableError if all(each.skipped for each in self.lost) else WorkerFailedError
        reasons = dict.fromkeys(each.reason for each in self.lost)
        return kind(
            "No cell could be measured, so there is nothing to judge.",
            story="\n".join(list(reasons)[:_MOST_REASONS]),
            hint="'python -m ftbench.probe' runs one cell and shows its whole error.",
        )


def _asked(number: int, cell: SuiteCell) -> str:
    return f"{number} {cell.title}"


def _before(job: NoiseJob) -> NoiseFile:
    """Return what is on record; refuses to mix two builds."""
    file = read_noise_file(job.path) or job.file()
    for name in {cell.build for cell in file.cells} & file.builds.keys():
        then, now = PythonBuild.from_record(file.builds[name]).digest, job.interpreter.build.digest
        if then != now:
            raise ResultsError(
                f"{job.path.name} holds the noise of another build of the same release and "
                f"flavour (digest {then}, not {now}); they are never mixed.",
                hint="Keep the old one under another machine name (--machine NAME) or move it "
                "away, then measure again.",
            )
    return file


def second_build(job: NoiseJob, other: Interpreter) -> NoiseJob:
    """Return the job with another build as side B; raises `UsageError` unless it is made alike."""
    mine = job.interpreter
    if other.executable.resolve() == mine.executable.resolve():
        raise UsageError(f"--against takes a second build; {other.executable} is side A already.")
    sources = [f"{each.name} ({each.build.flavour})" for each in (mine, other)]
    if len(set(sources)) > 1:
        raise UsageError(
            f"--against takes a second build of the same source and kind: {sources[0]} is to be "
            f"measured, and {other.executable} is {sources[1]}.",
            hint="What differs is measured and compared: asv run, ftbench compare.",
        )
    return replace(job, against=other)


def _file(job: NoiseJob, passes: Passes) -> NoiseFile:
    """Return the file of these passes alone, of the cells with a process on each side."""
    whole, cells = Provenance(), []
    for cell in job.cells:
        taken = passes.taken.get(cell.title, [])
        sides = {process.side: process.measured.build for process in taken}
        if len(sides) > 1:
            names = {side: digest_of(build) for side, build in sides.items()}
            whole.builds.update({names[side]: build for side, build in sides.items()})
            by_time = sorted(taken, key=lambda process: process.sitting)
            for _, sitting in itertools.groupby(by_time, key=lambda process: process.sitting):
                found = _cell(cell, list(sitting), whole)
                against = names[_B] if job.against else ""
                cells.append(msgspec.structs.replace(found, build=names[_A], against=against))
    return job.file(**vars(whole), cells=tuple(cells))


def _cell(cell: SuiteCell, taken: Sequence[Process], whole: Provenance) -> NoiseCell:
    """Return the record of a cell in one sitting; its machine is added to the `whole` file's."""
    processes = [process.measured for process in taken]
    first = processes[0]
    machine = digest_of(first.machine)
    whole.machines[machine] = first.machine
    by_metric = {
        name: tuple(statistics.median(each.metrics[name].samples) for each in processes)
        for name in cell.metrics
        if all(name in each.metrics and each.metrics[name].samples for each in processes)
    }
    return NoiseCell(
        group=cell.group,
        params=cell.texts,
        order="".join(process.side for process in taken),
        sitting=taken[0].sitting,
        version=scenario_named(cell.scenario).version,
        started_at=first.started_at,
        load=first.load[0],
        machine=machine,
        units={name: cell.metrics[name] for name in by_metric},
        medians={name: tuple(map(kept, values)) for name, values in by_metric.items()},
        disturbed=sum(map(is_disturbed, processes)),
        speeds=tuple(each.speed for each in processes),
    )


def is_disturbed(measured: Measurement) -> bool:
    """Tell whether others kept the machine busy beside a process, repeats included."""
    return bool(measured.interference.get("marked"))


SCHEMA: Final = {"name": "ftbench.noise", "version": 1}
# Effects that somebody may want to find, as shares.
WANTED: Final = (0.05, 0.10, 0.20)
MOST_ROWS: Final = 40
_WIDE: Final = 9.995  # as a share: beyond it a percentage says no more


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesNoise:
    """One series and its floor; None where its samples are no costs above zero, or too few.

    `runs` are its sittings, under the conditions of the last; `least` is the smallest rise, as a
    share, that as many processes as the profile has find.
    """

    runs: tuple[NoiseSeries, ...]
    floor: Floor | None
    least: float
    apart: Apart

    @property
    def series(self) -> SeriesKey:
        """What names it."""
        return self.runs[0].series

    @property
    def order(self) -> str:
        """Which sides its processes stood for, sitting by sitting."""
        return " ".join(run.order for run in self.runs)


def rows(series: Sequence[NoiseSeries]) -> tuple[SeriesNoise, ...]:
    """Return a row per series, worst first; those without a floor come last."""
    floors = Floors.of(series)
    by_series: dict[SeriesKey, list[NoiseSeries]] = {}
    for run in series:
        by_series.setdefault(run.series, []).append(run)
    noises = []
    for runs in by_series.values():
        floor = floors.floor_of(runs[-1])
        least = (
            smallest(floor, before=floor.processes, after=floor.processes) if floor else math.inf
        )
        apart = floors.apart(runs[-1])
        alike = tuple(run for run in runs if not floors.unlike(runs[-1], run))
        noises.append(SeriesNoise(runs=alike, floor=floor, least=least, apart=apart))
    return tuple(sorted(noises, key=lambda noise: (noise.floor is None, -noise.least)))


def detecting(noises: Sequence[SeriesNoise], effect: float) -> int:
    """Return how many series could find an effect of that share."""
    return sum(row.least <= effect for row in noises)


def document_of(reports: Sequence[NoiseResult]) -> Document:
    """Return the document of the arms that were measured; its record is a list, one for each."""
    job = reports[0].job
    reports = tuple({report.job.path: report for report in reports}.values())  # of builds, the last
    ranked = [(report, rows(report.series)) for report in reports]
    return Document(
        title=f"The noise of CPython {job.interpreter.release.name}, profile {job.profile}, "
        f"on {job.machine}",
        record=[_arm_record(report, series) for report, series in ranked],
        parts=tuple(_part(report, series) for report, series in ranked),
    )


def _arm_record(report: NoiseResult, noises: Sequence[SeriesNoise]) -> dict[str, Any]:
    job = report.job
    return {
        "schema": SCHEMA,
        "subject": msgspec.structs.asdict(job.file().subject),
        "machine": job.machine,
        "replicates": job.replicates,
        "measured": len(report.processes),
        "disturbed": report.disturbed,
        "sittings": report.sittings,
        "found": {f"{effect:g}": detecting(noises, effect) for effect in WANTED},
        "series": [_record(row) for row in noises],
        "lost": [
            {
                "group": lost.cell.group,
                "params": lost.cell.texts,
                "skipped": lost.skipped,
                "reason": lost.reason,
            }
            for lost in report.lost
        ],
    }


def _record(row: SeriesNoise) -> dict[str, Any]:
    floor = row.floor
    return {
        "benchmark": row.series.benchmark,
        "params": dict(row.series.params),
        "unit": row.runs[0].unit,
        "order": row.order,
        "medians": [median for run in row.runs for median in run.medians],
        "spread": floor and floor.spread,
        "freedom": floor and floor.freedom,
        "processes": floor and floor.processes,
        "effect": floor and floor.effect,
        "builds": floor and floor.builds,
        "least": row.least if floor else None,
        "apart": row.apart._asdict(),
    }


def _part(report: NoiseResult, noises: Sequence[SeriesNoise]) -> Part:
    job = report.job
    # Of one sitting and one build there is nothing to tell.
    more = Apart._fields if any(row.apart != Apart() for row in noises) else ()
    table = Table(
        columns=("series", "order", "spread", "floor", "found from", *more),
        rows=tuple(_line(row, len(more)) for row in noises[:MOST_ROWS]),
        numbers=3 + len(more),
        notes=tuple(_legend(report, noises)),
    )
    return Part(
        title=f"CPython {job.interpreter.release.name}, {job.arm.title} "
        f"({job.interpreter.build.flavour})",
        tables=(table,),
    )


def _line(row: SeriesNoise, more: int) -> Row:
    shares: list[float | None] = [None, None, None]
    if row.floor:
        shares = [row.floor.spread, row.floor.effect, row.least]
    numbers = (NONE if each is None else percent(each) for each in (*shares, *row.apart[:more]))
    tone = Tone.PLAIN if row.floor else Tone.QUIET
    return Row(
        cells=(series_name(row.series.benchmark, row.series.params), row.order, *numbers), tone=tone
    )


def percent(share: float) -> str:
    """Return a share as a percentage of two digits or three: 0.0432 → "4.3 %"."""
    if share > _WIDE:
        return ">999\N{NARROW NO-BREAK SPACE}%"
    return f"{share * 100:.{0 if share >= 1 else 1}f}\N{NARROW NO-BREAK SPACE}%"


def _legend(report: NoiseResult, noises: Sequence[SeriesNoise]) -> Iterator[str]:
    if len(noises) > MOST_ROWS:
        yield f"The worst {MOST_ROWS} of {len(noises)} series; --format json has all."
    processes = {row.floor.processes for row in noises if row.floor}
    yield (
        "spread: the standard deviation between fresh processes of the same interpreter. floor: "
        "an effect within it is noise. found from: the smallest rise that a verdict calls worse "
        f"in 19 of 20 cases, with {' or '.join(map(str, sorted(processes))) or 'some'} processes "
        f"a side, as many as profile {report.job.profile} has."
    )
    for effect in WANTED:
        yield f"{detecting(noises, effect)} of {len(noises)} series could find {effect:.0%}."
    if any(row.apart != Apart() for row in noises):
        yield APART
    if sum(len(row.runs) for row in noises) < len(report.series):
        yield "Sittings under other conditions than this one's are kept, and are not in this table."
    without = sum(row.floor is None for row in noises)
    if without:
        words = plural(without, "series has", "series have")
        yield f"{words} no floor: zeros, or too few processes."
    yield from filter(None, [of_sittings(report.sittings)])
    if report.disturbed:
        yield (
            f"Other load disturbed {report.disturbed} of {len(report.processes)} "
            "processes: a quiet machine has less noise."
        )
    skipped = Counter(lost.reason for lost in report.lost if lost.skipped)
    for reason, count in sorted(skipped.items()):
        yield f"skipped, {plural(count, 'cell', 'cells')}: {reason}"
    for lost in report.lost:
        if not lost.skipped:
            yield f"failed: {lost.cell.title}: {lost.reason}"
    yield "Benchmarks by asv's own clock are not cells of the probe: they have no floor."
    yield f"Kept in {report.job.path}."
