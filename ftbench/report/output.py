"""How every command tells its document: `--format` and `--output`, the same for all of them."""

from __future__ import annotations

import codecs
import functools
import io
import json
import math
import os
import sys
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

from ftbench.errors import ResultsError, UsageError
from ftbench.files import write_whole

if TYPE_CHECKING:
    from ftbench.report.document import Document

# Columns, where the output is no terminal but a file or a pipe.
WIDTH: Final = 160
# What our own texts have beyond ASCII, for terminals of an encoding that lacks it.
_SIMILAR: Final = str.maketrans(
    {
        "\N{EN DASH}": "-",
        "\N{MULTIPLICATION SIGN}": "x",
        "\N{PLUS-MINUS SIGN}": "+-",
        "\N{ALMOST EQUAL TO}": "~",
        "\N{LESS-THAN OR EQUAL TO}": "<=",
        "\N{RIGHTWARDS ARROW}": "->",
        "\N{UPWARDS ARROW}": "^",
        "\N{MIDDLE DOT}": "-",
        "\N{MICRO SIGN}": "u",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{BLACK SQUARE}": "#",
        "\N{BLACK CIRCLE}": "o",
        "\N{BLACK UP-POINTING TRIANGLE}": "^",
        "\N{BLACK STAR}": "*",
    }
)


class Format(StrEnum):
    """How a document is told; the values are what users write."""

    TABLE = "table"
    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"
    GITHUB = "github"


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Where a document goes and as what; `path` None means that it is printed."""

    form: Format = Format.TABLE
    path: Path | None = None

    def write(self, document: Document) -> None:
        """Print the document, or write its file; raises `ResultsError` where that cannot be.

        For a workflow of GitHub it is in the step's summary as well.
        """
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if self.form is Format.GITHUB and summary:
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(rendered(document, Format.MARKDOWN))
        if self.path is None:
            _print(document, self.form)
            return
        try:
            text = rendered(document, self.form)
            if _is_special(self.path):
                self.path.write_text(text, encoding="utf-8", newline="\n")
            else:
                write_whole(Path(os.path.realpath(self.path)), text)  # a link stays one
        except OSError as error:
            _print(document, self.form)  # it may have taken long to measure
            raise ResultsError(f"{self.path} cannot be written: {error.strerror}.") from error


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file()


def output_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--format` and `--output`; it is called with the `Output` that they name."""

    @click.option(
        "--format",
        "output_format",
        type=click.Choice([each.value for each in Format]),
        default=Format.TABLE.value,
        help="github: annotations of a workflow, and its step's summary.",
    )
    @click.option(
        "--output",
        "output_path",
        metavar="FILE",
        type=click.Path(path_type=Path),
        callback=writable,
        help="Write to a file, whole or not at all, instead of printing.",
    )
    @functools.wraps(command)
    def with_output(*, output_format: str, output_path: Path | None, **options: Any) -> None:
        command(Output(form=Format(output_format), path=output_path), **options)

    return with_output


def writable(
    _context: click.Context, _parameter: click.Parameter, path: Path | None
) -> Path | None:
    """Return the path; `UsageError`, before anything is measured, if it could not be written."""
    if path is None:
        return None
    folder = path.absolute().parent
    if path.is_dir() or not folder.is_dir():
        raise UsageError(f"{path} cannot be written: it is a folder, or its folder is not there.")
    if not os.access(path if _is_special(path) else folder, os.W_OK):
        raise UsageError(f"{path} cannot be written: it, or its folder, is not yours to write.")
    return path


def rendered(document: Document, form: Format, *, width: int = WIDTH) -> str:
    """Return a document's text as a file has it."""
    # Loaded when it is needed: a command's --help shows none of it.
    match form:
        case Format.JSON:
            return f"{json.dumps(finite(document.record), indent=2, allow_nan=False)}\n"
        case Format.MARKDOWN:
            from ftbench.report.markup import markdown  # noqa: PLC0415

            return markdown(document)
        case Format.HTML:
            from ftbench.report.markup import html  # noqa: PLC0415

            return html(document)
        case Format.GITHUB:
            from ftbench.report.markup import workflow_commands  # noqa: PLC0415

            return workflow_commands(document)
        case Format.TABLE:
            from ftbench.report.terminal import print_document  # noqa: PLC0415

            file = io.StringIO()
            print_document(document, file, width)
            return file.getvalue()


def _print(document: Document, form: Format) -> None:
    if form is Format.TABLE:
        from ftbench.report.terminal import print_document  # noqa: PLC0415

        print_document(document, sys.stdout, None if sys.stdout.isatty() else WIDTH)
        return
    text = rendered(document, form)
    if form is Format.HTML and not is_unicode(sys.stdout):
        # The page says of itself that it is UTF-8, of which ASCII is a part.
        text = text.encode("ascii", "xmlcharrefreplace").decode("ascii")
    sys.stdout.write(text)  # click would write UTF-8 where the terminal says ASCII


def show_what_can_be_shown() -> None:
    """Have streams print something like what their encoding lacks, and closed ones nothing."""
    codecs.register_error("ftbench.similar", _similar)
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: its own
            os.set_inheritable(nowhere, True)
            setattr(sys, name, os.fdopen(nowhere, "r" if name == "stdin" else "w"))
    for file in (sys.stdout, sys.stderr):
        if isinstance(file, io.TextIOWrapper) and not is_unicode(file):
            file.reconfigure(errors="ftbench.similar")


def _similar(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_SIMILAR)
    return unicodedata.normalize("NFKD", text).encode("ascii", "replace").decode(), error.end


def is_unicode(file: TextIO) -> bool:
    """Tell whether a stream has every character."""
    return (file.encoding or "utf-8").lower().replace("-", "").startswith("utf")


def finite(value: Any) -> Any:
    """Return a record as JSON can say it: null for an infinity, and for NaN."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    return value
