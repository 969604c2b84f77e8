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
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from rich.console import Console

from ftbench.asv.measuring_lock import MEASURING_LOCK
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
from ftbench.processes import Finished, run
from ftbench.progress import bar
from ftbench.pythons import Interpreter, venvs
from ftbench.results.figure import Environment
from ftbench.results.journal import Journal, conditions
from ftbench.results.records import digest_of

# The probe's deadlines come first and tell a story; an observer may need its time besides.
_BACKSTOP_SECONDS: Final = 60.0
_PREFIX: Final = "ftbench.probe: "
_ON_OFF: Final = {True: "on", False: "off"}


def probe(
    interpreter: Interpreter | Path,
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
    cannot carry the probe; a path is the Python of an environment that has it.  Whatever ends the
    wait, nothing of the run stays behind.
    """
    python = interpreter
    if isinstance(python, Interpreter):
        python = venvs.ready(environment_folder(python), python)
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
            environ=clean_environment(os.environ, venvs.host_variables()),
            deadline=deadline + _BACKSTOP_SECONDS,
        )
        if done.code:
            raise _error_of(done)
        return Measurement.from_json(json.loads(document.read_text(encoding="utf-8")))


def environment_folder(interpreter: Interpreter) -> Path:
    """Return where an interpreter's virtual environment for the probe lies."""
    name = f"{interpreter.name}-{interpreter.build.flavour}-{interpreter.build.digest}"
    # Two builds of the same source, made alike, are told apart by their place alone.
    return cache_folder() / "probing" / f"{name}-{digest_of(str(interpreter.executable))}"


def _error_of(done: Finished) -> FtbenchError:
    before, _, words = done.err.partition(_PREFIX)
    first, _, rest = (words or before).strip().partition("\n")
    message = first or f"The probe ended with code {done.code} without a word."
    return error_class(done.code)(message, story=rest)


@contextmanager
def journal_of(
    request: Sequence[Any], interpreters: Sequence[Interpreter], console: Console, *, fresh: bool
) -> Iterator[Journal]:
    """Hold the measuring lock, and yield a request's journal: forgotten when the body has it all.

    Nothing is taken over of other code, another interpreter or other conditions, or if `fresh`.
    """
    # First: making an environment anew would take it from under who measures.
    MEASURING_LOCK.acquire()
    folder = cache_folder() / "journals"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{digest_of(request)}.jsonl"
    if fresh:
        path.unlink(missing_ok=True)
    same = [conditions(), *(venvs.stamp(each) + each.build.digest for each in interpreters)]
    journal = Journal(path, digest_of(same), datetime.now(UTC).isoformat())
    if journal.stale:
        console.print(
            "A run of the same that was ended had other code, another interpreter or other "
            "conditions: nothing of it is taken over.",
            soft_wrap=True,
        )
    yield journal
    if not journal.left:
        journal.forget()


def taken_over(count: int, total: int, journal: Journal, what: str = "processes") -> str:
    """Return what to say where a run goes on with an earlier one."""
    return (
        f"{count} of {total} {what} were measured by {journal.measured_at} in a run that was "
        "ended; they are taken over, as a sitting of their own. --fresh measures them anew."
    )


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

    def asked(self, command: str, *more: Any) -> tuple[Any, list[Interpreter]]:
        """Return the request of a command, which names its journal, and what it is measured on."""
        cells = [(cell.title, *sorted(cell.metrics)) for cell in self.cells]
        where = self.machine, self.arm.name, self.profile, str(Path.cwd())
        return [command, self.interpreter.name, *where, cells, *more], [self.interpreter]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A cell that has not all of its processes, and why; `skipped` where it does not exist here."""

    cell: SuiteCell
    skipped: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PassesResult:
    """What passes lack: the `lost` cells, and the quiet of the machine."""

    lost: tuple[Lost, ...]
    measured: int = 0
    disturbed: int = 0  # of the measured processes, those beside which others kept it busy
    sittings: Mapping[str, int] = field(default_factory=dict)  # begin → how many processes

    def notes(self, otherwise: str) -> Iterator[str]:
        """Yield what to say of it below a table; `otherwise` is so on a quiet machine."""
        yield from filter(None, [of_sittings(self.sittings)])
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


def of_sittings(sittings: Mapping[str, int]) -> str:
    """Return what to say of processes of several sittings, begin → how many, "" of one."""
    if len(sittings) < 2:  # noqa: PLR2004 - several
        return ""
    each = (f"{count} from {begun[:16]} UTC on" for begun, count in sorted(sittings.items()))
    return f"The processes are of {len(sittings)} sittings: {', '.join(each)}."


def in_turn(sides: Sequence[T], replicates: int) -> Iterator[T]:
    """Yield each side `replicates` times: forth and back, A B B A or A B C C B A, and so on."""
    for number in range(replicates):
        yield from sides if number % 2 == 0 else reversed(sides)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of those that are compared, maybe with an interpreter of its own."""

    name: str
    interpreter: Interpreter | None = None


class Process(NamedTuple):
    """A fresh process that measured a cell, for one side in one sitting."""

    side: Side
    sitting: str
    measured: Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Passes:
    """Whole passes over a job's cells, one for each of `sides` in turn, and what they yielded."""

    job: CellsJob
    sides: Sequence[Side]
    journal: Journal
    # By the title of a cell, in the order of measuring.
    taken: dict[str, list[Process]] = field(default_factory=dict)
    lost: list[Lost] = field(default_factory=list)

    def run(self, console: Console) -> None:
        """Make the passes, and keep each process as soon as it has measured.

        What fails is lost, but for what all cells would meet: raises `InterpreterError` and
        `UsageError` (an invalid variable of the environment).
        """
        left = self._left()
        total = len(self.sides) * len(self.job.cells)
        if count := total - len(left):
            console.print(taken_over(count, total, self.journal), soft_wrap=True)
        with bar(console, len(left)) as shown:
            for number, cell in left:
                shown.begin(f"pass {number + 1} of {len(self.sides)}, {cell.title}")
                if not self._given_up(cell):
                    self._measure(cell, number)

    def _left(self) -> list[tuple[int, SuiteCell]]:
        """Take over what was kept, and return what is to be measured, pass by pass."""
        left = []
        for cell in self.job.cells:
            for number, side in enumerate(self.sides):
                kept = self.journal.whole([_asked(number, cell)])
                self.taken.setdefault(cell.title, []).extend(
                    Process(side, sitting, Measurement.from_json(document))
                    for sitting, document in kept
                )
                left += [] if kept else [(number, cell)]
        return sorted(left, key=lambda each: each[0])

    def _given_up(self, cell: SuiteCell) -> bool:
        lost = [each for each in self.lost if each.cell == cell]
        return any(each.skipped for each in lost) or len(lost) >= MOST_FAILURES

    def _measure(self, cell: SuiteCell, number: int) -> None:
        side = self.sides[number]
        try:
            measured = probe(
                side.interpreter or self.job.interpreter,
                cell.scenario,
                mode=cell.mode,
                params=cell.params,
                profile=self.job.profile,
                gil=self.job.arm.gil,
            )
        except (InterpreterError, UsageError):
            raise
        except FtbenchError as error:
            skipped = isinstance(error, NotAvailableError)
            self.lost.append(Lost(cell=cell, skipped=skipped, reason=error.message))
        else:
            self.taken[cell.title].append(Process(side, self.journal.run, measured))
            self.journal.add(_asked(number, cell), measured.to_json())

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
        every = [process for taken in self.taken.values() for process in taken]
        return {
            "lost": tuple(self.lost),
            "measured": len(every),
            "disturbed": sum(is_disturbed(process.measured) for process in every),
            "sittings": dict(sorted(Counter(process.sitting for process in every).items())),
        }


def _asked(number: int, cell: SuiteCell) -> str:
    return f"{number} {cell.title}"


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
