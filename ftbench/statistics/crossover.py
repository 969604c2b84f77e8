"""Crossovers: the smallest task from which on a mode is worth its price."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ftbench.errors import FtbenchError

# A mode beats a plain loop where its time for the same work is less, and keeps its workers busy
# where at most a fifth of them is idle.
BEATS_SERIAL: Final = 1.0
KEEPS_BUSY: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossover:
    """Between which sizes, in seconds, a cost falls to its limit for good."""

    # The largest size that costs more, and the smallest from which on none does, if there is one.
    above: float | None
    at: float | None
    # Between both, on a straight line of the cost over the size's logarithm.
    estimate: float | None


def crossover(costs: Mapping[float, float], limit: float) -> Crossover:
    """Return where `costs`, size → cost, fall to `limit` for good; or `FtbenchError`."""
    if not costs or not all(size > 0 and math.isfinite(size) for size in costs):
        raise FtbenchError(f"A crossover needs sizes above zero, not {list(costs)}.")
    if not all(map(math.isfinite, costs.values())):
        raise FtbenchError(f"A crossover needs finite costs, not {list(costs.values())}.")
    above = max((size for size, cost in costs.items() if cost > limit), default=None)
    at = min((size for size in costs if above is None or size > above), default=None)
    if above is None or at is None:
        return Crossover(above=above, at=at, estimate=None)
    share = (costs[above] - limit) / (costs[above] - costs[at])
    estimate = math.exp(math.log(above) + share * math.log(at / above))
    return Crossover(above=above, at=at, estimate=min(max(estimate, above), at))
