"""What the records beside a result file say of its figures: reasons, runs, provenance, load."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ftbench.errors import ResultsError
from ftbench.results.figure import Start, State, Unreadable
from ftbench.results.records import Record, Records, read_records, records_path
from ftbench.results.replicates import Replicates, run_of
from ftbench.results.series import CellKey, cell_key

_NONE = Replicates()


# The facts of a machine that are counted.
_COUNTS = frozenset({"cores", "usable_cores", "quota_cores", "memory_bytes"})
_STATES = {"skip": State.SKIPPED, "failure": State.FAILED}


@dataclass(frozen=True, slots=True)
class Told:
    """Why a cell, or one `metric` of it alone, has no figure."""

    state: State
    metric: object
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """The records of one result file, by what a reader of figures asks of them.

    `told` are the skip and failure records of each cell, the latest first; `by_cell` holds what
    the processes that measured it say of it.
    """

    builds: tuple[Record, ...] = ()
    machines: tuple[Record, ...] = ()
    gil: frozenset[bool] = frozenset()
    starts: tuple[Start, ...] = ()
    invariants: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[CellKey, tuple[Told, ...]] = field(default_factory=dict)
    by_cell: Mapping[CellKey, Replicates] = field(default_factory=dict)
    warnings: tuple[Unreadable, ...] = ()

    def reason(self, state: State, cell: CellKey, method: str) -> str:
        """Return why the cell was skipped or how it failed, "" where nothing is on record.

        A record that names a metric speaks for the one benchmark that tracks it.
        """
        for told in self.told.get(cell, ()):
            if told.state is state and told.metric in {None, method.removeprefix("track_")}:
                return told.reason
        return ""

    def replicates(self, cell: CellKey) -> Replicates:
        """Return what is on record of the processes that measured the cell."""
        return self.by_cell.get(cell, _NONE)


def read_sidecar(result_file: Path) -> Sidecar:
    """Read the records beside a result file; what cannot be read is in `Sidecar.warnings`."""
    path = records_path(result_file)
    try:
        return digest(read_records(path))
    except ResultsError as error:
        return Sidecar(warnings=(Unreadable(path=path, why=" ".join(error.message.split())),))


def digest(records: Records) -> Sidecar:
    """Return what readers ask; a record that lacks a field tells nothing of it."""
    sound = [record for record in records.cells if _is_sound(record)]
    cells = [record for record in sound if record["kind"] == "cell"]
    return Sidecar(
        builds=_met(records.builds, cells, "build"),
        machines=_met(records.machines, cells, "machine"),
        gil=frozenset(
            state for cell in cells for state in _list(cell.get("gil")) if isinstance(state, bool)
        ),
        starts=_starts(cells),
        invariants={
            str(name): str(checked)
            for cell in cells
            for name, checked in _mapping(cell.get("invariants")).items()
        },
        told=_told(sound),
        by_cell=_by_cell(cells),
    )


def _is_sound(record: Record) -> bool:
    return isinstance(record.get("group"), str) and isinstance(record.get("params"), dict)


def _key(record: Record) -> CellKey:
    return cell_key(record["group"], record["params"])


def _told(records: Iterable[Record]) -> Mapping[CellKey, tuple[Told, ...]]:
    told: dict[CellKey, tuple[Told, ...]] = {}
    for record in records:
        state = _STATES.get(record["kind"])
        if state is not None:
            key = _key(record)
            one = Told(state, record.get("metric"), sys.intern(_reason(record)))
            told[key] = (one, *told.get(key, ()))
    return told


def _reason(record: Record) -> str:
    if record["kind"] == "skip":
        return str(record.get("reason", ""))
    return f"{record.get('error', 'error')}: {record.get('message', '')}"


def _met(known: Mapping[str, Record], cells: Iterable[Record], kind: str) -> tuple[Record, ...]:
    """Return the provenance records that a cell refers to, each once."""
    used = dict.fromkeys(str(cell.get(kind)) for cell in cells)
    return tuple(_plain(known[name]) for name in used if name in known)


def _plain(provenance: Record) -> Record:
    """Return a provenance record without the fields that are not of the kind they should be."""
    return {
        name: value
        for name, value in provenance.items()
        if (type(value) in {int, float} if name in _COUNTS else _is_said(value)) or value is None
    }


def _is_said(value: object) -> bool:
    """Tell whether a value can be said in a few words."""
    if isinstance(value, list):
        return all(isinstance(each, str) for each in value)
    return isinstance(value, str | int | float)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: object) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _starts(cells: Iterable[Record]) -> tuple[Start, ...]:
    """Return where each run began: its earliest cell, before it made a load of its own."""
    first: dict[str, Start] = {}
    for cell in cells:
        at = _moment(cell.get("started_at"))
        if at is None:
            continue
        load = next(iter(_list(cell.get("load"))), None)
        known_load = float(load) if isinstance(load, int | float) else None
        start = Start(run=run_of(cell), at=at, load=known_load)
        if start.run not in first or start.at < first[start.run].at:
            first[start.run] = start
    return tuple(sorted(first.values(), key=lambda start: start.at))


def _moment(text: object) -> datetime | None:
    """Return a moment in UTC, None for what is none."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _by_cell(cells: Iterable[Record]) -> Mapping[CellKey, Replicates]:
    grouped: dict[CellKey, list[Record]] = {}
    for cell in cells:
        grouped.setdefault(_key(cell), []).append(cell)
    return {key: Replicates.of(records) for key, records in grouped.items()}
