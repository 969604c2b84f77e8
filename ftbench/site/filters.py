"""What templates write values with: numbers, intervals and verdicts as readers meet them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ftbench.analysis.claims import rule as claims
from ftbench.analysis.claims.rule import number, printed
from ftbench.analysis.claims.tables import ArticleCell
from ftbench.analysis.verdicts import JudgedSeries
from ftbench.facts.units import amount, digits, few, reach, scale_for, span, times
from ftbench.report.effects import loudness
from ftbench.report.findings import beyond, tally
from ftbench.report.sections.view import PAYLOAD_NAMES, TASK_SIZE_NAMES
from ftbench.report.view_figures import Figures, ratio_of
from ftbench.report.words import by_duel, effort_title, interval_of
from ftbench.results import Figure
from ftbench.site.mode_charts import Axis
from ftbench.site.timeline import samples_of
from ftbench.statistics import Ratio
from ftbench.statistics.spread import ONE_PROCESS
from ftbench.statistics.verdict import Verdict, Word

# No triangles: those are an arm's mark.
SYMBOLS: Final[Mapping[Word, str]] = {
    Word.WORSE: "\N{UPWARDS ARROW}",
    Word.BETTER: "\N{DOWNWARDS ARROW}",
    Word.SAME: "=",
    Word.UNDECIDED: "?",
    Word.NOISY: "~",
    Word.ELSEWHERE: "\N{NOT SIGN}",
    Word.INCOMPARABLE: "\N{NOT EQUAL TO}",
}
CLAIM_SYMBOLS: Final[Mapping[claims.ClaimVerdict, str]] = {
    claims.ClaimVerdict.HOLDS: "✓",
    claims.ClaimVerdict.NOT: "✗",
    claims.ClaimVerdict.CANNOT: "?",
    claims.ClaimVerdict.UNMEASURED: "\N{EN DASH}",
    claims.ClaimVerdict.UNTESTED: "○",
    claims.ClaimVerdict.OTHER: "\N{NOT SIGN}",
}
# Beyond it percent are harder to read than a multiple.
_MULTIPLE_FROM: Final = 2.0
_NARROW: Final = "\N{NARROW NO-BREAK SPACE}"
_MINUS: Final = "\N{MINUS SIGN}"


def change(ratio: float) -> str:
    """Return a ratio as a signed change in percent, or as a multiple from a doubling on."""
    if not 1 / _MULTIPLE_FROM < ratio < _MULTIPLE_FROM:
        return f"{digits(ratio)}\N{MULTIPLICATION SIGN}"
    percent = f"{abs(ratio - 1) * 100:.1f}"
    sign = "" if percent == "0.0" else "+" if ratio > 1 else _MINUS
    return f"{sign}{percent}{_NARROW}%"


def floor_share(share: float) -> str:
    """Return a noise floor: "±3.1 %"."""
    return f"±{share * 100:.1f}{_NARROW}%"


def ratio_interval(ratio: Ratio) -> str:
    """Return the interval of a ratio as two numbers, or why there is none."""
    return span(ratio.interval.low, ratio.interval.high) if ratio.interval else ONE_PROCESS


def change_interval(verdict: Verdict) -> str:
    """Return the interval of a verdict's effect as two changes, or why there is none."""
    ends = verdict.effect.interval if verdict.effect else None
    if ends is None:
        return ONE_PROCESS if verdict.effect else ""
    return span(ends.low, ends.high, change, " to ")


def moved(judgement: JudgedSeries) -> str:
    """Return where before and after lie, whose ratio is the effect: "1.20 → 2.77 ms"."""
    places = [place for place in judgement.locations if place is not None]
    if not places:
        return ""
    scale = scale_for(judgement.after.unit, places)
    return f"{' → '.join(map(scale.text, places))}{_NARROW}{scale.symbol}"


def alarm_counts(counts: Sequence[Mapping[Word, int]]) -> str:
    """Return how many are worse and better, against one base after the other: "↑2 ↓1 · none"."""
    texts = (
        " ".join(
            f"{SYMBOLS[word]}{each[word]}" for word in (Word.WORSE, Word.BETTER) if each.get(word)
        )
        for each in counts
    )
    return " · ".join(text or "none" for text in texts) or "\N{EN DASH}"


def axis(figures: Figures) -> Axis | None:
    """Return the axis of a view's picture, and of the strips that stand in for it."""
    return Axis.of(figures.grid.pictured.cells) if figures.measured else None


def article_prints(place: ArticleCell) -> str:
    """Return what the article prints at a place of its tables."""
    return printed(place.printed, place.column.unit)


def article_here(place: ArticleCell) -> tuple[str, str]:
    """Return the same figure here and its interval in brackets, "" where there is none."""
    value, bracket, spread = number(place.here, place.column.unit).partition(" (")
    return value, f"{bracket.strip()}{spread}"


def figure_interval(figure: Figure) -> str:
    """Return a figure's interval in the unit of its amount, or why there is none."""
    return interval_of(figure, scale_for(figure.unit, [figure.median or 0.0]))


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "alarm_counts": alarm_counts,
    "amount": amount,
    "article_here": article_here,
    "article_prints": article_prints,
    "axis": axis,
    "beyond": beyond,
    "by_duel": by_duel,
    "change": change,
    "change_interval": change_interval,
    "digits": digits,
    "effort_title": effort_title,
    "few": few,
    "figure_interval": figure_interval,
    "floor_share": floor_share,
    "loudness": lambda judgement: times(loudness(judgement), "{:.1f}".format),
    "margin": reach,
    "moved": moved,
    "payload_name": lambda payload: PAYLOAD_NAMES[payload.name],
    "ratio": ratio_of,
    "ratio_interval": ratio_interval,
    "samples": samples_of,
    "symbol": lambda verdict: SYMBOLS.get(verdict) or CLAIM_SYMBOLS[verdict],
    "tally": tally,
    "task_name": lambda size: TASK_SIZE_NAMES[size.name],
}
