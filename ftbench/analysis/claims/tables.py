"""The article's tables, filled in from asv's results: what it prints, and the same figure here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from ftbench.analysis.claims.data import RowSpec, TableSpec, article
from ftbench.analysis.claims.judge import AsvFigures, one_run
from ftbench.analysis.claims.quantity import NOT_MEASURED, OTHER_RUN, Quantity, combined, over
from ftbench.analysis.claims.rule import TIMES, UNITS
from ftbench.results import Figure

_RATE: Final = "/s"
_BASE: Final = "threads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: the figure `of` the article's data, over that of threads if it is `relative`.

    `prints` is the article's own number beside it, "" where it has none: its rounds have its
    task in them, and its data keep them under the name of the tax.
    """

    title: str
    of: str
    unit: str
    prints: str = ""
    relative: bool = False


_SHOWN: Final[Mapping[str, tuple[Column, ...]]] = {
    "overhead": (
        Column(title="a round with the article's task", of="payload", unit="ms", prints="round"),
        Column(
            title="relative to threads",
            of="payload",
            unit=TIMES,
            prints="relative",
            relative=True,
        ),
        Column(title="a round with an empty task", of="round", unit="ms"),
        Column(title="relative to threads", of="round", unit=TIMES, relative=True),
    ),
    "memory": tuple(
        Column(title=kind.upper(), of=kind, unit="MiB", prints=kind)
        for kind in ("rss", "uss", "pss")
    ),
    "shared_set": (
        Column(title="attempts per second", of="ops", unit=_RATE, prints="ops"),
        Column(
            title="times slower than threads",
            of="ops",
            unit=TIMES,
            prints="relative",
            relative=True,
        ),
        Column(title="lock wait, average", of="lock_wait", unit="µs", prints="lock_wait"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleCell:
    """A figure of a row in its stored unit: here, and as the article prints it."""

    column: Column
    here: Quantity
    printed: Quantity | None
    figure: Figure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleRow:
    """A row of a table, with a place for each of its columns."""

    spec: RowSpec
    places: tuple[ArticleCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleTable:
    """A table of the article with those of its figures that are among asv's results."""

    spec: TableSpec
    columns: tuple[Column, ...]
    rows: tuple[ArticleRow, ...]

    @property
    def measured(self) -> bool:
        """Tell whether anything of it was measured here."""
        return any(place.here.value is not None for row in self.rows for place in row.places)


@cache
def benchmarks() -> frozenset[str]:
    """Return the benchmarks that the tables have figures of."""
    tracked = (
        spec.at(row.name, column.of).series
        for spec in article().tables
        for row in spec.rows
        for column in _SHOWN.get(spec.name, ())
    )
    return frozenset(series.benchmark for series in tracked if series is not None)


def tables(results: AsvFigures) -> tuple[ArticleTable, ...]:
    """Return the article's tables of one machine and release, in the article's order."""
    return tuple(_table(spec, results) for spec in article().tables if spec.name in _SHOWN)


def _table(spec: TableSpec, results: AsvFigures) -> ArticleTable:
    columns = _SHOWN[spec.name]
    return ArticleTable(
        spec=spec,
        columns=columns,
        rows=tuple(
            ArticleRow(spec=row, places=tuple(_place(spec, row, each, results) for each in columns))
            for row in spec.rows
        ),
    )


def _place(table: TableSpec, row: RowSpec, column: Column, results: AsvFigures) -> ArticleCell:
    number = row.article.get(column.prints)
    printed = None if number is None else Quantity(value=number * UNITS[column.unit])
    figure = _figure(table, row.name, column, results)
    if column.relative:
        base = _figure(table, _BASE, column, results)
        return ArticleCell(column=column, here=_relative(figure, base, results), printed=printed)
    quantity = results.quantity(figure)
    if column.unit == _RATE:
        quantity = quantity.map(lambda seconds: 1 / seconds)
    return ArticleCell(column=column, here=quantity, printed=printed, figure=figure)


def _figure(table: TableSpec, row: str, column: Column, results: AsvFigures) -> Figure | None:
    series = table.at(row, column.of).series
    return results.figure(series) if series else None


def _relative(ours: Figure | None, base: Figure | None, results: AsvFigures) -> Quantity:
    if ours is None or base is None:
        return NOT_MEASURED
    if ours is base:
        return combined(lambda _: 1.0, results.quantity(ours))
    if not one_run([ours, base]):
        return OTHER_RUN
    return over(results.quantity(ours), results.quantity(base))
