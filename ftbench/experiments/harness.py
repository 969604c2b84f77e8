"""Cells measured many times: whole passes over them, each cell once in a fresh process.

A pass belongs to a side, and sides alternate so that each has the same place on average: A B B A.
A machine that gets slower or faster at a steady rate then changes both sides alike.  Whole passes
and not cell by cell, because that is how releases are compared: asv's processes of one cell lie
minutes apart, and what changes in minutes, not in seconds, is most of what differs between them.
A cell repeated at once would look steadier than it is.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from rich.console import Console

from ftbench.errors import (
    FtbenchError,
    InterpreterError,
    NotAvailableError,
    UsageError,
    WorkerFailedError,
)
from ftbench.experiments.run_cell import probe
from ftbench.experiments.suite import SuiteCell
from ftbench.facts.arms import Arm
from ftbench.probe.run.document import Measurement
from ftbench.probe.run.measure import DEADLINE_SECONDS
from ftbench.progress import bar
from ftbench.pythons import Interpreter
from ftbench.results.keys import Environment

# A cell that fails as often as this is left out: each try may wait for its deadline.
MOST_FAILURES: Final = 2
_MOST_REASONS: Final = 5

Side = TypeVar("Side")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellsJob:
    """What is measured many times: cells of one arm on one interpreter.

    `machine` is this machine's name in the results; `deadline` is that of a cell, in seconds.
    """

    interpreter: Interpreter
    arm: Arm
    cells: Sequence[SuiteCell]
    profile: str
    machine: str
    deadline: float = DEADLINE_SECONDS

    @property
    def environment(self) -> Environment:
        """Where and with what it is measured."""
        return Environment(
            machine=self.machine,
            arm=self.arm,
            flavour=self.interpreter.build.flavour,
            profile=self.profile,
        )

    def measure(self, cell: SuiteCell, extra: float = 0.0) -> Measurement:
        """Measure a cell in a fresh process, with a share of `extra` work; raises as `probe`."""
        return probe(
            self.interpreter,
            cell.scenario,
            mode=cell.mode,
            params=cell.params,
            profile=self.profile,
            gil=self.arm.gil,
            deadline=self.deadline,
            extra=extra,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A cell that has not all of its processes, and why; `skipped` where it does not exist here."""

    cell: SuiteCell
    skipped: bool
    reason: str


@dataclass(slots=True, kw_only=True)
class Gathered(Generic[Side]):
    """What passes have yielded so far: by the title of a cell, (side, measurement) in order.

    There is no use in a cell that `base` has given up.
    """

    taken: dict[str, list[tuple[Side, Measurement]]] = field(default_factory=dict)
    lost: list[Lost] = field(default_factory=list)
    base: Gathered[Side] | None = None

    @property
    def measured(self) -> list[Measurement]:
        """Every measurement, whatever cell and side it is of."""
        return [measured for taken in self.taken.values() for _, measured in taken]

    def given_up(self, cell: SuiteCell) -> bool:
        """Tell whether there is no use in trying a cell again."""
        lost = [each for each in self.lost if each.cell == cell]
        hopeless = any(each.skipped for each in lost) or len(lost) >= MOST_FAILURES
        return hopeless or bool(self.base and self.base.given_up(cell))


def in_turn(sides: Sequence[Side], replicates: int) -> Iterator[Side]:
    """Yield each side `replicates` times: forth and back, A B B A or A B C C B A, and so on."""
    for number in range(replicates):
        yield from sides if number % 2 == 0 else reversed(sides)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passes(Generic[Side]):
    """Whole passes over a job's cells, one for each of `sides` in turn.

    `measure` measures a cell for a side; `gathered` has where what comes of a side goes; `words`
    are what is shown of a side.
    """

    job: CellsJob
    sides: Sequence[Side]
    measure: Callable[[SuiteCell, Side], Measurement]
    gathered: Mapping[Side, Gathered[Side]]
    words: Mapping[Side, str] = field(default_factory=dict)

    def run(self, console: Console, *, after: Callable[[int], None] = lambda _number: None) -> None:
        """Make them, with progress on `console`; calls `after` with the number of each made.

        What fails is in `gathered`, as lost.  Raises `InterpreterError` and `UsageError` (a
        variable of the environment that makes no sense), which all cells would meet.
        """
        with bar(console, len(self.sides) * len(self.job.cells)) as shown:
            for number, side in enumerate(self.sides, 1):
                words = f", {self.words[side]}" if side in self.words else ""
                for cell in self.job.cells:
                    shown.begin(f"pass {number} of {len(self.sides)}{words}, {cell.title}")
                    self._measure(cell, side)
                after(number)

    def _measure(self, cell: SuiteCell, side: Side) -> None:
        gathered = self.gathered[side]
        if gathered.given_up(cell):
            return
        try:
            measured = self.measure(cell, side)
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
