"""How a verdict looks: a symbol and a word, and its numbers in whole digits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ftbench.facts.units import digits
from ftbench.statistics.verdict import Verdict, Word

# In the order of the data files: a verdict's place here is its code there.
WORDS: Final = tuple(Word)
# No triangles: those are an arm's mark.
SYMBOLS: Final[Mapping[Word, str]] = MappingProxyType(
    {
        Word.WORSE: "\N{UPWARDS ARROW}",
        Word.BETTER: "\N{DOWNWARDS ARROW}",
        Word.SAME: "=",
        Word.UNDECIDED: "?",
        Word.INCOMPARABLE: "\N{NOT EQUAL TO}",
    }
)
# Beyond it percent are harder to read than a multiple.
_MULTIPLE_FROM: Final = 2.0
# Of an interval whose ends are this far apart the numbers say nothing more.
WIDE: Final = 100.0
# In the data an effect is a whole number: this often its natural logarithm.
PRECISION: Final = 10_000
_FARTHEST: Final = 50.0

_EFFORTS: Final = {
    "cpu_seconds": "CPU seconds",
    "voluntary_switches": "voluntary context switches",
    "involuntary_switches": "involuntary context switches",
    "minor_faults": "minor page faults",
}
_NARROW: Final = "\N{NARROW NO-BREAK SPACE}"
_MINUS: Final = "\N{MINUS SIGN}"


def change(ratio: float) -> str:
    """Return a ratio as a signed change in percent, or as a multiple from a doubling on."""
    if not 1 / _MULTIPLE_FROM < ratio < _MULTIPLE_FROM:
        return f"{digits(ratio)}\N{MULTIPLICATION SIGN}"
    percent = f"{abs(ratio - 1) * 100:.1f}"
    sign = "" if percent == "0.0" else "+" if ratio > 1 else _MINUS
    return f"{sign}{percent}{_NARROW}%"


def share(part: float) -> str:
    """Return a floor: "±3.1 %"."""
    return f"±{part * 100:.1f}{_NARROW}%"


def effort_title(kind: str) -> str:
    """Return what is called what an operating system counts."""
    return _EFFORTS.get(kind, kind.replace("_", " "))


def coded(ratio: float) -> int:
    """Return a ratio as the data files have it."""
    if ratio <= 0:
        return round(-_FARTHEST * PRECISION)
    return round(max(-_FARTHEST, min(math.log(ratio), _FARTHEST)) * PRECISION)


def change_of(code: int) -> str:
    """Return a ratio of the data files as a change."""
    return change(math.exp(code / PRECISION))


def interval_text(verdict: Verdict) -> str:
    """Return the interval of a verdict's effect, or why there is none."""
    if verdict.effect is None:
        return ""
    interval = verdict.effect.interval
    if interval is None:
        return "too few samples"
    if interval.high > interval.low * WIDE:
        return "wide"
    return f"{change(interval.low)} to {change(interval.high)}"
