"""A document in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TextIO

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from ftbench.report.document import Document, Part, Table, Tone, plain

_STYLES: Final = {
    Tone.PLAIN: "",
    Tone.HEADING: "bold",
    Tone.BAD: "red",
    Tone.GOOD: "green",
    Tone.QUIET: "dim",
}
_GAP: Final = 3  # columns between columns
_HEAD: Final = 2


def print_document(document: Document, file: TextIO, width: int | None) -> None:
    """Print a document, `width` None: as wide as the terminal.

    Texts of result files are plain, whatever markup is in them.
    """
    console = Console(file=file, width=width, highlight=False)
    for each in _document(document, console.width):
        console.print(each)


def _document(document: Document, width: int) -> Iterator[RenderableType]:
    yield _safe(document.title, "bold")
    yield from map(_safe, document.lines)
    for part in document.parts:
        yield from _part(part, width)
    for warning in document.warnings:
        yield _safe(f"not read: {warning}", "yellow")


def _part(part: Part, width: int) -> Iterator[RenderableType]:
    yield Text()
    if part.title:
        yield _safe(part.title, "bold" if part.level > 1 else "bold underline")
    yield from map(_safe, part.lines)
    for number, table in enumerate(part.tables):
        if number or part.title or part.lines:
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
        first, *second = (_safe(cell).plain for cell in head)
        yield Text.assemble((first, _STYLES[row.tone]), *(f"  {each}" for each in second))
        named = zip(table.columns[_HEAD:], rest, strict=True)
        said = " · ".join(f"{name} {cell}" for name, cell in named if cell)
        yield Padding(_safe(said), (0, 0, 0, 4))


def _safe(text: str, style: str = "") -> Text:
    """Return a text in which there is no markup, and nothing that would steer the terminal."""
    return Text(plain(text), style=style)
