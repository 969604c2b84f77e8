"""Power: the smallest effect that is found, and how many processes it takes to decide one.

An effect is a share: 0.10 is 10 % more.  It is found if `judge` would call that series alone worse;
over many series Benjamini and Hochberg's control asks for a little more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ftbench.errors import FtbenchError
from ftbench.statistics.spread import (
    BASES,
    CONFIDENCE,
    LARGEST_POWER,
    Basis,
    Estimates,
    Flags,
    Floats,
    Integers,
)
from ftbench.statistics.student import farthest, normal_quantile, quantile


def smallest(floor: Floor, *, before: int, after: int) -> float:
    """Return the smallest rise that so many processes find in 19 of 20 cases."""
    freedom = floor.freedom + before + after - 2
    beyond = margin(spread=floor.spread, freedom=freedom, before=before, after=after)
    return math.expm1(math.log1p(floor.effect) + float(beyond))


CHANCE: Final = 0.95
TAIL: Final = (1 - CONFIDENCE) / 2
MOST_PROCESSES: Final = 1_000

_MOST_FREEDOM: Final = 10_000  # quantiles no longer change with more

Counts = int | Integers


def shift(freedom: Counts, *, tail: float = TAIL, chance: float = CHANCE) -> Floats:
    """Return how many standard errors away a difference is found with that `chance`.

    `tail` is the chance to find one where there is none, one-sided.
    """
    known = np.asarray(freedom)
    bar = farthest(tail, known)
    spread = np.sqrt(1 + bar**2 / (2 * known))
    return np.asarray(bar * (1 - 1 / (4 * known)) + normal_quantile(chance) * spread)


def margin(*, spread: float, freedom: Counts, before: Counts, after: Counts) -> Floats:
    """Return the smallest difference that so many processes find; the others as in `Floor`."""
    errors = np.sqrt(1 / np.asarray(before) + 1 / np.asarray(after))
    return np.asarray(shift(freedom) * spread * errors)


def further(
    *,
    gap: Floats,
    spread: Floats,
    freedom: Integers,
    before: Integers,
    after: Integers,
    tail: float = TAIL,
    chance: float = CHANCE,
) -> Integers:
    """Return how many more processes a side, at least one, bring the margin down to `gap`.

    More than `MOST_PROCESSES` if as many would not; they add to the freedom.
    """
    if not len(gap):
        return np.zeros(0, np.int64)
    known = np.arange(1, min(int(freedom.max()) + 2 * MOST_PROCESSES, _MOST_FREEDOM) + 1)
    shifts = shift(known, tail=tail, chance=chance)

    def enough(more: Integers) -> Flags:
        at = shifts[np.minimum(freedom + 2 * more, len(known)) - 1]
        return np.asarray(at * spread * np.sqrt(1 / (before + more) + 1 / (after + more)) <= gap)

    low = np.ones(len(gap), np.int64)
    high = np.full(len(gap), MOST_PROCESSES, np.int64)
    possible = enough(high)
    while (low < high).any():
        middle = (low + high) // 2
        met = enough(middle)
        high = np.where(met, middle, high)
        low = np.where(met, low, np.minimum(middle + 1, high))
    return np.where(possible, high, MOST_PROCESSES + 1)


THESE_BUILDS: Final = "these builds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What a machine's A/A runs say of one series: effects within `effect`, a share, are noise."""

    # The standard deviation of the log-medians of processes, and its degrees of freedom.
    spread: float
    freedom: int
    # So many a side, as the profile has, can detect the effect.
    processes: int
    effect: float
    # Two builds of one source differ by no more, a share; None where too few were measured, and
    # in the effect where a verdict is on the source.
    builds: float | None = None

    @property
    def judges(self) -> str:
        """What a verdict by it is on."""
        return THESE_BUILDS if self.builds is None else "the source"

    def on_source(self, builds: float | None) -> Floor:
        """Return the floor of a verdict on the source of builds; on themselves without `builds`."""
        effect = self.effect if builds is None else (1 + self.effect) * (1 + builds) - 1
        return replace(self, effect=effect, builds=builds)

    def __post_init__(self) -> None:
        if not (self.freedom >= 1 and 0 <= self.spread < math.inf and 0 <= self.effect < math.inf):
            raise FtbenchError(f"A floor needs finite figures and a degree of freedom: {self}.")


# What moves in whole pages, or in ticks of a clock, may show no spread at all and yet differ by
# one of them: a change of a thousandth is no news, however sure it is.
LEAST_EFFECT: Final = 0.001


def floor(*, spread: float, freedom: int, processes: int) -> Floor:
    """Return the floor of a series: its effect is the classical minimal detectable one.

    That is Student's t of the test and of the chance, in standard errors (Cohen, *Statistical Power
    Analysis for the Behavioral Sciences*, 1988), and at least a thousandth.
    """
    quantiles = farthest(TAIL, freedom) + quantile(CHANCE, freedom)
    least = float(quantiles) * spread * math.sqrt(2 / processes)
    effect = max(math.expm1(min(least, LARGEST_POWER)), LEAST_EFFECT)
    return Floor(spread=spread, freedom=freedom, processes=processes, effect=effect)


# Of fewer builds than three, the released one included, nobody knows how far the next one lies.
_LEAST_BUILDS: Final = 3


def between(groups: Iterable[Sequence[float]]) -> float | None:
    """Return how far two builds of one source lie apart by chance at most, a share, or None.

    A group has the logarithms of a series' cost of builds that are of one source.
    """
    known = [np.asarray(group) for group in groups]
    freedom = sum(len(group) - 1 for group in known)
    if freedom < _LEAST_BUILDS - 1:
        return None
    scatter = sum(float(((group - group.mean()) ** 2).sum()) for group in known)
    apart = float(farthest(TAIL, freedom)) * math.sqrt(2 * scatter / freedom)
    return math.expm1(min(apart, LARGEST_POWER))


def pooled(sides: Estimates, floors: Sequence[Floor | None]) -> Estimates:
    """Return sides with what their floors know of the spread: each weighs its degrees of freedom.

    Of one process without a floor nothing is known of it, and the error is NaN.
    """
    known = np.array([floor.freedom if floor else 0 for floor in floors], np.int64)
    spread = np.array([floor.spread if floor else 0.0 for floor in floors], np.float64)
    freedom = known + sides.processes - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt((sides.scatter + known * spread**2) / freedom / sides.processes)
    alone = np.where(known > 0, BASES.index(Basis.FLOOR), BASES.index(Basis.NONE))
    return replace(
        sides,
        error=np.where(freedom > 0, error, np.nan),
        freedom=np.maximum(freedom, 1).astype(np.float64),
        basis=np.where(sides.processes > 1, BASES.index(Basis.PROCESSES), alone),
    )
