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

from asv import util
from asv.benchmarks import Benchmarks
from asv.results import Results

from ftbench.errors import FtbenchError, ResultsError
from ftbench.facts.modes import EVERY_MODE, mode_ladders, mode_of
from ftbench.files import write_whole
from ftbench.results import safe_loading
from ftbench.results.ladders import Ladders, have_mode_as_one

_MACHINE: Final = "machine.json"
_BENCHMARKS: Final = "benchmarks.json"
_NAMES: Final = {repr(mode.name): mode.name for mode in EVERY_MODE}
# The columns of a result file that hold a value per cell.
_PER_CELL: Final = ("result", "samples", "stats_")


class State(StrEnum):
    """What became of a file."""

    MIGRATED = "migrated"
    CURRENT = "already so"
    LEFT = "left as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class MigratedFile:
    """A file of a results folder, and `why` it was left as it is."""

    path: Path
    state: State
    why: str = ""


def migrate(folder: Path) -> Iterator[MigratedFile]:
    """Rewrite each file of a results folder, whole or not at all.

    A file that is damaged, or holds what is not known, is left as it is; a second call changes
    nothing.
    """
    machines = sorted(folder.glob(f"*/{_MACHINE}"))
    files = (path for each in machines for path in sorted(each.parent.glob("*.json")))
    for path in (*(path for path in files if path.name != _MACHINE), *folder.glob(_BENCHMARKS)):
        try:
            changed = _benchmarks(path) if path.name == _BENCHMARKS else _results(path)
            if changed is not None:
                write_whole(path, changed)
        except (FtbenchError, util.UserError, OSError) as error:
            why = " ".join(str(error).split())
            yield MigratedFile(path=path, state=State.LEFT, why=why)
        else:
            state = State.CURRENT if changed is None else State.MIGRATED
            yield MigratedFile(path=path, state=state)


def _results(path: Path) -> str | None:
    """Return the new text of a result file, None for one that is not of the older layout."""
    safe_loading.load_any_layout(Results, str(path))  # or it is damaged
    data = json.loads(path.read_text(encoding="utf-8"))
    columns = data["result_columns"]
    rows = [dict(zip(columns, row, strict=False)) for row in data["results"].values()]
    older = [have_mode_as_one(row["params"]) for row in rows]
    if not any(older):
        return None
    new = [_row(row) if old else row for row, old in zip(rows, older, strict=True)]
    names = data["results"]
    data["results"] = {n: list(row.values()) for n, row in zip(names, new, strict=True)}
    return json.dumps(data)


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
    """Return the ladders with the mode in two; raises `ResultsError` for a mode that is none."""
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
    try:
        older = {
            name: each
            for name, each in listed.items()
            if name != "version" and have_mode_as_one(each["params"])
        }
        new = {
            name: {
                **each,
                "params": _ladders(each["params"]),
                "param_names": ["mode", "start_method", *each["param_names"][1:]],
            }
            for name, each in older.items()
        }
    except (AttributeError, LookupError, TypeError) as error:
        raise ResultsError(f"'{path}' is no list of benchmarks: {error!r}") from error
    return json.dumps({**listed, **new}, indent=4, sort_keys=True) if older else None
