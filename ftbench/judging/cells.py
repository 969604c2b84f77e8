"""A figure, or why there is none, and the arithmetic that keeps the reason."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

from ftbench.results.figure import Interval
from ftbench.statistics import ratio

_LEAST_FOR_QUARTILES: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One figure in its stored unit; without a `value`, `word` says so and `reason` why.

    `samples` are what the value is the median of, where it is one, and `processes` the same once
    more by the process that took them, () where all are of one.  `spread` is, for a median, where
    the middle half of its samples lie or its 99 % interval, for a ratio of medians its 99 %
    interval.
    """

    value: float | None = None
    spread: Interval | None = None
    samples: tuple[float, ...] = ()
    processes: tuple[tuple[float, ...], ...] = ()
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
        sides = (cell.processes or (cell.samples,) for cell in (above, below))
        return Cell(value=value, spread=ratio(*sides).interval)
    return Cell(value=value)


def together(function: Callable[..., float], *cells: Cell) -> Cell:
    """Return `function` of the cells' values; the first that is not there says why."""
    values = []
    for cell in cells:
        if cell.value is None:
            return cell
        values.append(cell.value)
    return Cell(value=function(*values))
