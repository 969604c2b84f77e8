"""`ftbench reproduce`: the article's measurements, its way and corrected, and its claims judged."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from ftbench.cli.compare import FORMATS
from ftbench.errors import ResultsError, UsageError
from ftbench.experiments.reproduce.plan import PARTS, parts_named


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
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="json has every sample; html is one page that needs nothing else.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write to FILE instead of standard output.",
)
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Measure nothing: tell anew what a file of --format json holds.",
)
def reproduce(  # noqa: PLR0917 - click passes names
    release: str | None,
    scale: float | None,
    only: str | None,
    form: str,
    output: Path | None,
    source: Path | None,
) -> None:
    """Measure what the article measured: its way, and corrected, and judge its claims.

    On one RELEASE: threads on its free-threaded build, processes on its GIL build, as the article
    has them.  Without RELEASE: the newest of which both are installed, built alike.
    All of it takes some twenty minutes, --scale 0.1 a few; the time left is shown.
    """
    # Loaded when it is needed: asv and scipy take longer than all other commands together.
    from ftbench.experiments.reproduce import runner  # noqa: PLC0415
    from ftbench.experiments.reproduce.record import load  # noqa: PLC0415
    from ftbench.experiments.reproduce.report import document, judged, report_of  # noqa: PLC0415
    from ftbench.report.telling import Format, tell  # noqa: PLC0415

    _check_place(output)
    if source is not None:
        if (release, scale, only) != (None, None, None):
            raise UsageError("--from measures nothing: no RELEASE, --scale or --only goes with it.")
        done = load(source)
    else:
        done = runner.measure(release, 1.0 if scale is None else scale, parts_named(only))
    whole = judged(done)

    def say() -> None:
        tell(report_of(whole), lambda: document(whole), Format(form))

    if output is None:
        say()
    else:
        _write(output, say)
    if source is None:
        runner.raise_worst(done)


def _check_place(path: Path | None) -> None:
    """Raise `UsageError` where a file could not be written after half an hour of measuring."""
    if path is not None and (not path.absolute().parent.is_dir() or path.is_dir()):
        raise UsageError(f"{path} cannot be written: it is a folder, or its folder is not there.")


def _write(path: Path, say: Callable[[], None]) -> None:
    """Write what `say` prints, whole or not at all; print it if the file cannot be written."""
    with contextlib.redirect_stdout(io.StringIO()) as text:
        say()
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
            staged = Path(folder) / path.name
            staged.write_text(text.getvalue(), encoding="utf-8", newline="\n")
            staged.replace(path)
    except OSError as error:
        click.echo(text.getvalue(), nl=False)
        raise ResultsError(f"{path} cannot be written: {error.strerror}.") from error
