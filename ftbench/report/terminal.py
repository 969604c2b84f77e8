"""A report in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from ftbench.report.document import Part, Report, Table, Tone, plain

_STYLES: Final = {
    Tone.PLAIN: "",
    Tone.HEADING: "bold",
    Tone.BAD: "red",
    Tone.GOOD: "green",
    Tone.QUIET: "dim",
}
_GAP: Final = 3  # columns between columns
_HEAD: Final = 2


def print_report(report: Report, console: Console) -> None:
    """Print a report; texts of result files are plain, whatever markup is in them."""
    for each in _report(report, console.width):
        console.print(each)


def _report(report: Report, width: int) -> Iterator[RenderableType]:
    yield _safe(report.title, "bold")
    yield from map(_safe, report.lines)
    for part in report.parts:
        yield from _part(part, width)
    for warning in report.warnings:
        yield _safe(f"not read: {warning}", "yellow")


def _part(part: Part, width: int) -> Iterator[RenderableType]:
    yield Text()
    yield _safe(part.title, "bold" if part.level > 1 else "bold underline")
    yield from map(_safe, part.lines)
    for table in part.tables:
        yield Text()
        yield from _table(table, width)


def _table(table: Table, width: int) -> Iterator[RenderableType]:
    if table.title:
        yield _safe(table.title, "italic")
    # Numbers are there to be compared down their column, whatever that costs in width.
    yield from [_grid(table)] if table.numbers or _fits(table, width) else _list(table)
    for note in table.notes:
        yield Padding(_safe(note), (0, 0, 0, 2))


def _fits(table: Table, width: int) -> bool:
    """Tell whether a table's lines go unbroken."""
    columns = zip(table.columns, *(row.cells for row in table.full_rows), strict=True)
    return sum(max(map(len, column)) + _GAP for column in columns) <= width


def _grid(table: Table) -> RenderableType:
    grid = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(table.columns):
        is_number = number >= len(table.columns) - table.numbers
        grid.add_column(_safe(column), justify="right" if is_number else "left", overflow="fold")
    for row in table.full_rows:
        grid.add_row(*map(_safe, row.cells), style=_STYLES[row.tone])
    return grid


def _list(table: Table) -> Iterator[RenderableType]:
    """Yield a table's rows one below the other: its first cells, then the others by name."""
    for row in table.full_rows:
        head, rest = row.cells[:_HEAD], row.cells[_HEAD:]
        yield Text.assemble((_safe(head[0]).plain, _STYLES[row.tone]), f"  {_safe(head[1])}")
        named = zip(table.columns[_HEAD:], rest, strict=True)
        said = " · ".join(f"{name} {cell}" for name, cell in named if cell)
        yield Padding(_safe(said), (0, 0, 0, 4))


def _safe(text: str, style: str = "") -> Text:
    """Return a text in which there is no markup, and nothing that would steer the terminal."""
    return Text(plain(text), style=style)
