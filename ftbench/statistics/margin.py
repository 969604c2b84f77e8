"""What so many processes can tell apart, and how many it takes.

The smallest difference that is found with a given chance is (t of the test + t of the chance)
standard errors away: the minimal detectable effect, as in Cohen, *Statistical Power Analysis for
the Behavioral Sciences*, 1988, with Student's quantiles for the normal ones.  Logarithms in, and
out; numbers or arrays, one entry per series.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import stats

from ftbench.statistics.ratio import CONFIDENCE
from ftbench.statistics.spread import Flags, Floats, Integers

CHANCE: Final = 0.95
TAIL: Final = (1 - CONFIDENCE) / 2
MOST_PROCESSES: Final = 1_000

_MOST_FREEDOM: Final = 10_000  # Student's quantiles no longer change with more

Numbers = float | Floats
Counts = int | Integers


def margin(
    *,
    spread: Numbers,
    freedom: Counts,
    before: Counts,
    after: Counts,
    tail: Numbers = TAIL,
    chance: float = CHANCE,
) -> Floats:
    """Return the smallest difference that is told apart from none with that chance.

    `spread` is the standard deviation of the log-medians of processes, known with `freedom`
    degrees of freedom; there are `before` and `after` processes; `tail` is the bar, one-sided.
    """
    quantiles = stats.t.isf(tail, freedom) + stats.t.ppf(chance, freedom)
    return np.asarray(quantiles * spread * np.sqrt(1 / np.asarray(before) + 1 / np.asarray(after)))


def further(
    *,
    gap: Floats,
    spread: Floats,
    freedom: Integers,
    before: Integers,
    after: Integers,
    tail: float,
) -> Integers:
    """Return how many more processes a side bring the margin down to `gap`, at least one.

    They are as many on both sides, and add to the freedom.  0 is for none: more than
    `MOST_PROCESSES` would not.
    """
    known = np.arange(1, min(int(freedom.max(initial=1)) + 2 * MOST_PROCESSES, _MOST_FREEDOM) + 1)
    quantiles = np.asarray(stats.t.isf(tail, known) + stats.t.ppf(CHANCE, known))

    def enough(more: Integers) -> Flags:
        at = quantiles[np.minimum(freedom + 2 * more, len(known)) - 1]
        return np.asarray(at * spread * np.sqrt(1 / (before + more) + 1 / (after + more)) <= gap)

    low = np.ones(len(gap), np.int64)
    high = np.full(len(gap), MOST_PROCESSES, np.int64)
    possible = enough(high)
    while (low < high).any():
        middle = (low + high) // 2
        met = enough(middle)
        high = np.where(met, middle, high)
        low = np.where(met, low, np.minimum(middle + 1, high))
    return np.where(possible, high, 0)
