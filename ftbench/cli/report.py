"""`ftbench report`: what the site's Choose and Releases show, as tables."""

from __future__ import annotations

import click

from ftbench.facts.arms import ARMS
from ftbench.report.output import Output, output_options


@click.command()
@click.option("--release", help="Default: what was measured last, as on the site's first page.")
@click.option("--machine", metavar="NAME", help="A machine of the results.")
@click.option("--arm", type=click.Choice([arm.name for arm in ARMS]), help="Default: every arm.")
@click.option("--profile", help="A profile of the results.")
@click.option("--build", metavar="FLAVOUR", help="A build of the results.")
@click.option("--bench", metavar="REGEX", help="Only the benchmarks with a series that matches.")
@output_options
def report(
    output: Output,
    *,
    release: str | None,
    machine: str | None,
    arm: str | None,
    profile: str | None,
    build: str | None,
    bench: str | None,
) -> None:
    """Show what was measured: the modes side by side, and each release's verdicts.

    All of it from the results folder alone. Without --release, Releases has every release of the
    machine.
    """
    # Loaded when it is needed: asv and scipy take longer than all other commands together.
    from ftbench.report.overview import document_of, overview  # noqa: PLC0415
    from ftbench.results.asvformat import load_project  # noqa: PLC0415
    from ftbench.results.selection import parse_filter  # noqa: PLC0415

    tree = load_project()
    choice = parse_filter(
        tree,
        machine=machine,
        release=release,
        arm=arm,
        profile=profile,
        flavour=build,
        bench=bench,
    )
    output.write(document_of(overview(tree, choice)))
