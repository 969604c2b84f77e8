"""`ftbench bench`: the main job in one command."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from ftbench.facts.profiles import PROFILES, current_profile
from ftbench.report.output import Output, output_options


@click.command()
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
    """Measure every scenario on the three arms of one RELEASE, publish the site, sum it up.

    Without RELEASE: the newest of which a GIL build and a free-threaded build of the same kind
    are installed; where there is none, both are installed first.
    """
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
