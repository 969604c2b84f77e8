"""Reads asv's files whatever lies in them: a damaged one is `asv.util.UserError`, no traceback.

asv 0.6.6 itself does not survive JSON of another shape, bytes that are no UTF-8, and any damaged
machine.json (`asv publish`).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from asv import util
from asv.console import log
from asv.machine import Machine as AsvMachine
from asv.machine import iter_machine_files
from asv.results import Results as AsvResults

from ftbench.errors import UsageError
from ftbench.releases import Release
from ftbench.results import ladders
from ftbench.results.records import DAMAGE

_load_json = util.load_json
_load_results = AsvResults.load.__func__
_save_results = AsvResults.save


def load_json(path: str, api_version: int | None = None, js_comments: bool = False) -> Any:  # noqa: FBT001, FBT002 - asv's signature
    """Do what asv's `util.load_json` does; raises `UserError` for every file that is damaged."""
    try:
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
        results = _load_results(cls, path, machine_name)
        ladders.fill_holes(results)
        _check(results)
    except DAMAGE as error:
        raise util.UserError(
            f"Error loading results file '{path}': it is not of the shape of a result file "
            f"({type(error).__name__}: {error})"
        ) from error
    except UsageError as error:
        raise util.UserError(f"Error loading results file '{path}': {error}") from error
    return results


def save_results(results: AsvResults, result_dir: str) -> None:
    """Do what asv's `Results.save` does, with no place for what cannot exist."""
    with ladders.holes_left_out(results):
        _save_results(results, result_dir)


def machine_files(results_dir: str) -> Iterator[str]:
    """Do what asv's `iter_machine_files` does, but pass over damaged files with a warning."""
    for path in iter_machine_files(results_dir):
        try:
            load_machine(path)
        except (util.UserError, OSError) as error:
            log.warning(f"Skipping machine: {error}")
        else:
            yield path


def load_machine(path: str) -> Mapping[str, str]:
    """Read a machine.json; raises `UserError` for one that is damaged or names no machine."""
    data = load_json(path, AsvMachine.api_version)
    if not isinstance(data, dict) or not isinstance(data.get("machine"), str):
        raise util.UserError(f"'{path}' names no machine")
    folder = os.path.basename(os.path.dirname(os.path.abspath(path)))  # noqa: PTH119, PTH120, PTH100 - asv's paths are text
    if data["machine"] != folder:
        raise util.UserError(f"'{path}' names the machine {data['machine']!r}, not {folder!r}")
    return {str(key): str(value) for key, value in data.items() if value is not None}


_Texts = dict[str, str | None]
_Numbers = list[float | None]


class _Stored(msgspec.Struct):
    """What a result file has of one benchmark."""

    params: list[list[str]]
    result: _Numbers | None
    stats: list[dict[str, float | None] | None]
    samples: list[_Numbers | None]

    def __post_init__(self) -> None:
        if self.result is not None and len(self.result) != math.prod(map(len, self.params)):
            raise ValueError("it has not one result for each cell")


def _check(results: AsvResults) -> None:
    """Raise some of `DAMAGE`, or `UsageError`, for what asv would only stumble on later."""
    Release.from_commit_id(results.commit_hash)
    msgspec.convert((results.params, results.env_vars, results.date), tuple[_Texts, _Texts, float])
    for name in results.get_all_result_keys():
        params = results.get_result_params(name)
        stored = {
            "params": params,
            # Not through asv's accessor, which fills up what is too short with None, for failed.
            "result": results._results[name],  # noqa: SLF001
            "stats": results.get_result_stats(name, params),
            "samples": results.get_result_samples(name, params),
        }
        try:
            msgspec.convert(stored, _Stored)
        except ValueError as error:
            raise ValueError(f"the results of {name}: {error}") from error
