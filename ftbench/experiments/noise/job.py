"""The whole of `ftbench noise` for one arm: A/A passes, kept beside the results of the arm."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from asv.machine import Machine
from asv.results import get_filename
from rich.console import Console

from ftbench.asv.command import environment_name
from ftbench.asv.measuring_lock import MEASURING_LOCK
from ftbench.errors import ResultsError
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
from ftbench.facts.units import kept
from ftbench.pythons import PythonBuild
from ftbench.results.figure import NoiseSeries
from ftbench.results.noise import NoiseFile, read_noise_file, write_noise_file
from ftbench.results.records import NOISE, NoiseCell, digest_of

SIDES: Final = "AB"
_BLOCK: Final = 4  # A B B A: both sides have had the same place


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseJob(CellsJob):
    """What to measure against itself, and where to keep what differs.

    `replicates` are fresh processes per cell and side; `results` is the results folder; `append`
    adds to the processes of earlier runs.
    """

    replicates: int
    results: Path
    append: bool = False

    def file(self, **content: Any) -> NoiseFile:
        """Return the file of what is measured, with some content."""
        return NoiseFile(environment=self.environment, release=self.interpreter.release, **content)

    @property
    def path(self) -> Path:
        """Where the noise goes: beside asv's result file of the same release and environment."""
        flavour = self.interpreter.build.flavour
        environment = environment_name(self.arm, flavour=flavour, profile=self.profile)
        commit = self.interpreter.release.commit_id
        return NOISE.beside(Path(self.results, get_filename(self.machine, commit, environment)))


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseResult:
    """What came of a job: its series with all their processes, and what was lost.

    `measured` counts the processes of this run, `disturbed` those of them beside which others kept
    the machine busy.
    """

    job: NoiseJob
    series: tuple[NoiseSeries, ...]
    lost: tuple[Lost, ...]
    measured: int = 0
    disturbed: int = 0


def run(job: NoiseJob, console: Console) -> NoiseResult:
    """Measure, and keep it after every A B B A; shows progress on `console`.

    Raises `ResultsError` if the file is damaged, is of another build or cannot be written,
    `FtbenchError` if something else is measuring on this machine, `InterpreterError` if the
    interpreter cannot carry the measured side, `NotAvailableError` or `WorkerFailedError` if no
    cell could be measured on both sides; then nothing is written.
    """
    before = _before(job)
    MEASURING_LOCK.acquire()
    _introduce(job)
    gathered: Gathered[str] = Gathered()
    sides = list(in_turn(SIDES, job.replicates))
    after = before

    def keep(number: int) -> None:
        nonlocal after
        if gathered.taken and (number % _BLOCK == 0 or number == len(sides)):
            after = before.with_cells(_file(job, gathered), append=job.append)
            write_noise_file(job.path, after)

    Passes(
        job=job,
        sides=sides,
        measure=lambda cell, _side: job.measure(cell),
        gathered=dict.fromkeys(SIDES, gathered),
    ).run(console, after=keep)
    mine = {cell.key for cell in _file(job, gathered).cells}
    if not mine:
        raise nothing_measured(gathered.lost)
    shown = job.file(cells=tuple(cell for cell in after.cells if cell.key in mine))
    return NoiseResult(
        job=job,
        series=tuple(shown.series()),
        lost=tuple(gathered.lost),
        measured=len(gathered.measured),
        disturbed=sum(map(is_disturbed, gathered.measured)),
    )


def _before(job: NoiseJob) -> NoiseFile:
    """Return what is on record; refuses to mix two builds."""
    file = read_noise_file(job.path) or job.file()
    for record in file.builds.values():
        then, now = PythonBuild.from_record(record).digest, job.interpreter.build.digest
        if then != now:
            raise ResultsError(
                f"{job.path.name} holds the noise of another build of the same release and "
                f"flavour (digest {then}, not {now}); they are never mixed.",
                hint="Keep the old one under another machine name (--machine NAME) or move it "
                "away, then measure again.",
            )
    return file


def _introduce(job: NoiseJob) -> None:
    """Have asv say in the results which machine this is, if it has not yet."""
    if not (job.results / job.machine / "machine.json").exists():
        Machine.load(machine_name=job.machine).save(str(job.results))


def _file(job: NoiseJob, gathered: Gathered[str]) -> NoiseFile:
    """Return the file of what was gathered alone; a cell without a process on each side is none."""
    builds, machines, cells = {}, {}, []
    for cell in job.cells:
        taken = gathered.taken.get(cell.title, [])
        if {side for side, _ in taken} != set(SIDES):
            continue
        first = taken[0][1]
        build, machine = digest_of(first.build), digest_of(first.machine)
        builds[build], machines[machine] = first.build, first.machine
        by_metric = medians(cell, [measured for _, measured in taken])
        cells.append(
            NoiseCell(
                group=cell.group,
                params=cell.texts,
                order="".join(side for side, _ in taken),
                started_at=first.started_at,
                load=first.load[0],
                build=build,
                machine=machine,
                units={name: cell.metrics[name] for name in by_metric},
                medians={name: tuple(map(kept, values)) for name, values in by_metric.items()},
                disturbed=sum(is_disturbed(measured) for _, measured in taken),
            )
        )
    return job.file(builds=builds, machines=machines, cells=tuple(cells))
