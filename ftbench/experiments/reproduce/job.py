"""The whole of `ftbench reproduce`: measure, tell, and raise what failed."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click
from rich.console import Console

from ftbench.errors import ResultsError, UsageError, error_class
from ftbench.experiments.reproduce.page import page
from ftbench.experiments.reproduce.record import Reproduction, load
from ftbench.experiments.reproduce.report import document, report_of
from ftbench.experiments.reproduce.runner import run
from ftbench.experiments.reproduce.text import terminal
from ftbench.pythons.choose import pair_of

__all__ = ["load", "measured", "raise_worst", "tell"]


def measured(release: str | None, scale: float, parts: tuple[str, ...]) -> Reproduction:
    """Measure `parts` on a release, the newest pair without one; progress to standard error.

    Raises `UsageError` for a scale that is none, and what keeps all of it from being measured.
    """
    if not 0 < scale <= 1:  # before an interpreter is looked for, or built
        raise UsageError(f"The scale must be above 0 and at most 1, not {scale:g}.")
    console = Console(stderr=True, highlight=False)
    gil, free_threaded = pair_of(release, console)
    for each in (gil, free_threaded):
        console.print(f"{each.name}: {each.build.flavour}, {each.executable}", markup=False)
    return run(scale, parts, {"gil": gil, "ft": free_threaded}, console)


def tell(
    done: Reproduction, json_file: Path | None, html_file: Path | None, *, as_json: bool
) -> None:
    """Write the files that are asked for, and print the tables or one JSON, come what may."""
    report = report_of(done)
    text = json.dumps(document(report), indent=1) if json_file or as_json else ""
    try:
        if json_file:
            write(json_file, text + "\n")
        if html_file:
            write(html_file, page(report))
    finally:
        if as_json:
            click.echo(text)
        else:
            Console(highlight=False).print(terminal(report))


def write(path: Path, text: str) -> None:
    """Write a whole file or none, whatever ends us; raises `ResultsError` if it cannot be."""
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
            staged = Path(folder) / path.name
            staged.write_text(text, encoding="utf-8", newline="\n")
            staged.replace(path)
    except OSError as error:
        raise ResultsError(f"{path} cannot be written: {error.strerror}.") from error


def raise_worst(done: Reproduction) -> None:
    """Raise an error of the class with the highest exit code, if any step failed."""
    if not done.failed:
        return
    worst = max(done.failed, key=lambda step: step.exit_code)
    raise error_class(worst.exit_code)(
        f"{len(done.failed)} of {len(done.steps)} runs failed; their rows say why, and the rest is "
        "measured.",
        story=f"{worst.title}: {worst.reason}\n{worst.story}".strip(),
    )
