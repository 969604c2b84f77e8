"""`ftbench compare`: release against release, arm against arm, machine against machine."""

from __future__ import annotations

from typing import Final

import click

from ftbench.facts.arms import ARMS
from ftbench.report.output import Output, output_options

# Also that of an error of ours without a class of its own; which one it was is on stderr.
REGRESSION: Final = 1


@click.command()
@click.argument("before")
@click.argument("after")
@click.option("--release", help="The release of which two arms or machines are compared.")
@click.option("--arm", type=click.Choice([arm.name for arm in ARMS]), help="Default: every arm.")
@click.option("--machine", metavar="NAME", help="Default: every machine of the results.")
@click.option("--profile", help="Default: every profile that both sides have.")
@click.option("--build", metavar="FLAVOUR", help="Default: every build that both sides have.")
@click.option("--bench", metavar="REGEX", help="Only the series whose names match.")
@click.option("--every", is_flag=True, help="List the series without an alarm too.")
@output_options
def compare(
    output: Output,
    before: str,
    after: str,
    *,
    release: str | None,
    arm: str | None,
    machine: str | None,
    profile: str | None,
    build: str | None,
    bench: str | None,
    every: bool,
) -> None:
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
    # Loaded when it is needed: asv and scipy take longer than all other commands together.
    from ftbench.analysis import verdicts  # noqa: PLC0415
    from ftbench.analysis.sides import matches, sides_named  # noqa: PLC0415
    from ftbench.report.comparison import Compared, document_of, is_regression  # noqa: PLC0415
    from ftbench.results.asvformat import load_project  # noqa: PLC0415
    from ftbench.results.selection import parse_filter  # noqa: PLC0415

    tree = load_project()
    sides = sides_named(before, after, tree)
    choice = parse_filter(
        tree,
        machine=machine,
        release=release,
        arm=arm,
        profile=profile,
        flavour=build,
        bench=bench,
    )
    known = verdicts.evidence(tree)
    compared = [
        Compared(
            match=match,
            comparison=verdicts.compare(
                known, *(verdicts.side_of(known, side) for side in (match.before, match.after))
            ),
        )
        for match in matches(tree, sides, choice)
    ]
    output.write(document_of(compared, tree, every=every))
    if is_regression(compared):
        click.get_current_context().exit(REGRESSION)
