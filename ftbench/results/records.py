"""The records beside asv's results: three kinds of files, one JSON object a line.

asv keeps samples; it has no place for the build, the machine, the GIL's state, the invariants
and the reasons.  They lie in `<stem>.records.jsonl` next to asv's `<stem>.json`:

    {"kind": "schema", "name": "ftbench.records", "version": 1}
    {"kind": "build", "digest": D, ...}     {"kind": "machine", "digest": D, ...}
    {"kind": "cell", "group": ..., "params": {...}, "build": D, "machine": D, "gil": [...], ...}
    {"kind": "skip", ..., "reason": ...}    {"kind": "failure", ..., "error": ..., "message": ...}

What `ftbench noise` found of the same release in the same environment lies in
`<stem>.noise.jsonl`, a record per cell and sitting, with a number per letter of `order`:

    {"kind": "schema", "name": "ftbench.noise", "version": 1}
    {"kind": "subject", "release": "3.14.2", "arm": "ft", "flavour": ..., "profile": "full"}
    {"kind": "build", "digest": D, ...}     {"kind": "machine", "digest": D, ...}
    {"kind": "noise", "group": "lifecycle.Lifecycle", "params": {...}, "order": "ABBA",
     "sitting": "2026-11-29T22:10:03.123456+00:00", "against": "", "started_at": ...,
     "load": ..., "build": D, "machine": D, "disturbed": 0,
     "units": {"round": "seconds", ...}, "medians": {"round": [one per process], ...}}

What `ftbench duel` found of two sides on a machine lies in `<side>_<side>.duel.jsonl`, a record per
series, a pair of processes being the logarithm of B over A and the median of each:

    {"kind": "schema", "name": "ftbench.duel", "version": 1}
    {"kind": "build", "digest": D, ...}     {"kind": "machine", "digest": D, ...}
    {"kind": "duel", "group": "single_thread.SingleThread", "params": {...}, "metric": "kernel",
     "sides": [{"release": "3.14.7", "arm": "gil", "mode": "serial", "build": D, ...}, {...}],
     "seed": 1, "rounds": 40, "margin": 0.03, "pairs": [[0.05, A, B], ...], ...}

The trials of `ftbench selftest` are such records too: a build against itself, in `.selftest.jsonl`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Self, TypeVar

import msgspec

from ftbench.errors import DAMAGE, FtbenchError, ResultsError
from ftbench.facts.arms import arm_named
from ftbench.files import refuse_endless, write_whole, written_whole
from ftbench.releases import Release
from ftbench.results.figure import SeriesKey, State

Record = dict[str, Any]
T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)

# A cell's facts that many cells share are written once and named by their digest.
_SHARED: Final = ("build", "machine")

# Of the size of any cost, in whatever unit, with room to spare.
MOST: Final = 1e30
Number = Annotated[float, msgspec.Meta(ge=-MOST, le=MOST)]
"""A number that can be reckoned with."""
Logarithm = Annotated[float, msgspec.Meta(ge=-100, le=100)]


class _OfCell(msgspec.Struct, frozen=True, kw_only=True):
    """A record of a cell: the benchmarks' class, and the parameters, of whatever types."""

    group: str
    params: Record

    @property
    def key(self) -> SeriesKey:
        """What names the cell."""
        return SeriesKey.of(self.group, self.params)


class CellRecord(_OfCell, frozen=True, kw_only=True):
    """A process that measured a cell: what a reader of figures asks of its record."""

    build: str = ""
    machine: str = ""
    run: str = ""
    started_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    version: str = ""  # of the measured work
    elapsed: Number = 0.0  # seconds
    # Before and after, as is the run queue's average; of a build without a JIT nothing.
    gil: tuple[bool | None, ...] = ()
    jit: tuple[bool | None, ...] = ()
    load: tuple[Number | None, ...] = ()
    # Metric → how many of asv's pooled samples are its own.
    samples: Record = {}
    effort: Record = {}
    interference: Record = {}
    speed: Record = {}
    invariants: Record = {}
    doubts: dict[str, str] = {}


class SkipRecord(_OfCell, frozen=True, kw_only=True):
    """Why a cell, or one metric of it, was not measured."""

    state: ClassVar = State.SKIPPED
    metric: str | None = None
    reason: str = ""


class FailureRecord(_OfCell, frozen=True, kw_only=True):
    """How a cell, or one metric of it, failed."""

    state: ClassVar = State.FAILED
    metric: str | None = None
    error: str = "error"
    message: str = ""

    @property
    def reason(self) -> str:
        """The error's class and message."""
        return f"{self.error}: {self.message}"


class Interference(msgspec.Struct, frozen=True, kw_only=True):
    """What a process did not have: cores that others took or a quota, `why` it is marked."""

    marked: bool = False
    why: str = ""
    repeats: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 0  # for that
    foreign: Number = 0.0
    steal: Number = 0.0
    throttled: Number = 0.0
    agent: Number = 0.0  # of foreign, what a fleet's agent used


class SubjectRecord(msgspec.Struct, frozen=True, kw_only=True, tag="subject", tag_field="kind"):
    """What a noise file is of."""

    release: str
    arm: str
    flavour: str
    profile: str


class NoiseCell(_OfCell, frozen=True, kw_only=True, tag="noise", tag_field="kind"):
    """One cell against itself in one sitting: a letter of `order` and medians per process."""

    params: dict[str, str]
    order: str
    medians: dict[str, tuple[Number, ...]]
    # When its run began, "" of older records: of whatever was added together.
    sitting: str = ""
    # The scenario's: older records lack the first.
    version: str = "1"
    # The second build of the same source that B was, "" where it was the same.
    against: str = ""
    # Of its first process, as is the load.
    started_at: str = ""
    load: Number | None = None
    build: str = ""
    machine: str = ""
    units: dict[str, str] = {}
    # The processes beside which others kept the machine busy.
    disturbed: int = 0
    speeds: tuple[Record, ...] = ()  # of the measuring stick, process by process

    def __post_init__(self) -> None:
        if not self.order or set(self.order) - set("AB"):
            raise ValueError(f"the order {self.order!r} is not of A and B")
        for name, values in self.medians.items():
            if len(values) != len(self.order):
                raise ValueError(f"{name} has not one number for each of {self.order!r}")


class DuelSide(msgspec.Struct, frozen=True, kw_only=True):
    """One of both sides of a duel; `extra` is the share of work that it did besides, on purpose."""

    release: str
    arm: str
    flavour: str
    mode: str
    build: str
    extra: Number = 0.0

    def __post_init__(self) -> None:
        _ = Release.parse(self.release), arm_named(self.arm)


class DuelRecord(_OfCell, frozen=True, kw_only=True, tag="duel", tag_field="kind"):
    """One series of two sides in turn: the first's parameters, and what the pairs came to."""

    params: dict[str, str]
    metric: str
    unit: str
    version: str  # the scenario's
    sides: tuple[DuelSide, DuelSide]
    machine: str
    sitting: str  # when its run began
    seed: int  # of the orders and layouts
    rounds: int  # of the middle pair, on either side
    margin: Number
    pairs: tuple[tuple[Logarithm, Number, Number], ...]
    fixed: bool = False  # whether addresses were the same in all processes of a build
    load: Number | None = None
    disturbed: int = 0  # the pairs beside which others kept the machine busy
    # What its cell was given and took, all its series together; 0.0 of older records.
    budget: Number = 0.0
    seconds: Number = 0.0

    @property
    def asked(self) -> tuple[object, ...]:
        """What a later record of the same takes the place of."""
        return self.key, self.metric, self.sides

    @property
    def title(self) -> str:
        """The series as people call it: `single_thread.SingleThread.kernel(serial, calls)`.

        The mode comes first, then the others by their names: a file does not keep their order.
        """
        ordered = sorted(self.params.items(), key=lambda item: (item[0] != "mode", item[0]))
        return f"{self.group}.{self.metric}({', '.join(value for _, value in ordered)})"

    def __post_init__(self) -> None:
        if not self.pairs or min(min(pair[1:]) for pair in self.pairs) <= 0:
            raise ValueError("it has no pairs, or a median that is no cost above zero")


def refuse_half_characters(value: object) -> None:
    """Raise `ValueError` for texts that JSON can escape, but no file and no terminal can take."""
    json.dumps(value, ensure_ascii=False).encode()


def fits(value: object, kind: Any) -> bool:
    """Tell whether a value of a record is of a type."""
    try:
        msgspec.convert(value, kind)
    except DAMAGE:
        return False
    return True


def read_fitting(record: Record, kind: type[S]) -> S:
    """Return a record as a type, or `msgspec.ValidationError`; an optional field need not fit."""
    try:
        return msgspec.convert(record, kind)
    except msgspec.ValidationError:
        optional = {
            field.name: field.type for field in msgspec.structs.fields(kind) if not field.required
        }
        fitting = {
            name: value
            for name, value in record.items()
            if name not in optional or fits(value, optional[name])
        }
        return msgspec.convert(fitting, kind)


def digest_of(record: Any) -> str:
    """Return what a build's or a machine's record is called within a file, or what else of JSON."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One of the kinds of files."""

    name: str
    suffix: str
    remedy: str  # what a user may do about a damaged one
    empty: bool = False  # whether it may be of no record at all

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
        builds, machines = provenance.builds.items(), provenance.machines.items()
        every = [
            self.schema,
            *of,
            *({"kind": "build", "digest": digest, **record} for digest, record in builds),
            *({"kind": "machine", "digest": digest, **record} for digest, record in machines),
            *cells,
        ]
        return "".join(json.dumps(line, sort_keys=True) + "\n" for line in every)

    def parse(self, text: str, take: Callable[[Record], object]) -> Provenance:
        """Read a whole file's text; `take` gets each record that is of this format alone.

        Raises `ResultsError` for another schema, and for a line that is no record or that `take`
        refuses.
        """
        shared: dict[str, dict[str, Record]] = {kind: {} for kind in _SHARED}
        schema: Record | None = None
        for number, line in enumerate(text.splitlines(), 1):
            try:
                record = json.loads(line)
                if "\\u" in line:
                    refuse_half_characters(record)
                kind = record["kind"]
                if kind in shared:
                    digest = str(record.pop("digest"))
                    del record["kind"]
                    shared[kind][digest] = record
                elif kind == "schema":
                    schema = record
                else:
                    take(record)
            except (*DAMAGE, FtbenchError) as error:
                raise ResultsError(f"Line {number} is no record: {error!r}.") from error
        if schema != self.schema and not (self.empty and schema is None):
            raise ResultsError(f"It names the schema {schema!r}.")
        return Provenance(builds=shared["build"], machines=shared["machine"])

    def read(self, path: Path, parse: Callable[[str], T]) -> T | None:
        """Read the file at `path`, None if there is none; raises `ResultsError` for damage."""
        try:
            refuse_endless(path)
            return parse(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, ResultsError) as error:
            raise ResultsError(
                f"{path.name} cannot be read: {error}",
                hint=f"It is left as it is. Take it from version control, or {self.remedy}.",
            ) from error

    def write(self, path: Path, text: str) -> None:
        """Write a file's text whole or not at all; raises `ResultsError`."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, text)
        except OSError as error:
            raise ResultsError(
                f"{path} could not be written: {error.strerror or error}. What was there before is "
                "untouched."
            ) from error


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The builds and machines that the cells of a file name, digest → record."""

    builds: dict[str, Record] = field(default_factory=dict)
    machines: dict[str, Record] = field(default_factory=dict)

    def joined(self, other: Provenance, named: AbstractSet[object]) -> Provenance:
        """Return those of both that are `named`, of a digest that both have the other's."""
        builds, machines = self.builds | other.builds, self.machines | other.machines
        return Provenance(
            builds={digest: builds[digest] for digest in builds if digest in named},
            machines={digest: machines[digest] for digest in machines if digest in named},
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
DUELS: Final = Format(
    name="ftbench.duel",
    suffix=".duel.jsonl",
    remedy="remove it and measure the duels again",
)
TRIALS: Final = ".selftest.jsonl"


def records_path(result: Path) -> Path:
    """Return where the records of asv's result file `result` lie."""
    return RECORDS.beside(result)


def _cell_of(record: Record) -> tuple[str, str]:
    return record["group"], json.dumps(record["params"], sort_keys=True)


@dataclass(frozen=True, kw_only=True)
class Records(Provenance):
    """All records of one result file."""

    # Those of cells, skips and failures, as they are on disk.
    cells: tuple[Record, ...] = ()

    def with_staged(self, staged: Iterable[Record], *, append: bool) -> Self:
        """Return these with what a run staged, in the place of earlier records of the same cells.

        Or beside them if `append`, as asv's samples; a skip is said once, though each round skips.
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
        cells = (*kept, *(cell for cell in new if cell["kind"] != "skip" or cell not in kept))
        return self._of(cells, Provenance(builds=known["build"], machines=known["machine"]))

    def without(self, group: str, cells: AbstractSet[tuple[str, ...]]) -> Self:
        """Return these without those of some cells of a group, by their sorted values."""
        return self._of(
            tuple(
                each
                for each in self.cells
                if each["group"] != group
                or tuple(sorted(map(str, each["params"].values()))) not in cells
            ),
            Provenance(),
        )

    def _of(self, cells: tuple[Record, ...], more: Provenance) -> Self:
        shared = self.joined(more, {cell.get(kind) for cell in cells for kind in _SHARED})
        return type(self)(**vars(shared), cells=cells)

    def text(self) -> str:
        """Return what the file holds."""
        return RECORDS.text(self, self.cells)


def parse_records(text: str) -> Records:
    """Read a file's text; raises `ResultsError` for a line that is no record of this schema."""
    cells: list[Record] = []

    def take(record: Record) -> None:
        _ = record["group"], record["params"]
        cells.append(record)

    return Records(**vars(RECORDS.parse(text, take)), cells=tuple(cells))


def read_records(path: Path) -> Records:
    """Read the records at `path`, none if there is no file; `ResultsError` for a damaged one."""
    return RECORDS.read(path, parse_records) or Records()


@contextlib.contextmanager
def records_written(path: Path, records: Records) -> Iterator[None]:
    """Write the records, which take the place of `path` once the body has succeeded."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as beside:
        beside.write_text(records.text(), encoding="utf-8")
        yield
