"""Runs cells on interpreters of this machine: one in a clean environment, or many in whole passes.

The probe runs in a virtual environment that holds the measured side, compiled beforehand: a
worker that is spawned must not pay for bytecode that could not be written.

A pass measures each cell once in a fresh process.  It belongs to a side, and sides alternate so
that each has the same place on average (A B B A): a machine that gets slower at a steady rate
changes both sides alike.  Passes are whole because asv's processes of one cell lie minutes apart
too: a cell repeated at once would look steadier than it is.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

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
from ftbench.facts.units import plural
from ftbench.files import cache_folder
from ftbench.probe.run.child import clean_environment
from ftbench.probe.run.document import Measurement
from ftbench.probe.run.measure import DEADLINE_SECONDS
from ftbench.probe.run.programs import HOST_PYTHON
from ftbench.processes import Finished, run
from ftbench.progress import bar
from ftbench.pythons import Interpreter, venvs
from ftbench.results.figure import Environment

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

    Parameters and errors are those of `ftbench.measure`; `InterpreterError` if the interpreter
    cannot carry the probe.  Whatever ends the wait, nothing of the run stays behind.
    """
    python = venvs.ready(environment_folder(interpreter), interpreter)
    with tempfile.TemporaryDirectory(prefix="ftbench-") as folder:
        # Not from standard output, where a hook of the interpreter may print anything.
        document = Path(folder, "measurement.json")
        done = run(
            [
                python,
                *("-P", "-m", "ftbench.probe", scenario, "--mode", mode, "--profile", profile),
                *("--gil", _ON_OFF[gil], "--deadline", repr(float(deadline))),
                *("--output", document),
                *(("--extra", repr(extra)) if extra else ()),
                *(word for name, value in params.items() for word in ("--set", f"{name}={value}")),
            ],
            environ=clean_environment(os.environ, {HOST_PYTHON: sys.executable}),
            deadline=deadline + _BACKSTOP_SECONDS,
        )
        if done.code:
            raise _error_of(done)
        return Measurement.from_json(json.loads(document.read_text(encoding="utf-8")))


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

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellsJob:
    """Cells of one arm to measure on one interpreter; `machine` is this one's name in results."""

    interpreter: Interpreter
    arm: Arm
    cells: Sequence[SuiteCell]
    profile: str
    machine: str

    @property
    def environment(self) -> Environment:
        """Where and with what it is measured."""
        return Environment(
            machine=self.machine,
            arm=self.arm,
            flavour=self.interpreter.build.flavour,
            profile=self.profile,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A cell that has not all of its processes, and why; `skipped` where it does not exist here."""

    cell: SuiteCell
    skipped: bool
    reason: str
    extra: float = 0.0  # the share of extra work that it was to do


@dataclass(frozen=True, slots=True, kw_only=True)
class PassesResult:
    """What passes lack: the `lost` cells, and the quiet of the machine."""

    lost: tuple[Lost, ...]
    measured: int = 0
    disturbed: int = 0  # of the measured processes, those beside which others kept it busy

    def notes(self, otherwise: str) -> Iterator[str]:
        """Yield what to say of it below a table; `otherwise` is so on a quiet machine."""
        if self.disturbed:
            yield (
                f"Others kept the machine busy beside {self.disturbed} of {self.measured} "
                f"processes: on a quiet machine {otherwise}."
            )
        skipped = Counter(lost.reason for lost in self.lost if lost.skipped)
        for reason, count in sorted(skipped.items()):
            yield f"skipped, {plural(count, 'cell', 'cells')}: {reason}"
        for lost in self.lost:
            if not lost.skipped:
                yield f"failed: {lost.cell.title}: {lost.reason}"


def in_turn(sides: Sequence[T], replicates: int) -> Iterator[T]:
    """Yield each side `replicates` times: forth and back, A B B A or A B C C B A, and so on."""
    for number in range(replicates):
        yield from sides if number % 2 == 0 else reversed(sides)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of those that are compared, and the share of extra work that its processes do."""

    name: str
    extra: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Passes:
    """Whole passes over a job's cells, one for each of `sides` in turn, and what they yielded."""

    job: CellsJob
    sides: Sequence[Side]
    # By the title of a cell, in the order of measuring.
    taken: dict[str, list[tuple[Side, Measurement]]] = field(default_factory=dict)
    lost: list[Lost] = field(default_factory=list)

    def run(self, console: Console, *, after: Callable[[int], None] = lambda _number: None) -> None:
        """Make the passes; calls `after` with the number of each.

        What fails is lost, but for what all cells would meet: raises `InterpreterError` and
        `UsageError` (an invalid variable of the environment).
        """
        with bar(console, len(self.sides) * len(self.job.cells)) as shown:
            for number, side in enumerate(self.sides, 1):
                more = f", {side.extra:.0%} more" if side.extra else ""
                for cell in self.job.cells:
                    shown.begin(f"pass {number} of {len(self.sides)}{more}, {cell.title}")
                    # A cell that cannot be had as it is cannot be had with more work either.
                    if not self._given_up(cell, 0.0) and not self._given_up(cell, side.extra):
                        self._measure(cell, side)
                after(number)

    def _given_up(self, cell: SuiteCell, extra: float) -> bool:
        lost = [each for each in self.lost if each.cell == cell and each.extra == extra]
        return any(each.skipped for each in lost) or len(lost) >= MOST_FAILURES

    def _measure(self, cell: SuiteCell, side: Side) -> None:
        try:
            measured = probe(
                self.job.interpreter,
                cell.scenario,
                mode=cell.mode,
                params=cell.params,
                profile=self.job.profile,
                gil=self.job.arm.gil,
                extra=side.extra,
            )
        except (InterpreterError, UsageError):
            raise
        except FtbenchError as error:
            skipped = isinstance(error, NotAvailableError)
            lost = Lost(cell=cell, skipped=skipped, reason=error.message, extra=side.extra)
            self.lost.append(lost)
        else:
            self.taken.setdefault(cell.title, []).append((side, measured))

    def nothing_measured(self) -> NotAvailableError | WorkerFailedError:
        """Return the error of a run in which no cell was measured often enough to say anything."""
        kind = NotAvailableError if all(each.skipped for each in self.lost) else WorkerFailedError
        reasons = dict.fromkeys(each.reason for each in self.lost)
        return kind(
            "No cell could be measured, so there is nothing to judge.",
            story="\n".join(list(reasons)[:_MOST_REASONS]),
            hint="'python -m ftbench.probe' runs one cell and tells its whole story.",
        )

    def result(self) -> dict[str, Any]:
        """Return the fields of a `PassesResult`."""
        every = [measured for taken in self.taken.values() for _, measured in taken]
        disturbed = sum(map(is_disturbed, every))
        return {"lost": tuple(self.lost), "measured": len(every), "disturbed": disturbed}


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
