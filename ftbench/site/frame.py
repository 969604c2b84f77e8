"""What all our pages share: the list of them, the template that frames them, how one is written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import jinja2

from ftbench.report.markup import FRAME_SHEET, template
from ftbench.results import ResultTree
from ftbench.site.filters import FILTERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One of our pages as the bar at the top of each names it; `file` is its first file."""

    name: str
    title: str
    file: str


PLACES: Final = (
    Place(name="choose", title="Choose", file="choose.html"),
    Place(name="releases", title="Releases", file="releases.html"),
    Place(name="price", title="Price and gain", file="price.html"),
    Place(name="claims", title="Claims", file="claims.html"),
    Place(name="method", title="Method", file="method.html"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyPage:
    """A page of which nothing was measured yet; `warnings` are what could not be read."""

    title: str
    warnings: tuple[str, ...]
    root: str = ""


def empty(title: str, tree: ResultTree) -> EmptyPage:
    """Return the page of a suite that has measured nothing yet."""
    return EmptyPage(title=f"{title} · ftbench", warnings=tuple(map(str, tree.warnings)))


def render(name: str, page: Any, *, here: str) -> str:
    """Return the HTML of the template `name`; every text from a result file is escaped.

    `page` has at least `root`, which leads to the site's own folder ("" or "../"), and `title`;
    `here` is the name of its place in the bar.
    """
    return (
        _environment()
        .get_template(name)
        .render(page=page, style=template(FRAME_SHEET), pages=PLACES, here=here)
    )


def write(path: Path, text: str) -> Path:
    """Write a page; raises `OSError` where its folder cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # JSON may have half a character, which no file can: it becomes a question mark.
    path.write_text(text, encoding="utf-8", errors="replace", newline="\n")
    return path


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        loader=jinja2.FunctionLoader(_template),
    )
    environment.filters |= FILTERS
    return environment


@cache
def _template(name: str) -> str:
    return (resources.files("ftbench.site") / "templates" / name).read_text(encoding="utf-8")
