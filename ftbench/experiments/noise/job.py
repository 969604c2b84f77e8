"""The whole of `ftbench noise` for one arm: A/A passes, kept beside the results of the arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from asv.environment import get_env_name
from asv.machine import Machine
from asv.results import get_filename
from rich.console import Console

from ftbench.asv.measuring_lock import take_turn
from ftbench.errors import ResultsError
from ftbench.experiments.noise.passes import (
    Gathered,
    Lost,
    in_turn,
    is_disturbed,
    make_pass,
    medians,
    nothing_measured,
    progress,
)
from ftbench.experiments.run_cell import probe
from ftbench.experiments.suite import SuiteCell
from ftbench.facts.arms import Arm
from ftbench.probe.run.document import Measurement
from ftbench.probe.run.measure import DEADLINE_SECONDS
from ftbench.pythons import Interpreter, PythonBuild
from ftbench.results.figure import NoiseSeries
from ftbench.results.noise import (
    SUFFIX,
    NoiseCell,
    NoiseFile,
    Subject,
    digest_of,
    read_noise_file,
    write_noise_file,
)

SIDES: Final = "AB"
_BLOCK: Final = 4  # A B B A: both sides have had the same place


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to measure against itself, and where to keep what differs.

    `replicates` are fresh processes per cell and side; `results` is the results folder, `machine`
    this machine's name there; `append` adds to the processes of earlier runs.
    """

    interpreter: Interpreter
    arm: Arm
    cells: Sequence[SuiteCell]
    profile: str
    replicates: int
    results: Path
    machine: str
    append: bool = False
    deadline: float = DEADLINE_SECONDS

    @property
    def subject(self) -> Subject:
        """What the file says was measured."""
        return Subject(
            release=self.interpreter.release,
            arm=self.arm,
            flavour=self.interpreter.build.flavour,
            profile=self.profile,
        )

    @property
    def path(self) -> Path:
        """Where the noise goes: beside asv's result file of the same release and environment."""
        environment = get_env_name(
            "cpython",
            self.arm.python,
            {"build": self.interpreter.build.flavour, "profile": self.profile},
            {("nobuild", name): value for name, value in self.arm.environment.items()},
        )
        commit = self.interpreter.release.commit_id
        result = Path(self.results, get_filename(self.machine, commit, environment))
        return result.with_name(result.name.removesuffix(".json") + SUFFIX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of a job: its series with all their processes, and what was lost.

    `measured` counts the processes of this run, `disturbed` those of them beside which others kept
    the machine busy.
    """

    job: Job
    series: tuple[NoiseSeries, ...]
    lost: tuple[Lost, ...]
    measured: int = 0
    disturbed: int = 0


def run(job: Job, console: Console) -> Report:
    """Measure, and keep it after every A B B A; shows progress on `console`.

    Raises `ResultsError` if the file is damaged, is of another build or cannot be written,
    `FtbenchError` if something else is measuring on this machine, `InterpreterError` if the
    interpreter cannot carry the measured side, `NotAvailableError` or `WorkerFailedError` if no
    cell could be measured on both sides; then nothing is written.
    """
    before = _before(job)
    take_turn()
    _introduce(job)
    gathered: Gathered[str] = Gathered()
    sides = list(in_turn(SIDES, job.replicates))
    after = before
    with progress(console, len(sides) * len(job.cells)) as step:
        for number, side in enumerate(sides, 1):
            place = f"pass {number} of {len(sides)}"
            make_pass(job.cells, side, partial(_measured, job), gathered, partial(step, place))
            if gathered.taken and (number % _BLOCK == 0 or number == len(sides)):
                after = before.with_cells(_file(job, gathered), append=job.append)
                write_noise_file(job.path, after)
    mine = {cell.key for cell in _file(job, gathered).cells}
    if not mine:
        raise nothing_measured(gathered.lost)
    shown = NoiseFile(subject=job.subject, cells=tuple(c for c in after.cells if c.key in mine))
    measured = [each for taken in gathered.taken.values() for _, each in taken]
    return Report(
        job=job,
        series=tuple(shown.series(job.machine)),
        lost=tuple(gathered.lost),
        measured=len(measured),
        disturbed=sum(map(is_disturbed, measured)),
    )


def _before(job: Job) -> NoiseFile:
    """Return what is on record; refuses to mix two builds."""
    file = read_noise_file(job.path) or NoiseFile(subject=job.subject)
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


def _introduce(job: Job) -> None:
    """Have asv say in the results which machine this is, if it has not yet."""
    if not (job.results / job.machine / "machine.json").exists():
        Machine.load(machine_name=job.machine).save(str(job.results))


def _measured(job: Job, cell: SuiteCell, _side: str) -> Measurement:
    return probe(
        job.interpreter,
        cell.scenario,
        mode=cell.mode,
        params=cell.params,
        profile=job.profile,
        gil=job.arm.gil,
        deadline=job.deadline,
    )


def _file(job: Job, gathered: Gathered[str]) -> NoiseFile:
    """Return the file of what was gathered alone; a cell without a process on each side is none."""
    builds, machines, cells = {}, {}, []
    for cell in job.cells:
        taken = gathered.taken.get(cell.title, [])
        if {side for side, _ in taken} != set(SIDES):
            continue
        first = taken[0][1]
        build, machine = digest_of(first.build), digest_of(first.machine)
        builds[build], machines[machine] = first.build, first.machine
        found = medians(cell, [measured for _, measured in taken])
        cells.append(
            NoiseCell(
                group=cell.group,
                params=cell.texts,
                order="".join(side for side, _ in taken),
                started_at=first.started_at,
                load=first.load[0],
                build=build,
                machine=machine,
                units={name: cell.metrics[name] for name in found},
                medians={name: tuple(map(_shortened, values)) for name, values in found.items()},
                disturbed=sum(is_disturbed(measured) for _, measured in taken),
            )
        )
    return NoiseFile(subject=job.subject, builds=builds, machines=machines, cells=tuple(cells))


def _shortened(value: float) -> float:
    """Return a median with the digits that mean something: of seconds, seven are enough."""
    return value if float(value).is_integer() else float(f"{value:.7g}")
