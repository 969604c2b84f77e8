"""Where reports come from and how they are told: a results folder in, one of four formats out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final

import click
from rich.console import Console

from ftbench.report.document import Report
from ftbench.report.markdown import markdown
from ftbench.report.page import page
from ftbench.report.terminal import print_report

# Where the output is no terminal it goes to a file or a pipe.
_WIDTH: Final = 160


class Format(StrEnum):
    """How a report is told; the values are what users write."""

    TABLE = "table"
    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"


def tell(report: Report, record: Callable[[], Mapping[str, Any]], form: Format) -> None:
    """Write a report to stdout; `record` makes its JSON document, if that is asked for."""
    if form is Format.JSON:
        click.echo(json.dumps(record(), indent=2, allow_nan=False))
    elif form is Format.MARKDOWN:
        click.echo(markdown(report), nl=False)
    elif form is Format.HTML:
        click.echo(page(report), nl=False)
    else:
        width = None if sys.stdout.isatty() else _WIDTH
        print_report(report, Console(width=width, highlight=False))
