"""Writes Claims: what the guides claim, judged on the figures of one machine and release a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any, ClassVar, Final

from ftbench.analysis.claims.data import Claim, ClaimSource, benchmarks, claims, sources
from ftbench.analysis.claims.judge import AsvFigures, Judgement, judge
from ftbench.analysis.claims.rule import (
    TIMES,
    ClaimedRatio,
    ClaimVerdict,
    Notes,
    Relation,
    number,
    range_words,
)
from ftbench.analysis.conditions import Notice, notices
from ftbench.analysis.floors import Floors
from ftbench.results import Machine, ResultTree
from ftbench.results.selection import Pick, first_pick, picks, shares
from ftbench.site import frame, svg
from ftbench.site.menus import Menu, address, menus

_RIGHT: Final = 16
_ROW: Final = 22
_HEADING: Final = 24
_GAP: Final = 8
_MARK: Final = 7
_MARGIN: Final = 1.4
_WIDEST: Final = 100.0  # a mark farther off stands at the edge: its row would squeeze all others
MARKERS: Final = {ClaimVerdict.HOLDS: "o", ClaimVerdict.NOT: "X", ClaimVerdict.CANNOT: "D"}


Numbered = tuple[int, Judgement]
"""A judgement with the number of its claim."""


def compared(judgements: Iterable[Numbered]) -> list[Numbered]:
    """Return the claims of a number that the measured one can be held against."""
    return [
        (number, judgement)
        for number, judgement in judgements
        if judgement.claim.relation is Relation.RATIO
        and judgement.verdict in MARKERS
        and all(ratio.quantity.value for ratio in judgement.ratios)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A claim in the picture: all figures are shares of what is claimed.

    `band` is the range in which it holds; `ends` those of its interval, None where it has none.
    """

    label: str
    verdict: ClaimVerdict
    value: float
    band: tuple[float, float]
    ends: tuple[float, float] | None


def _row_of(order: int, judgement: Judgement) -> _Row:
    (ratio,), claimed = judgement.ratios, judgement.claim.edge or 1.0
    spread = ratio.quantity.spread
    return _Row(
        label=f"{order}  {_short(ratio.what)}",
        verdict=judgement.verdict,
        value=(ratio.quantity.value or claimed) / claimed,
        band=(ratio.low / claimed, ratio.high / claimed),
        ends=(spread.low / claimed, spread.high / claimed) if spread else None,
    )


def _short(what: str) -> str:
    """Return what a ratio is of, as short as a picture has room for: "spawn" of many a one."""
    above = what.partition(" / ")[0].partition(" (")[0].rpartition(": ")[2]
    return above.removeprefix("processes, ").split(",")[0]


def draw(claims: Mapping[str, Sequence[Numbered]], *, name: str) -> str:
    """Return an SVG element, `name` unique on its page; "" where there is no row.

    `claims` maps a heading to claims of a number.
    """
    bands = {title: [_row_of(*each) for each in ours] for title, ours in claims.items()}
    rows = [row for band in bands.values() for row in band]
    if not rows:
        return ""
    heights = [_HEADING + len(band) * _ROW + _GAP for band in bands.values()]
    tops = [0, *accumulate(heights)]
    values = [end for row in rows for end in (row.value, *row.band)]
    low = max(min(values) / _MARGIN, 1 / _WIDEST)
    high = min(max(values) * _MARGIN, _WIDEST)

    def paint(axes: Any) -> None:
        svg.axis(axes, low, high, "measured over claimed, log scale", log=True)
        svg.rule_at(axes, 1.0, svg.MUTED)
        for (title, band), top in zip(bands.items(), tops[:-1], strict=True):
            svg.heading(axes, title, top + _HEADING / 2)
            for place, row in enumerate(band):
                _row(axes, row, top + _HEADING + (place + 0.5) * _ROW, low, high)

    return svg.picture(paint, name=name, height=tops[-1], right=_RIGHT)


def _row(axes: Any, row: _Row, height: float, low: float, high: float) -> None:
    svg.left_label(axes, row.label, height)
    axes.fill_between(list(row.band), height - _ROW / 3, height + _ROW / 3, color=svg.RULE, lw=0)
    colour = svg.BAD if row.verdict is ClaimVerdict.NOT else svg.INK
    if row.ends is not None:
        ends = [min(max(end, low), high) for end in row.ends]
        axes.plot(ends, [height] * 2, color=colour, lw=_MARK / 4)
    inside = svg.PAPER if row.verdict is ClaimVerdict.CANNOT else colour
    style = {"color": colour, "markerfacecolor": inside, "markeredgecolor": colour}
    value, marker = min(max(row.value, low), high), MARKERS[row.verdict]
    svg.marks(axes, [value], [height], marker, _MARK, **style)


PLACE: Final = "claims"
FIRST_PAGE: Final = f"{PLACE}.html"
# Of each machine: a claim is about a kind of program, and older releases are on Releases.
MOST_PAGES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page of one pick; `root` leads from it to the site's own folder: "" or "../".

    `judgements` are of every claim, each with its number; `left_out` is how many picks have no
    page.
    """

    verdicts: ClassVar = tuple(ClaimVerdict)
    most: ClassVar = MOST_PAGES

    root: str
    title: str
    pick: Pick
    machine: Machine | None
    cores: float
    menus: tuple[Menu, ...]
    notices: tuple[Notice, ...]
    judgements: Sequence[Numbered]
    left_out: int
    warnings: tuple[str, ...]

    @property
    def sources(self) -> list[tuple[ClaimSource, list[Numbered]]]:
        """The texts that claim something, with the judgements of their claims."""
        return [
            (source, [each for each in self.judgements if each[1].claim.source == source.name])
            for source in sources()
        ]

    def topics(self, judgements: Sequence[Numbered]) -> dict[str, list[Numbered]]:
        """Return claims of a source by what they are about, "" where it has but one topic."""
        topics: dict[str, list[Numbered]] = {}
        for each in judgements:
            topics.setdefault(each[1].claim.topic, []).append(each)
        return topics

    def counts(self, judgements: Sequence[Numbered]) -> Counter[ClaimVerdict]:
        """Return how often each verdict was given."""
        return Counter(judgement.verdict for _, judgement in judgements)

    @property
    def bands(self) -> dict[str, list[Numbered]]:
        """The claims of a number, by the short names of their sources."""
        every = {source.short: compared(ours) for source, ours in self.sources}
        return {short: ours for short, ours in every.items() if ours}

    @property
    def picture(self) -> str:
        """How far the measured is from the claimed, as an SVG element."""
        return draw(self.bands, name="picture")

    def value(self, claim: Claim, ratio: ClaimedRatio) -> str:
        """Return a ratio with its interval: "3.25 (3.10-3.40) ms"."""
        return number(ratio.quantity, ratio.unit, Notes()) + _unit(claim, ratio)

    def range(self, claim: Claim, ratio: ClaimedRatio) -> str:
        """Return what a ratio should be."""
        return range_words(ratio) + _unit(claim, ratio)

    def deciding(self, judgement: Judgement) -> list[ClaimedRatio]:
        """Return the ratios that there are of those that a judgement is made from."""
        return [ratio for ratio in judgement.ratios if ratio.quantity.value]


def _unit(claim: Claim, ratio: ClaimedRatio) -> str:
    return f" {claim.unit}" if ratio.unit not in {TIMES, "%"} else ""


def write_claims(tree: ResultTree, html_dir: Path) -> tuple[Path, ...]:
    """Write `claims.html` and the pages it leads to; return their paths, the first page first.

    A page needs neither a script nor a network.  Raises `OSError` where the folder cannot be
    written.
    """
    everything = picks(tree)
    first = first_pick(everything, tree)
    if first is None:
        return (_write(html_dir / FIRST_PAGE, frame.empty("Claims", tree)),)
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
    return Page(
        root="" if pick == first else "../",
        title=f"Claims on CPython {pick.release.name}, {pick.machine} · ftbench",
        pick=pick,
        machine=machine,
        cores=measured.conditions.cores,
        menus=menus(pick, every, first, PLACE),
        notices=notices(pick, tree.sources),
        judgements=tuple(enumerate(judge(claims(), measured), start=1)),
        left_out=left_out,
        warnings=tuple(map(str, tree.warnings)),
    )


def _write(path: Path, page: Page | frame.EmptyPage) -> Path:
    return frame.write(path, frame.render("claims.html.j2", page, here=PLACE))
