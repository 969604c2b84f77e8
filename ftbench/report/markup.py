"""A document as Markdown, as GitHub shows it, and as one HTML file that needs nothing else."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from importlib import resources
from typing import Final

import jinja2
from markupsafe import Markup

from ftbench.report.document import Document, Part, Row, Table, Tone, plain

# What Markdown, and the HTML that it lets through, would take for markup.
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~&])")
# The site's pages look alike: they have it too.
FRAME_SHEET: Final = "frame.css"
PICTURES: Final = "pictures.js"


def markdown(document: Document) -> str:
    """Return the document's Markdown; every text of a result file is plain text there too."""
    return "\n".join(_document(document)) + "\n"


def _document(document: Document) -> Iterator[str]:
    yield f"# {_plain(document.title)}"
    yield from _paragraphs(document.lines)
    for part in document.parts:
        yield from _part(part)
    if document.warnings:
        yield from ("", "## What could not be read", "")
        yield from (f"- {_plain(warning)}" for warning in document.warnings)


def _part(part: Part) -> Iterator[str]:
    if part.title:
        yield from ("", f"{'#' * (part.level + 1)} {_plain(part.title)}")
    yield from _paragraphs(part.lines)
    for table in part.tables:
        yield from _table(table)


def _paragraphs(lines: tuple[str, ...]) -> Iterator[str]:
    for line in lines:
        yield from ("", _plain(line))


def _table(table: Table) -> Iterator[str]:
    if table.title:
        yield from ("", f"**{_plain(table.title)}**")
    plain = len(table.columns) - table.numbers
    yield ""
    yield _line(map(_plain, table.columns))
    yield _line([*("---",) * plain, *("---:",) * table.numbers])
    yield from (_line(_cells(row)) for row in table.full_rows)
    yield from _paragraphs(table.notes)


def _cells(row: Row) -> Iterator[str]:
    for cell in map(_plain, row.cells):
        yield f"**{cell}**" if cell and row.tone in {Tone.HEADING, Tone.BEST} else cell


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", plain(text))


def html(document: Document) -> str:
    """Return the page's HTML; every text of a result file is escaped."""
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        # Texts of result files without control characters.
        finalize=lambda value: plain(value) if type(value) is str else value,
    )
    # No text of a result is in the style sheets: they are ours.
    style = Markup(template(FRAME_SHEET) + template("report.css"))  # noqa: S704
    script = template(PICTURES) if any(part.picture for part in document.parts) else ""
    return environment.from_string(template("report.html.j2")).render(
        document=document,
        style=style,
        script=Markup(script),  # noqa: S704
        digest=b64encode(sha256(script.encode()).digest()).decode(),
    )


def template(name: str) -> str:
    """Return the text of a template or style sheet of the reports."""
    return (resources.files("ftbench.report") / "templates" / name).read_text(encoding="utf-8")


# What a workflow's command may not have in its text: it would end it.
_ESCAPED: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_KINDS: Final = {Tone.BAD: "error", Tone.GOOD: "notice"}


def workflow_commands(document: Document) -> str:
    """Return a workflow command of GitHub for each row that is bad or good, and each warning."""
    rows = (
        (_KINDS[row.tone], (("", part.title), *zip(table.columns, row.cells, strict=True)))
        for part in document.parts
        for table in part.tables
        for row in table.full_rows
        if row.tone in _KINDS
    )
    said = [
        *(
            (kind, [f"{name} {cell}".lstrip() for name, cell in cells if cell])
            for kind, cells in rows
        ),
        *(("warning", [f"not read: {warning}"]) for warning in document.warnings),
    ]
    title = plain(document.title).translate(_ESCAPED | str.maketrans({":": "%3A", ",": "%2C"}))
    texts = ((kind, plain(", ".join(words)).translate(_ESCAPED)) for kind, words in said)
    lines = [f"::{kind} title={title}::{text}\n" for kind, text in texts]
    return "".join(lines) or f"::notice title={title}::No alarm.\n"
