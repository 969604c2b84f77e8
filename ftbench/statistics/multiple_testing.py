"""The arithmetic of verdicts: many pairs at once, as arrays with one entry per pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, Self

import numpy as np
from scipy import stats

from ftbench.statistics.power import CHANCE, TAIL, further
from ftbench.statistics.ratio import CONFIDENCE, Effects
from ftbench.statistics.spread import BASES, Basis, Estimates, Flags, Floats, Integers

# Logarithms that differ by less are the same number: they were rounded on different ways.
_ROUNDING: Final = 1e-9


class Known(Protocol):
    """What a family must know of a floor: see `verdict.Floor`."""

    @property
    def spread(self) -> float: ...
    @property
    def freedom(self) -> int: ...
    @property
    def effect(self) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What Benjamini and Hochberg's control came to.

    `sure` are the pairs whose effect outlives it; `bar` is the p up to which one did, `next_bar`
    the one up to which one more would.
    """

    sure: Flags
    bar: float
    next_bar: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Pairs with a floor, judged together.

    `limit` is the floor on the logarithmic scale, `spread` the pooled standard deviation of the
    log-medians of processes; `before` and `after` count the processes of the sides.
    """

    effects: Effects
    limit: Floats
    spread: Floats
    before: Integers
    after: Integers

    @classmethod
    def of(cls, before: Estimates, after: Estimates, floors: Sequence[Known]) -> Self:
        """Pool the spread of both sides with the floor's: each weighs its degrees of freedom."""
        known = np.array([floor.freedom for floor in floors], np.int64)
        spread = np.array([floor.spread for floor in floors], np.float64)
        limit = np.log1p(np.array([floor.effect for floor in floors], np.float64))
        freedom = known + before.processes + after.processes - 2
        pooled = np.sqrt((before.scatter + after.scatter + known * spread**2) / freedom)
        own = (before.processes > 1) & (after.processes > 1)
        return cls(
            effects=Effects(
                value=after.value - before.value,
                error=pooled * np.sqrt(1 / before.processes + 1 / after.processes),
                freedom=freedom.astype(np.float64),
                basis=np.where(own, BASES.index(Basis.PROCESSES), BASES.index(Basis.FLOOR)),
            ),
            limit=limit + _ROUNDING,
            spread=pooled,
            before=before.processes,
            after=after.processes,
        )

    @property
    def size(self) -> Floats:
        """How far each effect is from none, whichever its direction."""
        return np.abs(self.effects.value)

    def clear(self) -> Flags:
        """Tell which have their whole interval beyond the floor, on one side."""
        return self.size - self.effects.reach(CONFIDENCE) > self.limit

    def within(self) -> Flags:
        """Tell which have their whole interval within the floor."""
        return self.size + self.effects.reach(CONFIDENCE) <= self.limit

    def chances(self) -> Floats:
        """Return each p: the chance of an effect as large, if the true one were the floor."""
        near = stats.t.sf(self._in_errors(self.size - self.limit), self.effects.freedom)
        far = stats.t.sf(self._in_errors(self.size + self.limit), self.effects.freedom)
        return np.minimum(near + far, 1.0)

    def control(self, chances: Floats, rate: float) -> Control:
        """Return which effects are sure, with at most `rate` of them wrong."""
        count = len(chances)
        if not count:
            return Control(sure=np.zeros(0, bool), bar=rate, next_bar=rate)
        sure = stats.false_discovery_control(chances, method="bh") <= rate
        found = int(sure.sum())
        return Control(
            sure=sure,
            bar=rate * max(found, 1) / count,
            next_bar=rate * min(found + 1, count) / count,
        )

    def by_chance(self, bar: float) -> float:
        """Return how many alarms to expect if nothing differed, and `bar` were that of the p."""
        freedom = self.effects.freedom
        away = self._in_errors(self.limit) + stats.t.isf(min(bar, TAIL), freedom)
        return float(np.minimum(2 * stats.t.sf(away, freedom), bar).sum())

    def needs(self, which: Flags, bar: float) -> Integers:
        """Return how many more processes a side would decide each of `which`; 0 for none.

        One whose effect lies beyond the floor needs them to be an alarm, up to the p `bar`;
        another one to be the same.  Either is then found with `CHANCE`; what is the same may miss
        it on both sides.
        """
        needs = np.zeros(len(self.limit), np.int64)
        beyond = self.size > self.limit
        for members, tail, chance in (
            (which & beyond, min(bar, TAIL), CHANCE),
            (which & ~beyond, TAIL, (1 + CHANCE) / 2),
        ):
            needs[members] = further(
                gap=np.abs(self.size - self.limit)[members],
                spread=self.spread[members],
                freedom=self.effects.freedom[members].astype(np.int64),
                before=self.before[members],
                after=self.after[members],
                tail=tail,
                chance=chance,
            )
        return needs

    def _in_errors(self, distance: Floats) -> Floats:
        """Return distances in standard errors; where that is nought, any distance is infinite."""
        found: Floats = np.copysign(np.inf, distance)
        np.divide(distance, self.effects.error, out=found, where=self.effects.error > 0)
        return found
