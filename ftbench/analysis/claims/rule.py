"""The rule by which a claim is judged.

What a claim compares is a ratio of figures, and each relation is a range that the ratio must lie
in: for `ratio` from `claimed / within` to `claimed * within`, for `at_least` and `at_most` on one
side of `claimed`, for `ascending` above 1, for `alike` within a factor of `claimed` from the first
figure: the extremes, picked after looking, would differ too often.  All of its 99 % interval in the
range is "holds", all of it outside is "does not hold here", and across the edge "cannot be
judged", for there are too few processes.  So it is where it has none: of one process, without a
noise floor, nobody knows what another would have measured.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from ftbench.analysis.claims.quantity import Quantity, over
from ftbench.facts.units import digits, span
from ftbench.results import Figure
from ftbench.statistics.spread import ONE_PROCESS

_NEXT: Final = 1e-9  # the number next to 1 is the edge of an order, which is no factor
TIMES: Final = "\N{MULTIPLICATION SIGN}"
UNITS: Final = {
    "s": 1.0,
    "ms": 1e-3,
    "µs": 1e-6,
    "MiB": 2.0**20,
    "MB": 1e6,
    "B": 1.0,
    "/s": 1.0,
    TIMES: 1.0,
    "%": 0.01,
}
"""How much of the stored unit (seconds, bytes, a ratio) one of each printed unit is."""


class Relation(StrEnum):
    """What a claim says of its figures."""

    RATIO = "ratio"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    ASCENDING = "ascending"
    ALIKE = "alike"


class ClaimVerdict(StrEnum):
    """What became of a claim; the values begin the words that users read."""

    HOLDS = "holds"
    NOT = "does not hold here"
    CANNOT = "cannot be judged"
    UNMEASURED = "not measured"
    UNTESTED = "not tested"
    OTHER = "about others"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedRatio:
    """A ratio that a claim was judged by, `spawn / fork`, or a single figure; and its range.

    The range is open where an end is infinite or zero; both are in the stored unit of `unit`, as is
    what is `claimed`: a number, or the ends of a range.
    """

    what: str
    unit: str
    quantity: Quantity
    low: float
    high: float
    claimed: tuple[float, ...] = ()

    @property
    def off(self) -> str:
        """How far its value is from what is claimed, and to which side, "" of one that is there."""
        value, low, high = self.quantity.value, self.low, self.high
        if self.claimed:
            low, high = self.claimed[0], self.claimed[-1]
        if not value or low <= value <= high:
            return ""
        if 1 < low < 1 + _NEXT:
            return "the other way round"
        factor, side = (low / value, "less") if value < low else (value / high, "more")
        return f"{digits(factor)}{TIMES} {side} than claimed"

    @property
    def measured(self) -> str:
        """What was measured, with its interval: `3.1x (2.9-3.3)`; or why nothing was."""
        return self._text(self.quantity)

    @property
    def asked(self) -> str:
        """What it should be: `claimed: at least 2x`."""
        low, high = (self._text(Quantity(value=each)) for each in (self.low, self.high))
        if math.isinf(self.high):
            order = 1 < self.low < 1 + _NEXT
            return f"claimed: {f'more than 1{TIMES}' if order else f'at least {low}'}"
        if not self.low:
            return f"claimed: at most {high}"
        ends = (self._text(Quantity(value=each)) for each in self.claimed or (1.0,))
        return f"claimed: {' to '.join(ends)}, counted from {low} to {high}"

    def _text(self, quantity: Quantity) -> str:
        behind = "" if self.unit in BEHIND or quantity.value is None else f" {self.unit}"
        return number(quantity, self.unit) + behind

    @property
    def verdict(self) -> ClaimVerdict:
        if self.quantity.value is None:
            return ClaimVerdict.UNMEASURED
        spread = self.quantity.spread
        if spread and self.low <= spread.low and spread.high <= self.high:
            return ClaimVerdict.HOLDS
        if spread and (spread.high < self.low or spread.low > self.high):
            return ClaimVerdict.NOT
        return ClaimVerdict.CANNOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A figure of a claim under its name, and the results of asv that it is made of, by theirs.

    `duels` are what it is over another figure, by that one's name, where a duel has found it.
    """

    name: str
    unit: str
    quantity: Quantity
    duels: Mapping[str, Quantity] = field(default_factory=dict)
    figures: Mapping[str, Figure | None] = field(default_factory=dict)


def ratios_of(
    relation: Relation, quantities: Sequence[Named], *, claimed: tuple[float, ...], within: float
) -> tuple[ClaimedRatio, ...]:
    """Return the ratios that a relation says something of, each with the range that it names."""
    if not quantities:
        return ()
    edge = claimed[0] if claimed else 1.0
    match relation:
        case Relation.RATIO:
            low, high = claimed[0] / within, claimed[-1] * within
            ratio = _ratio(quantities[0], quantities[1:], low, high)
            return (replace(ratio, claimed=claimed),)
        case Relation.AT_LEAST:
            return (_ratio(quantities[0], quantities[1:], edge, math.inf),)
        case Relation.AT_MOST:
            return (_ratio(quantities[0], quantities[1:], 0.0, edge),)
        case Relation.ASCENDING:
            above_one = math.nextafter(1.0, 2.0)
            return tuple(
                _ratio(above, [below], above_one, math.inf)
                for below, above in itertools.pairwise(quantities)
            )
        case Relation.ALIKE:
            first, *others = quantities
            return tuple(_ratio(other, [first], 1 / edge, edge) for other in others)


def _ratio(above: Named, below: Sequence[Named], low: float, high: float) -> ClaimedRatio:
    """Return the first over the second, or the first alone where there is no second.

    A duel of both outranks what each came to by itself.
    """
    what, unit, quantity = above.name, above.unit, above.quantity
    if below:
        (other,) = below
        what, unit = f"{what} / {other.name}", TIMES
        quantity = above.duels.get(other.name) or over(quantity, other.quantity)
    if quantity.by_duel:
        what += ", by duel"
    return ClaimedRatio(what=what, unit=unit, quantity=quantity, low=low, high=high)


def decide(ratios: Sequence[ClaimedRatio], obstacle: str) -> tuple[ClaimVerdict, str]:
    """Return a claim's verdict and what completes it ("on 2 cores"); an `obstacle` prevents any."""
    missing = next((each.quantity.word for each in ratios if each.quantity.value is None), None)
    if missing is not None:
        return ClaimVerdict.UNMEASURED, "" if missing == ClaimVerdict.UNMEASURED else f"({missing})"
    if obstacle:
        return ClaimVerdict.CANNOT, obstacle
    verdicts = {ratio.verdict for ratio in ratios}
    if ClaimVerdict.NOT in verdicts:
        return ClaimVerdict.NOT, ""
    if ClaimVerdict.CANNOT in verdicts:
        if not all(ratio.quantity.spread for ratio in ratios):
            return ClaimVerdict.CANNOT, f"({ONE_PROCESS})"
        open_ones = [each.quantity for each in ratios if each.verdict is ClaimVerdict.CANNOT]
        few = "pairs" if all(each.by_duel for each in open_ones) else "processes"
        return ClaimVerdict.CANNOT, f"from so few {few}"
    return ClaimVerdict.HOLDS, ""


def cores_of(machine: Mapping[str, Any]) -> float:
    """Return the cores of a run by its record: those it might use, less by a quota; else 1."""
    usable = _positive(machine.get("usable_cores")) or _positive(machine.get("cores")) or 1.0
    return min(usable, _positive(machine.get("quota_cores")) or usable)


def _positive(value: object) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf
    return float(value) if number else None  # type: ignore[arg-type]


# Units that stand behind the number; the others stand once, in a heading.
BEHIND: Final = {TIMES: TIMES, "%": "\N{NARROW NO-BREAK SPACE}%"}


def number(quantity: Quantity, unit: str, notes: dict[str, int] | None = None) -> str:
    """Return a quantity as `3.88 (3.80-3.95)`, or as `failed [1]`: `notes` numbers the reasons."""
    if quantity.value is None:
        if not quantity.reason or notes is None:
            return quantity.word
        return f"{quantity.word} [{notes.setdefault(quantity.reason, len(notes) + 1)}]"
    text = digits(quantity.value / UNITS[unit]) + BEHIND.get(unit, "")
    if ends := quantity.spread or quantity.middle:
        low, high = ends.low / UNITS[unit], ends.high / UNITS[unit]
        text += " (" + span(low, high, between="\N{EN DASH}") + ")"
    return text


_PRINTED_WHOLE: Final = 1000


def printed(quantity: Quantity, unit: str) -> str:
    """Return the article's own number with the digits that it prints, and three at least."""
    if quantity.value is None:
        return quantity.word
    value = quantity.value / UNITS[unit]
    text = f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    if value < _PRINTED_WHOLE:
        text = max(f"{value:.6g}", digits(value), key=len)
    return text + BEHIND.get(unit, "")
