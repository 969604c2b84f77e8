"""`ftbench bench` and `ftbench reproduce`: the main job, and what the article measured."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from ftbench.errors import UsageError
from ftbench.experiments.reproduce.plan import PARTS, parts_named
from ftbench.facts.profiles import PROFILES, current_profile
from ftbench.report.output import Output, output_options


@click.command(
    help="""Measure every scenario on the three arms of one RELEASE, publish the site, sum it up.

    Without RELEASE: the newest of which a GIL build and a free-threaded build of the same kind
    are installed; where there is none, both are installed first.
    """
)
@click.argument("release", required=False)
@click.option("--profile", type=click.Choice(list(PROFILES)), help="Default: quick.")
@click.option("--machine", help="The machine's name in the results. Default: its CPU and cores.")
@click.option("--bench", metavar="REGEX", help="Only the benchmarks that match.")
@output_options
def bench(
    output: Output,
    *,
    release: str | None,
    profile: str | None,
    machine: str | None,
    bench: str | None,
) -> None:
    # Loaded when it is needed: asv takes longer than all other commands together.
    from ftbench.experiments import bench as job  # noqa: PLC0415
    from ftbench.results.asvformat import project_folder  # noqa: PLC0415

    job.run(
        project_folder(Path.cwd()),
        output,
        Console(stderr=True, highlight=False),
        release=release,
        profile=profile or current_profile().name,
        machine=machine,
        bench=bench,
    )


@click.command(
    help="""Measure what the article measured: its way, and corrected, and judge its claims.

    On one RELEASE: threads on its free-threaded build, processes on its GIL build, as the article
    has them.  Without RELEASE: the newest of which both are installed, built alike.
    All of it takes some twenty minutes, --scale 0.1 a few; the time left is shown.
    """
)
@click.argument("release", required=False)
@click.option(
    "--scale",
    type=float,
    metavar="FRACTION",
    help="Run this fraction of the article's rounds and seconds. Default: 1, all of them.",
)
@click.option("--only", metavar="PARTS", help=f"Only these, with commas: {','.join(PARTS)}.")
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Measure nothing: tell anew what a file of --format json holds.",
)
@output_options
def reproduce(
    output: Output,
    *,
    release: str | None,
    scale: float | None,
    only: str | None,
    source: Path | None,
) -> None:
    # Loaded when it is needed: asv and scipy take longer than all other commands together.
    from ftbench.experiments.reproduce import runner  # noqa: PLC0415
    from ftbench.experiments.reproduce.record import load  # noqa: PLC0415
    from ftbench.experiments.reproduce.report import document_of, judged  # noqa: PLC0415

    if source is not None:
        if (release, scale, only) != (None, None, None):
            raise UsageError("--from measures nothing: no RELEASE, --scale or --only goes with it.")
        done = load(source)
    else:
        done = runner.measure(release, 1.0 if scale is None else scale, parts_named(only))
    output.write(document_of(judged(done)))
    if source is None:
        runner.raise_worst(done)
