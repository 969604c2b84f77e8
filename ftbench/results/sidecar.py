"""What the records beside a result file say of its figures: reasons, runs, provenance, effort."""

from __future__ import annotations

import contextlib
import sys
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from functools import lru_cache
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, Final, Self, TypeVar

import msgspec

from ftbench.errors import DAMAGE, ResultsError
from ftbench.probe.instruments.build import choices
from ftbench.results.figure import SeriesKey, Start, State, Unreadable
from ftbench.results.records import (
    MOST,
    CellRecord,
    FailureRecord,
    Interference,
    Number,
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
    """The processes that measured one cell, in the order in which they did."""

    runs: frozenset[str] = frozenset()
    # Of each process, metric → how many of asv's pooled samples are its own.
    counts: tuple[Mapping[str, Any], ...] = ()
    # What else ran, "" if nothing is on record.
    interference: str = ""
    speeds: tuple[tuple[str, str, float], ...] = ()  # as in `Figure`
    # The median over the processes that counted it.
    effort: Mapping[str, float] = field(default_factory=dict)
    # The machine as they met it, each record once.
    machines: tuple[Record, ...] = ()
    doubts: Mapping[str, str] = field(default_factory=dict)  # by metric

    @classmethod
    def of(cls, records: Sequence[CellRecord]) -> Self:
        """Return what the cell's records say; a field that is not there says nothing."""
        return cls(
            runs=_same(frozenset(record.run for record in records)),
            counts=tuple(record.samples for record in records),
            interference=_interference(records),
            speeds=tuple(_speeds(records)),
            effort=_effort(records),
            doubts=dict(ChainMap(*(record.doubts for record in records))),
        )

    def split(self, method: str, samples: Sequence[float]) -> tuple[tuple[float, ...], ...]:
        """Return the pooled samples of a method by process, () where it is not on record whose."""
        metric = method.removeprefix(_METRIC)
        counts = [count for process in self.counts if (count := process.get(metric, 0))]
        if not all(type(count) is int and count > 0 for count in counts):
            return ()
        if sum(counts) != len(samples):
            return ()
        if len(counts) == 1:
            return (tuple(samples),)
        pooled = iter(samples)
        return tuple(tuple(islice(pooled, count)) for count in counts)


@lru_cache(maxsize=1024)
def _same(runs: frozenset[str]) -> frozenset[str]:
    return runs  # one object for the thousands of cells that have them


def _interference(records: Sequence[CellRecord]) -> str:
    """Return how many processes were marked, and why the worst of them was."""
    interferences = [read_fitting(record.interference, Interference) for record in records]
    marked = [interference for interference in interferences if interference.marked]
    if not marked:
        return ""
    worst = max(marked, key=lambda each: each.foreign + each.steal + each.throttled)
    why = worst.why or "it is not said what"
    if len(records) == 1:
        return why
    return f"{len(marked)} of {len(records)} processes, at worst: {why}"


def _speeds(records: Iterable[CellRecord]) -> Iterator[tuple[str, str, float]]:
    for record in records:
        stick, seconds = record.speed.get("stick"), record.speed.get("seconds", 0)
        if fits(stick, str) and fits(seconds, Number) and seconds > 0:
            yield record.run, str(stick), seconds


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
        elif type(value) in {int, float} and abs(value) <= MOST:
            yield f"{prefix}{name}", value


_Unmeasured = SkipRecord | FailureRecord
_KINDS: Final[Mapping[str, type[CellRecord | _Unmeasured]]] = {
    "cell": CellRecord,
    "skip": SkipRecord,
    "failure": FailureRecord,
}
_UNRECORDED: Final = Replicates()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """The records of one result file, by what a reader of figures asks of them."""

    builds: tuple[Record, ...] = ()
    machines: tuple[Record, ...] = ()
    gil: frozenset[bool] = frozenset()
    jit: frozenset[bool] = frozenset()
    starts: tuple[Start, ...] = ()
    invariants: Mapping[str, str] = field(default_factory=dict)
    unmeasured: Mapping[SeriesKey, Sequence[_Unmeasured]] = field(default_factory=dict)
    measured: Mapping[SeriesKey, Replicates] = field(default_factory=dict)
    warnings: tuple[Unreadable, ...] = ()

    @classmethod
    def of(cls, records: Records) -> Self:
        """Return what the records say; a field that is not there says nothing."""
        every = list(_typed(records.cells))
        cells = [record for record in every if isinstance(record, CellRecord)]
        # Those of before that lack a builder's choices may be alike by what they say else.
        told = _met(records.builds, (cell.build for cell in cells)).values()
        builds = [
            build | {name: chosen for name, chosen in choices(build).items() if chosen is not None}
            for build in told
        ]
        machines = _met(records.machines, (cell.machine for cell in cells))
        return cls(
            builds=tuple(build for n, build in enumerate(builds) if build not in builds[:n]),
            machines=tuple(machines.values()),
            gil=frozenset(state for cell in cells for state in cell.gil if state is not None),
            jit=frozenset(state for cell in cells for state in cell.jit if state is not None),
            starts=_starts(cells),
            invariants={
                name: str(checked) for cell in cells for name, checked in cell.invariants.items()
            },
            unmeasured=_by_cell(record for record in every if not isinstance(record, CellRecord)),
            measured={
                key: replace(
                    Replicates.of(processes),
                    machines=tuple(
                        filter(None, map(machines.get, {each.machine: 0 for each in processes}))
                    ),
                )
                for key, processes in _by_cell(cells).items()
            },
        )

    def reason(self, state: State, cell: SeriesKey, method: str) -> str:
        """Return why the cell was skipped or how it failed, "" where nothing is on record."""
        for record in reversed(self.unmeasured.get(cell, ())):
            # One that names a metric speaks for the one benchmark that tracks it.
            if record.state is state and record.metric in {None, method.removeprefix(_METRIC)}:
                return sys.intern(record.reason)  # many cells have the same
        return ""

    def asked(self, cell: SeriesKey, method: str) -> bool:
        """Whether what is skipped without a reason was asked for; True where nothing tells.

        Of a cell that `--bench` leaves out asv stores the same as of one that is skipped.
        """
        if not (self.measured or self.unmeasured):
            return True
        counts = self.replicates(cell).counts  # what it measured and asv has not, is left out
        return bool(counts) and not any(method.removeprefix(_METRIC) in each for each in counts)

    def replicates(self, cell: SeriesKey) -> Replicates:
        """Return what is on record of the processes that measured the cell."""
        return self.measured.get(cell, _UNRECORDED)


def read_sidecar(result_file: Path) -> Sidecar:
    """Read the records beside a result file; what cannot be read is in `Sidecar.warnings`."""
    path = records_path(result_file)
    try:
        return Sidecar.of(read_records(path))
    except ResultsError as error:
        return Sidecar(warnings=(Unreadable.of(path, error.message),))
    except DAMAGE as error:
        return Sidecar(warnings=(Unreadable.of(path, f"it cannot be read: {error!r}"),))


def _typed(records: Iterable[Record]) -> Iterator[CellRecord | _Unmeasured]:
    for record in records:
        if record["kind"] in _KINDS:
            with contextlib.suppress(msgspec.ValidationError):
                yield read_fitting(record, _KINDS[record["kind"]])


# The facts of a machine that are counted; whatever else is said of it, or of a build, in words.
_COUNTS: Final = frozenset({"cores", "usable_cores", "quota_cores", "memory_bytes"})
_Count = Number | None
_Word = str | bool | Number | list[str] | None


def _met(known: Mapping[str, Record], named: Iterable[str]) -> Mapping[str, Record]:
    return {
        name: {
            fact: value
            for fact, value in known[name].items()
            if fits(value, _Count if fact in _COUNTS else _Word)
        }
        for name in dict.fromkeys(named)
        if name in known
    }


def _starts(cells: Iterable[CellRecord]) -> tuple[Start, ...]:
    """Return where each run began: its earliest cell, before it made a load of its own."""
    starts = [
        Start(run=cell.run, at=cell.started_at.astimezone(UTC), load=next(iter(cell.load), None))
        for cell in cells
        if cell.started_at is not None
    ]
    latest_first = sorted(starts, key=lambda start: start.at, reverse=True)
    return tuple({start.run: start for start in latest_first}.values())


_CellT = TypeVar("_CellT", CellRecord, _Unmeasured)


def _by_cell(records: Iterable[_CellT]) -> Mapping[SeriesKey, Sequence[_CellT]]:
    grouped: dict[SeriesKey, list[_CellT]] = {}
    for record in records:
        grouped.setdefault(record.key, []).append(record)
    return grouped
