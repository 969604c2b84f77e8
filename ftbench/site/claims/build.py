"""Writes Claims: what the guides claim, judged on the figures of one machine and release a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import ClassVar, Final

from ftbench.analysis.claims.data import Claim, ClaimSource, benchmarks, claims, sources
from ftbench.analysis.claims.judge import AsvFigures, Judgement, judge
from ftbench.analysis.claims.rule import (
    TIMES,
    ClaimedRatio,
    ClaimVerdict,
    Notes,
    number,
    range_words,
)
from ftbench.analysis.conditions import Notice, notices
from ftbench.analysis.floors import Floors
from ftbench.results import Machine, ResultTree
from ftbench.results.selection import Pick, first_pick, picks, shares
from ftbench.site import frame
from ftbench.site.claims import chart
from ftbench.site.claims.chart import Numbered, compared
from ftbench.site.menus import Menu, address, menus

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
        return chart.draw(self.bands, name="picture")

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
