"""The noise of one series of results: what `ftbench noise` found, beside what asv measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from ftbench.errors import ResultsError
from ftbench.facts.arms import arm_named
from ftbench.releases import Release
from ftbench.results.figure import (
    Environment,
    Measured,
    NoiseSeries,
    SeriesKey,
    Unreadable,
)
from ftbench.results.records import (
    NOISE,
    NoiseCell,
    Provenance,
    Record,
    SubjectRecord,
    read_fitting,
)
from ftbench.results.safe_loading import usual_name


@dataclass(frozen=True, kw_only=True)
class NoiseFile(Provenance, Measured):
    """A whole file: the cells of a release in an environment, each against itself."""

    cells: tuple[NoiseCell, ...] = ()

    def with_cells(self, later: NoiseFile, *, fresh: bool) -> NoiseFile:
        """Return this file with a later run's cells, which follow those of earlier sittings.

        If `fresh`, or if their work has changed, they take the place of all of the same cells.
        """
        new = {(cell.key, not fresh and cell.sitting) for cell in later.cells}
        work = {cell.key: cell.version for cell in later.cells}
        kept = [
            cell
            for cell in self.cells
            if (cell.key, not fresh and cell.sitting) not in new
            and work.get(cell.key, cell.version) == cell.version
        ]
        cells = (*kept, *later.cells)
        named = {name for cell in cells for name in (cell.build, cell.against, cell.machine)}
        return replace(later, **vars(self.joined(later, named)), cells=cells)

    def series(self) -> Iterator[NoiseSeries]:
        """Yield a series per cell, sitting and metric."""
        for cell in self.cells:
            # One object for all: what is asked of a record is asked once.
            machine = self.machines.get(cell.machine)
            for name, medians in sorted(cell.medians.items()):
                yield NoiseSeries(
                    environment=self.environment,
                    release=self.release,
                    series=SeriesKey(benchmark=f"{cell.group}.track_{name}", params=cell.params),
                    unit=cell.units.get(name, ""),
                    medians=medians,
                    order=cell.order,
                    version=cell.version,
                    against=cell.against,
                    machines=(machine,) if machine else (),
                )

    @property
    def subject(self) -> SubjectRecord:
        """What was measured; the machine is the folder that the file lies in."""
        return SubjectRecord(
            release=self.release.name,
            arm=self.arm.name,
            flavour=self.flavour,
            profile=self.profile,
        )

    def text(self) -> str:
        subject, *cells = map(msgspec.to_builtins, (self.subject, *self.cells))
        return NOISE.text(self, cells, of=[subject])


def parse_noise(text: str, machine: str) -> NoiseFile:
    """Read a machine's file; raises `ResultsError` for one that is not whole or of this schema."""
    subjects: list[tuple[Environment, Release]] = []
    cells: list[NoiseCell] = []

    def take(record: Record) -> None:
        if record["kind"] == "subject":
            subject = msgspec.convert(record, SubjectRecord)
            environment = Environment(
                machine=machine,
                arm=arm_named(subject.arm),
                flavour=subject.flavour,
                profile=subject.profile,
            )
            subjects.append((environment, Release.parse(subject.release)))
        elif record["kind"] == "noise":
            params = {str(name): str(value) for name, value in record["params"].items()}
            cells.append(read_fitting(record | {"params": params}, NoiseCell))

    provenance = NOISE.parse(text, take)
    if not subjects:
        raise ResultsError("It does not say of which release, arm and profile it is.")
    environment, release = subjects[-1]
    return NoiseFile(
        environment=environment, release=release, **vars(provenance), cells=tuple(cells)
    )


def noise_path(results: Path, environment: Environment, release: Release) -> Path:
    """Return where the noise belongs: beside asv's result file of the same."""
    arm, build, profile = environment.arm, environment.flavour, environment.profile
    variables = arm.environment.items()
    name = usual_name(release.commit_id, arm.python, build, profile, variables)
    return NOISE.beside(results / environment.machine / name)


def read_noise_file(path: Path) -> NoiseFile | None:
    """Read the file at `path`, None if there is none; raises `ResultsError` for a damaged one."""
    return NOISE.read(path, lambda text: parse_noise(text, path.parent.name))


def write_noise_file(path: Path, file: NoiseFile) -> None:
    """Write `file` to `path`, whole or not at all; raises `ResultsError`."""
    NOISE.write(path, file.text())


def read_noise(
    folder: Path, versions: Mapping[str, str | None], warnings: list[Unreadable]
) -> Iterator[NoiseSeries]:
    """Yield noise of the work that is measured now; a damaged file, or a copy, is a warning."""
    files: list[tuple[Path, NoiseFile]] = []
    for path in sorted(folder.glob(f"*/*{NOISE.suffix}")):
        try:
            file = read_noise_file(path)
        except ResultsError as error:
            warnings.append(Unreadable.of(path, error.message))
        else:
            files += [(path, file)] if file else []
    held: dict[tuple[Environment, Release], Path] = {}
    for path, file in sorted(files, key=lambda read: read[0] != noise_path(folder, *read[1].key)):
        other = held.setdefault(file.key, path)
        if other is path:
            for run in file.series():
                listed = versions.get(run.benchmark) or run.version  # and the metric's own behind
                if listed.partition(".")[0] == run.version:
                    yield run
        else:
            why = f"it is of what {other.name} is of too; if it is a copy, remove it"
            warnings.append(Unreadable.of(path, why))
