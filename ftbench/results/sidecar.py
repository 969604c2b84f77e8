"""What the records beside a result file say of its figures: reasons, runs, provenance, effort."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, Final, Self

import msgspec

from ftbench.errors import ResultsError
from ftbench.results.figure import Start, State, Unreadable
from ftbench.results.keys import SeriesKey
from ftbench.results.records import (
    CellRecord,
    FailureRecord,
    Interference,
    Record,
    Records,
    SkipRecord,
    fits,
    read_fitting,
    read_records,
    records_path,
)

_METRIC: Final = "track_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicates:
    """The processes that measured one cell, in the order in which they did.

    `counts` has a mapping per process, metric → how many of asv's pooled samples are its own.
    `effort` is the median over the processes that counted it; `interference` says what else ran,
    "" if nothing is on record.
    """

    runs: frozenset[str] = frozenset()
    counts: tuple[Mapping[str, Any], ...] = ()
    interference: str = ""
    effort: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Sequence[CellRecord]) -> Self:
        """Return what the cell's records say; a field that is not there says nothing."""
        return cls(
            runs=_shared(frozenset(record.run for record in records)),
            counts=tuple(record.samples for record in records),
            interference=_interference(records),
            effort=_effort(records),
        )

    def split(self, method: str, samples: Sequence[float]) -> tuple[tuple[float, ...], ...]:
        """Return the pooled samples of a `track_` method by process.

        () where the counts on record are not those of the samples: then nobody knows whose they
        are.  A process that has none of them, since its run failed, is left out.
        """
        metric = method.removeprefix(_METRIC)
        counts = [count for each in self.counts if (count := each.get(metric, 0))]
        if not all(type(count) is int and count > 0 for count in counts):
            return ()
        if sum(counts) != len(samples):
            return ()
        if len(counts) == 1:
            return (tuple(samples),)
        pooled = iter(samples)
        return tuple(tuple(islice(pooled, count)) for count in counts)


@lru_cache(maxsize=1024)
def _shared(runs: frozenset[str]) -> frozenset[str]:
    """Return one and the same set for the same runs: thousands of cells have it."""
    return runs


def _interference(records: Sequence[CellRecord]) -> str:
    """Return why processes were marked: how many of them, and the reason of the worst."""
    met = [read_fitting(record.interference, Interference) for record in records]
    marked = [each for each in met if each.marked]
    if not marked:
        return ""
    why = max(marked, key=lambda each: each.taken).why or "it is not said what"
    if len(records) == 1:
        return why
    return f"{len(marked)} of {len(records)} processes, at worst: {why}"


def _effort(records: Sequence[CellRecord]) -> Mapping[str, float]:
    counted: dict[str, list[float]] = {}
    for record in records:
        for name, value in _numbers(record.effort):
            counted.setdefault(name, []).append(value)
    return {name: float(median(values)) for name, values in counted.items()}


def _numbers(effort: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Yield what is counted; what is counted within something else is named `outer.inner`."""
    for name, value in effort.items():
        if isinstance(value, dict):
            yield from _numbers(value, f"{prefix}{name}.")
        elif type(value) in {int, float} and math.isfinite(value):
            yield f"{prefix}{name}", value


@dataclass(frozen=True, slots=True)
class Told:
    """Why a cell, or one `metric` of it alone, has no figure."""

    state: State
    metric: str | None
    reason: str


_NONE: Final = Replicates()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """The records of one result file, by what a reader of figures asks of them.

    `told` are the skip and failure records of each cell, the latest first; `by_cell` holds what
    the processes that measured it say of it.  A cell is named by its benchmarks' class.
    """

    builds: tuple[Record, ...] = ()
    machines: tuple[Record, ...] = ()
    gil: frozenset[bool] = frozenset()
    starts: tuple[Start, ...] = ()
    invariants: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[SeriesKey, tuple[Told, ...]] = field(default_factory=dict)
    by_cell: Mapping[SeriesKey, Replicates] = field(default_factory=dict)
    warnings: tuple[Unreadable, ...] = ()

    def reason(self, state: State, cell: SeriesKey, method: str) -> str:
        """Return why the cell was skipped or how it failed, "" where nothing is on record.

        A record that names a metric speaks for the one benchmark that tracks it.
        """
        for told in self.told.get(cell, ()):
            if told.state is state and told.metric in {None, method.removeprefix(_METRIC)}:
                return told.reason
        return ""

    def replicates(self, cell: SeriesKey) -> Replicates:
        """Return what is on record of the processes that measured the cell."""
        return self.by_cell.get(cell, _NONE)


def read_sidecar(result_file: Path) -> Sidecar:
    """Read the records beside a result file; what cannot be read is in `Sidecar.warnings`."""
    path = records_path(result_file)
    try:
        return digest(read_records(path))
    except ResultsError as error:
        return Sidecar(warnings=(Unreadable(path=path, why=" ".join(error.message.split())),))


_AnyRecord = CellRecord | SkipRecord | FailureRecord
_KINDS: Final[Mapping[str, type[_AnyRecord]]] = {
    "cell": CellRecord,
    "skip": SkipRecord,
    "failure": FailureRecord,
}


def digest(records: Records) -> Sidecar:
    """Return what readers ask; a record that lacks a field tells nothing of it."""
    every = list(_typed(records.cells))
    cells = [record for record in every if isinstance(record, CellRecord)]
    return Sidecar(
        builds=_met(records.builds, (cell.build for cell in cells)),
        machines=_met(records.machines, (cell.machine for cell in cells)),
        gil=frozenset(state for cell in cells for state in cell.gil if state is not None),
        starts=_starts(cells),
        invariants={
            name: str(checked) for cell in cells for name, checked in cell.invariants.items()
        },
        told=_told(every),
        by_cell=_by_cell(cells),
    )


def _typed(records: Iterable[Record]) -> Iterator[_AnyRecord]:
    """Yield the records that name a cell and are of a kind that we know."""
    for record in records:
        if record["kind"] in _KINDS:
            with contextlib.suppress(msgspec.ValidationError):
                yield read_fitting(record, _KINDS[record["kind"]])


def _told(records: Iterable[_AnyRecord]) -> Mapping[SeriesKey, tuple[Told, ...]]:
    told: dict[SeriesKey, tuple[Told, ...]] = {}
    for record in records:
        if not isinstance(record, CellRecord):
            state = State.SKIPPED if isinstance(record, SkipRecord) else State.FAILED
            key = record.key
            one = Told(state, record.metric, sys.intern(record.reason))
            told[key] = (one, *told.get(key, ()))
    return told


def _met(known: Mapping[str, Record], named: Iterable[str]) -> tuple[Record, ...]:
    """Return the provenance records that cells name, each once."""
    return tuple(_plain(known[name]) for name in dict.fromkeys(named) if name in known)


# The facts of a machine that are counted; whatever else is said of it, or of a build, in words.
_COUNTS: Final = frozenset({"cores", "usable_cores", "quota_cores", "memory_bytes"})
_Count = int | float | None
_Said = str | bool | int | float | list[str] | None


def _plain(provenance: Record) -> Record:
    """Return a provenance record without the fields that are not of the kind they should be."""
    return {
        name: value
        for name, value in provenance.items()
        if fits(value, _Count if name in _COUNTS else _Said)
    }


def _starts(cells: Iterable[CellRecord]) -> tuple[Start, ...]:
    """Return where each run began: its earliest cell, before it made a load of its own."""
    first: dict[str, Start] = {}
    for cell in cells:
        at = _moment(cell.started_at)
        if at is None:
            continue
        start = Start(run=cell.run, at=at, load=next(iter(cell.load), None))
        if start.run not in first or start.at < first[start.run].at:
            first[start.run] = start
    return tuple(sorted(first.values(), key=lambda start: start.at))


def _moment(text: str) -> datetime | None:
    """Return a moment in UTC, None for what is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _by_cell(cells: Iterable[CellRecord]) -> Mapping[SeriesKey, Replicates]:
    grouped: dict[SeriesKey, list[CellRecord]] = {}
    for cell in cells:
        grouped.setdefault(cell.key, []).append(cell)
    return {key: Replicates.of(records) for key, records in grouped.items()}
