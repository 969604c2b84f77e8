"""Writes Choose, the site's first page: one standalone file per machine, release and build."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ftbench.analysis.selection import FIRST_PAGE, first_pick, newest_first, picks, shares
from ftbench.results import ResultTree
from ftbench.site import frame
from ftbench.site.menus import address
from ftbench.site.page import Page, empty_page, page_of

PICTURED: Final = 16
"""How many pages have pictures: a page of pictures takes ten times as long as one of tables."""


def write_choose(tree: ResultTree, html_dir: Path) -> tuple[Path, ...]:
    """Write `choose.html` and the pages it leads to; return their paths, the first page first.

    Everything that a page needs is in it, so that it also works from a disk, without a server,
    without a network and without a script.  Raises `OSError` where the folder cannot be written.
    """
    every = picks(tree)
    first = first_pick(every, tree)
    if first is None:
        return (_write(html_dir / FIRST_PAGE, empty_page(tree)),)
    parts = shares(tree, every)
    ordered = (first, *(pick for pick in newest_first(every) if pick != first))
    drawn = ordered[:PICTURED]

    return tuple(
        _write(html_dir / address(pick, first), page_of(pick, every, first, parts[pick], drawn))
        for pick in ordered
    )


def render(page: Page) -> str:
    """Return the page's HTML; every text from a result file is escaped."""
    return frame.render("choose.html.j2", page, here="choose")


def _write(path: Path, page: Page) -> Path:
    return frame.write(path, render(page))
