"""What all our pages share: their frame, and how one is written."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import jinja2

from ftbench.report.markup import FRAME_SHEET, PICTURES, template
from ftbench.results import ResultTree
from ftbench.site.filters import FILTERS
from ftbench.site.menus import TABS

TABLES: Final = "tables.js"
SEARCH: Final = "search.js"
# What a page is found by: its headings, its claims, and its benchmarks, each by its metric's words.
_HEADING: Final = re.compile(r'<h([1-3])[^>]* id="(?!menu-)([^"]+)"[^>]*>(.*?)</h\1>', re.DOTALL)
_CLAIM: Final = re.compile(r'<li id="(claim-\d+)".*?<q>(.*?)</q>', re.DOTALL)
_METRIC: Final = re.compile(
    r'<summary id="(metric-\d+)"><b>(.*?)</b>.*?<caption>([^,<]*)', re.DOTALL
)


def write_empty(html_dir: Path, name: str, tree: ResultTree) -> tuple[Path, ...]:
    """Write the only page of a tab of which nothing was measured yet."""
    tab = next(tab for tab in TABS if tab.name == name)
    page = {"title": tab.title, "warnings": tree.warnings}
    return (write_page(html_dir, tab.file, name, page),)


def write_page(html_dir: Path, address: str, tab: str, page: Any, template_name: str = "") -> Path:
    """Write a page, which has a `title`, to `address`; the template has the name of its tab.

    Texts of result files are escaped; raises `OSError` where the folder cannot be written.
    """
    filled = _environment().get_template(template_name or f"{tab}.html.j2")
    values = {"page": page, "root": "../" * address.count("/"), "tabs": TABS, "here": tab}
    if not (html_dir / TABLES).exists():
        write_script(html_dir, TABLES)
        write(html_dir / PICTURES, template(PICTURES))
    text = filled.render(values, style=template(FRAME_SHEET), scripts=(PICTURES, TABLES))
    return write(html_dir / address, text)


def write_script(html_dir: Path, address: str) -> Path:
    """Write the script of that name among the templates to `address`."""
    source = resources.files("ftbench.site") / "templates" / Path(address).name
    return write(html_dir / address, source.read_text("utf-8"))


def write_search(html_dir: Path, pages: Iterable[Path]) -> Path:
    """Write the index of the search over pages, the first of which come first in it."""
    found: dict[str, tuple[str, str, str]] = {}
    for page in (each for each in pages if each.suffix == ".html"):
        address, text = page.relative_to(html_dir).as_posix(), page.read_text("utf-8")
        title = text.partition("<title>")[2].partition("</title>")[0].removesuffix(" · ftbench")
        for words, place in [(title, ""), *_places(text)]:
            # What several machines and releases have is found on the first page with it.
            entry = _plain(words), _plain(title) if place else "", quote(address) + place
            found.setdefault(entry[0], entry)
    return write(html_dir / SEARCH, f"window.ftbenchSearch = {json.dumps([*found.values()])};\n")


def _places(text: str) -> Iterator[tuple[str, str]]:
    yield from ((words, f"#{name}") for _, name, words in _HEADING.findall(text))
    for name, words in _CLAIM.findall(text):
        yield f"{name.replace('-', ' ').capitalize()}: {words}", f"#{name}"
    for name, words, benchmark in _METRIC.findall(text):
        yield f"{benchmark}: {words}", f"#{name}"


def _plain(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", markup)).strip()


def write(path: Path, text: str) -> Path:
    """Write a file of the site; raises `OSError` where its folder cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # JSON may have half a character, which no file can: it becomes a question mark.
    path.write_text(text, encoding="utf-8", errors="replace", newline="\n")
    return path


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        autoescape=True,
        auto_reload=False,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        loader=jinja2.PackageLoader("ftbench.site"),
    )
    environment.filters |= FILTERS
    return environment
