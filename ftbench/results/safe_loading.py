"""Reads asv's files whatever lies in them: a damaged one is `asv.util.UserError`, no traceback.

asv 0.6.6 itself does not survive JSON of another shape, bytes that are no UTF-8, and any damaged
machine.json (`asv publish`).
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from ftbench.errors import DAMAGE, UsageError
from ftbench.files import refuse_endless
from ftbench.releases import Release
from ftbench.results import ladders
from ftbench.results.asv_import import (
    AsvMachine,
    AsvResults,
    Benchmarks,
    get_env_name,
    get_filename,
    log,
    util,
)
from ftbench.results.figure import Unreadable
from ftbench.results.records import DUELS, MOST, Number, refuse_half_characters

MACHINE: Final = "machine.json"
# What means nothing without it; a noise file says itself of which machine it is.
_OF_MACHINE: Final = (".json", DUELS.suffix)
# Of a whole list of benchmarks, of which each file is read: ours has 7,742.
_MOST_CELLS: Final = 50_000
_NAMED: Final = 3
_LEAST: Final = 1e-30
# From these asv makes weights; with an infinite one its search for steps does not end.
_ENDS: Final = ("ci_99_a", "ci_99_b")

_load_json = util.load_json
_load_results = AsvResults.load.__func__
_save_results = AsvResults.save


def load_json(path: str, api_version: int | None = None, js_comments: bool = False) -> Any:  # noqa: FBT001, FBT002 - asv's signature
    """Do what asv's `util.load_json` does; raises `UserError` for every file that is damaged."""
    try:
        refuse_endless(Path(path))
        return _load_json(path, api_version, js_comments)
    except DAMAGE as error:
        raise util.UserError(f"Error parsing JSON in file '{path}': {error}") from error


def load_results(cls: type[AsvResults], path: str, machine_name: str | None = None) -> AsvResults:
    """Do what asv's `Results.load` does; raises `UserError` for a file that would break later."""
    results = load_any_layout(cls, path, machine_name)
    # Whose figures asv would take for those of no cell.
    refuse_older(path, map(results.get_result_params, results.get_all_result_keys()))
    return results


def refuse_older(path: str | Path, params: Iterable[ladders.Ladders]) -> None:
    """Raise `UserError` if benchmarks have the mode as one parameter, as older results do."""
    if any(map(ladders.have_mode_as_one, params)):
        raise util.UserError(
            f"'{path}' is of the older layout, in which a start method was part of the mode. It is "
            "left out until it is migrated: ftbench results migrate"
        )


def load_any_layout(
    cls: type[AsvResults], path: str, machine_name: str | None = None
) -> AsvResults:
    """Do what `load_results` does, with a file of an older layout too."""
    try:
        refuse_endless(Path(path))  # which asv's own loader would read
        results = _load_results(cls, path, machine_name)
        _check_identity(results)
        ladders.fill_holes(results)
        _check_figures(results)
    except DAMAGE as error:
        raise util.UserError(
            f"Error loading results file '{path}': it is not of the shape of a result file "
            f"({type(error).__name__}: {error})"
        ) from error
    except (UsageError, OSError) as error:
        raise util.UserError(f"Error loading results file '{path}': {error}") from error
    return results


def save_results(results: AsvResults, result_dir: str) -> None:
    """Do what asv's `Results.save` does, with no place for what cannot exist."""
    with ladders.holes_left_out(results):
        _save_results(results, result_dir)


Warn = Callable[[Unreadable], object]


def machine_folders(
    folder: Path, warn: Warn
) -> Iterator[tuple[Path, Mapping[str, str], list[Path]]]:
    """Yield each machine.json, what it says and the result files beside it, sorted."""
    for machine in _entries(folder, warn):
        files = [path for path in _entries(machine, warn) if path.name.endswith(_OF_MACHINE)]
        if files:
            path = machine / MACHINE
            try:
                fields = load_machine(path)
            except (util.UserError, OSError) as error:
                warn(Unreadable.of(path, f"{error}; its results are left out"))
            else:
                results = [file for file in files if file.suffix == ".json" and file != path]
                yield path, fields, results


def _entries(folder: Path, warn: Warn) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        warn(Unreadable.of(folder, error))
        return []


_Cell = tuple[str, tuple[str, ...]]
"""The name of a benchmark, and the values of its parameters."""


def results_in(
    files: Iterable[Path], machine: str, warn: Warn
) -> Iterator[tuple[Path, AsvResults]]:
    """Yield the results of each file, but of two that have the same figures of one alone.

    That is the one with the name that asv gives; the other is probably a copy.  Shards, which have
    different cells of the same release in the same environment, are all yielded.
    """
    # The first file of each subject, and only where there is another who has which cell.
    held: dict[Hashable, tuple[Path, dict[_Cell, Path]]] = {}
    odd: list[Path] = []

    def in_turn() -> Iterator[tuple[Path, bool]]:
        yield from ((path, False) for path in files)
        # A copy's name is the longer one.
        yield from ((path, True) for path in sorted(odd, key=lambda each: len(each.name)))

    for path, waited in in_turn():
        try:
            results = load_results(AsvResults, str(path), machine)
        except util.UserError as error:
            warn(Unreadable.of(path, error))
            continue
        subject, name = _identity(results)
        if path.name != name and not waited:
            odd.append(path)
            continue
        if subject not in held:
            held[subject] = path, {}
        else:
            first, known = held[subject]
            if not known:
                known |= dict.fromkeys(_told(load_results(AsvResults, str(first), machine)), first)
            cells = _told(results)
            others = sorted({known[cell].name for cell in cells if cell in known})
            if others:
                why = f"it has figures that {', '.join(others)} has too; if it is a copy, remove it"
                warn(Unreadable.of(path, why))
                continue
            known |= dict.fromkeys(cells, path)
        yield path, results


def _told(results: AsvResults) -> set[_Cell]:
    """Return the cells that were measured or failed; where none was, a mark for each benchmark."""
    cells: set[_Cell] = set()
    names = results.get_all_result_keys()
    for name in names:
        params = results.get_result_params(name)
        values = results.get_result_value(name, params)
        every = zip(itertools.product(*params), values, strict=True)
        cells |= {(name, cell) for cell, value in every if not util.is_nan(value)}
    return cells or {(name, ("skipped",)) for name in names}


def _identity(results: AsvResults) -> tuple[Hashable, str]:
    """Return what a machine's results are of, and the name that asv gives to their file."""
    named = (results.params.get(name) or "" for name in ("python", "build", "profile"))
    identity = (results.commit_hash, *named, frozenset(results.env_vars.items()))
    return identity, usual_name(*identity)


def usual_name(
    commit_id: str, python: str, build: str, profile: str, variables: Iterable[tuple[str, str]]
) -> str:
    """Return the name that asv gives to the result file of a release in an environment."""
    environment = environment_name(python, build, profile, variables)
    return Path(get_filename("", commit_id, environment)).name


def environment_name(
    python: str, build: str, profile: str, variables: Iterable[tuple[str, str]]
) -> str:
    """Return asv's name of an environment."""
    tagged = {("nobuild", name): value for name, value in variables}
    requirements = {"build": build, "profile": profile}
    return str(get_env_name("cpython", python, requirements, tagged))


def iter_results(folder: str) -> Iterator[AsvResults]:
    """Do what asv's `iter_results` does, with the files that we read too."""
    for _, fields, files in machine_folders(Path(folder), log_once):
        for _, results in results_in(files, fields["machine"], log_once):
            yield results


@functools.cache  # once each: asv reads them several times
def log_once(warning: Unreadable) -> None:
    """Have asv tell of a file."""
    log.warning(str(warning))


def machine_files(results_dir: str) -> Iterator[str]:
    """Do what asv's `iter_machine_files` does, but pass over damaged files with a warning."""
    for path, *_ in machine_folders(Path(results_dir), log_once):
        yield str(path)


def load_machine(path: Path) -> Mapping[str, str]:
    """Read a machine.json; raises `UserError` for one that is damaged or names no machine."""
    try:
        fields = msgspec.convert(load_json(str(path), AsvMachine.api_version), dict[str, _Fact])
        refuse_half_characters(fields)
    except ValueError as error:
        raise util.UserError(f"'{path}' is of no machine: {error}") from error
    folder = path.parent.name
    if fields.get("machine") != folder:
        raise util.UserError(
            f"'{path}' names the machine {fields.get('machine')!r}, not {folder!r}"
        )
    return {key: str(value) for key, value in fields.items() if value is not None}


def load_benchmarks(path: Path, warn: Warn) -> dict[str, dict[str, Any]]:
    """Read what is sound of asv's list of benchmarks; raises `UserError` for a damaged list."""
    try:
        listed = load_json(str(path), Benchmarks.api_version)
    except OSError as error:
        raise util.UserError(
            f"{error}. Without a list of benchmarks no result can be read: take it from version "
            "control, or make it again: asv run --bench just-discover"
        ) from error
    sound = {name: entry for name, entry in listed.items() if _is_benchmark(name, entry)}
    refuse_older(path, (entry["params"] for entry in sound.values()))
    sizes = {name: _size(entry["params"]) for name, entry in sound.items()}
    smallest = sorted(sizes, key=lambda name: sizes[name])
    totals = dict(zip(smallest, itertools.accumulate(map(sizes.get, smallest)), strict=True))
    known = {name: entry for name, entry in sound.items() if totals[name] <= _MOST_CELLS}
    lost = sorted(listed.keys() - known.keys())
    if lost:
        names = ", ".join(lost[:_NAMED]) + f" and {len(lost) - _NAMED} more" * (len(lost) > _NAMED)
        why = f"its entry of {names} cannot be read; the results of it are left out"
        why += " until it is made again: asv run --bench just-discover"
        warn(Unreadable.of(path, why))
    return known


def _is_benchmark(name: str, entry: object) -> bool:
    try:
        listed = msgspec.convert(entry, _Listed)
        msgspec.convert(entry, dict[str, _Fact | bool | list[str | list[str]]])
        refuse_half_characters(entry)
    except ValueError:
        return False
    return listed.name == name and len(listed.param_names) == len(listed.params)


# Of the names of a graph's folders, and of all of them.
_LONGEST_NAME: Final = 200
_LONGEST_PATH: Final = 1500
_Ladders = Annotated[list[list[str]], msgspec.Meta(max_length=20)]
_Fact = str | Number | None
# In milliseconds, up to the year 3000.
_Time = Annotated[float, msgspec.Meta(ge=0, le=32_503_680_000_000)]


class _Listed(msgspec.Struct):
    """What must be there of a benchmark in asv's list."""

    # Part of the names of files.
    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.]{1,200}$")]
    param_names: list[str]
    params: _Ladders
    code: str | None = None
    unit: str | None = None
    pretty_name: str | None = None
    version: str | None = None


class _Figures(msgspec.Struct):
    """What a result file has of one benchmark."""

    cells: int
    result: list[float | None] | None
    stats: list[dict[str, float | None] | None]
    samples: list[list[Number] | None]
    started_at: _Time | None

    def __post_init__(self) -> None:
        if self.result is not None and len(self.result) != self.cells:
            raise ValueError("it has not one result for each cell")
        ends = (each.get(name) for each in self.stats if each for name in _ENDS)
        # Too few samples leave an interval without an end.
        finite = (end for end in ends if end not in {math.inf, -math.inf})
        for value in (*(self.result or ()), *finite):
            # NaN is what was skipped.
            if value and not (math.isnan(value) or _LEAST <= abs(value) <= MOST):
                raise ValueError(f"{value} can be no cost")


def _size(params: ladders.Ladders) -> int:
    return math.prod(map(len, params))


def _check_identity(results: AsvResults) -> None:
    """Raise some of `DAMAGE`, or `UsageError`, for what asv would only stumble on later."""
    Release.from_commit_id(results.commit_hash)
    names = (results.params, results.env_vars, results.date)
    msgspec.convert(names, tuple[dict[str, str | None], dict[str, str], _Time])
    params = {name: results.get_result_params(name) for name in results.get_all_result_keys()}
    if sum(map(_size, msgspec.convert(params, dict[str, _Ladders]).values())) > _MOST_CELLS:
        raise ValueError(f"it is of more than {_MOST_CELLS} cells")
    both = (*results.params.items(), *results.env_vars.items())
    lengths = [len(f"{name}-{value}".encode()) for name, value in both]
    if max(lengths, default=0) > _LONGEST_NAME or sum(lengths) > _LONGEST_PATH:
        raise ValueError("its environment is longer than a file's name can be")
    if not all(name.isidentifier() for name, _ in both):
        raise ValueError("its environment has a parameter without a name")


def _check_figures(results: AsvResults) -> None:
    """Raise some of `DAMAGE` for figures that asv, or we, cannot reckon with."""
    for name in results.get_all_result_keys():
        params = results.get_result_params(name)
        stored = {
            "cells": _size(params),
            # Not through asv's accessor, which fills up what is too short with None, for failed.
            "result": results._results[name],  # noqa: SLF001
            "stats": results.get_result_stats(name, params),
            "samples": results.get_result_samples(name, params),
            "started_at": results.started_at[name],
        }
        try:
            msgspec.convert(stored, _Figures)
        except ValueError as error:
            raise ValueError(f"the results of {name}: {error}") from error
