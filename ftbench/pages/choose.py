"""Writes Choose, the site's first page: one standalone file per machine, release and build."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup

from ftbench.pages.menus import address
from ftbench.pages.page import Page, empty_page, page_of
from ftbench.pages.picks import FIRST_PAGE, first_pick, picks
from ftbench.results import ResultTree


def write_choose(tree: ResultTree, html_dir: Path) -> tuple[Path, ...]:
    """Write `choose.html` and the pages it leads to; return their paths, the first page first.

    Everything that a page needs is in it, so that it also works from a disk, without a server,
    without a network and without a script.  Raises `OSError` where the folder cannot be written.
    """
    every = picks(tree)
    first = first_pick(every, tree)
    if first is None:
        return (_write(html_dir / FIRST_PAGE, empty_page(tree)),)
    ordered = (first, *(pick for pick in every if pick != first))
    return tuple(
        _write(html_dir / address(pick, first), page_of(pick, every, first, tree))
        for pick in ordered
    )


def render(page: Page) -> str:
    """Return the page's HTML; every text from a result file is escaped."""
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        loader=jinja2.FunctionLoader(_template),
    )
    environment.filters["trusted"] = _trusted
    template = environment.get_template("choose.html.j2")
    return template.render(page=page, style=_template("choose.css"))


def _template(name: str) -> str:
    return (resources.files("ftbench.pages") / "templates" / name).read_text(encoding="utf-8")


def _trusted(own: str) -> str:
    """Let our own style sheet and pictures through: no text of a result file is in them."""
    return Markup(own)  # noqa: S704 - both are ours


def _write(path: Path, page: Page) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(render(page), encoding="utf-8", newline="\n")
    return path
