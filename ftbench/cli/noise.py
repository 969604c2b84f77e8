"""`ftbench noise`: what differs between two runs of the same interpreter."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from ftbench.facts.arms import ARMS
from ftbench.facts.profiles import PROFILES, current_profile
from ftbench.report.output import Output, output_options


@click.command()
@click.argument("python", required=False, metavar="[RELEASE|PATH]")
@click.option(
    "--arm",
    "arms",
    multiple=True,
    type=click.Choice([arm.name for arm in ARMS]),
    help="Can be given several times. Default: all, or the build's own way for a path.",
)
@click.option("--bench", metavar="REGEX", help="Only the benchmarks that match.")
@click.option("--profile", type=click.Choice(list(PROFILES)), help="Default: quick.")
@click.option(
    "--replicates",
    type=click.IntRange(2, 1_000),
    default=4,
    show_default=True,
    help="How many fresh processes per cell and side.",
)
@click.option("--machine", help="The machine's name in the results. Default: its CPU and cores.")
@click.option("--append", is_flag=True, help="Add to the processes that are on record.")
@output_options
def noise(
    output: Output,
    *,
    python: str | None,
    arms: tuple[str, ...],
    bench: str | None,
    profile: str | None,
    replicates: int,
    machine: str | None,
    append: bool,
) -> None:
    """Measure an interpreter against itself: how much two runs differ that should not.

    Whole passes over all cells, in the order A B B A, each cell in a fresh process. The noise is
    kept in the results; verdicts rest on it. Without RELEASE or PATH: the newest release that is
    here as a pair. A second run adds other cells and replaces the same ones.
    """
    # Loaded when it is needed: asv and scipy take longer than all other commands together.
    from ftbench.asv.command import register  # noqa: PLC0415
    from ftbench.experiments import suite  # noqa: PLC0415
    from ftbench.experiments.noise import (  # noqa: PLC0415
        NoiseJob,
        NoiseResult,
        document_of,
        run,
    )
    from ftbench.pythons.install import choose  # noqa: PLC0415
    from ftbench.results.asvformat import project_folder  # noqa: PLC0415

    folder = project_folder(Path.cwd())
    cells = suite.chosen(suite.cells(folder), bench)
    said = Console(stderr=True, highlight=False)
    reports: list[NoiseResult] = []
    try:
        for arm in arms or _arms(python):
            interpreter, chosen = choose(python, arm, said)
            job = NoiseJob(
                interpreter=interpreter,
                arm=chosen,
                cells=cells,
                profile=profile or current_profile().name,
                replicates=replicates,
                results=folder / "results",
                machine=register(machine),
                append=append,
            )
            reports.append(run(job, said))
    finally:  # whatever ends a later arm, the earlier ones are told of
        if reports:
            output.write(document_of(reports))


def _arms(python: str | None) -> tuple[str | None, ...]:
    """Return the arms that `python` can be measured on: a path's build has a way of its own."""
    from ftbench.pythons.interpreter import Spec  # noqa: PLC0415

    if python is not None and Path(python).name != python:
        return (None,)
    free_threaded_alone = python is not None and Spec.parse(python).free_threaded
    return tuple(arm.name for arm in ARMS if arm.free_threaded or not free_threaded_alone)
