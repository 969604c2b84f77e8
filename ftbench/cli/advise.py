"""`ftbench advise`: which mode to pay for, for a task of one's own, from what was measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ftbench.analysis.advice.question import (
    By,
    Question,
    cpu_price,
    memory_price,
    seconds,
    share,
    size,
)
from ftbench.errors import UsageError
from ftbench.facts.arms import ARMS, arm_named
from ftbench.probe.scenarios.base import MOST_WORKERS
from ftbench.report.output import Output, output_options

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _quantity(
    metavar: str, read: Callable[[str], float], *names: str, **attributes: Any
) -> Callable[[_Command], _Command]:
    """Return an option whose text `read` turns into a quantity in the stored unit."""

    def quantity(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
        try:
            return None if text is None else read(text)
        except UsageError as error:
            raise click.BadParameter(f"{error.message} {error.hint}".strip()) from error

    return click.option(*names, metavar=metavar, callback=quantity, **attributes)


@click.command()
@_quantity("TIME", seconds, "--task", required=True, help="Its time in a plain loop: 200us.")
@_quantity("SIZE", size, "--payload", default="0", show_default=True, help="64KiB, 1MiB.")
@_quantity(
    "SHARE",
    share,
    "--shared-writes",
    "shared",
    default="0%",
    show_default=True,
    help="The share of tasks that write to what all share: 5%.",
)
@click.option("--workers", type=click.IntRange(1, MOST_WORKERS), default=8, show_default=True)
@_quantity("SIZE", size, "--memory", help="A limit to the memory of all processes: 2GiB.")
@_quantity("TIME", seconds, "--p99", help="A limit to the 99th percentile of a task: 20ms.")
@_quantity("PRICE", cpu_price, "--price-cpu", "cpu_price", help="Of a core: 0.04/h.")
@_quantity("PRICE", memory_price, "--price-memory", "memory_price", help="Of memory: 0.005/GiBh.")
@click.option(
    "--by",
    type=click.Choice([each.value for each in By]),
    help="What to rank by. Default: seconds, or cost where there is a price.",
)
@click.option("--arm", type=click.Choice([arm.name for arm in ARMS]), help="Default: every arm.")
@click.option("--release", help="Default: what was measured last.")
@click.option("--machine", metavar="NAME", help="A machine of the results.")
@click.option("--profile", help="A profile of the results.")
@output_options
def advise(
    output: Output,
    *,
    by: str | None,
    arm: str | None,
    release: str | None,
    machine: str | None,
    profile: str | None,
    **task: Any,
) -> None:
    """Rank the modes for a task of your own, from measured cells alone.

    Seconds, tail, CPU and memory of each mode on each arm, with intervals, interpolated between
    measured cells and never beyond them: there it says "no data", and what would get it.
    """
    # Loaded when it is needed: asv and scipy take longer than all other commands together.
    from ftbench.analysis.advice.cells import chosen  # noqa: PLC0415
    from ftbench.analysis.advice.ranking import advise as ranked  # noqa: PLC0415
    from ftbench.report.advice import Given, document_of  # noqa: PLC0415

    question = Question(by=By(by) if by else None, **task)
    if question.by is By.COST and not question.priced:
        raise UsageError(
            "There is no cost without a price.", hint="Say --price-cpu, --price-memory or both."
        )
    pick, cells = chosen(machine=machine, release=release, profile=profile)
    arms = [arm_named(arm)] if arm else None
    given = Given(advice=ranked(cells, question, arms), pick=pick)
    output.write(document_of(given))
