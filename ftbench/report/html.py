"""A document as one HTML file that needs no script, no network and no other file."""

from __future__ import annotations

from importlib import resources
from typing import Final

import jinja2
from markupsafe import Markup

from ftbench.report.document import Document, plain

_SHEETS: Final = (("ftbench.site", "frame.css"), ("ftbench.report", "report.css"))


def page(document: Document) -> str:
    """Return the page's HTML; every text of a result file is escaped."""
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        finalize=_finalized,
    )
    # No text of a result is in the style sheets: they are ours.
    style = Markup("".join(_template(*sheet) for sheet in _SHEETS))  # noqa: S704
    template = environment.from_string(_template("ftbench.report", "report.html.j2"))
    return template.render(document=document, style=style)


def _finalized(value: object) -> object:
    """Return what is shown of a value: a text of a result file without control characters."""
    return plain(value) if type(value) is str else value


def _template(package: str, name: str) -> str:
    return (resources.files(package) / "templates" / name).read_text(encoding="utf-8")
