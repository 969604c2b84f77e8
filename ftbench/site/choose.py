"""Writes the pages of Choose: one standalone file per machine, release and build."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from ftbench.analysis.advice.winner_map import Spot
from ftbench.analysis.claims import tables as article_tables
from ftbench.analysis.claims.data import Article, article
from ftbench.analysis.claims.judge import AsvFigures
from ftbench.facts.arms import ARMS
from ftbench.report.choice import Choice, choice_of
from ftbench.report.view_figures import GridFigures, ModeFigures
from ftbench.results import ResultTree
from ftbench.results.selection import Pick, first_pick, newest_first, picks, shares
from ftbench.site import frame
from ftbench.site.menus import Menu, address, menus
from ftbench.site.mode_charts import draw
from ftbench.site.winner_map import draw_map

PICTURED: Final = 16
"""How many pages have pictures: a page of pictures takes ten times as long as one of tables."""


def write_choose(tree: ResultTree, html_dir: Path) -> tuple[Path, ...]:
    """Write `choose.html` and the pages it leads to; return their paths, the first page first."""
    every = picks(tree)
    first = first_pick(every, tree)
    if first is None:
        return frame.write_empty(html_dir, "choose", tree)
    addresses = {pick: address(pick, first, "choose") for pick in every}
    parts = shares(tree, every)
    ordered = (first, *(pick for pick in newest_first(every) if pick != first))
    drawn = ordered[:PICTURED]
    return tuple(
        frame.write_page(
            html_dir, addresses[pick], "choose", page_of(pick, addresses, parts[pick], drawn)
        )
        for pick in ordered
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page of one pick; with strips for pictures where it is none of the `pictured` newest."""

    arms: ClassVar = ARMS

    title: str
    choice: Choice
    menus: tuple[Menu, ...]
    article: Article
    article_tables: tuple[article_tables.ArticleTable, ...]
    warnings: tuple[str, ...]
    drawn: bool
    pictured: int

    def picture(self, figures: ModeFigures | GridFigures) -> str:
        """Return the picture of a view, "" where the page has none."""
        return draw(figures) if self.drawn else ""

    def map(self, spots: Sequence[Spot], name: str) -> str:
        """Return the picture of an arm's winners, "" where the page has none."""
        return draw_map(spots, name=name) if self.drawn else ""


def page_of(
    pick: Pick, addresses: Mapping[Pick, str], tree: ResultTree, drawn: Collection[Pick]
) -> Page:
    """Return the page of one pick, with pictures if it is among the `drawn`."""
    choice = choice_of(pick, tree)
    return Page(
        title=f"CPython {pick.release.name} on {pick.machine}",
        choice=choice,
        menus=menus(pick, addresses),
        article=article(),
        article_tables=article_tables_of(choice, tree),
        warnings=choice.warnings,
        drawn=pick in drawn,
        pictured=len(drawn),
    )


def article_tables_of(choice: Choice, tree: ResultTree) -> tuple[article_tables.ArticleTable, ...]:
    """Return the article's tables of which anything was measured for the pick of a choice."""
    pick, benchmarks = choice.pick, article_tables.benchmarks()
    measured = AsvFigures.of(
        (each for each in tree.figures if pick.shows(each) and each.benchmark in benchmarks),
        release=pick.release,
        sources=tree.sources,
        machine=choice.machine,
    )
    return tuple(table for table in article_tables.tables(measured) if table.measured)
