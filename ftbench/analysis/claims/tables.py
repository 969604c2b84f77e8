"""The article's tables, filled in from asv's results: what it prints, and the same figure here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from ftbench.analysis.claims.data import RATE, RowSpec, TableSpec, article
from ftbench.analysis.claims.judge import AsvFigures
from ftbench.analysis.claims.quantity import NOT_IN_ARTICLE, Quantity
from ftbench.analysis.claims.rule import TIMES
from ftbench.results import Figure

_BASE: Final = "threads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: the figure `of` the article's data, over that of threads where `unit` is a ratio.

    `prints` is the figure that the article has beside it, "" for none: its rounds have its task
    in them, and its data keep them under the name of the tax.
    """

    title: str
    of: str
    unit: str
    prints: str = ""


_SHOWN: Final[Mapping[str, tuple[Column, ...]]] = {
    "overhead": (
        Column(title="a round with the article's task", of="payload", unit="ms", prints="round"),
        Column(title="relative to threads", of="payload", unit=TIMES, prints="relative"),
        Column(title="a round with an empty task", of="round", unit="ms"),
        Column(title="relative to threads", of="round", unit=TIMES),
    ),
    "memory": tuple(
        Column(title=kind.upper(), of=kind, unit="MiB", prints=kind)
        for kind in ("rss", "uss", "pss")
    ),
    "shared_set": (
        Column(title="attempts per second", of="ops", unit=RATE, prints="ops"),
        Column(title="times slower than threads", of="ops", unit=TIMES, prints="relative"),
        Column(title="lock wait, average", of="lock_wait", unit="µs", prints="lock_wait"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleCell:
    """A figure of a row in its stored unit: here, and as the article prints it."""

    column: Column
    here: Quantity
    printed: Quantity
    figure: Figure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleTable:
    """A table of the article; `cells` are by the name of a row, one for each of the columns."""

    spec: TableSpec
    columns: tuple[Column, ...]
    cells: Mapping[str, tuple[ArticleCell, ...]]

    @property
    def measured(self) -> bool:
        return any(cell.here.value is not None for row in self.cells.values() for cell in row)


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
    return tuple(
        ArticleTable(
            spec=spec,
            columns=_SHOWN[spec.name],
            cells={
                row.name: tuple(_cell(spec, row, column, results) for column in _SHOWN[spec.name])
                for row in spec.rows
            },
        )
        for spec in article().tables
        if spec.name in _SHOWN
    )


def _cell(table: TableSpec, row: RowSpec, column: Column, results: AsvFigures) -> ArticleCell:
    printed = table.at(row.name, column.prints).printed if column.prints else NOT_IN_ARTICLE
    figure = results.figure(table.at(row.name, column.of).series)
    if column.unit == TIMES:
        base = results.figure(table.at(_BASE, column.of).series)
        return ArticleCell(column=column, here=results.ratio(figure, base), printed=printed)
    here = results.quantity(figure)
    if column.unit == RATE:
        here = here.map(lambda seconds: 1 / seconds)
    return ArticleCell(column=column, here=here, printed=printed, figure=figure)
