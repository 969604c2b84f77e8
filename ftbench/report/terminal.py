"""A document in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TextIO

from rich import box
from rich.cells import cell_len
from rich.console import Console, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from ftbench.report.document import Document, Part, Row, Table, Tone, plain

_STYLES: Final = {
    Tone.PLAIN: "",
    Tone.HEADING: "bold",
    Tone.BAD: "red",
    Tone.GOOD: "green",
    Tone.QUIET: "dim",
    Tone.BEST: "bold",
}
_GAP: Final = 2  # columns between columns
_INDENT: Final = "  "
_HEAD: Final = 2


def print_document(document: Document, file: TextIO, width: int | None) -> None:
    """Print a document, `width` None: as wide as the terminal."""
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
    is_grid = bool(table.numbers) or _fits(table, width)
    yield from [_grid(table, width)] if is_grid else _list(table)
    if is_grid and table.notes:
        yield Text()
    for note in table.notes:
        yield Padding(_safe(note), (0, 0, 0, 2))


def _fits(table: Table, width: int) -> bool:
    return sum(_widest(table, cell_len)) + _GAP * len(table.columns) <= width


def _grid(table: Table, width: int) -> RenderableType:
    grid = RichTable(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, _GAP - 1, 0, 0)
    )
    widths = _widths(table, width)
    for number, column in enumerate(table.columns):
        is_number = number >= len(table.columns) - table.numbers
        justify: JustifyMethod = "right" if is_number else "left"
        grid.add_column(_safe(column), justify=justify, overflow="fold", width=widths[number])
    for row in _indented(table):
        grid.add_row(*map(_safe, row.cells), style=_STYLES[row.tone])
    return grid


def _indented(table: Table) -> Iterator[Row]:
    """Yield the rows; those below a heading begin further in."""
    is_grouped = any(row.tone is Tone.HEADING for row in table.rows)
    for row in table.full_rows:
        if is_grouped and row.tone is not Tone.HEADING:
            first, *others = row.cells
            yield Row(cells=(f"{_INDENT}{first}", *others), tone=row.tone)
        else:
            yield row


def _widths(table: Table, width: int) -> list[int]:
    """Return each column's width: words go unbroken wherever that can be."""
    widths, least = _widest(table, cell_len), _widest(table, _longest_word)
    while sum(widths) + _GAP * (len(widths) - 1) > width and max(widths) > 1:
        breakable = [each for each, cells in enumerate(widths) if cells > least[each]]
        widths[max(breakable or range(len(widths)), key=widths.__getitem__)] -= 1
    return widths


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def _widest(table: Table, length: Callable[[str], int]) -> list[int]:
    rows = (row.cells for row in _indented(table))
    return [max(map(length, column)) for column in zip(table.columns, *rows, strict=True)]


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
