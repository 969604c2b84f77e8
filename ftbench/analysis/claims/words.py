"""What all pages and terminals say alike of cells and ratios: numbers, units, ranges."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from ftbench.analysis.claims.cells import Cell
from ftbench.analysis.claims.rule import TIMES, UNITS, Ratio
from ftbench.facts.units import digits
from ftbench.statistics.spread import Interval

_DASH: Final = "\N{EN DASH}"
_WIDEST: Final = 100  # an interval that is wider than such a factor says nothing in figures
# Units that stand behind the number; the others stand once, in a heading.
BEHIND: Final = {TIMES: TIMES, "%": "\N{NARROW NO-BREAK SPACE}%"}


@dataclass(frozen=True, slots=True)
class Notes:
    """Reasons, each said once and pointed at by its number."""

    reasons: dict[str, int] = field(default_factory=dict)

    def number(self, reason: str) -> int:
        """Return the number of a reason, a new one if it has none."""
        return self.reasons.setdefault(reason, len(self.reasons) + 1)


def number(cell: Cell, unit: str, notes: Notes) -> str:
    """Return a cell as `3.88 (3.80-3.95)`, or as `failed [1]` with the reason among `notes`."""
    if cell.value is None:
        return f"{cell.word} [{notes.number(cell.reason)}]" if cell.reason else cell.word
    behind = BEHIND.get(unit, "")
    value = digits(cell.value / UNITS[unit])
    if cell.spread is None:
        return f"{value}{behind}"
    return f"{value}{behind} {_spread(cell.spread, UNITS[unit])}"


def ratio_words(ratio: Ratio) -> str:
    """Return `spawn / fork: 3.1x (2.9-3.3), claimed: 3.25x, counted from 2.6x to 4.06x`."""
    if ratio.cell.value is None:
        return f"{ratio.what}: {ratio.cell.word}"
    return f"{ratio.what}: {number(ratio.cell, ratio.unit, Notes())}, {range_words(ratio)}"


def range_words(ratio: Ratio) -> str:
    """Return what a ratio should be: `claimed: at least 2x`."""

    def text(value: float) -> str:
        return number(Cell(value=value), ratio.unit, Notes())

    if math.isinf(ratio.high):
        if 1 < ratio.low < 1 + 1e-9:  # the number next to 1: an order, not a factor
            return f"claimed: more than 1{TIMES}"
        return f"claimed: at least {text(ratio.low)}"
    if not ratio.low:
        return f"claimed: at most {text(ratio.high)}"
    middle = math.sqrt(ratio.low * ratio.high)
    return f"claimed: {text(middle)}, counted from {text(ratio.low)} to {text(ratio.high)}"


def _spread(spread: Interval, unit: float) -> str:
    if spread.high > _WIDEST * spread.low:
        return "(too few samples)"
    return f"({digits(spread.low / unit)}{_DASH}{digits(spread.high / unit)})"


_PRINTED_WHOLE: Final = 1000


def printed(cell: Cell, unit: str) -> str:
    """Return the article's own number with the digits that it prints, and three at least."""
    if cell.value is None:
        return cell.word
    value = cell.value / UNITS[unit]
    text = f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    if value < _PRINTED_WHOLE:
        text = max(f"{value:.6g}", digits(value), key=len)
    return text + BEHIND.get(unit, "")
