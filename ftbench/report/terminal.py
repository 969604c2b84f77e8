"""A report in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from ftbench.report.document import Part, Report, Table, Tone

_STYLES: Final = {
    Tone.PLAIN: "",
    Tone.HEADING: "bold",
    Tone.BAD: "red",
    Tone.GOOD: "green",
    Tone.QUIET: "dim",
}


def print_report(report: Report, console: Console) -> None:
    """Print a report; texts of result files are plain, whatever markup is in them."""
    for each in _report(report):
        console.print(each)


def _report(report: Report) -> Iterator[RenderableType]:
    yield Text(report.title, style="bold")
    yield from map(Text, report.lines)
    for part in report.parts:
        yield from _part(part)
    for warning in report.warnings:
        yield Text(f"not read: {warning}", style="yellow")


def _part(part: Part) -> Iterator[RenderableType]:
    yield Text()
    yield Text(part.title, style="bold" if part.level > 1 else "bold underline")
    yield from map(Text, part.lines)
    for table in part.tables:
        yield Text()
        yield from _table(table)


def _table(table: Table) -> Iterator[RenderableType]:
    if table.title:
        yield Text(table.title, style="italic")
    grid = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(table.columns):
        is_number = number >= len(table.columns) - table.numbers
        grid.add_column(Text(column), justify="right" if is_number else "left", overflow="fold")
    for row in table.full_rows:
        grid.add_row(*map(_safe, row.cells), style=_STYLES[row.tone])
    yield grid
    for note in table.notes:
        yield Padding(_safe(note), (0, 0, 0, 2))


def _safe(text: str) -> Text:
    """Return a text without the control characters that would steer the terminal."""
    return Text("".join(each if each.isprintable() else " " for each in text))
