"""Runs cells on interpreters of this machine: one in a clean environment, or many in whole passes.

The probe runs in a virtual environment that holds the measured side, compiled beforehand: a
worker that is spawned must not pay for bytecode that could not be written.

A pass measures each cell once in a fresh process.  It belongs to a side, and sides alternate so
that each has the same place on average (A B B A): a machine that gets slower at a steady rate
changes both sides alike.  Passes are whole because that is how releases are compared: asv's
processes of one cell lie minutes apart, and most of what differs between them changes in minutes,
not in seconds.  A cell repeated at once would look steadier than it is.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Generic, TypeVar

from rich.console import Console

from ftbench.errors import (
    FtbenchError,
    InterpreterError,
    NotAvailableError,
    UsageError,
    WorkerFailedError,
    error_class,
)
from ftbench.experiments.suite import SuiteCell
from ftbench.facts.arms import Arm
from ftbench.files import cache_folder
from ftbench.probe.run.child import clean_environment
from ftbench.probe.run.document import Measurement
from ftbench.probe.run.measure import DEADLINE_SECONDS
from ftbench.probe.run.observer_client import HOST_PYTHON
from ftbench.processes import Finished, run
from ftbench.progress import bar
from ftbench.pythons import Interpreter, venvs
from ftbench.results.keys import Environment

# The probe's deadlines come first and tell a story; an observer may need its time besides.
_BACKSTOP_SECONDS: Final = 60.0
_PREFIX: Final = "ftbench.probe: "
_ON_OFF: Final = {True: "on", False: "off"}


def probe(
    interpreter: Interpreter,
    scenario: str,
    *,
    mode: str,
    params: Mapping[str, int | str],
    profile: str,
    gil: bool,
    deadline: float = DEADLINE_SECONDS,
    extra: float = 0.0,
) -> Measurement:
    """Run one cell of `scenario` by `python -m ftbench.probe`; return all its metrics.

    `mode`, `params`, `profile`, `gil`, `deadline` (seconds) and `extra` are those of
    `ftbench.measure`, and so are the errors; `InterpreterError` if the interpreter cannot carry the
    probe.  Whatever ends the wait, an interrupt too, nothing of the run stays behind.
    """
    python = venvs.ready(environment_folder(interpreter), interpreter)
    done = run(
        [
            python,
            *("-P", "-m", "ftbench.probe", scenario, "--mode", mode, "--profile", profile),
            *("--gil", _ON_OFF[gil], "--deadline", repr(float(deadline)), "--json"),
            *(("--extra", repr(extra)) if extra else ()),
            *(word for name, value in params.items() for word in ("--set", f"{name}={value}")),
        ],
        environ=clean_environment(os.environ, {HOST_PYTHON: sys.executable}),
        deadline=deadline + _BACKSTOP_SECONDS,
    )
    if done.code:
        raise _error_of(done)
    try:
        return Measurement.from_json(json.loads(done.out))
    except ValueError as error:
        raise FtbenchError("The probe's document is no JSON.", story=done.out[:1000]) from error


def environment_folder(interpreter: Interpreter) -> Path:
    """Return where an interpreter's virtual environment for the probe lies."""
    name = f"{interpreter.name}-{interpreter.build.flavour}-{interpreter.build.digest}"
    return cache_folder() / "probing" / name


def _error_of(done: Finished) -> FtbenchError:
    before, _, words = done.err.partition(_PREFIX)
    first, _, rest = (words or before).strip().partition("\n")
    message = first or f"The probe ended with code {done.code} without a word."
    return error_class(done.code)(message, story=rest)


# A cell that fails as often as this is left out: each try may wait for its deadline.
MOST_FAILURES: Final = 2
_MOST_REASONS: Final = 5

Side = TypeVar("Side")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellsJob:
    """Cells of one arm to measure on one interpreter, each within `deadline` seconds.

    `machine` is this machine's name in the results.
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
    """What passes have yielded: (side, measurement) in order, by the title of a cell.

    A cell that `base` has given up is not tried.
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

    `gathered` takes what `measure` yields for a side; `words` are what is shown of it.
    """

    job: CellsJob
    sides: Sequence[Side]
    measure: Callable[[SuiteCell, Side], Measurement]
    gathered: Mapping[Side, Gathered[Side]]
    words: Mapping[Side, str] = field(default_factory=dict)

    def run(self, console: Console, *, after: Callable[[int], None] = lambda _number: None) -> None:
        """Make the passes; calls `after` with the number of each.

        What fails is in `gathered`, as lost.  Raises `InterpreterError` and `UsageError` (an
        invalid variable of the environment), which all cells would meet.
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
