"""The report of `ftbench noise`: what differs by itself, and what could be told from it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from ftbench.analysis.floors import Floors
from ftbench.experiments.harness import Lost
from ftbench.experiments.noise.job import NoiseResult
from ftbench.report.document import Document, Part, Table, Tone
from ftbench.report.document import Row as Line
from ftbench.report.words import NONE, plural
from ftbench.results.figure import NoiseSeries
from ftbench.statistics.power import Floor, smallest

SCHEMA: Final = {"name": "ftbench.noise", "version": 1}
# Effects that somebody may want to find, as shares.
WANTED: Final = (0.05, 0.10, 0.20)
MOST_ROWS: Final = 40
_WIDE: Final = 9.995  # as a share: beyond it a percentage says no more


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One series and its floor; None where its samples are no costs above zero, or too few.

    `least` is the smallest rise that a verdict finds in 19 of 20 cases, as a share, with as many
    processes a side as the profile has.
    """

    series: NoiseSeries
    floor: Floor | None
    least: float = math.inf


def rows(series: Sequence[NoiseSeries]) -> tuple[Row, ...]:
    """Return a row per series, worst first; those without a floor come last."""
    floors = Floors.of(series)
    made = [_row(each, floors.of_noise(each)) for each in series]
    return tuple(sorted(made, key=lambda row: (row.floor is None, -row.least)))


def _row(series: NoiseSeries, floor: Floor | None) -> Row:
    if floor is None:
        return Row(series=series, floor=None)
    least = smallest(floor, before=floor.processes, after=floor.processes)
    return Row(series=series, floor=floor, least=least)


def found(made: Sequence[Row], effect: float) -> int:
    """Return how many series could find an effect of that share."""
    return sum(row.least <= effect for row in made)


def document_of(reports: Sequence[NoiseResult]) -> Document:
    """Return the document of the arms that were measured; its record is a list, one for each."""
    job = reports[0].job
    ranked = [(report, rows(report.series)) for report in reports]
    return Document(
        title=f"The noise of CPython {job.interpreter.release.name}, profile {job.profile}, "
        f"on {job.machine}",
        record=[_arm_record(report, series) for report, series in ranked],
        parts=tuple(_part(report, series) for report, series in ranked),
    )


def _arm_record(report: NoiseResult, made: Sequence[Row]) -> dict[str, Any]:
    job = report.job
    return {
        "schema": SCHEMA,
        "subject": {
            n: v for n, v in msgspec.to_builtins(job.file().subject).items() if n != "kind"
        },
        "machine": job.machine,
        "replicates": job.replicates,
        "measured": report.measured,
        "disturbed": report.disturbed,
        "found": {f"{effect:g}": found(made, effect) for effect in WANTED},
        "series": [_record(row) for row in made],
        "lost": [_lost_record(lost) for lost in report.lost],
    }


def _record(row: Row) -> dict[str, Any]:
    series, floor = row.series, row.floor
    return {
        "benchmark": series.benchmark,
        "params": dict(series.params),
        "unit": series.unit,
        "order": series.order,
        "medians": list(series.medians),
        "spread": floor and floor.spread,
        "freedom": floor and floor.freedom,
        "processes": floor and floor.processes,
        "effect": floor and floor.effect,
        "least": row.least if floor else None,
    }


def _lost_record(lost: Lost) -> Mapping[str, Any]:
    cell = lost.cell
    return {
        "group": cell.group,
        "params": cell.texts,
        "skipped": lost.skipped,
        "reason": lost.reason,
    }


def _part(report: NoiseResult, made: Sequence[Row]) -> Part:
    """Return an arm's part: the worst series, and below it how many could find what."""
    job = report.job
    table = Table(
        title="",
        columns=("series", "order", "spread", "floor", "found from"),
        rows=tuple(map(_line, made[:MOST_ROWS])),
        numbers=3,
        notes=tuple(_legend(report, made)),
    )
    return Part(
        title=f"CPython {job.interpreter.release.name}, {job.arm.title} "
        f"({job.interpreter.build.flavour})",
        tables=(table,),
    )


def _line(row: Row) -> Line:
    name, order = row.series.series.name, row.series.order
    if row.floor is None:
        return Line(cells=(name, order, NONE, "none", NONE), tone=Tone.QUIET)
    shares = (row.floor.spread, row.floor.effect, row.least)
    return Line(cells=(name, order, *map(percent, shares)))


def percent(share: float) -> str:
    """Return a share as a percentage of two digits or three: 0.0432 → "4.3 %"."""
    if share > _WIDE:
        return ">999\N{NARROW NO-BREAK SPACE}%"
    return f"{share * 100:.{0 if share >= 1 else 1}f}\N{NARROW NO-BREAK SPACE}%"


def _legend(report: NoiseResult, made: Sequence[Row]) -> Iterator[str]:
    if len(made) > MOST_ROWS:
        yield f"The worst {MOST_ROWS} of {len(made)} series; --format json has all."
    processes = {row.floor.processes for row in made if row.floor}
    yield (
        "spread: the standard deviation between fresh processes of the same interpreter. floor: "
        "an effect within it is noise. found from: the smallest rise that a verdict calls worse "
        f"in 19 of 20 cases, with {' or '.join(map(str, sorted(processes))) or 'some'} processes "
        f"a side, as many as profile {report.job.profile} has."
    )
    for effect in WANTED:
        yield f"{found(made, effect)} of {len(made)} series could find {effect:.0%}."
    without = sum(row.floor is None for row in made)
    if without:
        words = plural(without, "series has", "series have")
        yield f"{words} no floor: zeros, or too few processes."
    if report.disturbed:
        yield (
            f"Others kept the machine busy beside {report.disturbed} of {report.measured} "
            "processes: on a quiet machine the noise is less."
        )
    yield from lost_lines(report.lost)
    yield "Benchmarks by asv's own clock are not cells of the probe: they have no floor."
    yield f"Kept in {report.job.path}."


def lost_lines(lost: Sequence[Lost]) -> Iterator[str]:
    """Yield what was skipped, reason by reason, and every failure."""
    reasons: dict[str, int] = {}
    for each in lost:
        if each.skipped:
            reasons[each.reason] = reasons.get(each.reason, 0) + 1
    for reason, count in sorted(reasons.items()):
        yield f"skipped, {plural(count, 'cell', 'cells')}: {reason}"
    yield from (f"failed: {each.cell.title}: {each.reason}" for each in lost if not each.skipped)
