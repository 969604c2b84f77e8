"""Power: the chance to find an effect, the smallest that is found, and the processes it takes.

An effect is a share: 0.10 is 10 % more, -0.10 a tenth less.  It is found if `judge` would say
"worse", or "better", of that series alone; over many series Benjamini and Hochberg's control asks
for a little more.  The chance is that of Student's t with a shift, exact for log-medians of
processes that are normal; it takes the floor's spread for the true one.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from scipy import stats

from ftbench.errors import FtbenchError
from ftbench.statistics.detectable import MOST_PROCESSES, TAIL, Floor, margin

_FAR: Final = 1e6  # standard errors; scipy's t knows no shift far beyond


def chance(floor: Floor, effect: float, *, before: int, after: int) -> float:
    """Return the chance that an effect is found by so many processes, were the spread the floor's.

    Raises `FtbenchError` for an effect that leaves no cost.
    """
    gap = _size(effect) - math.log1p(floor.effect)
    error = floor.spread * math.sqrt(1 / before + 1 / after)
    if not error:
        return float(gap > 0)
    shift = max(-_FAR, min(gap / error, _FAR))
    freedom = floor.freedom + before + after - 2
    return float(stats.nct.sf(stats.t.isf(TAIL, freedom), freedom, shift))


def smallest(floor: Floor, *, before: int, after: int) -> float:
    """Return the smallest rise that so many processes find in 19 of 20 cases."""
    found = margin(
        spread=floor.spread,
        freedom=floor.freedom + before + after - 2,
        before=before,
        after=after,
    )
    return math.expm1(math.log1p(floor.effect) + float(found))


def needed(floor: Floor, effect: float) -> int | None:
    """Return how many processes a side find an effect in 19 of 20 cases, None if no thousand does.

    None ever does for an effect within the floor.  Raises as `chance` does.
    """
    counts = np.arange(1, MOST_PROCESSES + 1)
    found = margin(
        spread=floor.spread,
        freedom=floor.freedom + 2 * counts - 2,
        before=counts,
        after=counts,
    )
    gap = _size(effect) - math.log1p(floor.effect)
    enough = np.flatnonzero(found <= gap)
    return int(counts[enough[0]]) if gap > 0 and len(enough) else None


def _size(effect: float) -> float:
    """Return how far an effect is from none, on the logarithmic scale."""
    if not -1 < effect < math.inf:
        raise FtbenchError(f"An effect is a share above -1, 0.1 for 10 % more, not {effect!r}.")
    return abs(math.log1p(effect))
