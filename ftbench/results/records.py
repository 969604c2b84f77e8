"""The records beside asv's results: two kinds of files, one JSON object a line.

asv keeps samples; it has no place for the build, the machine, the GIL's state, the invariants
and the reasons.  They lie in `<stem>.records.jsonl` next to asv's `<stem>.json`:

    {"kind": "schema", "name": "ftbench.records", "version": 1}
    {"kind": "build", "digest": D, ...}     {"kind": "machine", "digest": D, ...}
    {"kind": "cell", "group": ..., "params": {...}, "build": D, "machine": D, "gil": [...], ...}
    {"kind": "skip", ..., "reason": ...}    {"kind": "failure", ..., "error": ..., "message": ...}

What `ftbench noise` found of the same release in the same environment lies in
`<stem>.noise.jsonl`, with a number per letter of `order`, in the order of measuring:

    {"kind": "schema", "name": "ftbench.noise", "version": 1}
    {"kind": "subject", "release": "3.14.2", "arm": "ft", "flavour": ..., "profile": "full"}
    {"kind": "build", "digest": D, ...}     {"kind": "machine", "digest": D, ...}
    {"kind": "noise", "group": "lifecycle.Lifecycle", "params": {...}, "order": "ABBA",
     "started_at": ..., "load": ..., "build": D, "machine": D, "disturbed": 0,
     "units": {"round": "seconds", ...}, "medians": {"round": [one per process], ...}}
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Self, TypeVar

import msgspec

from ftbench.errors import FtbenchError, ResultsError
from ftbench.files import written_whole
from ftbench.results.keys import SeriesKey

Record = dict[str, Any]
T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)

# What a line of another shape ends in; the last two are nested too deep, and larger than a float.
_DAMAGE: Final = (
    msgspec.ValidationError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
    OverflowError,
)
# A cell's facts that many cells share are written once and named by their digest.
_SHARED: Final = ("build", "machine")

_MOST: Final = sys.float_info.max
Number = Annotated[float, msgspec.Meta(ge=-_MOST, le=_MOST)]
"""A number that is finite."""


class _OfCell(msgspec.Struct, frozen=True, kw_only=True):
    """A record of a cell: the benchmarks' class, and the parameters, of whatever types."""

    group: str
    params: Record

    @property
    def key(self) -> SeriesKey:
        """What names the cell."""
        return SeriesKey.of(self.group, self.params)


class CellRecord(_OfCell, frozen=True, kw_only=True):
    """A process that measured a cell: what a reader of figures asks of its record.

    `gil` are the GIL's states and `load` the run queue's averages,
    before and after; `samples` is metric → how many of asv's pooled samples are its own.
    """

    build: str = ""
    machine: str = ""
    run: str = ""
    started_at: str = ""
    gil: tuple[bool | None, ...] = ()
    load: tuple[Number | None, ...] = ()
    samples: Record = {}
    effort: Record = {}
    interference: Record = {}
    invariants: Record = {}


class SkipRecord(_OfCell, frozen=True, kw_only=True):
    """Why a cell, or one metric of it, was not measured."""

    metric: str | None = None
    reason: str = ""


class FailureRecord(_OfCell, frozen=True, kw_only=True):
    """How a cell, or one metric of it, failed."""

    metric: str | None = None
    error: str = "error"
    message: str = ""

    @property
    def reason(self) -> str:
        """The error's class and what it says."""
        return f"{self.error}: {self.message}"


class Interference(msgspec.Struct, frozen=True, kw_only=True):
    """What else ran beside a process: the cores that others took, `why` the process is marked."""

    marked: bool = False
    why: str = ""
    foreign: Number = 0.0
    steal: Number = 0.0

    @property
    def taken(self) -> float:
        """How many cores others took."""
        return self.foreign + self.steal


class SubjectRecord(msgspec.Struct, frozen=True, kw_only=True, tag="subject", tag_field="kind"):
    """What a noise file is of."""

    release: str
    arm: str
    flavour: str
    profile: str


class NoiseCell(msgspec.Struct, frozen=True, kw_only=True, tag="noise", tag_field="kind"):
    """One cell against itself: a letter of `order` and a median of each metric per process.

    `params` are plain text, mode first; `units` and `medians` are by metric; `load` is the run
    queue's average at its first process, `build` and `machine` are digests; `disturbed` counts
    the processes beside which others kept the machine busy.
    """

    group: str
    params: dict[str, str]
    order: str
    medians: dict[str, tuple[Number, ...]]
    started_at: str = ""
    load: Number | None = None
    build: str = ""
    machine: str = ""
    units: dict[str, str] = {}
    disturbed: int = 0

    LETTERS: ClassVar = frozenset("AB")

    def __post_init__(self) -> None:
        if not self.order or set(self.order) - self.LETTERS:
            raise ValueError(f"the order {self.order!r} is not of A and B")
        for name, values in self.medians.items():
            if len(values) != len(self.order):
                raise ValueError(f"{name} has not one number for each of {self.order!r}")

    @property
    def key(self) -> SeriesKey:
        """What names the cell within its file."""
        return SeriesKey.of(self.group, self.params)

    def followed_by(self, later: NoiseCell) -> NoiseCell:
        """Return this cell with the processes of `later`, of the metrics that both have."""
        return msgspec.structs.replace(
            later,
            order=self.order + later.order,
            started_at=self.started_at,
            load=self.load,
            disturbed=self.disturbed + later.disturbed,
            medians={
                name: (*self.medians[name], *values)
                for name, values in later.medians.items()
                if name in self.medians
            },
        )


def fits(value: object, kind: Any) -> bool:
    """Tell whether a value of a record is of a type."""
    try:
        msgspec.convert(value, kind)
    except _DAMAGE:
        return False
    return True


def read_fitting(record: Record, kind: type[S]) -> S:
    """Return a record as a type; an optional field that does not fit says nothing.

    Raises `msgspec.ValidationError` if a field that must be there does not fit.
    """
    try:
        return msgspec.convert(record, kind)
    except msgspec.ValidationError:
        optional = {
            each.name: each.type for each in msgspec.structs.fields(kind) if not each.required
        }
        fitting = {
            name: value
            for name, value in record.items()
            if name not in optional or fits(value, optional[name])
        }
        return msgspec.convert(fitting, kind)


def digest_of(record: Record) -> str:
    """Return what a build's or a machine's record is called within a file."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One of the two kinds of files.

    `remedy` is what a user may do about a damaged one; an `empty` one may be of no record at all.
    """

    name: str
    suffix: str
    remedy: str
    empty: bool = False

    @property
    def schema(self) -> Record:
        """The first line."""
        return {"kind": "schema", "name": self.name, "version": 1}

    def beside(self, result: Path) -> Path:
        """Return where the file of asv's result file `result` lies."""
        return result.with_name(result.name.removesuffix(".json") + self.suffix)

    def text(
        self, provenance: Provenance, cells: Iterable[Record], *, of: Iterable[Record] = ()
    ) -> str:
        """Return a whole file; `of` are the records that stand before the builds."""
        every = [
            self.schema,
            *of,
            *({"kind": "build", "digest": d, **each} for d, each in provenance.builds.items()),
            *({"kind": "machine", "digest": d, **each} for d, each in provenance.machines.items()),
            *cells,
        ]
        return "".join(json.dumps(line, sort_keys=True) + "\n" for line in every)

    def parse(self, text: str, take: Callable[[Record], object]) -> Provenance:
        """Read a whole file's text; `take` gets each record that is of this format alone.

        Raises `ResultsError` for a line that is no record, which is what `take` raises errors of
        its own for, and for another schema.
        """
        shared: dict[str, dict[str, Record]] = {kind: {} for kind in _SHARED}
        schema: Record | None = None
        for number, line in enumerate(text.splitlines(), 1):
            try:
                record = json.loads(line)
                kind = record["kind"]
                if kind in shared:
                    digest = str(record.pop("digest"))
                    del record["kind"]
                    shared[kind][digest] = record
                elif kind == "schema":
                    schema = record
                else:
                    take(record)
            except (*_DAMAGE, FtbenchError) as error:
                raise ResultsError(f"Line {number} is no record: {error!r}.") from error
        if schema != self.schema and not (self.empty and schema is None):
            raise ResultsError(f"It names the schema {schema!r}.")
        return Provenance(builds=shared["build"], machines=shared["machine"])

    def read(self, path: Path, parse: Callable[[str], T]) -> T | None:
        """Read the file at `path`, None if there is none; raises `ResultsError` for damage."""
        try:
            return parse(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, ResultsError) as error:
            raise ResultsError(
                f"{path.name} cannot be read: {error}",
                hint=f"It is left as it is. Take it from version control, or {self.remedy}.",
            ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """The builds and machines that the cells of a file name, digest → record."""

    builds: Mapping[str, Record] = field(default_factory=dict)
    machines: Mapping[str, Record] = field(default_factory=dict)

    def joined(self, other: Provenance) -> Provenance:
        """Return both, of a digest that both have the other's."""
        return Provenance(
            builds={**self.builds, **other.builds}, machines={**self.machines, **other.machines}
        )

    def named_by(self, builds: AbstractSet[object], machines: AbstractSet[object]) -> Provenance:
        """Return those that are named."""
        return Provenance(
            builds={digest: each for digest, each in self.builds.items() if digest in builds},
            machines={digest: each for digest, each in self.machines.items() if digest in machines},
        )


RECORDS: Final = Format(
    name="ftbench.records",
    suffix=".records.jsonl",
    remedy="remove it and the result file of the same name and measure again",
    empty=True,
)
NOISE: Final = Format(
    name="ftbench.noise",
    suffix=".noise.jsonl",
    remedy="remove it and measure the noise again",
)


def records_path(result: Path) -> Path:
    """Return where the records of asv's result file `result` lie."""
    return RECORDS.beside(result)


def _cell_of(record: Record) -> tuple[str, str]:
    return record["group"], json.dumps(record["params"], sort_keys=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Records(Provenance):
    """All records of one result file.

    `cells` holds the cell, skip and failure records as they are on disk, with whatever else is in
    them; their `build` and `machine` are digests.
    """

    cells: tuple[Record, ...] = ()

    def with_staged(self, staged: Iterable[Record], *, append: bool) -> Self:
        """Return these with what a run staged.

        The staged records take the place of earlier ones of the same cell, as asv's samples do,
        or stand beside them if `append`; a skip is said once, though each round skips.
        """
        known: dict[str, dict[str, Record]] = {kind: {} for kind in _SHARED}
        new = []
        for record in staged:
            named = dict(record)
            for kind in _SHARED:
                if isinstance(record.get(kind), dict):
                    named[kind] = digest_of(record[kind])
                    known[kind][named[kind]] = record[kind]
            new.append(named)
        replaced = set() if append else {_cell_of(record) for record in new}
        kept = [record for record in self.cells if _cell_of(record) not in replaced]
        cells = (*kept, *(each for each in new if each["kind"] != "skip" or each not in kept))
        every = self.joined(Provenance(builds=known["build"], machines=known["machine"]))
        still = every.named_by(*({cell.get(kind) for cell in cells} for kind in _SHARED))
        return type(self)(builds=still.builds, machines=still.machines, cells=cells)

    def text(self) -> str:
        """Return what the file holds."""
        return RECORDS.text(self, self.cells)


def parse_records(text: str) -> Records:
    """Read a file's text; raises `ResultsError` for a line that is no record of this schema."""
    cells: list[Record] = []

    def take(record: Record) -> None:
        _ = record["group"], record["params"]
        cells.append(record)

    provenance = RECORDS.parse(text, take)
    return Records(builds=provenance.builds, machines=provenance.machines, cells=tuple(cells))


def read_records(path: Path) -> Records:
    """Read the records at `path`, none if there is no such file.

    Raises `ResultsError` for a file that is cut short or is not of this schema.
    """
    return RECORDS.read(path, parse_records) or Records()


@contextlib.contextmanager
def records_written(path: Path, records: Records) -> Iterator[None]:
    """Write the records beside `path`, and put them there once the body has succeeded.

    So whatever fails, here or in the body, `path` is what it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as beside:
        beside.write_text(records.text(), encoding="utf-8")
        yield
