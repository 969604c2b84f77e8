"""`ftbench overhead`: every loop in several fresh processes, in turn, and what they say."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from statistics import median
from typing import Any, Final

from rich.console import Console

from ftbench.asv.command import machine_name
from ftbench.asv.measuring_lock import MEASURING_LOCK
from ftbench.errors import FtbenchError, NotAvailableError, unknown
from ftbench.experiments.harness import environment_folder
from ftbench.facts.arms import Arm
from ftbench.facts.modes import Mode, mode_named
from ftbench.facts.units import plural, scale_for
from ftbench.probe.instruments.machine import BUSY, load, machine_record
from ftbench.probe.run.child import clean_environment
from ftbench.probe.run.guarded import Guarded
from ftbench.probe.run.measure import check_deadline
from ftbench.progress import bar
from ftbench.pythons import Interpreter, venvs
from ftbench.report.document import Document, Part, Row, Table, Tone
from ftbench.report.words import NONE
from ftbench.statistics import CONFIDENCE, Basis, Processes, Ratio, paired_ratio

TARGET: Final = 1.02
"""The harness may take this multiple of the bare loop's time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """One contest: a scenario's loop in one mode, by so many workers.

    `operations` is the work of a turn, of all workers together: some 0.1 s of it on a machine of
    today, since a shorter turn may find two threads on one core from begin to end.
    """

    scenario: str
    mode: Mode
    workers: int
    operations: int


OPERATIONS: Final = {
    "lifecycle": "the life of a worker with an empty task",
    "shared_set": "an id under strategy lock (waits for a taken lock are all timed)",
    "sharded_writers": "an id sent to 1 writer, window 1",
}
"""The scenarios that have a bare loop, and what one operation of each is."""

_THREADS, _FORK = mode_named("threads"), mode_named("processes-fork")

LOOPS: Final = (
    Loop(scenario="lifecycle", mode=_THREADS, workers=1, operations=480),
    Loop(scenario="lifecycle", mode=_THREADS, workers=8, operations=480),
    Loop(scenario="lifecycle", mode=_FORK, workers=1, operations=64),
    Loop(scenario="lifecycle", mode=_FORK, workers=8, operations=64),
    Loop(scenario="shared_set", mode=_THREADS, workers=1, operations=128_000),
    Loop(scenario="shared_set", mode=_THREADS, workers=8, operations=128_000),
    Loop(scenario="shared_set", mode=_FORK, workers=1, operations=1_000),
    Loop(scenario="shared_set", mode=_FORK, workers=8, operations=2_000),
    Loop(scenario="sharded_writers", mode=_THREADS, workers=1, operations=2_048),
    Loop(scenario="sharded_writers", mode=_THREADS, workers=8, operations=8_192),
    Loop(scenario="sharded_writers", mode=_FORK, workers=1, operations=2_048),
    Loop(scenario="sharded_writers", mode=_FORK, workers=8, operations=8_192),
)


def loops_of(scenarios: Sequence[str]) -> tuple[Loop, ...]:
    """Return the loops of `scenarios`, of all where none is named; raises `UsageError`."""
    for name in scenarios:
        if name not in OPERATIONS:
            raise unknown("scenario with a bare loop", name, OPERATIONS)
    return tuple(loop for loop in LOOPS if not scenarios or loop.scenario in scenarios)


_CONTEST: Final = "from ftbench.probe.overhead.loops import main; main()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """What one process found of one loop.

    `samples` maps a loop's name to seconds per operation, one sample per pair, in the same order
    for all; `checked` says how the work was found to be the same.  The harness times one operation
    in `every`; a clock call costs `clock` there, all of its instrument `instrument` per operation,
    both in seconds.
    """

    samples: Mapping[str, tuple[float, ...]]
    checked: str
    every: int
    clock: float
    instrument: float


def heat(python: Path, arm: Arm, loop: Loop, *, pairs: int, deadline: float) -> Heat:
    """Run `loop` in a fresh process of `python`, of an environment with the measured side.

    Raises `NotAvailableError`, `WorkerFailedError`, `DeadlineError`, `GilStateError` or
    `FtbenchError`, as the process tells; nothing of it stays behind.  `deadline` is in seconds.
    """
    request = {
        "scenario": loop.scenario,
        "mode": loop.mode.name,
        "params": {"workers": loop.workers, "operations": loop.operations, "pairs": pairs},
        "profile": "smoke",  # a contest has its own number of rounds
        "gil": arm.gil,
        "deadline": deadline,
    }
    with Guarded(
        [str(python), "-P", "-c", _CONTEST, json.dumps(request)],
        environ=clean_environment(os.environ, arm.environment),
        deadline=deadline,
        name="contest",
        hint="More time: --deadline SECONDS. Less work: --pairs.",
        python=str(python),
    ) as run:
        document = run.document()
    notes = document["notes"]
    return Heat(
        samples={name: tuple(each["samples"]) for name, each in document["metrics"].items()},
        checked="; ".join(each["checked"] for each in document["invariants"]),
        **{name: notes[name] for name in ("every", "clock", "instrument")},
    )


HARNESS, BARE, ARTICLE = "harness", "bare", "article"
"""The names of the loops, as `ftbench.probe.overhead.loops` has them."""


class TargetVerdict(StrEnum):
    """Where a ratio lies to a target; the values are the words that users read."""

    WITHIN = "within"
    ABOVE = "above"
    OPEN = "not decidable"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopCost:
    """One loop, measured in several processes; times are seconds per operation, medians.

    `overhead` is harness over bare loop; `against_article` harness over the loop in the article's
    shape, None where that is the bare loop.  `every`, `clock` and `instrument` are those of a
    `Heat`, medians.
    """

    loop: Loop
    samples: dict[str, Processes]
    overhead: Ratio
    against_article: Ratio | None
    checked: str
    every: int
    clock: float
    instrument: float

    def seconds(self, name: str) -> float:
        """Return the median of a loop's samples."""
        return median(sample for process in self.samples[name] for sample in process)


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedLoop:
    """A loop that does not exist here, and why."""

    loop: Loop
    reason: str


def row_of(loop: Loop, heats: Sequence[Heat]) -> LoopCost:
    """Return what the processes measured together; raises `FtbenchError` if their work differed."""
    (checked, *others) = {heat.checked for heat in heats}
    if others:
        raise FtbenchError(
            f"{loop.scenario}: processes did not do the same work: {'; '.join([checked, *others])}."
        )
    samples = {name: tuple(heat.samples[name] for heat in heats) for name in heats[0].samples}
    return LoopCost(
        loop=loop,
        samples=samples,
        overhead=_ratio(samples, BARE),
        against_article=_ratio(samples, ARTICLE) if ARTICLE in samples else None,
        checked=checked,
        every=heats[0].every,
        clock=median(heat.clock for heat in heats),
        instrument=median(heat.instrument for heat in heats),
    )


def _ratio(samples: dict[str, Processes], other: str) -> Ratio:
    return paired_ratio(
        [
            tuple(zip(ours, theirs, strict=True))
            for ours, theirs in zip(samples[HARNESS], samples[other], strict=True)
        ]
    )


def verdict(ratio: Ratio, target: float) -> TargetVerdict:
    """Tell whether all of a ratio's interval lies on one side of `target`."""
    if ratio.interval is None or ratio.interval.low <= target < ratio.interval.high:
        return TargetVerdict.OPEN
    return TargetVerdict.WITHIN if ratio.interval.high <= target else TargetVerdict.ABOVE


DEADLINE_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OverheadJob:
    """What to measure: `pairs` blocks A B B A in each process, of `processes` per loop.

    `deadline` is that of one process, in seconds.
    """

    interpreter: Interpreter
    arm: Arm
    loops: Sequence[Loop]
    pairs: int
    processes: int
    deadline: float = DEADLINE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class OverheadResult:
    """What came of a job; `load` is the run queue's average before it, None if unknown."""

    job: OverheadJob
    rows: tuple[LoopCost | SkippedLoop, ...]
    machine: dict[str, Any]
    load: float | None


def run(job: OverheadJob, console: Console) -> OverheadResult:
    """Measure; shows progress on `console`.

    A loop whose mode is missing here is skipped with its reason.  Raises `UsageError` for an
    invalid deadline, `FtbenchError` if something else is measuring on this machine,
    `InterpreterError` if the interpreter cannot carry the measured side, and what ends a process,
    see `heat`.
    """
    check_deadline(job.deadline)
    # First: making the environment anew would take it from under who measures.
    MEASURING_LOCK.acquire()
    python = venvs.ready(environment_folder(job.interpreter), job.interpreter)
    before = load()
    heats: dict[Loop, list[Heat]] = {loop: [] for loop in job.loops}
    skipped: dict[Loop, str] = {}
    with bar(console, len(job.loops) * job.processes) as shown:
        # Loops in turn, process by process: a machine that changes with time changes them all.
        for _ in range(job.processes):
            for loop in job.loops:
                shown.begin(f"{loop.scenario}, {loop.mode.title}, {loop.workers}")
                if loop in skipped:
                    continue
                try:
                    heats[loop].append(
                        heat(python, job.arm, loop, pairs=job.pairs, deadline=job.deadline)
                    )
                except NotAvailableError as error:
                    skipped[loop] = error.message
    return OverheadResult(
        job=job,
        rows=tuple(
            SkippedLoop(loop=loop, reason=skipped[loop])
            if loop in skipped
            else row_of(loop, heats[loop])
            for loop in job.loops
        ),
        machine=machine_record(),
        load=before,
    )


SCHEMA: Final = {"name": "ftbench.overhead", "version": 1}
# Two processes may leave an interval of any width.
_WIDE: Final = 9.9995
_WIDE_OPEN: Final = 99
_NBSP: Final = "\N{NO-BREAK SPACE}"
_TONES: Final = {
    TargetVerdict.WITHIN: Tone.GOOD,
    TargetVerdict.ABOVE: Tone.BAD,
    TargetVerdict.OPEN: Tone.PLAIN,
}


def document_of(report: OverheadResult) -> Document:
    """Return the document: a line per scenario, mode and number of workers, and what it means."""
    job = report.job
    machine = machine_name(str(report.machine["cpu"]), int(report.machine["cores"] or 1))
    ratios = ("to bare", f"\N{LESS-THAN OR EQUAL TO} {TARGET:g}", "to article")
    table = Table(
        title="",
        columns=("mode, workers", BARE, HARNESS, *ratios),
        rows=tuple(_lines(report)),
        numbers=5,
        notes=tuple(_legend(report)),
    )
    return Document(
        title=f"What the harness costs: CPython {job.interpreter.release.name}, {job.arm.title} "
        f"({job.interpreter.build.flavour}), on {machine}",
        record=_record(report),
        parts=(Part(tables=(table,)),),
    )


def _record(report: OverheadResult) -> dict[str, Any]:
    job = report.job
    return {
        "schema": SCHEMA,
        "arm": job.arm.name,
        "build": job.interpreter.build.record(),
        "machine": report.machine,
        "load": report.load,
        "target": TARGET,
        "pairs": job.pairs,
        "processes": job.processes,
        "loops": [_row_record(row) for row in report.rows],
    }


def _row_record(row: LoopCost | SkippedLoop) -> dict[str, Any]:
    loop = row.loop
    named = {
        "scenario": loop.scenario,
        "mode": loop.mode.name,
        "workers": loop.workers,
        "operations": loop.operations,
    }
    if isinstance(row, SkippedLoop):
        return {**named, "skipped": row.reason}
    return {
        **named,
        "seconds": {name: row.seconds(name) for name in row.samples},
        "overhead": _ratio_record(row.overhead),
        "verdict": verdict(row.overhead, TARGET),
        "against_article": row.against_article and _ratio_record(row.against_article),
        "same_work": row.checked,
        "every": row.every,
        "clock": row.clock,
        "instrument": row.instrument,
        "samples": row.samples,
    }


def _ratio_record(ratio: Ratio) -> dict[str, Any]:
    interval = ratio.interval
    return {
        "value": ratio.value,
        "interval": interval and [interval.low, interval.high],
        "confidence": ratio.confidence,
        "basis": ratio.basis,
    }


def _lines(report: OverheadResult) -> Iterator[Row]:
    for scenario in OPERATIONS:
        rows = [row for row in report.rows if row.loop.scenario == scenario]
        if rows:
            yield Row(cells=(scenario,), tone=Tone.HEADING)
        yield from map(_line, rows)


def _line(row: LoopCost | SkippedLoop) -> Row:
    name = f"{row.loop.mode.title}, {row.loop.workers}"
    if isinstance(row, SkippedLoop):
        return Row(cells=(name, "skipped", "skipped"), tone=Tone.QUIET)
    scale = scale_for("seconds", [row.seconds(BARE)])
    seconds = (f"{scale.text(row.seconds(side))}{_NBSP}{scale.symbol}" for side in (BARE, HARNESS))
    word = verdict(row.overhead, TARGET)
    article = _ratio_text(row.against_article) if row.against_article else NONE
    return Row(
        cells=(name, *seconds, _ratio_text(row.overhead), word, article),
        tone=_TONES[word],
    )


def _timed(rows: Iterable[LoopCost]) -> str:
    every = {row.loop.scenario: row.every for row in rows}
    words = (f"{name}, {f'1 of {each}' if each > 1 else 'each'}" for name, each in every.items())
    return f"Timed: {'; '.join(words)}."


def _ratio_text(ratio: Ratio) -> str:
    """Return a ratio with its interval: in thousandths, since hundredths are what it is about."""
    if ratio.interval is None:
        return f"{_number(ratio.value)} (no interval)"
    ends = (_number(ratio.interval.low), _number(ratio.interval.high))
    return f"{_number(ratio.value)} ({ends[0]}\N{EN DASH}{ends[1]})"


def _number(ratio: float) -> str:
    if ratio < _WIDE:
        return f"{ratio:.3f}"
    return f"{ratio:.1f}" if ratio < _WIDE_OPEN else f">{_WIDE_OPEN:g}"


def _legend(report: OverheadResult) -> Iterator[str]:
    job, measured = report.job, [row for row in report.rows if isinstance(row, LoopCost)]
    shown = {row.loop.scenario for row in report.rows}
    yield (
        f"Seconds per operation, medians; ratios of interleaved turns (A B B A, {job.pairs} per "
        f"process, {plural(job.processes, 'process', 'processes')}) with {CONFIDENCE:.0%} "
        "intervals; below 1 the harness is the faster one."
    )
    operations = [f"{name}, {what}" for name, what in OPERATIONS.items() if name in shown]
    yield f"An operation: {'; '.join(operations)}."
    yield (
        "bare: the same work, a clock at both ends and nothing else. article: the article's "
        "shape, a method call per id and a clock at every turn and around every wait; its "
        "loop of lifecycle is the bare one."
    )
    if measured:
        yield _timed(measured)
        yield _instrument(measured)
    if any(row.overhead.basis is Basis.SAMPLES for row in measured):
        yield f"The intervals rest on {Basis.SAMPLES}: another process may differ."
    reasons = {row.reason for row in report.rows if isinstance(row, SkippedLoop)}
    yield from (f"skipped: {reason}" for reason in sorted(reasons))
    cores = report.machine["cores"]
    if report.load is not None and cores and report.load > BUSY * cores:
        yield (
            f"The machine was busy: its load was {report.load:g} on "
            f"{plural(int(cores), 'core', 'cores')} before the first process. Measure again on a "
            "quiet one."
        )


def _instrument(rows: Sequence[LoopCost]) -> str:
    """Say what the harness's own clock costs, from the least to the largest."""
    shares = [row.instrument / row.seconds(HARNESS) for row in rows]
    calls = [row.clock for row in rows]
    scale = scale_for("seconds", calls)
    return (
        f"The harness's clock is {min(shares):.2%} to {max(shares):.2%} of its time; a call costs "
        f"{scale.text(min(calls))} to {scale.text(max(calls))} {scale.symbol}."
    )
