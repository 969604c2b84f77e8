"""`ftbench reproduce`: the article's measurements, its way and corrected, and its claims judged."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from ftbench.bench import interpreters
from ftbench.errors import FtbenchError, ResultsError, UsageError, error_class
from ftbench.releases import Release
from ftbench.reproduce.knobs import PARTS, parts_named
from ftbench.reproduce.page import page
from ftbench.reproduce.record import Reproduction, load
from ftbench.reproduce.report import Report, document, report_of
from ftbench.reproduce.runner import run
from ftbench.reproduce.text import terminal

STDOUT: Final = "-"


@click.command()
@click.argument("release", required=False)
@click.option(
    "--scale",
    type=float,
    metavar="FRACTION",
    help="Run this fraction of the article's rounds and seconds. Default: 1, all of them.",
)
@click.option("--only", metavar="PARTS", help=f"Only these, with commas: {','.join(PARTS)}.")
@click.option(
    "--json",
    "json_file",
    is_flag=False,
    flag_value=STDOUT,
    metavar="[FILE]",
    help="Print one JSON document with every sample instead of the tables, or write it to FILE.",
)
@click.option(
    "--html",
    "html_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write one page that needs nothing else.",
)
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Measure nothing: tell anew what a file of --json holds.",
)
def reproduce(  # noqa: PLR0917 - click passes names
    release: str | None,
    scale: float | None,
    only: str | None,
    json_file: str | None,
    html_file: Path | None,
    source: Path | None,
) -> None:
    """Measure what the article measured: its way, and corrected, and judge its claims.

    On one RELEASE: threads on its free-threaded build, processes on its GIL build, as the article
    has them.  Without RELEASE: the newest of which both are installed, built alike.
    All of it takes some twenty minutes, --scale 0.1 a few; the time left is shown.
    """
    _check_place(json_file)
    _check_place(html_file)
    if source is not None:
        if (release, scale, only) != (None, None, None):
            raise UsageError("--from measures nothing: no RELEASE, --scale or --only goes with it.")
        done = load(source)
    else:
        done = _measured(release, 1.0 if scale is None else scale, parts_named(only))
    tell(report_of(done), json_file, html_file)
    if source is None:
        _raise_worst(done)


def _check_place(name: str | Path | None) -> None:
    """Raise `UsageError` where a file could not be written after half an hour of measuring.

    Also where `--json` has taken a release for the name of its file.
    """
    if name is None or name == STDOUT:
        return
    path = Path(name)
    if not path.absolute().parent.is_dir() or path.is_dir():
        raise UsageError(f"{path} cannot be written: it is a folder, or its folder is not there.")
    if _is_release(str(name)):
        raise UsageError(
            f"--json would write to a file named {name}.",
            hint=f"A release stands before it: ftbench reproduce {name} --json",
        )


def _is_release(text: str) -> bool:
    try:
        Release.parse(text)
    except FtbenchError:
        return False
    return True


def _measured(release: str | None, scale: float, parts: tuple[str, ...]) -> Reproduction:
    if not 0 < scale <= 1:  # before an interpreter is looked for, or built
        raise UsageError(f"The scale must be above 0 and at most 1, not {scale:g}.")
    console = Console(stderr=True, highlight=False)
    gil, free_threaded = interpreters(release, console)
    for each in (gil, free_threaded):
        console.print(f"{each.name}: {each.build.flavour}, {each.executable}", markup=False)
    return run(scale, parts, {"gil": gil, "ft": free_threaded}, console)


def tell(report: Report, json_file: str | None, html_file: Path | None) -> None:
    """Write what is to be written, and print the report or its JSON, come what may."""
    text = json.dumps(document(report), indent=1) + "\n" if json_file else ""
    try:
        if json_file and json_file != STDOUT:
            write(Path(json_file), text)
        if html_file:
            write(html_file, page(report))
    finally:
        if json_file == STDOUT:
            click.echo(text, nl=False)
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


def _raise_worst(done: Reproduction) -> None:
    """Raise an error of the class with the highest exit code, if any step failed."""
    if not done.failed:
        return
    worst = max(done.failed, key=lambda step: step.exit_code)
    raise error_class(worst.exit_code)(
        f"{len(done.failed)} of {len(done.steps)} runs failed; their rows say why, and the rest is "
        "measured.",
        story=f"{worst.title}: {worst.reason}\n{worst.story}".strip(),
    )
