"""A document in a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Final, TextIO, cast

from rich import box
from rich.cells import cell_len
from rich.console import Console, JustifyMethod, RenderableType
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
_BETWEEN: Final = " \N{MIDDLE DOT} "
_NOTHING: Final = {"", "\N{EN DASH}"}


def print_document(document: Document, file: TextIO, width: int | None) -> None:
    """Print a document, `width` None: as wide as the terminal."""
    console = Console(file=file, width=width, highlight=False)
    width = console.width  # which rich asks the system for, each time
    for is_text, group in groupby(_document(document, width), lambda each: isinstance(each, Text)):
        if is_text:  # at once: a comparison has thousands of lines
            lines = (line for text in group for line in _in_lines(cast("Text", text), width))
            console.print(*lines, sep="\n", overflow="ignore", crop=False)
        else:
            for each in group:
                console.print(each)


def _in_lines(text: Text, most: int) -> Iterator[Text]:
    """Yield a text in lines as far in as it begins; no word is broken: a path can be copied."""
    indent = len(text.plain) - len(text.plain.lstrip())
    start, breaks = 0, []
    for word in re.finditer("[^ ]+", text.plain):
        width = cell_len(text.plain[start : word.end()]) + (indent if start else 0)
        if width > most and word.start() > start + (0 if start else indent):
            start = word.start()
            breaks.append(start)
    for number, line in enumerate(text.divide(breaks)):
        line.rstrip()
        margin = " " * (indent if number else 0)
        yield Text(margin).append_text(line)


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
    yield from [_grid(table, width)] if is_grid else _list(table, width)
    if is_grid and table.notes:
        yield Text()
    yield from (_safe(f"{_INDENT}{note}") for note in table.notes)


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


def _list(table: Table, width: int) -> Iterator[Text]:
    """Yield a table's rows one below the other: its first cells, then the others by name."""
    for row in table.full_rows:
        head, rest = row.cells[:_HEAD], row.cells[_HEAD:]
        first, *second = (_safe(cell).plain for cell in head)
        yield Text.assemble((first, _STYLES[row.tone]), *(f"  {each}" for each in second))
        lines: list[str] = []
        for name, cell in zip(table.columns[_HEAD:], rest, strict=True):
            longer = _BETWEEN.join([*lines[-1:], f"{name} {cell}"])
            if cell not in _NOTHING and lines and cell_len(longer) + 2 * len(_INDENT) <= width:
                lines[-1] = longer
            elif cell not in _NOTHING:
                lines.append(f"{name} {cell}")
        yield from (_safe(f"{2 * _INDENT}{line}") for line in lines)


def _safe(text: str, style: str = "") -> Text:
    """Return a text in which there is no markup, and nothing that would steer the terminal."""
    return Text(plain(text), style=style)
