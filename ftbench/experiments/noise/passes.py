"""Whole passes over cells: every cell once in a fresh process, then all of them again.

A pass belongs to a side, and sides alternate so that each has the same place on average: A B B A.
A machine that gets slower or faster at a steady rate then changes both sides alike.  Whole passes
and not cell by cell, because that is how releases are compared: asv's processes of one cell lie
minutes apart, and what changes in minutes, not in seconds, is most of what differs between them.
A cell repeated at once would look steadier than it is.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ftbench.errors import (
    FtbenchError,
    InterpreterError,
    NotAvailableError,
    UsageError,
    WorkerFailedError,
)
from ftbench.experiments.suite import SuiteCell
from ftbench.probe.run.document import Measurement

# A cell that fails as often as this is left out: each try may wait for its deadline.
MOST_FAILURES: Final = 2
_MOST_REASONS: Final = 5

Side = TypeVar("Side")
Step = Callable[[str, str], None]
"""Is told which pass this is, and which cell of it begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A cell that has not all of its processes, and why; `skipped` where it does not exist here."""

    cell: SuiteCell
    skipped: bool
    reason: str


@dataclass(slots=True, kw_only=True)
class Gathered(Generic[Side]):
    """What passes have yielded so far: by the title of a cell, (side, measurement) in order."""

    taken: dict[str, list[tuple[Side, Measurement]]] = field(default_factory=dict)
    lost: list[Lost] = field(default_factory=list)

    def given_up(self, cell: SuiteCell) -> bool:
        """Tell whether there is no use in trying a cell again."""
        lost = [each for each in self.lost if each.cell == cell]
        return any(each.skipped for each in lost) or len(lost) >= MOST_FAILURES


def in_turn(sides: Sequence[Side], replicates: int) -> Iterator[Side]:
    """Yield each side `replicates` times: forth and back, A B B A or A B C C B A, and so on."""
    for number in range(replicates):
        yield from sides if number % 2 == 0 else reversed(sides)


def make_pass(
    cells: Sequence[SuiteCell],
    side: Side,
    measure: Callable[[SuiteCell, Side], Measurement],
    gathered: Gathered[Side],
    step: Callable[[str], None],
) -> None:
    """Measure every cell once for `side`; what fails is in `gathered.lost`, the rest is kept.

    `step` is called with the name of each cell as it begins.  Raises `InterpreterError` and
    `UsageError` (a variable of the environment that makes no sense), which all cells would meet.
    """
    for cell in cells:
        step(cell.title)
        if gathered.given_up(cell):
            continue
        try:
            measured = measure(cell, side)
        except (InterpreterError, UsageError):
            raise
        except FtbenchError as error:
            skipped = isinstance(error, NotAvailableError)
            gathered.lost.append(Lost(cell=cell, skipped=skipped, reason=error.message))
        else:
            gathered.taken.setdefault(cell.title, []).append((side, measured))


def nothing_measured(lost: Sequence[Lost]) -> NotAvailableError | WorkerFailedError:
    """Return the error of a run in which no cell was measured often enough to say anything."""
    kind = NotAvailableError if all(each.skipped for each in lost) else WorkerFailedError
    reasons = dict.fromkeys(each.reason for each in lost)
    return kind(
        "No cell could be measured, so there is nothing to judge.",
        story="\n".join(list(reasons)[:_MOST_REASONS]),
        hint="'python -m ftbench.probe' runs one cell and tells its whole story.",
    )


def medians(cell: SuiteCell, measured: Sequence[Measurement]) -> dict[str, tuple[float, ...]]:
    """Return the median of each process by metric, of the metrics that all processes have."""
    return {
        name: tuple(statistics.median(each.metrics[name].samples) for each in measured)
        for name in cell.metrics
        if all(name in each.metrics and each.metrics[name].samples for each in measured)
    }


def is_disturbed(measured: Measurement) -> bool:
    """Tell whether others kept the machine busy beside a process, repeats included."""
    return bool(measured.interference.get("marked"))


@contextmanager
def progress(console: Console, total: int) -> Iterator[Step]:
    """Show how far it is; yields what is to be told of each cell as it begins."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=12),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
    )
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as shown:
        task = shown.add_task("", total=total, completed=-1)

        def step(place: str, name: str) -> None:
            shown.update(task, advance=1, description=f"{place}, {name}")

        yield step
