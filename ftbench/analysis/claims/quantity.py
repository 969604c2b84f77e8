"""A figure, or why there is none, and the arithmetic that keeps the reason."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

from ftbench.statistics import ratio
from ftbench.statistics.power import Floor
from ftbench.statistics.spread import Interval
from ftbench.statistics.verdict import Pair, judge

_LEAST_FOR_QUARTILES: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A figure in its stored unit; without a `value`, `word` says so and `reason` why.

    The value of `samples` is their median, `processes` are the same by process, () if all are of
    one. `spread` is where the middle half of samples lies, or the 99 % interval of a median or a
    ratio. `floor` is what the machine's A/A runs say of the series.
    """

    value: float | None = None
    spread: Interval | None = None
    samples: tuple[float, ...] = ()
    processes: tuple[tuple[float, ...], ...] = ()
    floor: Floor | None = None
    word: str = ""
    reason: str = ""

    @classmethod
    def none(cls, word: str, reason: str = "") -> Self:
        """Return the quantity of a figure that is not there."""
        return cls(word=word, reason=reason)

    def map(self, function: Callable[[float], float]) -> Quantity:
        """Return this quantity with `function`, which must be monotonic, of its every number."""
        if self.value is None:
            return self
        ends = self.spread and sorted((function(self.spread.low), function(self.spread.high)))
        return replace(
            self,
            value=function(self.value),
            spread=Interval(low=ends[0], high=ends[1]) if ends else None,
            samples=tuple(map(function, self.samples)),
            processes=tuple(tuple(map(function, each)) for each in self.processes),
        )


NOT_IN_ARTICLE: Final = Quantity(word="\N{EN DASH}")
NOT_MEASURED: Final = Quantity(word="not measured", reason="This part was not asked for.")
OTHER_RUN: Final = Quantity(
    word="no run in common", reason="A ratio of figures from two runs says little."
)


def median(samples: Sequence[float]) -> Quantity:
    """Return the median of samples, with where their middle half lies if there are enough."""
    spread = None
    if len(samples) >= _LEAST_FOR_QUARTILES:
        low, _, high = statistics.quantiles(samples, method="inclusive")
        spread = Interval(low=low, high=high)
    return Quantity(value=statistics.median(samples), spread=spread, samples=tuple(samples))


def mean(samples: Sequence[float]) -> Quantity:
    """Return the mean of samples, as the article has it: without any spread."""
    return Quantity(value=statistics.fmean(samples))


def over(above: Quantity, below: Quantity) -> Quantity:
    """Return a ratio, with its interval if both sides are medians of several samples."""
    for quantity in (above, below):
        if quantity.value is None:
            return quantity
    assert above.value is not None
    assert below.value is not None
    if above is below:  # to itself a figure has no interval
        return Quantity(value=1.0)
    if not below.value:
        return Quantity.none("no ratio", "What it would be relative to is zero.")
    value = above.value / below.value
    if min(len(above.samples), len(below.samples)) > 1 and min(*above.samples, *below.samples) > 0:
        return Quantity(value=value, spread=_interval(above, below))
    return Quantity(value=value)


def _interval(above: Quantity, below: Quantity) -> Interval | None:
    after, before = (quantity.processes or (quantity.samples,) for quantity in (above, below))
    if above.floor is None or below.floor is None:
        return ratio(after, before).interval
    # Few processes say little of how far apart processes lie; A/A runs have shown it.
    floor = max(above.floor, below.floor, key=lambda each: each.spread)
    (verdict,) = judge((Pair(before=before, after=after, floor=floor),)).verdicts
    return verdict.effect.interval if verdict.effect else None


def geometric_mean(quantities: Sequence[Quantity]) -> Quantity:
    """Return the geometric mean, with its interval if each has one; that of [] is not measured."""
    if not quantities:
        return NOT_MEASURED
    mean = combined(lambda *values: statistics.geometric_mean(values), *quantities)
    if mean.value is None:
        return mean
    reaches = [
        math.log(quantity.spread.high / quantity.spread.low) / 2
        for quantity in quantities
        if quantity.spread is not None and quantity.spread.low > 0
    ]
    if len(reaches) < len(quantities):
        return mean
    # They are independent: intervals add up as standard errors do, on the logarithmic scale.
    reach = math.exp(math.hypot(*reaches) / len(quantities))
    return replace(mean, spread=Interval(low=mean.value / reach, high=mean.value * reach))


def combined(function: Callable[..., float], *quantities: Quantity) -> Quantity:
    """Return `function` of the quantities' values; the first that is not there says why."""
    values = []
    for quantity in quantities:
        if quantity.value is None:
            return quantity
        values.append(quantity.value)
    return Quantity(value=function(*values))
