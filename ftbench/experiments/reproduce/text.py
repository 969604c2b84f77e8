"""The report in a terminal: the article's tables, three columns each, and its claims."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from ftbench.analysis.claims.judge import Judgement
from ftbench.analysis.claims.rule import Verdict
from ftbench.analysis.claims.words import Notes, number, printed, ratio_words
from ftbench.experiments.reproduce.figures import Block, Line, Table
from ftbench.experiments.reproduce.report import Report
from ftbench.experiments.reproduce.words import (
    BRACKETS,
    amount,
    builds,
    busy,
    by_way,
    counted,
    heading,
    machine,
    short,
)

# Columns, of eighty: a row's title, and "not available [1]".
_FIRST: Final = 25
_REASON: Final = 17

STYLES: Final = {
    Verdict.HOLDS: "green",
    Verdict.NOT: "red",
    Verdict.CANNOT: "yellow",
    Verdict.UNMEASURED: "dim",
}


def terminal(report: Report) -> RenderableType:
    """Return the report for a console of eighty columns or more."""
    return Group(
        *_head(report),
        *_tables(report),
        Text(),
        Text(BRACKETS),
        Text(counted(report), style="bold"),
    )


def _head(report: Report) -> Iterator[RenderableType]:
    yield Text(f"The article: {report.article.machine}")
    yield Text(f"Here: {machine(report.done)}")
    for sentence in (*builds(report.done), amount(report.done)):
        yield Text(sentence)
    for warning in filter(None, (busy(report.done), short(report.done))):
        yield Text(warning, style="yellow")


def _tables(report: Report) -> Iterator[RenderableType]:
    for table in report.tables:
        notes = Notes()
        yield Text()
        yield Text(table.spec.title, style="bold")
        yield _grid(table, notes)
        for name, words in (
            ("article", table.spec.article),
            ("its way here", table.spec.way),
            ("corrected here", table.spec.corrected),
        ):
            yield _indented(Text.assemble((f"{name}: ", "bold"), words))
        for reason, count in notes.reasons.items():
            yield _indented(Text(f"[{count}] {reason}"))
        judgements = report.judgements_under(table.spec.name)
        if judgements:
            yield Text()
            yield Text("The article's claims", style="bold")
        for judgement in judgements:
            yield from _claim(judgement)


def _grid(table: Table, notes: Notes) -> RichTable:
    grid = RichTable(box=box.SIMPLE_HEAD, padding=0)
    grid.add_column("", width=_FIRST)
    grid.add_column("article", justify="right", no_wrap=True)
    for title in ("its way here", "corrected here"):
        grid.add_column(title, justify="right", min_width=_REASON)
    for block in table.blocks:
        _add(grid, block, notes)
    return grid


def _add(grid: RichTable, block: Block, notes: Notes) -> None:
    grid.add_row(Text(heading(block.figure), style="bold"))
    for line in block.lines:
        grid.add_row(Text(f"  {line.row.title}"), *_columns(line, notes))
    grid.add_section()


def _columns(line: Line, notes: Notes) -> tuple[Text, ...]:
    return (
        Text(printed(line.article, line.unit)),
        Text(number(line.way, line.unit, notes)),
        Text(number(line.corrected, line.unit, notes)),
    )


def _claim(judgement: Judgement) -> Iterator[RenderableType]:
    claim = judgement.claim
    means = f" ({claim.means})" if claim.means else ""
    yield Text(f"\N{LEFT DOUBLE QUOTATION MARK}{claim.quote}\N{RIGHT DOUBLE QUOTATION MARK}{means}")
    yield _indented(Text(judgement.words, style=STYLES[judgement.verdict]))
    for ratio in judgement.ratios:
        yield _indented(Text(ratio_words(ratio), style="dim"))
    if judgement.by_way:
        yield _indented(Text(by_way(judgement)))


def _indented(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, 2))
