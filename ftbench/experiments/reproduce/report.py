"""All that is told of a reproduction, made of its record alone; and the JSON document with it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ftbench.analysis.claims.cells import Cell
from ftbench.analysis.claims.data import Article, article
from ftbench.analysis.claims.judge import Conditions, Judgement
from ftbench.analysis.claims.rule import UNITS, Ratio
from ftbench.experiments.reproduce.figures import Line, Table, judgements, tables
from ftbench.experiments.reproduce.record import Reproduction


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A reproduction with the article's tables filled in and its claims judged."""

    article: Article
    done: Reproduction
    tables: tuple[Table, ...]
    judgements: tuple[Judgement, ...]

    def judgements_under(self, table: str) -> tuple[Judgement, ...]:
        """Return the judgements of the claims that are shown under a table."""
        return tuple(each for each in self.judgements if each.claim.table == table)


def report_of(done: Reproduction) -> Report:
    """Return the report of a reproduction."""
    source = article()
    filled = tables(source, done)
    return Report(
        article=source,
        done=done,
        tables=filled,
        judgements=judgements(
            filled, Conditions(cores=done.cores, seconds=done.knobs.duration / 1e3)
        ),
    )


def document(report: Report) -> dict[str, Any]:
    """Return the whole document of `--json`; its schema is told in `record`."""
    return {
        **report.done.record(),
        "article": {"title": report.article.title, "machine": report.article.machine},
        "tables": [_table(table) for table in report.tables],
        "claims": [_judgement(judgement) for judgement in report.judgements],
    }


def _table(table: Table) -> dict[str, Any]:
    lines = [
        {"figure": block.figure.name, **_line(line)}
        for block in table.blocks
        for line in block.lines
    ]
    return {"name": table.spec.name, "title": table.spec.title, "figures": lines}


def _line(line: Line) -> dict[str, Any]:
    columns = {name: getattr(line, name) for name in ("article", "way", "corrected")}
    return {
        "row": line.row.name,
        "unit": line.unit,
        **{name: _cell(cell, UNITS[line.unit]) for name, cell in columns.items()},
    }


def _cell(cell: Cell, unit: float) -> dict[str, Any]:
    """Return a cell in the unit that is printed; `samples` says of how many it is a median."""
    if cell.value is None:
        return {"value": None, "word": cell.word, "reason": cell.reason}
    spread = cell.spread and [cell.spread.low / unit, cell.spread.high / unit]
    return {"value": cell.value / unit, "spread": spread, "samples": len(cell.samples)}


def _judgement(judgement: Judgement) -> dict[str, Any]:
    claim = judgement.claim
    return {
        "table": claim.table,
        "quote": claim.quote,
        "means": claim.means,
        "relation": claim.relation,
        "of": [f"{each.table}.{each.row.name}.{each.kind.name}" for each in claim.figures],
        "cores": claim.cores,
        "seconds": claim.seconds,
        "verdict": judgement.verdict,
        "words": judgement.words,
        "by_the_articles_way": judgement.by_way,
        "ratios": [_ratio(ratio) for ratio in judgement.ratios],
    }


def _ratio(ratio: Ratio) -> dict[str, Any]:
    unit = UNITS[ratio.unit]
    ends = [ratio.low / unit, None if math.isinf(ratio.high) else ratio.high / unit]
    return {"what": ratio.what, "unit": ratio.unit, **_cell(ratio.cell, unit), "range": ends}
