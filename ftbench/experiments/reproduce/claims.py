"""Judges the article's claims, one by one, on the figures measured here, by the rule of `judging`.

Judged are the corrected figures; where the article's way would have said otherwise, that is said.
On fewer cores than a claim needs, or in a shorter window, it cannot be judged at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ftbench.analysis.claims.article import Article, Claim
from ftbench.analysis.claims.cells import Cell
from ftbench.analysis.claims.rule import (
    Named,
    Ratio,
    Verdict,
    decide,
    on_cores,
    ratios_of,
    together,
)
from ftbench.experiments.reproduce.figures import Line, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A claim, its verdict, and the ratios that led to it, of the corrected figures.

    `why` completes the verdict: "on 2 cores".  `by_way` is what the article's way of computing
    would have said, None where it says nothing else or cannot say.
    """

    claim: Claim
    verdict: Verdict
    why: str
    ratios: tuple[Ratio, ...]
    by_way: Verdict | None

    @property
    def words(self) -> str:
        """The verdict as users read it."""
        return f"{self.verdict} {self.why}".rstrip()


def judge(
    article: Article, tables: Sequence[Table], *, cores: float, seconds: float
) -> tuple[Judgement, ...]:
    """Return a judgement of every claim whose table is there.

    `cores` are those of the machine, `seconds` the length of a time-boxed run.
    """
    shown = {table.spec.name for table in tables}
    find = _finder(tables)
    return tuple(
        _judged(claim, find, cores, seconds) for claim in article.claims if claim.table in shown
    )


Find = Callable[[str], Line | None]


def _finder(tables: Iterable[Table]) -> Find:
    by_name = {table.spec.name: table for table in tables}

    def find(name: str) -> Line | None:
        table, row, figure = name.split(".")
        return by_name[table].line(row, figure) if table in by_name else None

    return find


def _judged(claim: Claim, find: Find, cores: float, seconds: float) -> Judgement:
    lines = [line for line in map(find, claim.of) if line]
    if len(lines) < len(claim.of):
        return _judgement(claim, Verdict.UNMEASURED, "", ())
    ratios = _ratios(claim, lines, [line.corrected for line in lines])
    verdict, why = decide(ratios, _obstacle(claim, cores, seconds))
    by_way = None
    if verdict in (Verdict.HOLDS, Verdict.NOT):
        by_way = together(_ratios(claim, lines, [line.way for line in lines]))
    sure = by_way in (Verdict.HOLDS, Verdict.NOT)
    return _judgement(claim, verdict, why, ratios, by_way if sure and by_way != verdict else None)


def _obstacle(claim: Claim, cores: float, seconds: float) -> str:
    """Return why a claim cannot be judged here, "" if it can."""
    if cores < claim.cores:
        return on_cores(cores)
    return f"in a window of {seconds:g} s" if seconds < claim.seconds else ""


def _ratios(claim: Claim, lines: Sequence[Line], cells: Sequence[Cell]) -> tuple[Ratio, ...]:
    named = _named(lines, cells)
    return ratios_of(claim.relation, named, claimed=claim.claimed, within=claim.within)


def _named(lines: Sequence[Line], cells: Sequence[Cell]) -> list[Named]:
    """Return the lines' cells, named by their rows, or else by what they are figures of."""
    by_row = len({line.row.name for line in lines}) == len(lines) > 1
    return [
        Named(
            name=(line.row.short or line.row.title) if by_row else line.figure.title,
            unit=line.unit,
            cell=cell,
        )
        for line, cell in zip(lines, cells, strict=True)
    ]


def _judgement(
    claim: Claim,
    verdict: Verdict,
    why: str,
    ratios: tuple[Ratio, ...],
    by_way: Verdict | None = None,
) -> Judgement:
    return Judgement(claim=claim, verdict=verdict, why=why, ratios=ratios, by_way=by_way)
