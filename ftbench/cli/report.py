"""`ftbench report`: what the site's Choose and Releases show, as tables."""

from __future__ import annotations

import click

from ftbench.cli.compare import FORMATS
from ftbench.facts.arms import ARMS


@click.command()
@click.option("--release", help="Default: what was measured last, as on the site's first page.")
@click.option("--machine", metavar="NAME", help="A machine of the results.")
@click.option("--arm", type=click.Choice([arm.name for arm in ARMS]), help="Default: every arm.")
@click.option("--profile", help="A profile of the results.")
@click.option("--build", metavar="FLAVOUR", help="A build of the results.")
@click.option("--bench", metavar="REGEX", help="Only the benchmarks with a series that matches.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
)
def report(
    *,
    release: str | None,
    machine: str | None,
    arm: str | None,
    profile: str | None,
    build: str | None,
    bench: str | None,
    form: str,
) -> None:
    """Show what was measured: the modes side by side, and each release's verdicts.

    All of it from the results folder alone. Without --release, Releases has every release of the
    machine.
    """
    # Loaded when it is needed: asv and scipy take longer than all other commands together.
    from ftbench.report import overview  # noqa: PLC0415
    from ftbench.report.telling import Format, tell  # noqa: PLC0415
    from ftbench.results.filters import wanted  # noqa: PLC0415
    from ftbench.results.project import load_project  # noqa: PLC0415

    tree = load_project()
    choice = wanted(
        tree,
        machine=machine,
        release=release,
        arm=arm,
        profile=profile,
        flavour=build,
        bench=bench,
    )
    found = overview.overview(tree, choice)
    tell(overview.report_of(found), lambda: overview.record_of(found), Format(form))
