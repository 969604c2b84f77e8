"""`ftbench report` and `ftbench compare`: what was measured, side by side and judged."""

from __future__ import annotations

from typing import Final

import click

from ftbench.facts.arms import ARMS
from ftbench.report.output import Output, output_options

# Also that of an error of ours without a class of its own; which one it was is on stderr.
REGRESSION: Final = 1

_arm = click.option(
    "--arm", type=click.Choice([arm.name for arm in ARMS]), help="Default: every arm."
)


@click.command()
@click.option("--release", help="Default: what was measured last, as on the site's first page.")
@click.option("--machine", metavar="NAME", help="A machine of the results.")
@_arm
@click.option("--profile", help="A profile of the results.")
@click.option("--build", "flavour", metavar="FLAVOUR", help="A build of the results.")
@click.option("--bench", metavar="REGEX", help="Only the benchmarks with a series that matches.")
@output_options
def report(output: Output, **wanted: str | None) -> None:
    """Show what was measured: the modes side by side, and each release's verdicts.

    All of it from the results folder alone. Without --release, Releases has every release of the
    machine.
    """
    # Loaded when it is needed, here and below: asv and scipy take longer than all other commands.
    from ftbench.report.overview import overview  # noqa: PLC0415
    from ftbench.results.asvformat import load_project  # noqa: PLC0415
    from ftbench.results.selection import parse_filter  # noqa: PLC0415

    tree = load_project()
    output.write(overview(tree, parse_filter(tree, **wanted)))


@click.command()
@click.argument("before")
@click.argument("after")
@click.option("--release", help="The release of which two arms or machines are compared.")
@_arm
@click.option("--machine", metavar="NAME", help="Default: every machine of the results.")
@click.option("--profile", help="Default: every profile that both sides have.")
@click.option(
    "--build", "flavour", metavar="FLAVOUR", help="Default: every build that both sides have."
)
@click.option("--bench", metavar="REGEX", help="Only the series whose names match.")
@click.option("--every", is_flag=True, help="List the series without an alarm too.")
@output_options
def compare(output: Output, before: str, after: str, *, every: bool, **wanted: str | None) -> None:
    """Judge what was measured AFTER against BEFORE: two releases, two arms or two machines.

    \b
    ftbench compare 3.13.5 3.13.15 --arm ft
    ftbench compare gil ft --release 3.14.2
    ftbench compare machine:a machine:b --release 3.14.2

    Each machine, arm and profile is judged by itself, with its noise floor ('ftbench noise').
    The exit code is 1 if a series is worse, 0 if none is; an error says so on stderr, and most
    have a code of their own. Nothing is called worse where the builds differ in more than what
    is compared.
    """  # noqa: D301 - \b is click's
    from ftbench.analysis import verdicts  # noqa: PLC0415
    from ftbench.analysis.sides import matches, sides_named  # noqa: PLC0415
    from ftbench.report.comparison import Compared, document_of, is_regression  # noqa: PLC0415
    from ftbench.results.asvformat import load_project  # noqa: PLC0415
    from ftbench.results.selection import parse_filter  # noqa: PLC0415

    tree = load_project()
    sides = sides_named(before, after, tree)
    known = verdicts.evidence(tree)
    compared = [
        Compared(
            match=match,
            comparison=verdicts.compare(
                known, *(verdicts.side_of(known, side) for side in (match.before, match.after))
            ),
        )
        for match in matches(tree, sides, parse_filter(tree, **wanted))
    ]
    output.write(document_of(compared, tree, every=every))
    if is_regression(compared):
        click.get_current_context().exit(REGRESSION)
