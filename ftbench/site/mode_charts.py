"""Draws the views of Choose on an axis of costs: every mode on every arm, or a ladder in bands."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from matplotlib.transforms import offset_copy

from ftbench.analysis.comparison import Cell
from ftbench.analysis.grid import Grid, Line
from ftbench.facts.arms import ARMS
from ftbench.facts.units import Scale, digits
from ftbench.report.view_figures import GridFigures, ModeFigures
from ftbench.report.words import interval_of
from ftbench.site import svg

_ROOM_FOR_NUMBERS: Final = 46
_ARM_HEIGHT: Final = 20
_MODE_GAP: Final = 12
_MODE_MARK: Final = 8

_RIGHT: Final = 14
_HEADING: Final = 22
_ROW: Final = 22
_GAP: Final = 8
_MARK: Final = 7
# The marks of a row stand a little apart, in the order of the arms: else they would hide each
# other wherever the arms cost alike.
_APART: Final = 6
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
        if self.log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return min(max(share, 0.0), 1.0)

    def percent(self, value: float) -> str:
        return f"{100 * self.share(value):.1f}"


def needs_log(values: Sequence[float]) -> bool:
    """Tell whether `values` span so much that a linear axis would hide the small ones."""
    return bool(values) and min(values) > 0 and max(values) / min(values) > _LOG_FROM


def _ends(cell: Cell) -> Iterator[float]:
    if cell.figure is not None and cell.median is not None:
        yield cell.median
        interval = cell.figure.interval
        yield from (end for end in (interval.low, interval.high) if end > 0) if interval else ()


def draw(figures: ModeFigures | GridFigures) -> str:
    """Return an SVG element with the name of the figures; "" where nothing was measured."""
    if not figures.measured:
        return ""
    return _draw_modes(figures) if isinstance(figures, ModeFigures) else _draw_grid(figures)


def _draw_modes(figures: ModeFigures) -> str:
    grid, scale = figures.grid, figures.scale
    band = len(grid.asked) * _ARM_HEIGHT + _MODE_GAP

    def paint(axes: Any) -> None:
        _axis_of_costs(axes, grid, grid)
        places = []
        for number, (mode, _, cells) in enumerate(figures.bands):
            top = number * band
            svg.left_label(axes, mode.title, top + band / 2)
            _rule_above(axes, top)
            places += [
                (mode.title, cell, top + _MODE_GAP / 2 + (row + 0.5) * _ARM_HEIGHT)
                for row, cell in enumerate(cells)
            ]
        _cost_marks(axes, places, scale, size=_MODE_MARK)
        for _, cell, height in places:
            _words(axes, scale, cell, height)

    height = len(figures.bands) * band
    return svg.picture(paint, name=figures.name, height=height, right=_ROOM_FOR_NUMBERS)


def _rule_above(axes: Any, top: float) -> None:
    if top:
        axes.axhline(top, color=svg.RULE, linewidth=0.6)


def _words(axes: Any, scale: Scale, cell: Cell, height: float) -> None:
    if cell.median is None or cell.figure is None:
        colour = svg.colour_of(cell.arm) if cell.failed else svg.MUTED
        svg.state_word(axes, f"{cell.arm.character} {cell.state}", height, colour=colour)
        return
    interval = cell.figure.interval
    right = min((interval.high if interval else cell.median) / scale.size, axes.get_xlim()[1])
    # To the right of the mark, clear of the interval's line.
    place = offset_copy(axes.transData, axes.figure, x=_MODE_MARK, units="points")
    axes.text(right, height, digits(cell.median / scale.size), transform=place, va="center")


def _draw_grid(figures: GridFigures) -> str:
    grid, shown = figures.grid, figures.grid.pictured
    bands = figures.bands_of(shown)
    heights = [_HEADING + len(lines) * _ROW + _GAP for _, lines in bands]
    tops = [0, *accumulate(heights)]

    def paint(axes: Any) -> None:
        ours = _axis_of_costs(axes, shown, grid)
        if shown is not grid or figures.ideal:
            svg.rule_at(axes, 1.0, svg.MUTED)
        rows = []
        for (title, lines), top in zip(bands, tops[:-1], strict=True):
            _rule_above(axes, top)
            svg.heading(axes, title, top + _HEADING / 2 + 2)
            first = top + _HEADING + _ROW / 2
            rows += [(title, line, first + number * _ROW) for number, line in enumerate(lines)]
        middle = (len(shown.arms) - 1) / 2
        places = []
        for title, line, height in rows:
            label = figures.label(line)
            svg.left_label(axes, label, height)
            _lacking(axes, ours, line, height)
            places += [
                (f"{title}, {label}", cell, height + (shown.arms.index(cell.arm) - middle) * _APART)
                for cell in line.cells
            ]
        _cost_marks(axes, places, shown.scale, size=_MARK)

    return svg.picture(paint, name=figures.name, height=tops[-1], right=_RIGHT)


def _lacking(axes: Any, ours: Axis, line: Line, height: float) -> None:
    if line.words:
        svg.state_word(axes, line.state, height, colour=svg.BAD if line.failed else svg.MUTED)
        return
    lacking = [cell for cell in line.cells if cell.median is None]
    if lacking:
        text = "  ".join(f"{cell.arm.character} {cell.state}" for cell in lacking)
        colour = svg.BAD if any(cell.failed for cell in lacking) else svg.MUTED
        # Where the row's marks lie in the left half, a word has room in the right.
        shares = [ours.share(cell.median) for cell in line.cells if cell.median is not None]
        right = bool(shares) and sum(shares) < len(shares) / 2
        svg.state_word(axes, text, height, colour=colour, right=right)


def _axis_of_costs(axes: Any, shown: Grid, grid: Grid) -> Axis:
    ours, scale, baseline = Axis.of(shown.cells), shown.scale, grid.baseline
    title = f"{scale.symbol}, {'log' if ours.log else 'linear'} scale"
    svg.axis(axes, ours.low / scale.size, ours.high / scale.size, title, log=ours.log)
    if baseline.median is not None:
        svg.rule_at(axes, baseline.median / grid.scale.size, svg.colour_of(baseline.arm))
    return ours


def _cost_marks(
    axes: Any, places: Iterable[tuple[str, Cell, float]], scale: Scale, *, size: float
) -> None:
    measured = [(of, cell, height) for of, cell, height in places if cell.median is not None]
    for arm in ARMS:
        ours = [each for each in measured if each[1].arm.name == arm.name]
        intervals = [
            [(end / scale.size, height) for end in (interval.low, interval.high)]
            for _, cell, height in ours
            if cell.figure is not None and (interval := cell.figure.interval) is not None
        ]
        svg.lines(axes, intervals, color=svg.colour_of(arm), lw=size / 4)
        if ours:
            medians = [(cell.median or 0.0) / scale.size for _, cell, _ in ours]
            says = [_said(of, cell, scale) for of, cell, _ in ours]
            svg.arm_marks(axes, medians, [height for *_, height in ours], arm, size, says=says)


def _said(of: str, cell: Cell, scale: Scale) -> str:
    ends = f" ({interval_of(cell.figure, scale)})" if cell.figure else ""
    return f"{of}, {cell.arm.label}: {scale.text(cell.median or 0.0)} {scale.symbol}{ends}"
