"""The ladders of asv's benchmarks: the values of each parameter, whose product are the cells.

Two of them say the mode, `mode` and `start_method`, and many a combination of these is no mode.
Such a hole is never measured, and our result files have no place for it: there the lists of a
benchmark hold the cells that can exist, in the order of the product.  Values are texts, as asv
stores them (`"'threads'"`).
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote, urlencode

from ftbench.facts.modes import EVERY_MODE, Mode
from ftbench.results.figure import SeriesKey

if TYPE_CHECKING:
    from ftbench.results.asv_import import AsvResults

Ladders = Sequence[Sequence[str]]
T = TypeVar("T")

_MODES: Final = {tuple(map(repr, mode.params)): mode for mode in EVERY_MODE}
_KINDS, _START_METHODS = (frozenset(texts) for texts in zip(*_MODES, strict=True))
# What asv's `Results` has for each cell of a benchmark, and what that is in a hole.
_PER_CELL: Final = {"_results": math.nan, "_stats": None, "_samples": None}
# How the values of older results begin, which had a mode as one parameter.
_ONE_PARAMETER: Final = repr("processes-")[:-1]


def have_start_method(ladders: Ladders) -> bool:
    """Tell whether the first two of a benchmark's ladders are `mode` and `start_method`."""
    first, second, *_ = *ladders, (), ()
    return bool(first and second) and _KINDS.issuperset(first) and _START_METHODS.issuperset(second)


def have_mode_as_one(ladders: Ladders) -> bool:
    """Tell whether the first ladder names start methods too, as older results have it."""
    return bool(ladders) and any(value.startswith(_ONE_PARAMETER) for value in ladders[0])


def mode_in(values: Sequence[str]) -> Mode | None:
    """Return the mode that the first two values of a cell name, None for a hole."""
    return _MODES.get((values[0], values[1]))


def existing(ladders: Ladders) -> list[bool]:
    """Tell of each cell, in asv's order, whether it can exist."""
    if not have_start_method(ladders):
        return [True] * math.prod(map(len, ladders))
    rest = math.prod(map(len, ladders[2:]))
    pairs = itertools.product(ladders[0], ladders[1])
    return [exists for pair in pairs for exists in [pair in _MODES] * rest]


def without_holes(values: Iterable[T], ladders: Ladders) -> list[T]:
    """Return the values of the cells that can exist."""
    return list(itertools.compress(values, existing(ladders)))


def as_one(names: Sequence[str], ladders: Ladders) -> tuple[list[str], list[list[str]]]:
    """Return a benchmark's parameters with `mode` and `start_method` as one: it has no holes."""
    if not have_start_method(ladders):
        return list(names), [list(values) for values in ladders]
    pairs = [pair for pair in itertools.product(ladders[0], ladders[1]) if pair in _MODES]
    modes = [", ".join(text.strip("'") for text in pair) for pair in pairs]
    return [", ".join(names[:2]), *names[2:]], [modes, *map(list, ladders[2:])]


def fill_holes(results: AsvResults) -> None:
    """Give every benchmark of loaded results a place for its holes, which are skipped."""
    for attribute, hole in _PER_CELL.items():
        stored = getattr(results, attribute)
        for name, values in stored.items():
            exist = existing(results.get_result_params(name))
            # One that asv itself has written has the place.
            if values is not None and len(values) == sum(exist) < len(exist):
                left = iter(values)
                stored[name] = [next(left) if exists else hole for exists in exist]


@contextlib.contextmanager
def holes_left_out(results: AsvResults) -> Iterator[None]:
    """Keep the holes out of results while asv writes them."""
    whole = {attribute: getattr(results, attribute) for attribute in _PER_CELL}
    try:
        for attribute, stored in whole.items():
            shortened = {
                name: values and without_holes(values, results.get_result_params(name))
                for name, values in stored.items()
            }
            setattr(results, attribute, shortened)
        yield
    finally:
        for attribute, stored in whole.items():
            setattr(results, attribute, stored)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSeries:
    """One cell of one benchmark as asv stores it; the figures of all files share its keys."""

    key: SeriesKey
    cell: SeriesKey  # of the benchmark's class
    method: str
    unit: str
    computes: bool
    values: tuple[str, ...]
    # Its parts of the address of its graph.
    page: str
    address: str


def series_of(
    benchmark: str, unit: str, names: Sequence[str], ladders: Ladders, *, computes: bool = False
) -> Iterator[StoredSeries]:
    """Yield every series of a benchmark, in asv's order; a mode has its one name of ours."""
    group, _, method = benchmark.rpartition(".")
    page = quote(benchmark)
    modal = have_start_method(ladders)
    for values in without_holes(itertools.product(*ladders), ladders):
        params = {name: plain_text(value) for name, value in zip(names, values, strict=True)}
        mode = mode_in(values) if modal else None
        if mode is not None:
            params[names[0]] = mode.name
            del params[names[1]]
        places = {f"p-{name}": value for name, value in zip(names, values, strict=True)}
        yield StoredSeries(
            key=SeriesKey(benchmark=benchmark, params=params),
            method=method,
            unit=unit,
            computes=computes,
            values=values,
            cell=SeriesKey(benchmark=group, params=params),
            page=page,
            address=address(places),
        )


def address(places: Mapping[str, str]) -> str:
    """Return a part of the address of a graph on asv's pages."""
    return urlencode(places, quote_via=quote, safe="[]")  # a page has thousands of them


@lru_cache(maxsize=4096)
def plain_text(value: str) -> str:
    """Return a parameter's value as asv stores it, a repr, in plain text: `'threads'` → threads."""
    try:
        literal = ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return value
    return literal if isinstance(literal, str) else value
