"""The whole of `ftbench overhead`: every loop in several fresh processes, turn about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ftbench.asv.measuring_lock import take_turn
from ftbench.errors import NotAvailableError, UsageError
from ftbench.experiments.overhead.plan import Loop
from ftbench.experiments.overhead.rows import Row, Skipped, row_of
from ftbench.experiments.overhead.running import Heat, heat
from ftbench.experiments.run_cell import environment_folder
from ftbench.facts.arms import Arm
from ftbench.probe.instruments.machine import load, machine_record
from ftbench.pythons import Interpreter, venvs

DEADLINE_SECONDS: Final = 120.0
MOST_DEADLINE_SECONDS: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to measure: `pairs` blocks A B B A in each of `processes` fresh processes per loop.

    `deadline` is that of one process, in seconds.
    """

    interpreter: Interpreter
    arm: Arm
    loops: Sequence[Loop]
    pairs: int
    processes: int
    deadline: float = DEADLINE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of a job, and what it was measured on.

    `machine` is the record of `probe.machine`; `load` the run queue's average before the first
    process, None where the system has none.
    """

    job: Job
    rows: tuple[Row | Skipped, ...]
    machine: dict[str, Any]
    load: float | None


def run(job: Job, console: Console) -> Report:
    """Measure; shows progress on `console`.

    A loop whose mode this build or system lacks is skipped with its reason.  Raises `UsageError`
    for a deadline that is none, `FtbenchError` if something else is measuring on this machine,
    `InterpreterError` if the interpreter cannot carry the measured side, and whatever ends a
    process, see `heat`.
    """
    if not 0 < job.deadline <= MOST_DEADLINE_SECONDS:
        raise UsageError(
            f"The deadline must be above 0 and at most {MOST_DEADLINE_SECONDS:g} seconds, "
            f"not {job.deadline:g}."
        )
    take_turn()  # first: making the environment anew would take it from under who measures
    python = venvs.ready(environment_folder(job.interpreter), job.interpreter)
    before = load()
    heats: dict[Loop, list[Heat]] = {loop: [] for loop in job.loops}
    skipped: dict[Loop, str] = {}
    with _progress(console, len(job.loops) * job.processes) as step:
        # Loops in turn, process by process: a machine that changes with time changes them all.
        for _ in range(job.processes):
            for loop in job.loops:
                step(f"{loop.scenario}, {loop.mode.title}, {loop.workers}")
                if loop in skipped:
                    continue
                try:
                    heats[loop].append(_heat(job, python, loop))
                except NotAvailableError as error:
                    skipped[loop] = error.message
    return Report(
        job=job,
        rows=tuple(_row(loop, heats[loop], skipped.get(loop)) for loop in job.loops),
        machine=machine_record(),
        load=before,
    )


def _heat(job: Job, python: Path, loop: Loop) -> Heat:
    return heat(python, job.arm, loop, pairs=job.pairs, deadline=job.deadline)


def _row(loop: Loop, heats: Sequence[Heat], reason: str | None) -> Row | Skipped:
    return Skipped(loop=loop, reason=reason) if reason else row_of(loop, heats)


@contextmanager
def _progress(console: Console, total: int) -> Iterator[Any]:
    """Show how far it is; yields a function to call with the name of each step as it begins."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=12),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
    )
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task("", total=total, completed=-1)

        def step(name: str) -> None:
            progress.update(task, advance=1, description=name)

        yield step
