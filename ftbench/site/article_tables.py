"""The article's three tables as Choose shows them: its form, its numbers, and ours beside."""

from __future__ import annotations

from dataclasses import dataclass

from ftbench.analysis.claims.data import article
from ftbench.analysis.claims.judge import AsvFigures
from ftbench.analysis.claims.rule import TIMES
from ftbench.analysis.claims.tables import Column, Place, Row, Table, benchmarks, tables
from ftbench.analysis.claims.words import Notes, number, printed
from ftbench.analysis.comparison import Shelf
from ftbench.analysis.floors import Floors
from ftbench.analysis.selection import Pick
from ftbench.results import Machine, ResultTree

_DASH = "\N{EN DASH}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellText:
    """A figure here and the article's; `words` stand in for what was not measured."""

    here: str = ""
    spread: str = ""
    words: str = ""
    article: str = _DASH
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowText:
    """A mode, as the article has it."""

    title: str
    cells: tuple[CellText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableText:
    """A table: its headings with units, its rows, how the article and how we make its figures."""

    name: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[RowText, ...]
    article: str
    here: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleText:
    """The section: what the article was measured on, and its tables."""

    title: str
    machine: str
    tables: tuple[TableText, ...]


def article_text(
    shelf: Shelf, pick: Pick, tree: ResultTree, machine: Machine | None
) -> ArticleText | None:
    """Return the tables of which anything was measured, None if of none.

    `shelf` holds the figures of one pick; the noise and the sources are the tree's.
    """
    noise = (
        run for run in tree.noise if run.machine == pick.machine and run.benchmark in benchmarks()
    )
    reading = AsvFigures.of(
        shelf.tracked_by(sorted(benchmarks())),
        release=pick.release,
        sources=tree.sources,
        machine=machine,
        floors=Floors.of(noise),
    )
    found = tuple(_table(table) for table in tables(reading) if table.measured)
    if not found:
        return None
    source = article()
    return ArticleText(title=source.title, machine=source.machine, tables=found)


def _table(table: Table) -> TableText:
    return TableText(
        name=f"article-{table.spec.name}",
        title=table.spec.title,
        heads=tuple(_head(column) for column in table.columns),
        rows=tuple(map(_row, table.rows)),
        article=table.spec.article,
        here=_HERE[table.spec.name],
    )


def _head(column: Column) -> str:
    """Return a column's title with the unit that its numbers do not carry themselves."""
    return column.title if column.unit in {TIMES, "/s"} else f"{column.title}, {column.unit}"


_HERE = {
    "overhead": "medians; a round with an empty task is what the workers themselves cost",
    "memory": "median of all looks while all are busy, whole tree: fork server and tracker too",
    "shared_set": "one over the median cost of an operation, a fixed number of them, from the "
    "first begin to the last end; waits are sampled",
}


def _row(row: Row) -> RowText:
    return RowText(title=row.spec.title, cells=tuple(map(_cell, row.places)))


def _cell(place: Place) -> CellText:
    unit = place.column.unit
    ours = _DASH if place.printed is None else printed(place.printed, unit)
    if place.here.value is None:
        return CellText(words=place.here.word, article=ours)
    value, _, spread = number(place.here, unit, Notes()).partition(" (")
    return CellText(
        here=value,
        spread=f"({spread}" if spread else "",
        article=ours,
        href=place.figure.graph if place.figure else "",
    )
