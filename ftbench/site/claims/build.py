"""Writes Claims: what the guides claim, judged on the figures of one machine and release a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from ftbench.analysis import conditions
from ftbench.analysis.claims.data import Claim, Source, benchmarks, claims, sources
from ftbench.analysis.claims.judge import AsvFigures, Judgement, judge
from ftbench.analysis.claims.rule import TIMES, Ratio, Relation, Shown, Verdict
from ftbench.analysis.claims.words import Notes, number, range_words
from ftbench.analysis.floors import Floors
from ftbench.analysis.selection import Pick, first_pick, picks, shares
from ftbench.facts.units import digits, scale_for
from ftbench.results import ResultTree
from ftbench.site import frame
from ftbench.site.claims import chart
from ftbench.site.menus import Menu, address, menus

PLACE: Final = "claims"
FIRST_PAGE: Final = f"{PLACE}.html"
# Of each machine: a claim is about a kind of program, and older releases are on Releases.
MOST_PAGES: Final = 12
_FEW: Final = 6
_DASH: Final = "\N{EN DASH}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictText:
    """A verdict as a page shows it: a symbol, a word, a style; none of them alone."""

    style: str
    symbol: str
    word: str


VERDICTS: Final = {
    Verdict.HOLDS: VerdictText(style="holds", symbol="✓", word="holds"),
    Verdict.NOT: VerdictText(style="not", symbol="✗", word="does not hold here"),
    Verdict.CANNOT: VerdictText(style="cannot", symbol="?", word="cannot be judged"),
    Verdict.UNMEASURED: VerdictText(style="unmeasured", symbol="\N{EN DASH}", word="not measured"),
    Verdict.UNTESTED: VerdictText(style="untested", symbol="○", word="not tested"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureText:
    """A figure of a claim; `words` stand in for a number, `href` is its series on asv's pages."""

    name: str
    value: str = ""
    interval: str = ""
    words: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioText:
    """A ratio that decided, and what it should be."""

    what: str
    value: str
    claimed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimText:
    """A claim with its verdict, which `why` completes; many `figures` are folded."""

    number: int
    verdict: VerdictText
    why: str
    untested: str
    quote: str
    means: str
    ratios: tuple[RatioText, ...]
    figures: tuple[FigureText, ...]
    folded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Claims of a source that belong together; "" where it has but one topic."""

    title: str
    claims: tuple[ClaimText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRow:
    """A row of the picture's table: the claim's number and name, claimed, measured, their ratio."""

    number: int
    name: str
    verdict: VerdictText
    claimed: str
    measured: str
    spread: str
    over: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceText:
    """A text that claims something; `counts` are in the order of the page's verdicts.

    `rows` are its claims in the page's picture.
    """

    name: str
    short: str
    title: str
    about: str
    counts: tuple[int, ...]
    topics: tuple[Topic, ...]
    rows: tuple[PictureRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A whole page; `root` leads from it to the site's own folder: "" or "../"."""

    root: str
    title: str
    pick: Pick | None = None
    where: str = ""
    menus: tuple[Menu, ...] = ()
    notices: tuple[conditions.Notice, ...] = ()
    verdicts: tuple[VerdictText, ...] = tuple(VERDICTS.values())
    sources: tuple[SourceText, ...] = ()
    svg: str = ""
    left_out: str = ""
    warnings: tuple[str, ...] = ()
    command: str = ""


def write_claims(tree: ResultTree, html_dir: Path) -> tuple[Path, ...]:
    """Write `claims.html` and the pages it leads to; return their paths, the first page first.

    A page needs neither a script nor a network.  Raises `OSError` where the folder cannot be
    written.
    """
    everything = picks(tree)
    first = first_pick(everything, tree)
    if first is None:
        return (_write(html_dir / FIRST_PAGE, _empty(tree)),)
    every = newest(everything, first)
    parts = shares(tree, every)
    floors = Floors.of(tree.noise)
    left_out = len(everything) - len(every)

    def write(pick: Pick) -> Path:
        page = page_of(pick, every, first, parts[pick], floors, left_out=left_out)
        return _write(html_dir / address(pick, first, PLACE), page)

    return tuple(map(write, (first, *(each for each in every if each != first))))


def newest(every: Sequence[Pick], first: Pick) -> tuple[Pick, ...]:
    """Return the picks that have a page: of each machine the newest releases, and the first."""
    kept = {first}
    for _, group in groupby(sorted(every), key=lambda pick: pick.machine):
        kept.update(sorted(group, key=lambda pick: pick.release)[-MOST_PAGES:])
    return tuple(sorted(kept))


def page_of(
    pick: Pick,
    every: Sequence[Pick],
    first: Pick,
    tree: ResultTree,
    floors: Floors,
    *,
    left_out: int = 0,
) -> Page:
    """Return the page of one pick; `tree` holds the figures and sources of that pick alone."""
    machine = next((each for each in tree.machines if each.name == pick.machine), None)
    measured = AsvFigures.of(
        [figure for figure in tree.figures if figure.benchmark in benchmarks()],
        release=pick.release,
        sources=tree.sources,
        machine=machine,
        floors=floors,
    )
    judgements = tuple(enumerate(judge(claims(), measured), start=1))
    by_source = [
        (source, [each for each in judgements if each[1].claim.source == source.name])
        for source in sources()
    ]
    count = measured.conditions.cores
    cores = "1 core" if count == 1 else f"{count:g} cores"
    of = f" ({machine.cpu}, {cores})" if machine else f" ({cores})"
    return Page(
        root="" if pick == first else "../",
        title=f"Claims on CPython {pick.release.name}, {pick.machine} · ftbench",
        pick=pick,
        where=of,
        menus=menus(pick, every, first, PLACE),
        notices=conditions.notices(pick, tree.sources),
        sources=tuple(_source(source, ours) for source, ours in by_source),
        svg=chart.draw(_bands(by_source), name="picture"),
        left_out=_left_out(left_out),
        warnings=tuple(map(str, tree.warnings)),
        command=f"FTBENCH_PROFILE={pick.profile} asv run {pick.release.name}^!",
    )


def _empty(tree: ResultTree) -> Page:
    return Page(root="", title="Claims · ftbench", warnings=tuple(map(str, tree.warnings)))


def _left_out(count: int) -> str:
    if not count:
        return ""
    return (
        f"The newest {MOST_PAGES} results of each machine have a page here; {count} older ones "
        "are on Choose and Releases only."
    )


_Numbered = Sequence[tuple[int, Judgement]]


def _source(source: Source, judgements: _Numbered) -> SourceText:
    verdicts = [judgement.verdict for _, judgement in judgements]
    return SourceText(
        name=source.name,
        short=source.short,
        title=source.title,
        about=source.about,
        counts=tuple(verdicts.count(verdict) for verdict in VERDICTS),
        topics=tuple(_topics(judgements)),
        rows=tuple(_picture_row(*each) for each in judgements if _is_compared(each[1])),
    )


def _bands(
    by_source: Sequence[tuple[Source, _Numbered]],
) -> Mapping[str, Sequence[chart.Row]]:
    """Return the rows of the picture by the short names of their sources."""
    bands = {
        source.short: [_chart_row(*each) for each in judgements if _is_compared(each[1])]
        for source, judgements in by_source
    }
    return {title: rows for title, rows in bands.items() if rows}


def _topics(judgements: _Numbered) -> Iterable[Topic]:
    topics = dict.fromkeys(judgement.claim.topic for _, judgement in judgements)
    for title in topics:
        ours = [each for each in judgements if each[1].claim.topic == title]
        yield Topic(title=title, claims=tuple(_claim(*each) for each in ours))


def _claim(order: int, judgement: Judgement) -> ClaimText:
    claim = judgement.claim
    figures = tuple(map(_figure, judgement.figures))
    return ClaimText(
        number=order,
        verdict=VERDICTS[judgement.verdict],
        why=judgement.why,
        untested=claim.untested,
        quote=claim.quote,
        means=claim.means,
        ratios=tuple(_ratio(claim, ratio) for ratio in judgement.ratios if ratio.cell.value),
        figures=figures,
        folded=len(figures) > _FEW,
    )


def _ratio(claim: Claim, ratio: Ratio) -> RatioText:
    unit = f" {claim.unit}" if ratio.unit not in {TIMES, "%"} else ""
    rate = ", in operations per second" if claim.rate else ""
    return RatioText(
        what=f"{ratio.what}{rate}",
        value=number(ratio.cell, ratio.unit, Notes()) + unit,
        claimed=range_words(ratio) + unit,
    )


def _figure(shown: Shown) -> FigureText:
    figure = shown.figure
    if figure is None:
        return FigureText(name=shown.name, words="not measured")
    if figure.median is None:
        reason = f": {figure.reason}" if figure.reason else ""
        return FigureText(name=shown.name, words=f"{figure.state}{reason}")
    scale, interval = scale_for(figure.unit, [figure.median]), figure.interval
    # Of few samples asv's interval reaches below zero, where no cost is.
    ends = (scale.text(max(interval.low, 0)), scale.text(interval.high)) if interval else ()
    return FigureText(
        name=shown.name,
        value=f"{scale.text(figure.median)} {scale.symbol}",
        interval=f" {_DASH} ".join(ends) or "too few samples",
        href=figure.graph,
    )


def _is_compared(judgement: Judgement) -> bool:
    """Tell whether a claim names a number that the measured one can be held against."""
    return (
        judgement.claim.relation is Relation.RATIO
        and judgement.verdict in chart.MARKERS
        and all(ratio.cell.value for ratio in judgement.ratios)
    )


def _claimed(judgement: Judgement) -> float:
    return judgement.claim.edge or 1.0


def _chart_row(order: int, judgement: Judgement) -> chart.Row:
    (ratio,), claimed = judgement.ratios, _claimed(judgement)
    spread = ratio.cell.spread
    return chart.Row(
        label=f"{order}  {_short(ratio.what)}",
        verdict=judgement.verdict,
        value=(ratio.cell.value or claimed) / claimed,
        band=(ratio.low / claimed, ratio.high / claimed),
        ends=(spread.low / claimed, spread.high / claimed) if spread else None,
    )


def _short(what: str) -> str:
    """Return what a ratio is of, as short as a picture has room for: "spawn" of many a one."""
    above = what.partition(" / ")[0].partition(" (")[0].rpartition(": ")[2]
    return above.removeprefix("processes, ").split(",")[0]


def _picture_row(order: int, judgement: Judgement) -> PictureRow:
    (ratio,), claim = judgement.ratios, judgement.claim
    text = _ratio(claim, ratio)
    claimed = _claimed(judgement)
    measured, _, spread = text.value.partition(" (")
    return PictureRow(
        number=order,
        name=ratio.what,
        verdict=VERDICTS[judgement.verdict],
        claimed=f"{digits(claim.claimed or 1.0)}{_unit(claim)}",
        measured=measured,
        spread=f"({spread}" if spread else "",
        over=f"{digits((ratio.cell.value or claimed) / claimed)}{TIMES}",
    )


def _unit(claim: Claim) -> str:
    return claim.unit if claim.unit == TIMES else f" {claim.unit}"


def _write(path: Path, page: Page) -> Path:
    return frame.write(path, frame.render("claims.html.j2", page, here=PLACE))
