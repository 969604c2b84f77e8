"""Writes the pages of Choose: of each machine, release and build the answer, then each question."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from ftbench.analysis.advice.cells import Cells, cells_of
from ftbench.analysis.advice.model import model_of
from ftbench.analysis.advice.question import Question, seconds, size
from ftbench.analysis.advice.ranking import NOTHING, advise
from ftbench.analysis.claims import tables as article_tables
from ftbench.analysis.claims.data import article
from ftbench.analysis.claims.judge import AsvFigures
from ftbench.facts.arms import usual_and
from ftbench.probe.scenarios.shared_set_strategies import KINDS
from ftbench.report.answer import AT_BEST, BETWEEN, MEASURED, answer_of, asked, measured_on
from ftbench.report.choice import Choice, SectionFigures, choice_of
from ftbench.results import ResultTree
from ftbench.results.selection import Pick, first_pick, newest_first, picks, shares
from ftbench.site import frame
from ftbench.site.menus import address, menus
from ftbench.site.mode_charts import draw
from ftbench.site.winner_map import FRAME, draw_map

PICTURED: Final = 16
"""How many picks have pictures: pages of pictures take ten times as long as those of tables."""
ARTICLE: Final = "article"
SCRIPT: Final = "choose/choose.js"
MODEL: Final = "model.js"
WORDS: Final = {"nothing": NOTHING, "between": BETWEEN, "measured": MEASURED, "at_best": AT_BEST}
USUAL_TEXTS: Final = {
    "task": "200us",
    "payload": "64KiB",
    "workers": "8",
    "shared": "0%",
    "waiting": "0%",
    "p99": "",
}
"""What the form has at first."""
USUAL: Final = Question(task=seconds(USUAL_TEXTS["task"]), payload=size(USUAL_TEXTS["payload"]))


@dataclass(frozen=True, kw_only=True)
class Pages:
    """The pages of a pick: the answer, at `address`, and those of what was measured, by question.

    Those that are not `drawn` have strips in the place of pictures.
    """

    choice: Choice
    cells: Cells
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
        return {name: f"{self._folder}/{name}.html" for name in names}

    @property
    def _folder(self) -> str:
        return f"choose/{self.choice.pick.page.removesuffix('.html')}"

    def write(self, html_dir: Path, every: Mapping[Pick, Mapping[str, str]]) -> Iterator[Path]:
        """Write them, the answer first, and yield their paths; `every` is where all pages lie."""
        answer, model = self._answer(), model_of(self.cells)
        if model is not None:
            model |= {"map": FRAME, "words": WORDS}
            text = f"window.ftbenchModel = {json.dumps(model)};\n"
            answer["model"] = f"{self._folder}/{MODEL}"
            frame.write(html_dir / answer["model"], text)
        first = {**self._values("", every), **answer}
        yield frame.write_page(html_dir, self.address, "choose", first)
        for name, link in self.links.items():
            values, template = self._values(name, every), "choose-question.html.j2"
            if name == ARTICLE:
                values |= {"article": article(), "tables": self.tables}
                template = "choose-article.html.j2"
            yield frame.write_page(html_dir, link, "choose", values, template)

    def _answer(self) -> dict[str, Any]:
        """Return what the first page has beside the questions: the answer to the usual one."""
        machine, crossover = self.choice.machine, self.measured.get("crossover")
        return {
            "answer": answer_of(advise(self.cells, USUAL)),
            "asked": asked(USUAL),
            "measured_on": measured_on(self.choice.pick, machine.num_cpu if machine else ""),
            "usual": USUAL_TEXTS,
            "kinds": KINDS,
            "maps": crossover.maps[:1] if crossover else (),
            "model": None,
            "script": SCRIPT,
        }

    def _values(self, name: str, every: Mapping[Pick, Mapping[str, str]]) -> dict[str, Any]:
        """Return what a template shows; of a question where `name` is one."""
        pick = self.choice.pick
        where = f"CPython {pick.release.name} on {pick.machine}"
        figures = self.measured.get(name)
        return {
            "title": f"{figures.section.title}: {where}" if figures else where,
            "name": name,
            "figures": figures,
            "arms": usual_and({source.arm.name for source in self.choice.sources}),
            "pages": self,
            "choice": self.choice,
            # The same question of another pick, or its answer where it has not that.
            "menus": menus(pick, {p: of.get(name, of[""]) for p, of in every.items()}),
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
    newest = [first, *(pick for pick in newest_first(picked) if pick != first)]
    drawn = newest[:PICTURED]
    ordered = sorted(picked, key=lambda pick: (pick.machine != first.machine, pick != first))

    def made() -> Iterator[Pages]:
        for pick, share in shares(tree, ordered):
            yield pages_of(pick, share, where=address(pick, first, "choose"), drawn=pick in drawn)

    # Made twice: pages link to one another, and those of all are too much for the memory.
    links = {pages.choice.pick: {"": pages.address, **pages.links} for pages in made()}
    every = {pick: links[pick] for pick in newest}
    frame.write_script(html_dir, SCRIPT)
    return tuple(path for pages in made() for path in pages.write(html_dir, every))


def pages_of(pick: Pick, tree: ResultTree, *, where: str, drawn: bool = True) -> Pages:
    """Return the pages of a pick, of the results that it shows."""
    choice = choice_of(pick, tree)
    tables = article_tables_of(choice, tree)
    cells = cells_of(filter(pick.shows, tree.figures))
    return Pages(choice=choice, cells=cells, address=where, tables=tables, drawn=drawn)


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
