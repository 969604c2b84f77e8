"""Figures and comparisons as records: in the units they were measured in, nothing rounded."""

from __future__ import annotations

from typing import Any

from ftbench.analysis.verdicts import JudgedFamily, JudgedSeries
from ftbench.results import Figure
from ftbench.statistics.spread import Interval
from ftbench.statistics.verdict import Verdict, Word


def comparison(judged: JudgedFamily) -> dict[str, Any]:
    """Return a comparison: every series with its verdict, and those that only one side has."""
    words = [judgement.verdict.word for judgement in judged.judgements]
    return {
        "counts": {str(word): words.count(word) for word in Word},
        "alarms_by_chance": judged.by_chance,
        "false_alarm_rate": judged.rate,
        "series": list(map(_judgement, judged.judgements)),
        "only_before": [_named(figure) for figure in judged.only_before],
        "only_after": [_named(figure) for figure in judged.only_after],
    }


def _judgement(judgement: JudgedSeries) -> dict[str, Any]:
    before, after = judgement.locations
    return {
        **_named(judgement.after),
        "unit": judgement.after.unit,
        "before": _side(judgement.before, before),
        "after": _side(judgement.after, after),
        **_verdict(judgement.verdict),
        "differences": {fact: list(pair) for fact, pair in judgement.differences.items()},
        "efforts": {kind: list(pair) for kind, pair in judgement.efforts.items()},
    }


def _named(figure: Figure) -> dict[str, Any]:
    return {"benchmark": figure.benchmark, "params": dict(figure.params)}


def _side(figure: Figure, location: float | None) -> dict[str, Any]:
    return {
        "location": location,
        "median": figure.median,
        "processes": list(map(list, figure.processes)) or [list(figure.samples)],
        "interference": figure.interference,
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    effect, floor = verdict.effect, verdict.floor
    return {
        "verdict": str(verdict.word),
        "why": verdict.why,
        "needs": verdict.needs,
        "p": verdict.p,
        "effect": effect and effect.value,
        "interval": _interval(effect.interval) if effect else None,
        "basis": str(effect.basis) if effect else None,
        "floor": floor and floor.effect,
    }


def figure_record(figure: Figure) -> dict[str, Any]:
    """Return one cell of Choose."""
    return {
        **_named(figure),
        "arm": figure.arm.name,
        "unit": figure.unit,
        "state": str(figure.state),
        "reason": figure.reason,
        "median": figure.median,
        "interval": _interval(figure.interval),
        "samples": len(figure.samples),
        "processes": len(figure.processes),
        "interference": figure.interference,
    }


def _interval(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]
