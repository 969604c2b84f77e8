"""A figure, or why there is none, and the arithmetic that keeps the reason."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ftbench.statistics import Processes, ratio
from ftbench.statistics.power import Floor
from ftbench.statistics.spread import Interval

_LEAST_FOR_QUARTILES: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A figure in its stored unit; without a `value`, `word` says so and `reason` why.

    `processes` are the samples by process, `floor` is what the machine's A/A runs say of the
    series; `spread` is the 99 % interval that follows from both, of a cost or a ratio, or of a
    ratio that is `by_duel` from its pairs.  `middle` is where the middle half of the samples lies,
    which decides nothing.
    """

    value: float | None = None
    spread: Interval | None = None
    middle: Interval | None = None
    processes: Processes = ()
    floor: Floor | None = None
    by_duel: bool = False
    word: str = ""
    reason: str = ""

    def map(self, function: Callable[[float], float]) -> Quantity:
        """Return this quantity with `function`, which must be monotonic, of its every number."""
        if self.value is None:
            return self

        def of(ends: Interval | None) -> Interval | None:
            if ends is None:
                return None
            low, high = sorted((function(ends.low), function(ends.high)))
            return Interval(low=low, high=high)

        return replace(
            self,
            value=function(self.value),
            spread=of(self.spread),
            middle=of(self.middle),
            processes=tuple(tuple(map(function, each)) for each in self.processes),
        )


NOT_IN_ARTICLE: Final = Quantity(word="\N{EN DASH}")
NOT_MEASURED: Final = Quantity(word="not measured", reason="This part was not asked for.")
OTHER_RUN: Final = Quantity(
    word="no run in common", reason="A ratio of figures from two runs says little."
)


def median(samples: Sequence[float]) -> Quantity:
    """Return the median of one process's samples, with their middle half if there are enough."""
    middle = None
    if len(samples) >= _LEAST_FOR_QUARTILES:
        low, _, high = statistics.quantiles(samples, method="inclusive")
        middle = Interval(low=low, high=high)
    return Quantity(value=statistics.median(samples), middle=middle, processes=(tuple(samples),))


def mean(samples: Sequence[float]) -> Quantity:
    """Return the mean of samples, as the article has it: without any spread."""
    return Quantity(value=statistics.fmean(samples))


def over(above: Quantity, below: Quantity) -> Quantity:
    """Return a ratio, with its interval if both sides know how far apart processes lie."""
    for quantity in (above, below):
        if quantity.value is None:
            return quantity
    assert above.value is not None
    assert below.value is not None
    if above is below:  # to itself a figure has no interval
        return Quantity(value=1.0)
    if not below.value:
        return Quantity(word="no ratio", reason="What it would be relative to is zero.")
    value = above.value / below.value
    samples = [sample for side in (above, below) for each in side.processes for sample in each]
    if not (above.processes and below.processes and min(samples) > 0):
        return Quantity(value=value)
    floors = above.floor, below.floor
    return Quantity(
        value=value, spread=ratio(above.processes, below.processes, floors=floors).interval
    )
