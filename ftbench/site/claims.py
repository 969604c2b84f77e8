"""Writes Claims: what the guides claim, judged on the figures of one machine and release a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate, groupby
from pathlib import Path
from statistics import mode
from typing import Any, ClassVar, Final

import numpy as np

from ftbench.analysis.claims.data import (
    Claim,
    ClaimSource,
    benchmarks,
    claims,
    compared_with,
    sources,
)
from ftbench.analysis.claims.judge import AsvFigures, Judgement, judged
from ftbench.analysis.claims.rule import ClaimedRatio, ClaimVerdict, Relation
from ftbench.analysis.conditions import Notice, notices
from ftbench.analysis.price import OLDER, guarded
from ftbench.analysis.verdicts import evidence
from ftbench.results import Figure, Machine, ResultTree, Unreadable
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


def _short(what: str) -> str:
    """Return what a ratio is of, as short as a picture has room for: "spawn" of many a one."""
    above = what.partition(" / ")[0].partition(" (")[0].rpartition(": ")[2]
    return above.removeprefix("processes, ").split(",")[0]


def draw(claims: Mapping[str, Sequence[Numbered]], *, name: str) -> str:
    """Return an SVG element of claims of a number by heading, "" where there is none."""
    values = [value for ours in claims.values() for _, each in ours for value in _shares(each)]
    if not values:
        return ""
    heights = [_HEADING + len(ours) * _ROW + _GAP for ours in claims.values()]
    tops = [0, *accumulate(heights)]
    low = max(min(values) / _MARGIN, 1 / _WIDEST)
    high = min(max(values) * _MARGIN, _WIDEST)

    def paint(axes: Any) -> None:
        svg.axis(axes, low, high, "measured over claimed, log scale", log=True)
        svg.rule_at(axes, 1.0, svg.MUTED)
        for (title, ours), top in zip(claims.items(), tops[:-1], strict=True):
            svg.heading(axes, title, top + _HEADING / 2)
            for row, numbered in enumerate(ours):
                _row(axes, numbered, top + _HEADING + (row + 0.5) * _ROW)

    return svg.picture(paint, name=name, height=tops[-1], right=_RIGHT)


def _shares(judgement: Judgement) -> tuple[float, float, float]:
    """Return the measured value and the range that counts as claimed, over what is claimed."""
    (ratio,) = judgement.ratios
    value = ratio.quantity.value or ratio.low
    return share(value, ratio), share(ratio.low, ratio), share(ratio.high, ratio)


def share(value: float, ratio: ClaimedRatio) -> float:
    """Return a value over what is claimed, of a range over its nearer end; within it is 1."""
    return value / min(max(value, ratio.claimed[0]), ratio.claimed[-1])


def _row(axes: Any, numbered: Numbered, height: float) -> None:
    number, judgement = numbered
    (ratio,), verdict = judgement.ratios, judgement.verdict
    value, *band = _shares(judgement)
    svg.left_label(axes, f"{number}  {_short(ratio.what)}", height)
    axes.fill_between(band, height - _ROW / 3, height + _ROW / 3, color=svg.RULE, lw=0)
    colour = svg.BAD if verdict is ClaimVerdict.NOT else svg.INK
    if spread := ratio.quantity.spread:
        ends = [share(each, ratio) for each in (spread.low, spread.high)]
        ends = np.clip(ends, *axes.get_xlim())
        axes.plot(ends, [height] * 2, color=colour, lw=_MARK / 4)
    inside = svg.PAPER if verdict is ClaimVerdict.CANNOT else colour
    style = {"color": colour, "markerfacecolor": inside, "markeredgecolor": colour}
    place = np.clip(value, *axes.get_xlim())
    said = f"Claim {number}, {ratio.what}: {ratio.off or 'as claimed'}; {verdict}"
    svg.marks(axes, [place], [height], MARKERS[verdict], _MARK, says=[said], **style)


# Of each machine: a claim is about a kind of program, and older releases are on Releases.
MOST_PAGES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page of one pick, with all `judgements`; `left_out` is how many picks have no page."""

    verdicts: ClassVar = tuple(ClaimVerdict)
    most: ClassVar = MOST_PAGES
    shorts: ClassVar = {source.name: source.short for source in sources()}

    title: str
    pick: Pick
    machine: Machine | None
    cores: float
    menus: tuple[Menu, ...]
    notices: tuple[Notice, ...]
    judgements: Sequence[Numbered]
    left_out: int
    warnings: tuple[Unreadable, ...]
    everywhere: str  # the page of all

    @property
    def sources(self) -> list[tuple[ClaimSource, list[Numbered]]]:
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

    def also(self, source: ClaimSource) -> list[tuple[str, Numbered]]:
        """What a source says as another does, whose claim is judged for both."""
        return [
            (also["quote"], each)
            for each in self.judgements
            for also in each[1].claim.also
            if also["source"] == source.name
        ]

    @property
    def bands(self) -> dict[str, list[Numbered]]:
        """The claims of a number, by the short names of their sources."""
        every = {source.short: compared(ours) for source, ours in self.sources}
        return {short: ours for short, ours in every.items() if ours}

    @property
    def picture(self) -> str:
        return draw(self.bands, name="picture")


def write_claims(tree: ResultTree, html_dir: Path) -> tuple[Path, ...]:
    """Write `claims.html` and the pages it leads to; return their paths, the first page first."""
    everything = picks(tree)
    first = first_pick(everything, tree)
    if first is None:
        return frame.write_empty(html_dir, "claims", tree)
    addresses = {pick: address(pick, first, "claims") for pick in newest(everything, first)}
    ordered = sorted(addresses, key=lambda pick: (pick.machine != first.machine, pick != first))
    left_out = len(everything) - len(addresses)
    pages = {}
    for _, group in groupby(ordered, key=lambda pick: pick.machine):
        parts = dict(shares(tree, group))
        for pick, share in parts.items():
            near = {each: parts[other].figures for each, other in others(pick, addresses).items()}
            page = page_of(pick, addresses, share, left_out=left_out, others=near)
            pages[addresses[pick]] = page
    union = {"title": "Claims on all machines and releases", "outcomes": outcomes(pages)}
    return (
        *(frame.write_page(html_dir, place, "claims", page) for place, page in pages.items()),
        frame.write_page(html_dir, EVERYWHERE, "claims", union, "claims-all.html.j2"),
    )


EVERYWHERE: Final = "claims/all.html"
_MOST_NAMED: Final = 3


class Outcome(StrEnum):
    """What became of a claim on all pages; the values are the words that users read."""

    HELD = "holds wherever it was judged"
    NOT = "does not hold wherever it was judged"
    DEPENDS = "holds on some, not on others"
    NEVER = "never judged"


_DECIDED: Final = {ClaimVerdict.HOLDS: Outcome.HELD, ClaimVerdict.NOT: Outcome.NOT}


# An address, whose page it is, and what is judged there.
_Place = tuple[str, Pick, Judgement]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimOutcome:
    """A claim over all pages: its judgement on each, with the page's address."""

    number: int
    claim: Claim
    judgements: Sequence[_Place]

    @property
    def outcome(self) -> Outcome:
        verdicts = {judgement.verdict for *_, judgement in self.decided}
        if len(verdicts) > 1:
            return Outcome.DEPENDS
        return _DECIDED[verdicts.pop()] if verdicts else Outcome.NEVER

    @property
    def decided(self) -> list[_Place]:
        return [each for each in self.judgements if each[2].verdict in _DECIDED]

    @property
    def undecided(self) -> list[_Place]:
        """The pages that have figures of it, if none of them can judge it: the first few."""
        found = [
            each
            for each in self.judgements
            if each[2].verdict is ClaimVerdict.CANNOT
            and any(ratio.quantity.value for ratio in each[2].ratios)
        ]
        return [] if self.decided else found[:_MOST_NAMED]

    @property
    def named(self) -> list[tuple[ClaimVerdict, Sequence[_Place], int]]:
        """Each verdict with the pages that are named, machine by machine, and how many are not."""
        found: list[tuple[ClaimVerdict, Sequence[_Place], int]] = []
        for verdict in _DECIDED:
            every = [each for each in self.decided if each[2].verdict is verdict]
            firsts = [next(ours) for _, ours in groupby(every, key=lambda each: each[1].machine)]
            few = [*firsts, *(each for each in every if each not in firsts)][:_MOST_NAMED]
            if few:
                found.append((verdict, few, len(every) - len(few)))
        return found

    @property
    def why(self) -> str:
        """Why it was never judged, most often."""
        every = [judgement for *_, judgement in self.judgements]
        near = [each for each in every if each.verdict is not ClaimVerdict.OTHER] or every
        return mode(each.claim.untested or each.words for each in near)


def outcomes(pages: Mapping[str, Page]) -> dict[Outcome, list[ClaimOutcome]]:
    """Return what became of every claim on all pages, by what that comes to."""
    found: dict[Outcome, list[ClaimOutcome]] = {outcome: [] for outcome in Outcome}
    for place, claim in enumerate(claims()):
        every = [(where, page.pick, page.judgements[place][1]) for where, page in pages.items()]
        of = ClaimOutcome(number=place + 1, claim=claim, judgements=every)
        found[of.outcome].append(of)
    return found


def newest(every: Sequence[Pick], first: Pick) -> tuple[Pick, ...]:
    """Return the picks that have a page: of each machine the newest releases, and the first."""
    kept = {first}
    for _, group in groupby(sorted(every), key=lambda pick: pick.machine):
        kept.update(sorted(group, key=lambda pick: pick.release)[-MOST_PAGES:])
    return tuple(sorted(kept))


def others(pick: Pick, every: Iterable[Pick]) -> dict[str, Pick]:
    """Return the newest release of each series that claims hold a pick's own against."""
    alike = [each for each in every if replace(each, release=pick.release) == pick]
    return {
        each.release.series: each
        for each in sorted(alike, key=lambda each: each.release)
        if each.release.series in compared_with()
    }


def page_of(
    pick: Pick,
    addresses: Mapping[Pick, str],
    tree: ResultTree,
    *,
    left_out: int = 0,
    others: Mapping[str, Iterable[Figure]] | None = None,
) -> Page:
    """Return the page of one pick; `tree` holds the figures and sources of that pick alone.

    `others` are figures of other releases, by their series.
    """
    machine = tree.machine(pick.machine)
    measured = AsvFigures.of(
        [figure for figure in tree.figures if figure.benchmark in benchmarks()],
        release=pick.release,
        sources=tree.sources,
        machine=machine,
        points=guarded(
            replace(tree, figures=(*tree.figures, *(others or {}).get(OLDER.against, ())))
        ),
        others=others,
        known=evidence(tree),
    )
    return Page(
        title=f"Claims on CPython {pick.release.name}, {pick.machine}",
        pick=pick,
        machine=machine,
        cores=measured.conditions.cores,
        menus=menus(pick, addresses),
        notices=notices(pick, tree.sources, tree.figures),
        judgements=tuple(
            (number, judged(claim, measured.named(claim), measured.conditions))
            for number, claim in enumerate(claims(), start=1)
        ),
        left_out=left_out,
        everywhere=EVERYWHERE,
        warnings=tree.warnings,
    )
