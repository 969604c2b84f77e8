"""The noise of one series of results: what `ftbench noise` found, beside what asv measured.

`<stem of asv's result file>.noise.jsonl` holds one JSON object a line:

    {"kind": "schema", "name": "ftbench.noise", "version": 1}
    {"kind": "subject", "release": "3.14.2", "arm": "ft", "flavour": ..., "profile": "full"}
    {"kind": "build", "digest": D, ...}     {"kind": "machine", "digest": D, ...}
    {"kind": "noise", "group": "lifecycle.Lifecycle", "params": {...}, "order": "ABBA",
     "started_at": ..., "load": ..., "build": D, "machine": D, "disturbed": 0,
     "units": {"round": "seconds", ...}, "medians": {"round": [one per process], ...}}

`medians` has a number per letter of `order`, in the order of measuring.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from ftbench.errors import FtbenchError, ResultsError
from ftbench.facts.arms import Arm, arm_named
from ftbench.releases import Release
from ftbench.results.figure import NoiseSeries, Unreadable
from ftbench.results.keys import Environment, SeriesKey
from ftbench.results.records import DAMAGE, Record

SCHEMA: Final = {"kind": "schema", "name": "ftbench.noise", "version": 1}
SUFFIX: Final = ".noise.jsonl"
LETTERS: Final = frozenset("AB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What was measured against itself."""

    release: Release
    arm: Arm
    flavour: str
    profile: str

    def record(self) -> Record:
        """Return its line of the file."""
        return {
            "kind": "subject",
            "release": self.release.name,
            "arm": self.arm.name,
            "flavour": self.flavour,
            "profile": self.profile,
        }

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Read what `record` wrote; raises `UsageError` for a name that is none."""
        return cls(
            release=Release.parse(record["release"]),
            arm=arm_named(record["arm"]),
            flavour=str(record["flavour"]),
            profile=str(record["profile"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseCell:
    """One cell against itself: a letter of `order` and a median of each metric per process.

    `params` are plain text, mode first; `units` and `medians` are by metric; `load` is the run
    queue's average at its first process, `build` and `machine` are digests; `disturbed` counts
    the processes beside which others kept the machine busy.
    """

    group: str
    params: Mapping[str, str]
    order: str
    started_at: str
    load: float | None
    build: str
    machine: str
    units: Mapping[str, str]
    medians: Mapping[str, tuple[float, ...]]
    disturbed: int = 0

    @property
    def key(self) -> tuple[str, frozenset[tuple[str, str]]]:
        """What names the cell within its file."""
        return self.group, frozenset(self.params.items())

    def record(self) -> Record:
        """Return its line of the file."""
        fields = {name: getattr(self, name) for name in type(self).__slots__}
        medians = {name: list(values) for name, values in self.medians.items()}
        return {"kind": "noise", **fields, "medians": medians}

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Read what `record` wrote; raises `ValueError`, `KeyError` or `TypeError`."""
        order, medians = str(record["order"]), dict(record["medians"])
        if not order or set(order) - LETTERS:
            raise ValueError(f"the order {order!r} is not of A and B")
        for name, values in medians.items():
            if len(values) != len(order) or not all(map(_finite, values)):
                raise ValueError(f"{name} has not one number for each of {order!r}")
        return cls(
            group=str(record["group"]),
            params={str(name): str(value) for name, value in record["params"].items()},
            order=order,
            started_at=str(record.get("started_at", "")),
            load=record.get("load"),
            build=str(record.get("build", "")),
            machine=str(record.get("machine", "")),
            units={str(name): str(unit) for name, unit in record.get("units", {}).items()},
            medians={str(name): tuple(map(float, values)) for name, values in medians.items()},
            disturbed=int(record.get("disturbed", 0)),
        )

    def followed_by(self, later: NoiseCell) -> NoiseCell:
        """Return this cell with the processes of `later`, of the metrics that both have."""
        return NoiseCell(
            group=self.group,
            params=self.params,
            order=self.order + later.order,
            started_at=self.started_at,
            load=self.load,
            build=later.build,
            machine=later.machine,
            units=later.units,
            disturbed=self.disturbed + later.disturbed,
            medians={
                name: (*self.medians[name], *values)
                for name, values in later.medians.items()
                if name in self.medians
            },
        )


def _finite(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseFile:
    """A whole file; `builds` and `machines` are digest → record."""

    subject: Subject
    builds: Mapping[str, Record] = field(default_factory=dict)
    machines: Mapping[str, Record] = field(default_factory=dict)
    cells: tuple[NoiseCell, ...] = ()

    def with_cells(self, later: NoiseFile, *, append: bool) -> NoiseFile:
        """Return this file with the cells of a later run of the same subject.

        They take the place of earlier ones of the same name, or follow them if `append`.
        """
        cells = {cell.key: cell for cell in self.cells}
        for cell in later.cells:
            earlier = cells.get(cell.key) if append else None
            cells[cell.key] = earlier.followed_by(cell) if earlier else cell
        builds = {**self.builds, **later.builds}
        machines = {**self.machines, **later.machines}
        return NoiseFile(
            subject=later.subject,
            builds={d: builds[d] for d in builds if any(c.build == d for c in cells.values())},
            machines={
                d: machines[d] for d in machines if any(c.machine == d for c in cells.values())
            },
            cells=tuple(cells.values()),
        )

    def series(self, machine: str) -> Iterator[NoiseSeries]:
        """Yield a series per cell and metric, of the machine that is called `machine`."""
        for cell in self.cells:
            for name, medians in sorted(cell.medians.items()):
                yield NoiseSeries(
                    environment=Environment(
                        machine=machine,
                        arm=self.subject.arm,
                        flavour=self.subject.flavour,
                        profile=self.subject.profile,
                    ),
                    release=self.subject.release,
                    series=SeriesKey(benchmark=f"{cell.group}.track_{name}", params=cell.params),
                    unit=cell.units.get(name, ""),
                    medians=medians,
                    order=cell.order,
                )

    def text(self) -> str:
        """Return what the file holds."""
        lines: list[Record] = [
            SCHEMA,
            self.subject.record(),
            *({"kind": "build", "digest": d, **record} for d, record in self.builds.items()),
            *({"kind": "machine", "digest": d, **record} for d, record in self.machines.items()),
            *(cell.record() for cell in self.cells),
        ]
        return "".join(json.dumps(line, sort_keys=True) + "\n" for line in lines)


def digest_of(record: Record) -> str:
    """Return what a build's or a machine's record is called within a file."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:12]


def parse_noise(text: str) -> NoiseFile:
    """Read a file's text; raises `ResultsError` for one that is cut short or not of this schema."""
    shared: dict[str, dict[str, Record]] = {"build": {}, "machine": {}}
    schema: Record | None = None
    subject: Subject | None = None
    cells: list[NoiseCell] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            record = json.loads(line)
            kind = record["kind"]
            if kind == "schema":
                schema = record
            elif kind == "subject":
                subject = Subject.from_record(record)
            elif kind in shared:
                digest = str(record.pop("digest"))
                del record["kind"]
                shared[kind][digest] = record
            elif kind == "noise":
                cells.append(NoiseCell.from_record(record))
        except (*DAMAGE, FtbenchError) as error:
            raise ResultsError(f"Line {number} is no record: {error!r}.") from error
    if schema != SCHEMA:
        raise ResultsError(f"It names the schema {schema!r}.")
    if subject is None:
        raise ResultsError("It does not say of which release, arm and profile it is.")
    return NoiseFile(
        subject=subject, builds=shared["build"], machines=shared["machine"], cells=tuple(cells)
    )


def read_noise_file(path: Path) -> NoiseFile | None:
    """Read the file at `path`, None if there is none; raises `ResultsError` for a damaged one."""
    try:
        return parse_noise(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, ResultsError) as error:
        raise ResultsError(
            f"{path.name} cannot be read: {error}",
            hint="It is left as it is. Take it from version control, or remove it and measure "
            "the noise again.",
        ) from error


def write_noise_file(path: Path, file: NoiseFile) -> None:
    """Write `file` to `path`, whole or not at all; raises `ResultsError`."""
    beside = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(file.text(), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise ResultsError(
            f"{path} could not be written: {error.strerror or error}. What was there before is "
            "untouched."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def read_noise(folder: Path, warnings: list[Unreadable]) -> Iterator[NoiseSeries]:
    """Yield every noise series of a results folder, sorted; a damaged file is a warning."""
    for path in sorted(folder.glob(f"*/*{SUFFIX}")):
        try:
            file = read_noise_file(path)
        except ResultsError as error:
            warnings.append(Unreadable(path=path, why=" ".join(error.message.split())))
            continue
        if file is not None:
            yield from file.series(path.parent.name)
