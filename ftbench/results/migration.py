"""Rewrites result files of the older layout, in which a start method was part of the mode.

`'processes-fork'` becomes the values `'processes'` and `'fork'` of two parameters.  Figures stay as
they are, and so do records, which name a mode as ever.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from ftbench.errors import DAMAGE, FtbenchError, ResultsError
from ftbench.facts.modes import EVERY_MODE, mode_ladders, mode_of
from ftbench.files import write_whole
from ftbench.results import safe_loading
from ftbench.results.asv_import import AsvResults, Benchmarks, util
from ftbench.results.asvformat import BENCHMARKS
from ftbench.results.figure import one_line
from ftbench.results.ladders import Ladders, have_mode_as_one

_NAMES: Final = {repr(mode.name): mode.name for mode in EVERY_MODE}
# The columns of a result file that hold a value per cell.
_PER_CELL: Final = ("result", "samples", "stats_")


class Migration(StrEnum):
    """What became of a file."""

    MIGRATED = "migrated"
    CURRENT = "already so"
    LEFT = "left as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class MigratedFile:
    """A file of a results folder, and `why` it was left as it is."""

    path: Path
    state: Migration
    why: str = ""


def migrate(folder: Path) -> Iterator[MigratedFile]:
    """Rewrite each file of a results folder, whole or, if it is not understood, not at all."""
    machines = set(folder.glob(f"*/{safe_loading.MACHINE}"))
    files = {path for machine in machines for path in machine.parent.glob("*.json")}
    for path in (*sorted(files - machines), *folder.glob(BENCHMARKS)):
        try:
            changed = _benchmarks(path) if path.name == BENCHMARKS else _results(path)
            if changed is not None:
                write_whole(path, changed)
        except (FtbenchError, util.UserError, OSError, *DAMAGE) as error:
            yield MigratedFile(path=path, state=Migration.LEFT, why=one_line(error))
        else:
            state = Migration.CURRENT if changed is None else Migration.MIGRATED
            yield MigratedFile(path=path, state=state)


def _results(path: Path) -> str | None:
    """Return the new text of a result file, None for one that is not of the older layout."""
    safe_loading.load_any_layout(AsvResults, str(path))  # or it is damaged
    data = json.loads(path.read_text(encoding="utf-8"))
    changed = False
    for name, stored in data["results"].items():
        row = dict(zip(data["result_columns"], stored, strict=False))
        if have_mode_as_one(row["params"]):
            data["results"][name] = list(_row(row).values())
            changed = True
    return json.dumps(data) if changed else None


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a benchmark with its cells in the order of the new parameters."""
    older = row["params"]
    new = _ladders(older)
    places = {cell: number for number, cell in enumerate(itertools.product(*older))}
    order = [places[cell] for cell in _cells(new)]
    changed = {}
    for column, values in row.items():
        if column.startswith(_PER_CELL) and values is not None:
            if len(values) != len(order):
                raise ResultsError(f"its column {column} is not of one value per cell")
            changed[column] = [values[place] for place in order]
    return {**row, **changed, "params": new}


def _ladders(older: Ladders) -> list[list[str]]:
    unknown = [value for value in older[0] if value not in _NAMES]
    if unknown or len(set(older[0])) != len(older[0]):
        raise ResultsError(f"its modes are {', '.join(older[0])}, which are not all known")
    split = mode_ladders([_NAMES[value] for value in older[0]])
    return [*(list(map(repr, values)) for values in split.values()), *map(list, older[1:])]


def _cells(new: Ladders) -> Iterator[tuple[str, ...]]:
    """Yield the cells that can exist, in the new order, as the older layout names them."""
    for kind, start_method in itertools.product(new[0], new[1]):
        mode = mode_of(kind.strip("'"), start_method.strip("'"))
        if mode is not None:
            yield from ((repr(mode.name), *rest) for rest in itertools.product(*new[2:]))


def _benchmarks(path: Path) -> str | None:
    """Return the new text of asv's list of benchmarks, None if none is of the older layout."""
    safe_loading.load_json(str(path), Benchmarks.api_version)
    listed = json.loads(path.read_text(encoding="utf-8"))
    changed = False
    try:
        for name, entry in listed.items():
            if name != "version" and have_mode_as_one(entry["params"]):
                entry["params"] = _ladders(entry["params"])
                entry["param_names"] = ["mode", "start_method", *entry["param_names"][1:]]
                changed = True
    except DAMAGE as error:
        raise ResultsError(f"'{path}' is no list of benchmarks: {error!r}") from error
    return json.dumps(listed, indent=4, sort_keys=True) if changed else None
