"""Writes the pages of Choose: of each machine, release and build the answer, then each question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from ftbench.analysis.claims import tables as article_tables
from ftbench.analysis.claims.data import article
from ftbench.analysis.claims.judge import AsvFigures
from ftbench.facts.arms import ARMS
from ftbench.report.choice import Choice, SectionFigures, choice_of
from ftbench.results import ResultTree
from ftbench.results.selection import Pick, first_pick, newest_first, picks, shares
from ftbench.site import frame
from ftbench.site.menus import address, menus
from ftbench.site.mode_charts import draw
from ftbench.site.winner_map import draw_map

PICTURED: Final = 16
"""How many picks have pictures: pages of pictures take ten times as long as those of tables."""
ARTICLE: Final = "article"


@dataclass(frozen=True, kw_only=True)
class Pages:
    """The pages of a pick: the answer, at `address`, and those of what was measured, by question.

    Those that are not `drawn` have strips in the place of pictures.
    """

    choice: Choice
    address: str
    tables: tuple[article_tables.ArticleTable, ...]
    drawn: bool

    @cached_property
    def measured(self) -> Mapping[str, SectionFigures]:
        """The questions of which anything was measured, by name, in the order of reading."""
        sections = (each for _, group in self.choice.groups for each in group)
        return {each.section.name: each for each in sections if each.views}

    @cached_property
    def links(self) -> Mapping[str, str]:
        """Where the page of each lies, the article's last, relative to the site's own folder."""
        names = [*self.measured, *([ARTICLE] if self.tables else [])]
        folder = self.choice.pick.page.removesuffix(".html")
        return {name: f"choose/{folder}/{name}.html" for name in names}

    def write(self, html_dir: Path, every: Mapping[Pick, Pages]) -> Iterator[Path]:
        """Write them, the answer first, and yield their paths; `every` is all there are."""
        yield frame.write_page(html_dir, self.address, "choose", self._values("", every))
        for name, link in self.links.items():
            values, template = self._values(name, every), "choose-question.html.j2"
            if name == ARTICLE:
                values |= {"article": article(), "tables": self.tables}
                template = "choose-article.html.j2"
            yield frame.write_page(html_dir, link, "choose", values, template)

    def _values(self, name: str, every: Mapping[Pick, Pages]) -> dict[str, Any]:
        """Return what a template shows; of a question where `name` is one."""
        pick = self.choice.pick
        where = f"CPython {pick.release.name} on {pick.machine}"
        figures = self.measured.get(name)
        return {
            "title": f"{figures.section.title}: {where}" if figures else where,
            "name": name,
            "figures": figures,
            "arms": ARMS,
            "pages": self,
            "choice": self.choice,
            # The same question of another pick, or its answer where it has not that.
            "menus": menus(pick, {p: of.links.get(name, of.address) for p, of in every.items()}),
            "warnings": self.choice.warnings,
            "drawn": self.drawn,
            "pictured": min(len(every), PICTURED),
            "picture": draw if self.drawn else _no_picture,
            "map": draw_map if self.drawn else _no_picture,
        }


def write_choose(tree: ResultTree, html_dir: Path) -> tuple[Path, ...]:
    """Write `choose.html` and the pages it leads to; return their paths, the first page first."""
    picked = picks(tree)
    first = first_pick(picked, tree)
    if first is None:
        return frame.write_empty(html_dir, "choose", tree)
    parts = shares(tree, picked)
    ordered = (first, *(pick for pick in newest_first(picked) if pick != first))
    every = {
        pick: pages_of(
            pick, parts[pick], where=address(pick, first, "choose"), drawn=number < PICTURED
        )
        for number, pick in enumerate(ordered)
    }
    return tuple(path for pages in every.values() for path in pages.write(html_dir, every))


def pages_of(pick: Pick, tree: ResultTree, *, where: str, drawn: bool = True) -> Pages:
    """Return the pages of a pick, of the results that it shows."""
    choice = choice_of(pick, tree)
    tables = article_tables_of(choice, tree)
    return Pages(choice=choice, address=where, tables=tables, drawn=drawn)


def _no_picture(*_: object) -> str:
    return ""


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
