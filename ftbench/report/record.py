"""Reports as JSON documents: numbers in the units they were measured in, nothing rounded."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ftbench.analysis.verdicts.comparing import Comparison, Judgement
from ftbench.report.comparisons import Told, is_regression
from ftbench.results import Figure, ResultTree
from ftbench.statistics.spread import Interval
from ftbench.statistics.verdict import Verdict, Word


def compared(told: Iterable[Told], tree: ResultTree) -> dict[str, Any]:
    """Return the document of `ftbench compare --format json`."""
    every = tuple(told)
    sides = every[0].match.sides
    return {
        "schema": {"name": "ftbench.compare", "version": 1},
        "compared": str(sides.kind),
        "before": sides.before,
        "after": sides.after,
        "regression": is_regression(every),
        "comparisons": [
            {
                **each.match.rest,
                "builds": list(each.match.flavours),
                **comparison(each.comparison),
            }
            for each in every
        ],
        "warnings": list(map(str, tree.warnings)),
    }


def comparison(judged: Comparison) -> dict[str, Any]:
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


def _judgement(judgement: Judgement) -> dict[str, Any]:
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
    processes = list(map(list, figure.processes)) or [list(figure.samples)]
    return {
        "location": location,
        "median": _number(figure.median),
        "processes": [[_number(sample) for sample in process] for process in processes],
        "interference": figure.interference,
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    effect, floor = verdict.effect, verdict.floor
    return {
        "verdict": str(verdict.word),
        "why": verdict.why,
        "needs": verdict.needs,
        "p": verdict.p,
        "effect": effect and _number(effect.value),
        "interval": _interval(effect.interval) if effect else None,
        "basis": str(effect.basis) if effect else None,
        "floor": floor and _number(floor.effect),
    }


def figure_record(figure: Figure) -> dict[str, Any]:
    """Return one cell of Choose."""
    return {
        **_named(figure),
        "arm": figure.arm.name,
        "unit": figure.unit,
        "state": str(figure.state),
        "reason": figure.reason,
        "median": _number(figure.median),
        "interval": _interval(figure.interval),
        "samples": len(figure.samples),
        "processes": len(figure.processes),
        "interference": figure.interference,
    }


def _interval(interval: Interval | None) -> list[float | None] | None:
    return None if interval is None else [_number(interval.low), _number(interval.high)]


def _number(value: float | None) -> float | None:
    """Return what JSON has a word for: not an infinity, not NaN."""
    return value if value is not None and math.isfinite(value) else None
