"""Strips: marks on an axis within a table, for pages that have no pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ftbench.analysis.comparison import Cell
from ftbench.facts.units import Scale, digits
from ftbench.site.span import Span, span_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """The axis of a table's strips: what its ends are called, and where a cell lies on it."""

    span: Span
    low: str
    high: str

    @property
    def kind(self) -> str:
        """Which axis it is, in a word."""
        return "log" if self.span.log else "linear"

    def places(self, cells: Iterable[Cell]) -> tuple[tuple[str, str], ...]:
        """Return (arm, percents along the axis) of each cell that was measured."""
        return tuple(
            (cell.arm.name, f"{100 * self.span.share(cell.median):.1f}")
            for cell in cells
            if cell.median is not None
        )


def strip_of(cells: Iterable[Cell], scale: Scale) -> Strip | None:
    """Return the strip of a table of these cells, None where nothing was measured."""
    measured = [cell for cell in cells if cell.median is not None]
    if not measured:
        return None
    span = span_of(measured)
    low, high = (digits(end / scale.size) for end in (span.low, span.high))
    return Strip(span=span, low=low, high=high)
