"""What verdicts, figures and efforts are in words: the same in every table."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from ftbench.analysis.verdicts import EXECUTED, JudgedSeries
from ftbench.facts.units import COUNTED, Scale, digits, plural, reach, scale_for, span, times
from ftbench.report.document import Tone
from ftbench.results import Figure
from ftbench.statistics.spread import ONE_PROCESS
from ftbench.statistics.verdict import Verdict, Word

TONES: Final = {
    Word.WORSE: Tone.BAD,
    Word.BETTER: Tone.GOOD,
    Word.SAME: Tone.PLAIN,
    **dict.fromkeys((Word.UNDECIDED, Word.NOISY, Word.ELSEWHERE, Word.INCOMPARABLE), Tone.QUIET),
}
NONE: Final = "\N{EN DASH}"
DOUBTFUL: Final = "\N{DAGGER}"  # beside a figure that has in it what is no part of it
_TO: Final = " \N{RIGHTWARDS ARROW} "
EFFORTS: Final = {
    EXECUTED: "instructions of a unit of work",
    "cpu_seconds": "CPU seconds",
    "voluntary_switches": "voluntary context switches",
    "involuntary_switches": "involuntary context switches",
    "minor_faults": "minor page faults",
}
# Of what else a build counts, those that moved most: pystats are hundreds.
_MOST_OTHERS: Final = 5


def amounts(judgement: JudgedSeries) -> tuple[str, str]:
    """Return where before and after lie, each with its unit: "14.4 ms"."""
    # The effect is the one over the other; a figure without such a place has its own median.
    before, after = judgement.locations
    return amount(judgement.before, before), amount(judgement.after, after)


def amount(figure: Figure, location: float | None = None) -> str:
    """Return where a figure lies, or what became of it."""
    value = figure.median if location is None else location
    if value is None:
        return str(figure.state)
    scale = scale_for(figure.unit, [value])
    return f"{scale.text(value)}\N{NO-BREAK SPACE}{scale.symbol}".strip()


def effect(judgement: JudgedSeries) -> str:
    """Return the ratio after / before, as a multiple."""
    ratio = judgement.verdict.effect
    return NONE if ratio is None else times(ratio.value, _ratio_text(judgement))


def interval(judgement: JudgedSeries) -> str:
    """Return the effect's 99 % interval, or why there is none."""
    ratio = judgement.verdict.effect
    if ratio is None:
        return NONE
    ends = ratio.interval
    text = span(ends.low, ends.high, _ratio_text(judgement)) if ends else ONE_PROCESS
    return ", ".join(filter(None, (text, by_duel(judgement.verdict))))


def _ratio_text(judgement: JudgedSeries) -> Callable[[float], str]:
    # What is the same of counts is less than three digits tell from 1, as is what a duel finds.
    fine = judgement.after.unit == COUNTED or judgement.duel
    return "{:.4f}".format if fine else digits


def by_duel(verdict: Verdict) -> str:
    """Return what a verdict is by if it is a duel: "duel of 24 pairs"."""
    return f"duel of {plural(verdict.pairs, 'pair', 'pairs')}" if verdict.pairs else ""


def interval_of(figure: Figure, scale: Scale) -> str:
    """Return a figure's 99 % interval, or why there is none."""
    if figure.interval is None:
        return figure.no_interval
    return span(figure.interval.low, figure.interval.high, scale.text)


def floor(judgement: JudgedSeries) -> str:
    """Return the noise floor: "±4 %"; a duel needs none."""
    known = judgement.verdict.floor
    if known and judgement.after.unit == COUNTED:
        return f"±{math.ceil(known.effect * 1e4) / 100:g}\N{NARROW NO-BREAK SPACE}%"
    return reach(known.effect) if known else NONE if judgement.duel else "none"


def judged(judgements: Iterable[JudgedSeries]) -> str:
    """Say what verdicts are on that have a floor or are by duel; "" of none."""
    on = Counter(filter(None, (each.judges for each in judgements)))
    counts = ", ".join(f"{count} on {what}" for what, count in on.items())
    return counts and (
        f"Verdicts with a floor or by duel: {counts}. A verdict on these builds does not include "
        "how far two builds of one source differ: ftbench noise --against."
    )


def needed(verdict: Verdict) -> str:
    """Return how much more would decide it, and why it is not decided; "" of one that is."""
    if verdict.word in {Word.WORSE, Word.BETTER, Word.SAME}:
        return ""
    more = "more pair", "more pairs"
    if not verdict.pairs:
        more = "more process a side", "more processes a side"
    needs = f"needs {plural(verdict.needs, *more)}" if verdict.needs else ""
    return "; ".join(filter(None, (verdict.why, needs)))


def beside(judgement: JudgedSeries) -> str:
    """Return what stands beside an alarm: what the system counted, what disturbed it, doubts."""
    efforts = judgement.efforts
    # A duel has nothing of the figures' own processes.
    sides = {} if judgement.duel else {"before": judgement.before, "after": judgement.after}
    disturbed = (
        f"{side} under interference ({figure.interference})"
        for side, figure in sides.items()
        if figure.interference
    )
    counted = (
        f"{effort_title(kind)} {digits(efforts[kind][0])}{_TO}{digits(efforts[kind][1])}"
        for kind in _shown(efforts)
    )
    doubts = dict.fromkeys(each.doubt for each in sides.values())
    known = [f"known: {judgement.note}"] if judgement.note else []
    return "; ".join((*known, *counted, *disturbed, *filter(None, doubts))) or NONE


def effort_title(kind: str) -> str:
    """Return the name of what an operating system counts."""
    return EFFORTS.get(kind, kind.replace("_", " "))


def _shown(efforts: Mapping[str, tuple[float, float]]) -> Iterator[str]:
    yield from (kind for kind in EFFORTS if kind in efforts)
    moves = {
        kind: abs(after - before) / max(abs(before), abs(after), 1e-9)
        for kind, (before, after) in efforts.items()
        if kind not in EFFORTS
    }
    yield from sorted(moves, key=lambda kind: (-moves[kind], kind))[:_MOST_OTHERS]


def listed(names: Iterable[str], most: int = 10, between: str = ", ") -> str:
    """Return the first `most` names, with commas or what else is `between`, and how many more."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return between.join(every[:most]) + more
