"""Writes the pages of Choose: one standalone file per machine, release and build."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from ftbench.analysis.claims import tables as article_tables
from ftbench.analysis.claims.data import article
from ftbench.analysis.claims.judge import AsvFigures
from ftbench.facts.arms import ARMS
from ftbench.report.choice import Choice, choice_of
from ftbench.results import ResultTree
from ftbench.results.selection import Pick, first_pick, newest_first, picks, shares
from ftbench.site import frame
from ftbench.site.menus import address, menus
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


def page_of(
    pick: Pick, addresses: Mapping[Pick, str], tree: ResultTree, drawn: Collection[Pick]
) -> dict[str, Any]:
    """Return what the template of a pick's page shows; those not `drawn` have strips instead."""
    choice, is_drawn = choice_of(pick, tree), pick in drawn
    return {
        "title": f"CPython {pick.release.name} on {pick.machine}",
        "arms": ARMS,
        "choice": choice,
        "menus": menus(pick, addresses),
        "article": article(),
        "article_tables": article_tables_of(choice, tree),
        "warnings": choice.warnings,
        "drawn": is_drawn,
        "pictured": len(drawn),
        "picture": draw if is_drawn else _no_picture,
        "map": draw_map if is_drawn else _no_picture,
    }


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
