"""The report of `ftbench selftest`: what was found, what was missed, and what would find it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rich import box
from rich.table import Table
from rich.text import Text

from ftbench.experiments.noise.report import lost_lines, percent
from ftbench.experiments.selftest.job import PAIRS, Report, Tried
from ftbench.experiments.selftest.trials import LEAST, MUST_FIND, Outcome, enough
from ftbench.statistics import CONFIDENCE

SCHEMA: Final = {"name": "ftbench.selftest", "version": 1}


def document(report: Report) -> dict[str, Any]:
    """Return what `--json` prints."""
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
        "series": [_record(tried) for tried in report.tried],
        "lost": [
            {"cell": each.cell.title, "skipped": each.skipped, "reason": each.reason}
            for each in report.lost
        ],
    }


def _record(tried: Tried) -> dict[str, Any]:
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


def table(report: Report) -> Table:
    """Return the table: a row per series, a column per slowdown."""
    job = report.job
    shown = Table(
        box=box.SIMPLE_HEAD,
        title_style="bold",
        title_justify="left",
        caption_justify="left",
        show_edge=False,  # so that eighty columns are enough
        padding=(0, 1, 0, 0),
    )
    shown.add_column("series", overflow="fold")
    shown.add_column("floor", justify="right", no_wrap=True)
    for share in sorted(job.slowdowns):
        shown.add_column(f"{share:.0%} more", justify="right", no_wrap=True)
    shown.add_column(f"{LEAST:.0%}\nneeds", justify="right", no_wrap=True)
    for tried in report.tried:
        shown.add_row(*_cells(report, tried))
    shown.title = Text(
        f"What is found of CPython {job.interpreter.release.name}, {job.arm.title} "
        f"({job.interpreter.build.flavour}), profile {job.profile}, on {job.machine}\n"
    )
    shown.caption = Text("\n".join(["", *_legend(report)]))
    return shown


def _cells(report: Report, tried: Tried) -> Iterator[Text]:
    yield Text(f"{tried.benchmark}\n  {', '.join(tried.params.values())}")
    yield Text(percent(tried.floor.effect) if tried.floor else "none")
    known = {each.share: each for each in tried.outcomes}
    for share in sorted(report.job.slowdowns):
        yield _outcome(known[share]) if share in known else Text("\N{EN DASH}", style="dim")
    needs = enough(tried.floor, LEAST) if tried.floor else None
    yield Text(str(needs) if needs else "\N{EN DASH}")


def _outcome(outcome: Outcome) -> Text:
    interval = outcome.interval
    low, high = round(interval.low * 100), round(interval.high * 100)
    effect = f"\N{MULTIPLICATION SIGN}{outcome.effect.value:.3f}" if outcome.effect else ""
    if not outcome.reached:
        return Text(f"{effect}\nnot reached", style="dim")
    style = "red" if outcome.missed else "green" if outcome.must else ""
    return Text(f"{effect}\n{outcome.rate:.0%} ({low}\N{EN DASH}{high})", style=style)


def _legend(report: Report) -> Iterator[str]:
    job = report.job
    yield (
        f"Equal sides: {len(report.alarms)} alarms in {report.judged} verdicts of {PAIRS} "
        "comparisons; there must be none."
    )
    for each in report.alarms:
        yield f"  {each.word}: {each.benchmark}({', '.join(each.params.values())})"
    yield (
        f"A known share of its own work was added to each series. Above: the effect that "
        f"{job.pool} processes a side show. Below: in how many of {job.trials} trials of "
        f"{job.processes} processes a side it was called worse, with a {CONFIDENCE:.0%} interval; "
        f"at {LEAST:.0%} and above that must be {MUST_FIND:.0%} or more. Trials are drawn from "
        "the same processes again and again. not reached: the work that was added surely had a "
        "smaller effect there."
    )
    yield f"needs: processes a side in the profile that would find {LEAST:.0%} in 19 of 20 cases."
    yield _rests_on(report)
    if report.disturbed:
        yield (
            f"Others kept the machine busy beside {report.disturbed} of {report.measured} "
            "processes: on a quiet machine more is found."
        )
    missed = sum(bool(each.missed) for each in report.tried)
    yield f"{missed} of {len(report.tried)} series miss what they must find."
    yield from lost_lines(report.lost)


def _rests_on(report: Report) -> str:
    recorded = sum(each.on_record for each in report.tried)
    return (
        f"Floors: of {recorded} series those on record here, of the rest from the processes that "
        "are compared."
    )
