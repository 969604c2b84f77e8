"""Judges the article's claims, one by one, on the figures measured here.

The rule.  What a claim compares is a ratio of figures, and each relation is a range that the
ratio must lie in: for `ratio` from `claimed / within` to `claimed * within`, for `at_least` and
`at_most` on one side of `claimed`, for `ascending` above 1, for `alike` at most `claimed`.  Where
both figures are medians of several samples the ratio has a 99 % interval: all of it in the range
is "holds", all of it outside is "does not hold here", and across the edge "cannot be judged", for
there are too few samples.  Where it has none, the ratio itself decides.

Judged are the corrected figures; where the article's way would have said otherwise, that is said.
On fewer cores than a claim needs, or in a shorter window, it cannot be judged at all.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ftbench.reproduce.article import TIMES, Article, Claim, Relation
from ftbench.reproduce.cells import Cell, over
from ftbench.reproduce.figures import Line, Table


class Verdict(StrEnum):
    """What became of a claim; the values begin the words that users read."""

    HOLDS = "holds"
    NOT = "does not hold here"
    CANNOT = "cannot be judged"
    UNMEASURED = "not measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A ratio that a claim was judged by, and the range that it should lie in.

    `what` names it as `spawn / fork`; the range is open where an end is infinite or zero.  Of a
    claim about a single figure it is that figure, in the stored unit of `unit`.
    """

    what: str
    unit: str
    cell: Cell
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """Whether the ratio, with its interval, lies in the range."""
        if self.cell.value is None:
            return Verdict.UNMEASURED
        spread = self.cell.spread
        low, high = (spread.low, spread.high) if spread else (self.cell.value,) * 2
        if self.low <= low and high <= self.high:
            return Verdict.HOLDS
        if high < self.low or low > self.high:
            return Verdict.NOT
        return Verdict.CANNOT


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
    ratios = _ratios(claim, _named(lines, [line.corrected for line in lines]))
    missing = next((each.cell.word for each in ratios if each.cell.value is None), None)
    if missing is not None:
        why = "" if missing == Verdict.UNMEASURED else f"({missing})"
        return _judgement(claim, Verdict.UNMEASURED, why, ratios)
    if cores < claim.cores:
        return _judgement(claim, Verdict.CANNOT, f"on {_cores(cores)}", ratios)
    if seconds < claim.seconds:
        return _judgement(claim, Verdict.CANNOT, f"in a window of {seconds:g} s", ratios)
    verdict = _together(ratios)
    by_way = _together(_ratios(claim, _named(lines, [line.way for line in lines])))
    if verdict is Verdict.CANNOT:
        return _judgement(claim, verdict, "from so few samples", ratios)
    sure = by_way in (Verdict.HOLDS, Verdict.NOT)
    return _judgement(claim, verdict, "", ratios, by_way if sure and by_way != verdict else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """A figure of a claim, with what tells it from the claim's others."""

    name: str
    unit: str
    cell: Cell


def _named(lines: Sequence[Line], cells: Sequence[Cell]) -> list[_Named]:
    """Return the lines' cells, named by their rows, or else by what they are figures of."""
    by_row = len({line.row.name for line in lines}) == len(lines) > 1
    return [
        _Named(
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


def _cores(cores: float) -> str:
    return "1 core" if cores == 1 else f"{cores:g} cores"


def _together(ratios: Sequence[Ratio]) -> Verdict:
    """Return the verdict of a claim whose every ratio must lie in its range."""
    verdicts = [ratio.verdict for ratio in ratios]
    for worst in (Verdict.UNMEASURED, Verdict.NOT, Verdict.CANNOT):
        if worst in verdicts:
            return worst
    return Verdict.HOLDS


def _ratios(claim: Claim, cells: Sequence[_Named]) -> tuple[Ratio, ...]:
    """Return the ratios that a claim says something of, each with the range that it names."""
    claimed = claim.claimed or 1.0
    match claim.relation:
        case Relation.RATIO:
            low, high = claimed / claim.within, claimed * claim.within
            return (_ratio(cells[0], cells[1:], low, high),)
        case Relation.AT_LEAST:
            return (_ratio(cells[0], cells[1:], claimed, math.inf),)
        case Relation.AT_MOST:
            return (_ratio(cells[0], cells[1:], 0.0, claimed),)
        case Relation.ASCENDING:
            above_one = math.nextafter(1.0, 2.0)
            return tuple(
                _ratio(above, [below], above_one, math.inf)
                for below, above in itertools.pairwise(cells)
            )
        case Relation.ALIKE:
            by_size = sorted(cells, key=lambda named: named.cell.value or 0.0)
            return (_ratio(by_size[-1], by_size[:1], 0.0, claimed),)


def _ratio(above: _Named, below: Sequence[_Named], low: float, high: float) -> Ratio:
    """Return the first over the second, or the first alone where there is no second."""
    if not below:
        return Ratio(what=above.name, unit=above.unit, cell=above.cell, low=low, high=high)
    return Ratio(
        what=f"{above.name} / {below[0].name}",
        unit=TIMES,
        cell=over(above.cell, below[0].cell),
        low=low,
        high=high,
    )
