"""What all our pages share: their frame, and how one is written."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from ftbench.report.markup import FRAME_SHEET, template
from ftbench.results import ResultTree
from ftbench.site.filters import FILTERS
from ftbench.site.menus import TABS


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
    return write(html_dir / address, filled.render(values, style=template(FRAME_SHEET)))


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
