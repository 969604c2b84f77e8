"""`ftbench reproduce`: the article's measurements, its way and corrected, and its claims judged."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from ftbench.errors import FtbenchError, UsageError
from ftbench.experiments.reproduce.knobs import PARTS, parts_named
from ftbench.releases import Release

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
    # Loaded when it is needed: asv and scipy take longer than all other commands together.
    from ftbench.experiments.reproduce import job  # noqa: PLC0415

    _check_place(json_file)
    _check_place(html_file)
    if source is not None:
        if (release, scale, only) != (None, None, None):
            raise UsageError("--from measures nothing: no RELEASE, --scale or --only goes with it.")
        done = job.load(source)
    else:
        done = job.measured(release, 1.0 if scale is None else scale, parts_named(only))
    as_json = json_file == STDOUT
    saved = None if as_json or json_file is None else Path(json_file)
    job.tell(done, saved, html_file, as_json=as_json)
    if source is None:
        job.raise_worst(done)


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
