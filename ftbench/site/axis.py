"""From where to where an axis of costs reaches, and where on it a cost lies."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ftbench.analysis.comparison import Cell

# Beyond this range a linear axis squeezes the small values into one place.
_LOG_FROM: Final = 20
_WIDEST: Final = 2
# No cost lies beyond these, and axes cannot reach to the end of what a float can be.
_LEAST: Final = 1e-100
_MOST: Final = 1e100
_BESIDE_LOG: Final = 1.5
_BESIDE_LINEAR: Final = 1.08


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """An axis from `low` to `high`, in the unit of what lies on it; above 0 if it is `log`."""

    low: float
    high: float
    log: bool

    @classmethod
    def of(cls, cells: Iterable[Cell]) -> Axis:
        """Return an axis for the cells, logarithmic where it must be; one of them was measured."""
        cells = tuple(cells)
        ends = [value for cell in cells for value in _ends(cell)]
        medians = [cell.median for cell in cells if cell.median is not None]
        # The interval of two samples is so wide that it would leave no room for the medians.
        low = max(min(ends), min(medians) / _WIDEST, _LEAST)
        high = min(max(ends), max(medians) * _WIDEST, _MOST)
        if needs_log(medians) and low < high:
            return cls(low=low / _BESIDE_LOG, high=high * _BESIDE_LOG, log=True)
        return cls(low=0.0, high=high * _BESIDE_LINEAR if high > _LEAST else 1.0, log=False)

    def share(self, value: float) -> float:
        """Return how far along the axis a value lies: 0 at its low end, 1 at its high one."""
        if self.log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return min(max(share, 0.0), 1.0)

    def percent(self, value: float) -> str:
        """Return the same as a style sheet takes it: "41.7"."""
        return f"{100 * self.share(value):.1f}"


def needs_log(values: Sequence[float]) -> bool:
    """Tell whether `values` span so much that a linear axis would hide the small ones."""
    return bool(values) and min(values) > 0 and max(values) / min(values) > _LOG_FROM


def _ends(cell: Cell) -> Iterator[float]:
    """Yield where a cell's median and its interval lie."""
    if cell.figure is not None and cell.median is not None:
        yield cell.median
        interval = cell.figure.interval
        yield from (end for end in (interval.low, interval.high) if end > 0) if interval else ()
