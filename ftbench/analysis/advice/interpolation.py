"""Costs between measured points: weights along axes, on logarithmic scale, never beyond the ends.

Pure: points and a place in, an estimate or what is missing out.  Between two points of an axis a
cost is a straight line of its logarithm, over several axes the product of that; so it lies between
the costs around it, and rises with an axis where those do.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ftbench.statistics.spread import Interval

Corner = tuple[int, ...]
Source = TypeVar("Source", bound=Hashable)

# A place this close to a point, as a share of the step to the next, is that point.
_ON_IT = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Known(Generic[Source]):
    """A measured cost, above zero; `source` is what it came from."""

    value: float
    interval: Interval | None
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate(Generic[Source]):
    """A cost at a place, from the points around it; `between` where none of them is that place.

    `interval` is that of the points in the same way, None where one of them has none.
    """

    value: float
    interval: Interval | None
    sources: tuple[Source, ...]
    between: bool


def weights(axis: Sequence[float], at: float) -> Mapping[int, float] | None:
    """Return the weights of one point or two of a rising `axis`, by index; None beyond its ends."""
    if not axis:
        return None
    near = min(range(len(axis)), key=lambda index: abs(axis[index] - at))
    step = min(
        (abs(axis[i] - axis[near]) for i in (near - 1, near + 1) if 0 <= i < len(axis)), default=1.0
    )
    if abs(axis[near] - at) <= _ON_IT * step:
        return {near: 1.0}
    if not axis[0] < at < axis[-1]:
        return None
    above = next(index for index, point in enumerate(axis) if point > at)
    share = (at - axis[above - 1]) / (axis[above] - axis[above - 1])
    return {above - 1: 1 - share, above: share}


def corners(axes: Sequence[Mapping[int, float]]) -> Mapping[Corner, float]:
    """Return the corners around a place with their weights, for the weights along each axis."""
    shares = {}
    for chosen in itertools.product(*(each.items() for each in axes)):
        shares[tuple(index for index, _ in chosen)] = math.prod(share for _, share in chosen)
    return shares


def estimate(shares: Sequence[tuple[float, Known[Source]]]) -> Estimate[Source]:
    """Return the cost at a place from the points around it, each with its weight; one at least."""
    return Estimate(
        value=_mean([(share, known.value) for share, known in shares]),
        interval=_interval(shares),
        sources=tuple(dict.fromkeys(known.source for _, known in shares)),
        between=len(shares) > 1,
    )


def _interval(shares: Sequence[tuple[float, Known[Source]]]) -> Interval | None:
    ends = [(share, known.interval) for share, known in shares]
    lows = [(share, each.low) for share, each in ends if each is not None]
    highs = [(share, each.high) for share, each in ends if each is not None]
    if len(lows) < len(ends):
        return None
    # Of few samples an interval reaches below zero, where no cost is: nothing is then known below.
    low = _mean(lows) if all(value > 0 for _, value in lows) else 0.0
    return Interval(low=low, high=_mean(highs))


def _mean(shares: Sequence[tuple[float, float]]) -> float:
    if len(shares) == 1:
        return shares[0][1]
    return math.exp(sum(share * math.log(value) for share, value in shares))
