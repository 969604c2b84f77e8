"""Reads asv's files whatever lies in them: a damaged one is `asv.util.UserError`, no traceback.

asv 0.6.6 already skips a result file that is cut short or not JSON.  What it does not survive is
JSON of another shape, bytes that are no UTF-8, and any damaged machine.json (`asv publish`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from asv import util
from asv.console import log
from asv.machine import Machine as AsvMachine
from asv.machine import iter_machine_files
from asv.results import Results as AsvResults

from ftbench.errors import UsageError
from ftbench.releases import Release
from ftbench.results import ladders

# What loading JSON of the wrong shape ends in.  UnicodeDecodeError is a ValueError.
_SHAPE_ERRORS: Final = (AttributeError, LookupError, TypeError, ValueError, RecursionError)

# What JSON has for numbers, and the largest of them that is a float.
_NUMBERS: Final = frozenset({int, float, type(None)})
_MOST: Final = sys.float_info.max

_load_json = util.load_json
_load_results = AsvResults.load.__func__
_save_results = AsvResults.save


def load_json(path: str, api_version: int | None = None, js_comments: bool = False) -> Any:  # noqa: FBT001, FBT002 - asv's signature
    """Do what asv's `util.load_json` does; raises `UserError` for every file that is damaged."""
    try:
        return _load_json(path, api_version, js_comments)
    except _SHAPE_ERRORS as error:
        raise util.UserError(f"Error parsing JSON in file '{path}': {error}") from error


def load_results(cls: type[AsvResults], path: str, machine_name: str | None = None) -> AsvResults:
    """Do what asv's `Results.load` does; raises `UserError` for a file that would break later.

    The same for one of an older layout, whose figures asv would take for those of no cell.
    """
    results = load_any_layout(cls, path, machine_name)
    refuse_older(path, map(results.get_result_params, results.get_all_result_keys()))
    return results


def refuse_older(path: str | Path, every: Iterable[ladders.Ladders]) -> None:
    """Raise `UserError` if benchmarks have the mode as one parameter, as older results do."""
    if any(map(ladders.have_mode_as_one, every)):
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
    except _SHAPE_ERRORS as error:
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


def _check(results: AsvResults) -> None:
    """Raise one of the shape errors, or `UsageError`, for what asv would only stumble on later."""
    Release.from_commit_id(results.commit_hash)
    _check_texts(results.params)
    _check_texts(results.env_vars)
    if not isinstance(results.date, int | float):
        raise TypeError("its date is not a number")
    for name in results.get_all_result_keys():
        _check_rows(results, name)


def _check_texts(texts: Mapping[str, Any]) -> None:
    for key, value in texts.items():
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{key} is not a text")


def _check_rows(results: AsvResults, name: str) -> None:
    params = results.get_result_params(name)
    cells = 1
    for values in params:
        cells *= len([value for value in values if isinstance(value, str)])
    every = [params, *params]
    if not all(isinstance(each, list) for each in every):
        raise TypeError(f"the params of {name} are no lists")
    # Not through asv's own accessor, which fills up what is too short with None, for failed.
    row = results._results[name]  # noqa: SLF001
    stats = results.get_result_stats(name, params)
    samples = results.get_result_samples(name, params)
    if row is not None and (len(row) != cells or not _are_numbers(row)):
        raise TypeError(f"the results of {name} are no numbers")
    if not all(each is None or _are_numbers(each.values()) for each in stats):
        raise TypeError(f"the statistics of {name} are no numbers")
    if not all(each is None or _are_numbers(each) for each in samples):
        raise TypeError(f"the samples of {name} are no numbers")


def _are_numbers(values: Iterable[object]) -> bool:
    """Tell whether all are numbers or nothing; true is none, nor is what no float can be."""
    values = tuple(values)
    kinds = set(map(type, values))
    if not kinds <= _NUMBERS:
        return False
    return int not in kinds or all(abs(v) <= _MOST for v in values if isinstance(v, int))
