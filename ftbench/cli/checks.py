"""`ftbench noise`, `overhead` and `selftest`: how far figures of this machine can be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console

from ftbench.errors import RegressionError, UsageError
from ftbench.facts.arms import ARMS
from ftbench.facts.profiles import PROFILES, current_profile
from ftbench.report.output import Output, output_options

_ARM_NAMES: Final = click.Choice([arm.name for arm in ARMS])
_python = click.argument("python", required=False, metavar="[RELEASE|PATH]")
_arm = click.option(
    "--arm", type=_ARM_NAMES, help="Default: ft, or the build's own way where a path is given."
)
_machine = click.option(
    "--machine", help="The machine's name in the results. Default: its CPU and cores."
)


def _console() -> Console:
    return Console(stderr=True, highlight=False)


@click.command(
    help="""Measure an interpreter against itself: how much two runs differ that should not.

    Whole passes over all cells, in the order A B B A, each cell in a fresh process. The noise is
    kept in the results; verdicts rest on it. Without RELEASE or PATH: the newest release that is
    here as a pair. A second run adds other cells and replaces the same ones.
    """
)
@_python
@click.option(
    "--arm",
    "arms",
    multiple=True,
    type=_ARM_NAMES,
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
@_machine
@click.option("--append", is_flag=True, help="Add to the processes that are on record.")
@output_options
def noise(
    output: Output,
    *,
    python: str | None,
    arms: tuple[str, ...],
    bench: str | None,
    profile: str | None,
    machine: str | None,
    **options: Any,
) -> None:
    # Loaded when it is needed, here and below: asv and scipy take longer than all other commands.
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
    console = _console()
    results: list[NoiseResult] = []
    try:
        for name in arms or _arms(python):
            interpreter, arm = choose(python, name, console)
            job = NoiseJob(
                interpreter=interpreter,
                arm=arm,
                cells=cells,
                profile=profile or current_profile().name,
                results=folder / "results",
                machine=register(machine),
                **options,
            )
            results.append(run(job, console))
    finally:  # whatever ends a later arm, the earlier ones are reported
        if results:
            output.write(document_of(results))


def _arms(python: str | None) -> tuple[str | None, ...]:
    """Return the arms that `python` can be measured on: a path's build has a way of its own."""
    from ftbench.pythons.interpreter import Spec  # noqa: PLC0415

    if python is not None and Path(python).name != python:
        return (None,)
    free_threaded_alone = python is not None and Spec.parse(python).free_threaded
    return tuple(arm.name for arm in ARMS if arm.free_threaded or not free_threaded_alone)


@click.command(
    help="""Measure the harness against the bare loop: ratio, interval, target 1.02 or less.

    Same interpreter, same work, interleaved turns in clean processes. Beside it the loop in the
    article's shape. Without RELEASE or PATH: the interpreter that 'ftbench bench' would measure.
    """
)
@_python
@_arm
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
    **options: Any,
) -> None:
    from ftbench.experiments.overhead import (  # noqa: PLC0415
        OverheadJob,
        document_of,
        loops_of,
        run,
    )
    from ftbench.pythons.install import choose  # noqa: PLC0415

    loops, console = loops_of(scenarios), _console()
    interpreter, chosen = choose(python, arm, console)
    job = OverheadJob(interpreter=interpreter, arm=chosen, loops=loops, **options)
    output.write(document_of(run(job, console)))


@click.command(
    help="""Prove that equal things raise no alarm here and that a known slowdown is found.

    Real processes of each cell, as it is and with a known share more of its own work, are
    measured in turn; trials draw comparisons from them. Exit code 10 if an equal pair raised an
    alarm, or if a slowdown of 10 % or more is found in fewer than 95 % of the trials.
    """
)
@_python
@_arm
@click.option("--bench", metavar="REGEX", help="Default: five cells; '.' is the whole suite.")
@click.option("--profile", type=click.Choice(list(PROFILES)), default="full", show_default=True)
@click.option(
    "--trials", type=click.IntRange(1, 100_000), default=200, show_default=True, help="Per series."
)
@click.option("--slowdowns", default="5,10,20", show_default=True, help="In percent.")
@_machine
@output_options
def selftest(
    output: Output,
    *,
    python: str | None,
    arm: str | None,
    bench: str | None,
    slowdowns: str,
    machine: str | None,
    **options: Any,
) -> None:
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
    console = _console()
    interpreter, chosen = choose(python, arm, console)
    job = SelftestJob(
        interpreter=interpreter,
        arm=chosen,
        cells=cells,
        slowdowns=shares,
        machine=register(machine),
        noise=tuple(read_noise(folder / "results", [])),
        **options,
    )
    result = run(job, console)
    output.write(document_of(result))
    if not result.passed:
        raise RegressionError(
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
