"""What is the same of a series in every result file: its names, as asv writes and we read them."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlencode

from ftbench.results import ladders
from ftbench.results.keys import SeriesKey


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSeries:
    """One cell of one benchmark as asv stores it.

    `key` is shared by the figures of all files; `cell` is that of its class, whose name is left
    out of `method`.  `values` are its parameters' texts; `page` and `address` are its parts of the
    address of its graph.
    """

    key: SeriesKey
    method: str
    unit: str
    values: tuple[str, ...]
    cell: SeriesKey
    page: str
    address: str


def series_of(
    benchmark: str, unit: str, names: Sequence[str], ladder: Sequence[Sequence[str]]
) -> Iterator[StoredSeries]:
    """Yield every series of a benchmark, in asv's order; `ladder` has the values per parameter.

    `mode` and `start_method` become the one name that we have for a mode; what is none has none.
    """
    group, _, method = benchmark.rpartition(".")
    page = quote(benchmark)
    modal = ladders.have_start_method(ladder)
    for values in itertools.compress(itertools.product(*ladder), ladders.existing(ladder)):
        params = {name: plain_text(value) for name, value in zip(names, values, strict=True)}
        mode = ladders.mode_in(values) if modal else None
        if mode is not None:
            params[names[0]] = mode.name
            del params[names[1]]
        places = {f"p-{name}": value for name, value in zip(names, values, strict=True)}
        yield StoredSeries(
            key=SeriesKey(benchmark=benchmark, params=params),
            method=method,
            unit=unit,
            values=values,
            cell=SeriesKey(benchmark=group, params=params),
            page=page,
            address=address(places),
        )


def address(places: Mapping[str, str]) -> str:
    """Return a part of the address of a graph on asv's pages."""
    return urlencode(places, quote_via=quote)


@lru_cache(maxsize=4096)
def plain_text(value: str) -> str:
    """Return a parameter's value as asv stores it, a repr, in plain text: `'threads'` → threads."""
    try:
        literal = ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return value
    return literal if isinstance(literal, str) else value
