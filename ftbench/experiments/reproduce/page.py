"""The report as one HTML file that needs no script, no network and no other file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Final

import jinja2
from markupsafe import Markup

from ftbench.analysis.claims.cells import Cell
from ftbench.analysis.claims.judge import Judgement
from ftbench.analysis.claims.rule import Verdict
from ftbench.analysis.claims.words import Notes, number, printed, ratio_words
from ftbench.experiments.reproduce.figures import Line, Table
from ftbench.experiments.reproduce.report import Report
from ftbench.experiments.reproduce.words import (
    amount,
    builds,
    busy,
    by_way,
    counted,
    heading,
    machine,
    short,
)

_STYLES: Final = {
    Verdict.HOLDS: "holds",
    Verdict.NOT: "not",
    Verdict.CANNOT: "cannot",
    Verdict.UNMEASURED: "unmeasured",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CellText:
    """A cell: its `text`, with its `spread` apart, or a `word` in place of a number."""

    text: str
    spread: str = ""
    word: bool = False
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LineText:
    """A line of a table."""

    title: str
    article: str
    way: CellText
    corrected: CellText


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockText:
    """A figure and its lines."""

    heading: str
    lines: tuple[LineText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimText:
    """A claim with its verdict; `style` is the verdict's class."""

    style: str
    words: str
    quote: str
    means: str
    ratios: tuple[str, ...]
    by_way: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableText:
    """A table, what its columns are, the reasons for what is not there, the claims."""

    name: str
    title: str
    article: str
    way: str
    corrected: str
    blocks: tuple[BlockText, ...]
    notes: tuple[str, ...]
    claims: tuple[ClaimText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """The whole page as plain texts."""

    title: str
    article: str
    machine: str
    here: str
    builds: tuple[str, ...]
    amount: str
    when: str
    version: str
    warnings: tuple[str, ...]
    counted: str
    tables: tuple[TableText, ...]


def page(report: Report) -> str:
    """Return the page's HTML; every text of a result is escaped."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    environment.filters["trusted"] = _trusted
    own = resources.files(__package__) / "templates"
    shared = resources.files("ftbench.site") / "templates"
    sheets = (shared / "frame.css", own / "reproduce.css")
    return environment.from_string((own / "reproduce.html.j2").read_text(encoding="utf-8")).render(
        page=_page(report), style="".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
    )


def _trusted(own: str) -> str:
    """Let our own style sheets through: no text of a result is in them."""
    return Markup(own)  # noqa: S704 - they are ours


def _page(report: Report) -> PageText:
    done = report.done
    return PageText(
        title=f"The article, measured again on {done.machine.get('cpu', 'this machine')} · ftbench",
        article=report.article.title,
        machine=f"{report.article.machine}.",
        here=f"{machine(done)}.",
        builds=tuple(builds(done)),
        amount=amount(done),
        when=done.started_at,
        version=done.ftbench,
        warnings=tuple(filter(None, (busy(done), short(done)))),
        counted=counted(report),
        tables=tuple(_table(report, table) for table in report.tables),
    )


def _table(report: Report, table: Table) -> TableText:
    notes = Notes()
    blocks = tuple(
        BlockText(
            heading=heading(block.figure),
            lines=tuple(_line(line, notes) for line in block.lines),
        )
        for block in table.blocks
    )
    spec = table.spec
    return TableText(
        name=spec.name,
        title=spec.title,
        article=spec.article,
        way=spec.way,
        corrected=spec.corrected,
        blocks=blocks,
        notes=tuple(notes.reasons),
        claims=tuple(_claims(report, spec.name)),
    )


def _line(line: Line, notes: Notes) -> LineText:
    return LineText(
        title=line.row.title,
        article=printed(line.article, line.unit),
        way=_cell(line.way, line.unit, notes),
        corrected=_cell(line.corrected, line.unit, notes),
    )


def _cell(cell: Cell, unit: str, notes: Notes) -> CellText:
    text = number(cell, unit, notes)
    if cell.value is None:
        return CellText(text=text, word=bool(cell.reason), failed=cell.word == "failed")
    value, _, spread = text.partition(" ")
    return CellText(text=value, spread=spread)


def _claims(report: Report, table: str) -> Iterator[ClaimText]:
    for judgement in report.judgements_under(table):
        yield _claim(judgement)


def _claim(judgement: Judgement) -> ClaimText:
    return ClaimText(
        style=_STYLES[judgement.verdict],
        words=judgement.words,
        quote=judgement.claim.quote,
        means=judgement.claim.means,
        ratios=tuple(map(ratio_words, judgement.ratios)),
        by_way=by_way(judgement),
    )
