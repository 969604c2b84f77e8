"""`ftbench selftest`: whether this machine finds what it must, and nothing else."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from ftbench.errors import FtbenchError, UsageError
from ftbench.facts.arms import ARMS
from ftbench.facts.profiles import PROFILES
from ftbench.report.output import Output, output_options


@click.command()
@click.argument("python", required=False, metavar="[RELEASE|PATH]")
@click.option(
    "--arm",
    type=click.Choice([arm.name for arm in ARMS]),
    help="Default: ft, or the build's own way where a path is given.",
)
@click.option("--bench", metavar="REGEX", help="Default: five cells; '.' is the whole suite.")
@click.option("--profile", type=click.Choice(list(PROFILES)), default="full", show_default=True)
@click.option(
    "--trials", type=click.IntRange(1, 100_000), default=200, show_default=True, help="Per series."
)
@click.option("--slowdowns", default="5,10,20", show_default=True, help="In percent.")
@click.option("--machine", help="The machine's name in the results. Default: its CPU and cores.")
@output_options
def selftest(
    output: Output,
    *,
    python: str | None,
    arm: str | None,
    bench: str | None,
    profile: str,
    trials: int,
    slowdowns: str,
    machine: str | None,
) -> None:
    """Prove that equal things raise no alarm here and that a known slowdown is found.

    Real processes of each cell, as it is and with a known share more of its own work, are
    measured in turn; trials draw comparisons from them. Exit code 1 if an equal pair raised an
    alarm, or if a slowdown of 10 % or more is found in fewer than 95 % of the trials.
    """
    # Loaded when it is needed: asv and scipy take longer than all other commands together.
    from ftbench.asv.command import register  # noqa: PLC0415
    from ftbench.experiments import suite  # noqa: PLC0415
    from ftbench.experiments.selftest import (  # noqa: PLC0415
        USUAL,
        SelftestJob,
        document_of,
        run,
    )
    from ftbench.pythons.install import choose  # noqa: PLC0415
    from ftbench.results.asvformat import project_folder  # noqa: PLC0415
    from ftbench.results.noise import read_noise  # noqa: PLC0415

    shares = _shares(slowdowns)
    folder = project_folder(Path.cwd())
    cells = suite.chosen(suite.cells(folder), bench or USUAL)
    said = Console(stderr=True, highlight=False)
    interpreter, chosen = choose(python, arm, said)
    report = run(
        SelftestJob(
            interpreter=interpreter,
            arm=chosen,
            cells=cells,
            profile=profile,
            slowdowns=shares,
            trials=trials,
            machine=register(machine),
            noise=tuple(read_noise(folder / "results", [])),
        ),
        said,
    )
    output.write(document_of(report))
    if not report.passed:
        raise FtbenchError(
            "An alarm was raised that should not be, or a slowdown missed that must be found.",
            hint="More processes, or a quieter machine: the last column says how many it takes.",
        )


def _shares(text: str) -> tuple[float, ...]:
    """Return the slowdowns that `text` lists in percent, as shares."""
    try:
        shares = tuple(dict.fromkeys(float(word) / 100 for word in text.split(",")))
    except ValueError:
        shares = ()
    if not shares or not all(0 < share <= 1 for share in shares):
        raise UsageError(f"--slowdowns takes percents above 0 and up to 100, not {text!r}.")
    return shares
