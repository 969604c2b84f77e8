"""The report of `ftbench selftest`: what was found, what was missed, and what would find it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ftbench.experiments.noise import lost_lines, percent
from ftbench.experiments.selftest.job import PAIRS, SelftestResult, Tried
from ftbench.experiments.selftest.trials import LEAST, MUST_FIND, Outcome, enough
from ftbench.facts.units import plural
from ftbench.report.document import Document, Part, Row, Table, Tone
from ftbench.report.words import NONE
from ftbench.statistics import CONFIDENCE

SCHEMA: Final = {"name": "ftbench.selftest", "version": 1}


def document_of(report: SelftestResult) -> Document:
    """Return the document: a row per series, a column per slowdown, and below it what it means."""
    job = report.job
    shares = sorted(job.slowdowns)
    table = Table(
        title="",
        columns=(
            "series",
            "floor",
            *(f"{share:.0%} more" for share in shares),
            f"{LEAST:.0%} needs",
        ),
        rows=tuple(_row(report, tried) for tried in report.tried),
        numbers=len(shares) + 2,
        notes=tuple(_legend(report)),
    )
    return Document(
        title=f"What is found of CPython {job.interpreter.release.name}, {job.arm.title} "
        f"({job.interpreter.build.flavour}), profile {job.profile}, on {job.machine}",
        record=_record(report),
        parts=(Part(tables=(table,)),),
    )


def _record(report: SelftestResult) -> dict[str, Any]:
    job = report.job
    return {
        "schema": SCHEMA,
        "release": job.interpreter.release.name,
        "build": job.interpreter.build.record(),
        "arm": job.arm.name,
        "profile": job.profile,
        "machine": job.machine,
        "processes": job.processes,
        "pool": job.pool,
        "measured": report.measured,
        "disturbed": report.disturbed,
        "passed": report.passed,
        "equal": {
            "pairs": PAIRS,
            "judged": report.judged,
            "alarms": [
                {"benchmark": each.benchmark, "params": dict(each.params), "word": each.word}
                for each in report.alarms
            ],
        },
        "series": [_series_record(tried) for tried in report.tried],
        "lost": [
            {"cell": each.cell.title, "skipped": each.skipped, "reason": each.reason}
            for each in report.lost
        ],
    }


def _series_record(tried: Tried) -> dict[str, Any]:
    floor = tried.floor
    return {
        "benchmark": tried.benchmark,
        "params": dict(tried.params),
        "floor": floor and floor.effect,
        "spread": floor and floor.spread,
        "floor_on_record": tried.on_record,
        "slowdowns": [
            {
                "share": each.share,
                "effect": each.effect and each.effect.value,
                "interval": each.effect
                and each.effect.interval
                and [each.effect.interval.low, each.effect.interval.high],
                "trials": each.trials,
                "found": each.found,
                "found_interval": [each.interval.low, each.interval.high],
                "reached": each.reached,
                "missed": each.missed,
                "needs": floor and enough(floor, each.share),
            }
            for each in tried.outcomes
        ],
    }


def _row(report: SelftestResult, tried: Tried) -> Row:
    known = {each.share: each for each in tried.outcomes}
    needs = enough(tried.floor, LEAST) if tried.floor else None
    return Row(
        cells=(
            f"{tried.benchmark}({', '.join(tried.params.values())})",
            percent(tried.floor.effect) if tried.floor else "none",
            *(
                _outcome(known[share]) if share in known else NONE
                for share in sorted(report.job.slowdowns)
            ),
            str(needs) if needs else NONE,
        ),
        tone=Tone.BAD if tried.missed else Tone.PLAIN,
    )


def _outcome(outcome: Outcome) -> str:
    effect = f"\N{MULTIPLICATION SIGN}{outcome.effect.value:.3f}, " if outcome.effect else ""
    if not outcome.reached:
        return f"{effect}not reached"
    low, high = (round(end * 100) for end in (outcome.interval.low, outcome.interval.high))
    return f"{effect}{outcome.rate:.0%} ({low}\N{EN DASH}{high})"


def _legend(report: SelftestResult) -> Iterator[str]:
    job = report.job
    yield (
        f"Equal sides: {plural(len(report.alarms), 'alarm', 'alarms')} in "
        f"{plural(report.judged, 'verdict', 'verdicts')} of {PAIRS} comparisons; there must be "
        "none."
    )
    for each in report.alarms:
        yield f"{each.word}: {each.benchmark}({', '.join(each.params.values())})"
    yield (
        f"A known share of its own work was added to each series. First: the effect that "
        f"{job.pool} processes a side show. Then: in how many of {job.trials} trials of "
        f"{plural(job.processes, 'process', 'processes')} a side it was called worse, with a "
        f"{CONFIDENCE:.0%} interval; at {LEAST:.0%} and above that must be {MUST_FIND:.0%} or "
        "more. Trials are drawn from the same processes again and again. not reached: the work "
        "that was added surely had a smaller effect there."
    )
    yield f"needs: processes a side in the profile that would find {LEAST:.0%} in 19 of 20 cases."
    yield _rests_on(report)
    if report.disturbed:
        yield (
            f"Others kept the machine busy beside {report.disturbed} of {report.measured} "
            "processes: on a quiet machine more is found."
        )
    missed = sum(bool(each.missed) for each in report.tried)
    misses = "misses what it" if missed == 1 else "miss what they"
    yield f"{missed} of {len(report.tried)} series {misses} must find."
    yield from lost_lines(report.lost)


def _rests_on(report: SelftestResult) -> str:
    recorded = sum(each.on_record for each in report.tried)
    return (
        f"Floors: of {recorded} series those on record here, of the rest from the processes that "
        "are compared."
    )
