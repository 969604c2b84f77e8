"""`ftbench advise`: which mode to pay for, for a task of one's own, from what was measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    _ParamType = click.ParamType[float]
else:  # click had no types to tell before 8.2
    _ParamType = click.ParamType


class Quantity(_ParamType):
    """A quantity with its unit, read by a function of `advice.question`."""

    def __init__(self, name: str, read: Callable[[str], float]) -> None:
        self.name = name
        self._read = read

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the quantity in the stored unit; what cannot be read is a usage error."""
        try:
            return self._read(str(value))
        except UsageError as error:
            self.fail(f"{error.message} {error.hint}".strip(), param, ctx)


_SECONDS = Quantity("time", seconds)
_BYTES = Quantity("size", size)


@click.command()
@click.option("--task", type=_SECONDS, required=True, help="Its time in a plain loop: 200us.")
@click.option("--payload", type=_BYTES, default="0", show_default=True, help="64KiB, 1MiB.")
@click.option(
    "--shared-writes",
    "shared",
    type=Quantity("share", share),
    default="0%",
    show_default=True,
    help="The share of tasks that write to what all share: 5%.",
)
@click.option("--workers", type=click.IntRange(1, MOST_WORKERS), default=8, show_default=True)
@click.option("--memory", type=_BYTES, help="A limit to the memory of all processes: 2GiB.")
@click.option("--p99", type=_SECONDS, help="A limit to the 99th percentile of a task: 20ms.")
@click.option(
    "--price-cpu", "cpu_price", type=Quantity("price", cpu_price), help="Of a core: 0.04/h."
)
@click.option(
    "--price-memory",
    "memory_price",
    type=Quantity("price", memory_price),
    help="Of memory: 0.005/GiBh.",
)
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
