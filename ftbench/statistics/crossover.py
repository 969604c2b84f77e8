"""Crossovers: the smallest task from which on a mode is worth its price."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ftbench.errors import FtbenchError
from ftbench.statistics.spread import Interval

# A mode beats a plain loop where its time for the same work is less, and keeps its workers busy
# where their time is at most 5/4 of the work's: a fifth of them is idle.
BEATS_SERIAL: Final = 1.0
KEEPS_BUSY: Final = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossover:
    """Between which sizes, in seconds, a cost falls to its limit for good."""

    # The largest size that surely costs more, and the smallest from which on all surely cost less.
    above: float | None
    at: float | None
    # Between both, where the whole time, a constant and a part of the size, is the limit's.
    estimate: float | None


def crossover(
    costs: Mapping[float, float], intervals: Mapping[float, Interval], limit: float
) -> Crossover:
    """Return where `costs`, size → time over size, fall to `limit` for good; or `FtbenchError`.

    Sure is what has an interval that does not reach the limit.
    """
    if not costs or not all(size > 0 and math.isfinite(size) for size in costs):
        raise FtbenchError(f"A crossover needs sizes above zero, not {list(costs)}.")
    if not all(map(math.isfinite, costs.values())):
        raise FtbenchError(f"A crossover needs finite costs, not {list(costs.values())}.")
    above = max((size for size, each in intervals.items() if each.low > limit), default=None)
    below = {size for size, each in intervals.items() if each.high < limit}
    doubtful = max((size for size in costs if size not in below), default=0.0)
    at = min((size for size in below if size > doubtful), default=None)
    if above is None or at is None:
        return Crossover(above=above, at=at, estimate=None)
    over, under = ((costs[size] - limit) * size for size in (above, at))
    return Crossover(above=above, at=at, estimate=above + (at - above) * over / (over - under))
