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
class Cell:
    """One figure in its stored unit; without a `value`, `word` says so and `reason` why.

    `samples` are what the value is the median of, where it is one, and `processes` the same once
    more by the process that took them, () where all are of one.  `spread` is, for a median, where
    the middle half of its samples lie or its 99 % interval, for a ratio of medians its 99 %
    interval.  `floor` is what the machine's A/A runs say of the series, where there were any.
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
        """Return the cell of a figure that is not there."""
        return cls(word=word, reason=reason)

    def map(self, function: Callable[[float], float]) -> Cell:
        """Return the cell of `function`, which must be monotonic, of every number in this one."""
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


NOT_IN_ARTICLE: Final = Cell(word="\N{EN DASH}")
NOT_MEASURED: Final = Cell(word="not measured", reason="This part was not asked for.")
OTHER_RUN: Final = Cell(
    word="no run in common", reason="A ratio of figures from two runs says little."
)


def median(samples: Sequence[float]) -> Cell:
    """Return the median of samples, with where their middle half lies if there are enough."""
    spread = None
    if len(samples) >= _LEAST_FOR_QUARTILES:
        low, _, high = statistics.quantiles(samples, method="inclusive")
        spread = Interval(low=low, high=high)
    return Cell(value=statistics.median(samples), spread=spread, samples=tuple(samples))


def mean(samples: Sequence[float]) -> Cell:
    """Return the mean of samples, as the article has it: without any spread."""
    return Cell(value=statistics.fmean(samples))


def over(above: Cell, below: Cell) -> Cell:
    """Return the ratio of two cells, with its interval if both are medians of several samples."""
    for cell in (above, below):
        if cell.value is None:
            return cell
    assert above.value is not None
    assert below.value is not None
    if not below.value:
        return Cell.none("no ratio", "What it would be relative to is zero.")
    value = above.value / below.value
    if min(len(above.samples), len(below.samples)) > 1 and min(*above.samples, *below.samples) > 0:
        return Cell(value=value, spread=_interval(above, below))
    return Cell(value=value)


def _interval(above: Cell, below: Cell) -> Interval | None:
    """Return the interval of a ratio; the wider of two noise floors, where there are two, counts.

    Few processes say little of how far apart processes lie; A/A runs have shown it.
    """
    after, before = (cell.processes or (cell.samples,) for cell in (above, below))
    if above.floor is None or below.floor is None:
        return ratio(after, before).interval
    floor = max(above.floor, below.floor, key=lambda each: each.spread)
    (verdict,) = judge((Pair(before=before, after=after, floor=floor),)).verdicts
    return verdict.effect.interval if verdict.effect else None


def geometric_mean(cells: Sequence[Cell]) -> Cell:
    """Return the geometric mean of cells, with its interval if each has one; [] is not measured.

    The cells are taken to be independent: their intervals, on the logarithmic scale, add up as
    standard errors do.
    """
    if not cells:
        return NOT_MEASURED
    mean = combined(lambda *values: statistics.geometric_mean(values), *cells)
    if mean.value is None:
        return mean
    reaches = [
        math.log(cell.spread.high / cell.spread.low) / 2
        for cell in cells
        if cell.spread is not None and cell.spread.low > 0
    ]
    if len(reaches) < len(cells):
        return mean
    reach = math.exp(math.hypot(*reaches) / len(cells))
    return replace(mean, spread=Interval(low=mean.value / reach, high=mean.value * reach))


def combined(function: Callable[..., float], *cells: Cell) -> Cell:
    """Return `function` of the cells' values; the first that is not there says why."""
    values = []
    for cell in cells:
        if cell.value is None:
            return cell
        values.append(cell.value)
    return Cell(value=function(*values))
