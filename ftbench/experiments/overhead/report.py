"""The report of `ftbench overhead`: what the harness costs, and how far that is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from ftbench.asv.command import machine_name
from ftbench.experiments.overhead.job import (
    BARE,
    HARNESS,
    OPERATIONS,
    TARGET,
    LoopCost,
    OverheadResult,
    SkippedLoop,
    TargetVerdict,
    verdict,
)
from ftbench.facts.units import plural, scale_for
from ftbench.probe.instruments.machine import BUSY
from ftbench.report.document import Document, Part, Row, Table, Tone
from ftbench.report.words import NONE
from ftbench.statistics import CONFIDENCE, Basis, Ratio

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
