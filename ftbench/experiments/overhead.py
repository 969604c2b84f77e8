"""What the harness costs: its loops against bare ones on one interpreter, with intervals."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from statistics import median
from typing import Any, Final

import msgspec
from rich.console import Console

from ftbench.asv.machines import machine_name
from ftbench.errors import FtbenchError, NotAvailableError, unknown
from ftbench.experiments.harness import environment_folder, taken_over
from ftbench.facts.arms import Arm
from ftbench.facts.modes import Mode, mode_named
from ftbench.facts.units import plural, scale_for
from ftbench.probe.instruments.machine import BUSY, load, machine_record
from ftbench.probe.overhead import ARTICLE, BARE, HARNESS
from ftbench.probe.run.child import clean_environment
from ftbench.probe.run.measure import check_deadline
from ftbench.probe.run.programs import Guarded
from ftbench.progress import bar
from ftbench.pythons import Interpreter, venvs
from ftbench.report.document import Document, Part, Row, Table, Tone
from ftbench.report.words import NONE
from ftbench.results.journal import Journal
from ftbench.statistics import CONFIDENCE, Processes, Ratio, paired_ratio

TARGET: Final = 1.02
"""The harness may take this multiple of the bare loop's time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """One contest: a scenario's loop in one mode, by so many workers."""

    scenario: str
    mode: Mode
    workers: int
    # Of a turn, by all workers: a turn of less than 0.1 s may find two threads on one core.
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


_CONTEST: Final = "from ftbench.probe.overhead import main; main()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """What one process found: seconds per operation, a sample a pair, by the name of the loop."""

    samples: Mapping[str, tuple[float, ...]]
    checked: str  # how the work was found to be the same
    every: int  # the harness times one operation in so many
    clock: float  # seconds of a clock call
    instrument: float  # seconds of all clock calls, per operation


def heat(python: Path, arm: Arm, loop: Loop, *, pairs: int, deadline: float) -> Heat:
    """Run `loop` in a fresh process of an environment's `python`; raises as `Guarded.document`."""
    request = {
        "scenario": loop.scenario,
        "mode": loop.mode.name,
        "params": {"workers": loop.workers, "operations": loop.operations, "pairs": pairs},
        "profile": "smoke",  # a contest has its own number of rounds
        "gil": arm.gil,
        "jit": arm.jit,
        "deadline": deadline,
    }
    with Guarded(
        [str(python), "-P", "-c", _CONTEST, json.dumps(request)],
        environ=clean_environment(os.environ, arm.variables),
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


class TargetVerdict(StrEnum):
    """Where a ratio lies to a target; the values are the words that users read."""

    WITHIN = "within"
    ABOVE = "above"
    OPEN = "not decidable"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopCost:
    """What the processes of one loop found together; `clock` and `instrument` are medians."""

    heats: Sequence[Heat]
    overhead: Ratio  # the harness over the bare loop
    against_article: Ratio | None  # over the loop in the article's shape, None where that is bare
    clock: float
    instrument: float

    def samples(self, name: str) -> Processes:
        return tuple(heat.samples[name] for heat in self.heats)

    def seconds(self, name: str) -> float:
        return median(sample for process in self.samples(name) for sample in process)


def cost_of(loop: Loop, heats: Sequence[Heat]) -> LoopCost:
    """Return what the processes measured together; raises `FtbenchError` if their work differed."""
    checked = dict.fromkeys(heat.checked for heat in heats)
    if len(checked) > 1:
        raise FtbenchError(
            f"{loop.scenario}: processes did not do the same work: {'; '.join(checked)}."
        )
    return LoopCost(
        heats=heats,
        overhead=_ratio(heats, BARE),
        against_article=_ratio(heats, ARTICLE) if ARTICLE in heats[0].samples else None,
        clock=median(heat.clock for heat in heats),
        instrument=median(heat.instrument for heat in heats),
    )


def _ratio(heats: Sequence[Heat], other: str) -> Ratio:
    return paired_ratio(
        [tuple(zip(h.samples[HARNESS], h.samples[other], strict=True)) for h in heats]
    )


def verdict(ratio: Ratio) -> TargetVerdict:
    """Tell whether all of a ratio's interval lies on one side of the target."""
    if ratio.interval is None or ratio.interval.low <= TARGET < ratio.interval.high:
        return TargetVerdict.OPEN
    return TargetVerdict.WITHIN if ratio.interval.high <= TARGET else TargetVerdict.ABOVE


@dataclass(frozen=True, slots=True, kw_only=True)
class OverheadJob:
    """What to measure: `pairs` blocks A B B A in each of `processes`, within `deadline` seconds."""

    interpreter: Interpreter
    arm: Arm
    loops: Sequence[Loop]
    pairs: int
    processes: int
    deadline: float

    def asked(self) -> tuple[Sequence[Any], list[Interpreter]]:
        loops = [(each.scenario, each.mode.name, each.workers) for each in self.loops]
        words = "overhead", self.interpreter.name, self.arm.name, loops, self.pairs, self.processes
        return words, [self.interpreter]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverheadResult:
    """What came of a job: each loop's cost, or why it was `skipped`."""

    job: OverheadJob
    costs: Mapping[Loop, LoopCost]
    skipped: Mapping[Loop, str]
    machine: dict[str, Any]
    load: float | None  # the run queue's average before it


def run(job: OverheadJob, console: Console, journal: Journal) -> OverheadResult:
    """Measure; a loop that does not exist here is skipped.  Raises `FtbenchError`."""
    check_deadline(job.deadline)
    python = venvs.ready(environment_folder(job.interpreter), job.interpreter)
    before = load()
    heats: dict[Loop, list[Heat]] = {loop: [] for loop in job.loops}
    skipped: dict[Loop, str] = {}
    # Loops in turn, process by process: a machine that changes with time changes them all.
    turns = list(itertools.product(range(job.processes), job.loops))
    if journal.count:
        console.print(taken_over(journal.count, len(turns), journal), soft_wrap=True)
    with bar(console, len(turns) - journal.count) as shown:
        for number, loop in turns:
            asked = f"{number} {loop.scenario} {loop.mode.name} {loop.workers}"
            # Both sides of a ratio are of one process, whichever sitting that is of.
            if kept := journal.whole([asked]):
                heats[loop].append(msgspec.convert(kept[0][1], Heat))
                continue
            shown.begin(f"{loop.scenario}, {loop.mode.title}, {loop.workers}")
            if loop in skipped:
                continue
            try:
                found = heat(python, job.arm, loop, pairs=job.pairs, deadline=job.deadline)
            except NotAvailableError as error:
                skipped[loop] = error.message
            else:
                journal.add(asked, msgspec.to_builtins(found))
                heats[loop].append(found)
    return OverheadResult(
        job=job,
        costs={loop: cost_of(loop, heats[loop]) for loop in job.loops if loop not in skipped},
        skipped=skipped,
        machine=machine_record(),
        load=before,
    )


SCHEMA: Final = {"name": "ftbench.overhead", "version": 1}
# Two processes may leave an interval of any width.
_WIDE: Final = 9.9995
_WIDE_OPEN: Final = 99
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
        "loops": [_loop_record(report, loop) for loop in job.loops],
    }


def _loop_record(report: OverheadResult, loop: Loop) -> dict[str, Any]:
    named = {**asdict(loop), "mode": loop.mode.name}
    if loop in report.skipped:
        return {**named, "skipped": report.skipped[loop]}
    cost = report.costs[loop]
    names = cost.heats[0].samples
    return {
        **named,
        "seconds": {name: cost.seconds(name) for name in names},
        "overhead": _ratio_record(cost.overhead),
        "verdict": verdict(cost.overhead),
        "against_article": cost.against_article and _ratio_record(cost.against_article),
        "same_work": cost.heats[0].checked,
        "every": cost.heats[0].every,
        "clock": cost.clock,
        "instrument": cost.instrument,
        "samples": {name: cost.samples(name) for name in names},
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
        loops = [loop for loop in report.job.loops if loop.scenario == scenario]
        if loops:
            yield Row(cells=(scenario,), tone=Tone.HEADING)
        yield from (_line(loop, report.costs.get(loop)) for loop in loops)


def _line(loop: Loop, cost: LoopCost | None) -> Row:
    name = f"{loop.mode.title}, {loop.workers}"
    if cost is None:
        return Row(cells=(name, "skipped", "skipped"), tone=Tone.QUIET)
    scale = scale_for("seconds", [cost.seconds(BARE)])
    seconds = (
        f"{scale.text(cost.seconds(side))}\N{NO-BREAK SPACE}{scale.symbol}"
        for side in (BARE, HARNESS)
    )
    word = verdict(cost.overhead)
    article = _ratio_text(cost.against_article) if cost.against_article else NONE
    return Row(
        cells=(name, *seconds, _ratio_text(cost.overhead), word, article),
        tone=_TONES[word],
    )


def _ratio_text(ratio: Ratio) -> str:
    """Return a ratio with its interval: in thousandths, since hundredths are what it is about."""
    if ratio.interval is None:
        return f"{_number(ratio.value)} ({ratio.basis})"
    ends = (_number(ratio.interval.low), _number(ratio.interval.high))
    return f"{_number(ratio.value)} ({ends[0]}\N{EN DASH}{ends[1]})"


def _number(ratio: float) -> str:
    if ratio < _WIDE:
        return f"{ratio:.3f}"
    return f"{ratio:.1f}" if ratio < _WIDE_OPEN else f">{_WIDE_OPEN:g}"


def _legend(report: OverheadResult) -> Iterator[str]:
    job = report.job
    costs = list(report.costs.values())
    strides = {loop.scenario: cost.heats[0].every for loop, cost in report.costs.items()}
    yield (
        f"Seconds per operation, medians; ratios of interleaved turns (A B B A, {job.pairs} per "
        f"process, {plural(job.processes, 'process', 'processes')}) with {CONFIDENCE:.0%} "
        "intervals; below 1 the harness is the faster one."
    )
    shown = {loop.scenario for loop in job.loops}
    operations = [f"{name}, {what}" for name, what in OPERATIONS.items() if name in shown]
    yield f"An operation: {'; '.join(operations)}."
    yield (
        "bare: the same work, a clock at both ends and nothing else. article: the article's "
        "shape, a method call per id and a clock at every turn and around every wait; its "
        "loop of lifecycle is the bare one."
    )
    if costs:
        timed = [f"{name}, {f'1 of {n}' if n > 1 else 'each'}" for name, n in strides.items()]
        yield f"Timed: {'; '.join(timed)}."
        yield _instrument(costs)
    yield from (f"skipped: {reason}" for reason in sorted(set(report.skipped.values())))
    cores = report.machine["cores"]
    if report.load is not None and cores and report.load > BUSY * cores:
        yield (
            f"The machine was busy: its load was {report.load:g} on "
            f"{plural(int(cores), 'core', 'cores')} before the first process. Measure again on a "
            "quiet one."
        )


def _instrument(costs: Sequence[LoopCost]) -> str:
    shares = [cost.instrument / cost.seconds(HARNESS) for cost in costs]
    calls = [cost.clock for cost in costs]
    scale = scale_for("seconds", calls)
    return (
        f"The harness's clock is {min(shares):.2%} to {max(shares):.2%} of its time; a call costs "
        f"{scale.text(min(calls))} to {scale.text(max(calls))} {scale.symbol}."
    )
