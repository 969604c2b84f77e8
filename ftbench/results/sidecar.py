"""What the records beside a result file say of its figures: reasons, runs, provenance, load."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ftbench.errors import ResultsError
from ftbench.results.figure import Start, State, Unreadable
from ftbench.results.records import Record, Records, read_records, records_path
from ftbench.results.replicates import Replicates, run_of

_Key = tuple[str, frozenset[tuple[str, str]]]
_NONE = Replicates()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """The records of one result file, by what a reader of figures asks of them.

    `told` are the skip and failure records, in the order of the file; `by_cell` holds what the
    processes that measured a cell say of it.
    """

    builds: tuple[Record, ...] = ()
    machines: tuple[Record, ...] = ()
    gil: frozenset[bool] = frozenset()
    starts: tuple[Start, ...] = ()
    invariants: Mapping[str, str] = field(default_factory=dict)
    told: tuple[Record, ...] = ()
    by_cell: Mapping[_Key, Replicates] = field(default_factory=dict)
    warnings: tuple[Unreadable, ...] = ()

    def reason(self, state: State, benchmark: str, params: Mapping[str, str]) -> str:
        """Return why the cell was skipped or how it failed, "" where nothing is on record.

        A record that names a metric speaks for the one benchmark that tracks it.
        """
        kind = {State.SKIPPED: "skip", State.FAILED: "failure"}.get(state)
        group, _, method = benchmark.rpartition(".")
        for record in reversed(self.told):
            metric = record.get("metric")
            if (
                record["kind"] == kind
                and _key(record) == _key({"group": group, "params": params})
                and (metric is None or method == f"track_{metric}")
            ):
                return _reason(record)
        return ""

    def replicates(self, benchmark: str, params: Mapping[str, str]) -> Replicates:
        """Return what is on record of the processes that measured the cell."""
        key = _key({"group": benchmark.rpartition(".")[0], "params": params})
        return self.by_cell.get(key, _NONE)


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
        told=tuple(record for record in sound if record["kind"] != "cell"),
        by_cell=_by_cell(cells),
    )


def _is_sound(record: Record) -> bool:
    return isinstance(record.get("group"), str) and isinstance(record.get("params"), dict)


def _key(record: Mapping[str, Any]) -> _Key:
    params = record["params"].items()
    return record["group"], frozenset((str(name), str(value)) for name, value in params)


def _reason(record: Record) -> str:
    if record["kind"] == "skip":
        return str(record.get("reason", ""))
    return f"{record.get('error', 'error')}: {record.get('message', '')}"


def _met(known: Mapping[str, Record], cells: Iterable[Record], kind: str) -> tuple[Record, ...]:
    """Return the provenance records that a cell refers to, each once."""
    used = dict.fromkeys(str(cell.get(kind)) for cell in cells)
    return tuple(known[name] for name in used if name in known)


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


def _by_cell(cells: Iterable[Record]) -> Mapping[_Key, Replicates]:
    grouped: dict[_Key, list[Record]] = {}
    for cell in cells:
        grouped.setdefault(_key(cell), []).append(cell)
    return {key: Replicates.of(records) for key, records in grouped.items()}
