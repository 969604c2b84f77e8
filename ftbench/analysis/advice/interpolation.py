"""Costs between measured ones: a straight line, never beyond the ends.

What a task costs is a constant, a part per step and a part per byte: straight lines of both.  Over
the numbers of workers it is the tasks per second that rise with a straight line, up to the cores.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ftbench.statistics.spread import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A cost that was measured, or lies `between` measured ones, with what it came from."""

    value: float
    interval: Interval | None
    sources: tuple[str, ...]
    between: bool = False
    doubt: str = ""  # what is in it that is no part of it
    disturbed: str = ""  # what else ran, or how slow the machine was

    def __add__(self, other: Estimate) -> Estimate:
        return self._joined(operator.add, other)

    def __mul__(self, other: Estimate) -> Estimate:
        return self._joined(operator.mul, other)

    def times(self, factor: float) -> Estimate:
        """Return a multiple."""
        exact = Interval(low=factor, high=factor)
        return self * Estimate(value=factor, interval=exact, sources=())

    def later(self, seconds: float) -> Estimate:
        """Return a cost that comes after so many seconds."""
        exact = Interval(low=seconds, high=seconds)
        return self + Estimate(value=seconds, interval=exact, sources=())

    def at_least(self, least: float) -> Estimate:
        """Return the larger of both."""
        ours = self.interval
        ends = ours and Interval(low=max(ours.low, least), high=max(ours.high, least))
        return replace(self, value=max(self.value, least), interval=ends)

    def _joined(self, join: Callable[[float, float], float], other: Estimate) -> Estimate:
        ours, theirs = self.interval, other.interval
        interval = None
        if ours is not None and theirs is not None:
            interval = Interval(low=join(ours.low, theirs.low), high=join(ours.high, theirs.high))
        return Estimate(
            value=join(self.value, other.value),
            interval=interval,
            sources=tuple(dict.fromkeys([*self.sources, *other.sources])),
            between=self.between or other.between,
            doubt=self.doubt or other.doubt,
            disturbed=self.disturbed or other.disturbed,
        )


def weights(axis: Sequence[float], at: float) -> Mapping[int, float] | None:
    """Return the weights of one point or two of a rising `axis`, by index; None beyond its ends."""
    if at in axis:
        return {axis.index(at): 1.0}
    if not axis or not axis[0] < at < axis[-1]:
        return None
    above = next(index for index, point in enumerate(axis) if point > at)
    share = (at - axis[above - 1]) / (axis[above] - axis[above - 1])
    return {above - 1: 1 - share, above: share}


def estimate(shares: Sequence[tuple[float, Estimate]], power: int = 1) -> Estimate:
    """Return the mean of costs, each with its weight; with `power` -1 that of their rates."""
    return Estimate(
        value=_mean([(share, cost.value) for share, cost in shares], power),
        interval=_interval([(share, cost.interval) for share, cost in shares], power),
        sources=tuple(dict.fromkeys(source for _, cost in shares for source in cost.sources)),
        between=len(shares) > 1 or any(cost.between for _, cost in shares),
        doubt=next((cost.doubt for _, cost in shares if cost.doubt), ""),
        disturbed=next((cost.disturbed for _, cost in shares if cost.disturbed), ""),
    )


def _interval(shares: Sequence[tuple[float, Interval | None]], power: int) -> Interval | None:
    lows = [(share, interval.low) for share, interval in shares if interval is not None]
    highs = [(share, interval.high) for share, interval in shares if interval is not None]
    if len(lows) < len(shares):
        return None
    # Of few samples an interval reaches below zero, where no cost is: nothing is then known below.
    low = _mean(lows, power) if all(value > 0 for _, value in lows) else 0.0
    return Interval(low=low, high=_mean(highs, power))


def _mean(shares: Sequence[tuple[float, float]], power: int) -> float:
    if len(shares) == 1:
        return shares[0][1]
    mean: float = sum(share * value**power for share, value in shares) ** power
    return mean
