"""`ftbench overhead`: what the harness costs, against the bare loop."""

from __future__ import annotations

import click
from rich.console import Console

from ftbench.facts.arms import ARMS
from ftbench.report.output import Output, output_options


@click.command()
@click.argument("python", required=False, metavar="[RELEASE|PATH]")
@click.option(
    "--arm",
    type=click.Choice([arm.name for arm in ARMS]),
    help="Default: ft, or the build's own way where a path is given.",
)
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME", help="Only this one.")
@click.option(
    "--pairs",
    type=click.IntRange(1, 10_000),
    default=3,
    show_default=True,
    help="How often A B B A in a process.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 1_000),
    default=8,
    show_default=True,
    help="How many fresh processes per loop.",
)
@click.option("--deadline", type=float, default=120.0, show_default=True, help="Per process, s.")
@output_options
def overhead(
    output: Output,
    *,
    python: str | None,
    arm: str | None,
    scenarios: tuple[str, ...],
    pairs: int,
    processes: int,
    deadline: float,
) -> None:
    """Measure the harness against the bare loop: ratio, interval, target 1.02 or less.

    Same interpreter, same work, interleaved turns in clean processes. Beside it the loop in the
    article's shape. Without RELEASE or PATH: the interpreter that 'ftbench bench' would measure.
    """
    # Loaded when it is needed: scipy takes longer than all other commands together.
    from ftbench.experiments.overhead import (  # noqa: PLC0415
        OverheadJob,
        document_of,
        loops_of,
        run,
    )
    from ftbench.pythons.install import choose  # noqa: PLC0415

    loops = loops_of(scenarios)
    said = Console(stderr=True, highlight=False)
    interpreter, chosen = choose(python, arm, said)
    report = run(
        OverheadJob(
            interpreter=interpreter,
            arm=chosen,
            loops=loops,
            pairs=pairs,
            processes=processes,
            deadline=deadline,
        ),
        said,
    )
    output.write(document_of(report))
