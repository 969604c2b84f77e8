"""The records beside asv's results: what stands behind each figure, one JSON object a line.

asv keeps samples; it has no place for the build, the machine, the GIL's state, the invariants
and the reasons.  They lie in `<stem>.records.jsonl` next to asv's `<stem>.json`:

    {"kind": "schema", "name": "ftbench.records", "version": 1}
    {"kind": "build", "digest": D, ...}     {"kind": "machine", "digest": D, ...}
    {"kind": "cell", "group": ..., "params": {...}, "build": D, "machine": D, "gil": [...], ...}
    {"kind": "skip", ..., "reason": ...}    {"kind": "failure", ..., "error": ..., "message": ...}
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from ftbench.errors import ResultsError

SCHEMA: Final = {"kind": "schema", "name": "ftbench.records", "version": 1}
SUFFIX: Final = ".records.jsonl"
Record = dict[str, Any]

# What a line of another shape ends in; the last two are nested too deep, and larger than a float.
DAMAGE: Final = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
    OverflowError,
)

# A cell's facts that many cells share are written once and named by their digest.
_SHARED: Final = ("build", "machine")


def records_path(result: Path) -> Path:
    """Return where the records of asv's result file `result` lie."""
    return result.with_name(result.name.removesuffix(".json") + SUFFIX)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


def _cell_of(record: Record) -> tuple[str, str]:
    return record["group"], json.dumps(record["params"], sort_keys=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """All records of one result file.

    `builds` and `machines` are digest → record; `cells` holds the cell, skip and failure
    records, whose `build` and `machine` are digests.
    """

    builds: Mapping[str, Record] = field(default_factory=dict)
    machines: Mapping[str, Record] = field(default_factory=dict)
    cells: tuple[Record, ...] = ()

    def with_staged(self, staged: Iterable[Record], *, append: bool) -> Self:
        """Return these with what a run staged.

        The staged records take the place of earlier ones of the same cell, as asv's samples do,
        or stand beside them if `append`; a skip is said once, though each round skips.
        """
        shared: dict[str, dict[str, Record]] = {
            "build": dict(self.builds),
            "machine": dict(self.machines),
        }
        new = []
        for record in staged:
            named = dict(record)
            for kind in _SHARED:
                if isinstance(record.get(kind), dict):
                    named[kind] = _digest(record[kind])
                    shared[kind][named[kind]] = record[kind]
            new.append(named)
        replaced = set() if append else {_cell_of(record) for record in new}
        kept = [record for record in self.cells if _cell_of(record) not in replaced]
        cells = (*kept, *(each for each in new if each["kind"] != "skip" or each not in kept))
        return type(self)(
            builds=_still_named(shared["build"], "build", cells),
            machines=_still_named(shared["machine"], "machine", cells),
            cells=cells,
        )

    def lines(self) -> list[Record]:
        """Return the lines of the file, the schema first."""
        return [
            SCHEMA,
            *({"kind": "build", "digest": d, **record} for d, record in self.builds.items()),
            *({"kind": "machine", "digest": d, **record} for d, record in self.machines.items()),
            *self.cells,
        ]


def _still_named(
    known: Mapping[str, Record], kind: str, cells: Iterable[Record]
) -> dict[str, Record]:
    named = {record.get(kind) for record in cells}
    return {digest: record for digest, record in known.items() if digest in named}


def parse_records(text: str) -> Records:
    """Read a file's text; raises `ResultsError` for a line that is no record of this schema."""
    builds: dict[str, Record] = {}
    machines: dict[str, Record] = {}
    cells: list[Record] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            record = json.loads(line)
            kind = record["kind"]
            if kind == "schema":
                if record != SCHEMA:
                    raise ResultsError(f"Line {number} names the schema {record!r}.")
            elif kind in _SHARED:
                digest = str(record.pop("digest"))
                del record["kind"]
                (builds if kind == "build" else machines)[digest] = record
            else:
                _ = record["group"], record["params"]
                cells.append(record)
        except DAMAGE as error:
            raise ResultsError(f"Line {number} is no record: {error!r}.") from error
    return Records(builds=builds, machines=machines, cells=tuple(cells))


def read_records(path: Path) -> Records:
    """Read the records at `path`, none if there is no such file.

    Raises `ResultsError` for a file that is cut short or is not of this schema.
    """
    try:
        return parse_records(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Records()
    except (OSError, UnicodeDecodeError, ResultsError) as error:
        raise ResultsError(
            f"{path.name} cannot be read: {error}",
            hint="It is left as it is. Take it from version control, or remove it and the result "
            "file of the same name and measure again.",
        ) from error


@contextlib.contextmanager
def records_written(path: Path, records: Records) -> Iterator[None]:
    """Write the records beside `path`, and put them there once the body has succeeded.

    So whatever fails, here or in the body, `path` is what it was.
    """
    beside = path.with_name(path.name + ".new")
    text = "".join(json.dumps(line, sort_keys=True) + "\n" for line in records.lines())
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        beside.write_text(text, encoding="utf-8")
        yield
        beside.replace(path)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()
