"""Draws a grid: a band per mode or group, a row per value, the arms' marks on each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Final

from ftbench.analysis.comparison import Cell
from ftbench.analysis.grid import Against, Grid, Line
from ftbench.facts.arms import Arm
from ftbench.report.sections.view import Rungs
from ftbench.results import State
from ftbench.site.svg import (
    BAD,
    MUTED,
    RULE,
    axis_of_costs,
    baseline_rule,
    cost_marks,
    heading,
    left_label,
    picture,
    rule_at,
    state_word,
)

_RIGHT: Final = 14
_HEADING: Final = 22
_ROW: Final = 22
_GAP: Final = 8
_MARK: Final = 7
# The marks of a row stand a little apart, in the order of the arms: else they would hide each
# other wherever the arms cost alike.
_APART: Final = 6


def pictured(grid: Grid) -> Grid:
    """Return the grid that a picture shows: its ratios, where each row has its own baseline."""
    if grid.ladder.against is Against.GIL_BUILD and any(cell.ratio for cell in grid.cells):
        return grid.as_ratios()
    return grid


def draw_grid(grid: Grid, rungs: Rungs, *, name: str) -> str:
    """Return an SVG element, `name` unique on its page; "" where nothing was measured."""
    if not grid.medians:
        return ""
    shown = pictured(grid)
    bands = tuple(rungs.bands(shown))
    heights = [_HEADING + len(lines) * _ROW + _GAP for _, lines in bands]
    tops = [0, *accumulate(heights)]

    def paint(axes: Any) -> None:
        axis_of_costs(axes, shown.cells, shown.scale)
        baseline_rule(axes, grid.baseline, grid.scale)
        if shown is not grid or grid.ladder.against is Against.NOTHING:
            rule_at(axes, 1.0, MUTED)
        rows = []
        for (title, lines), top in zip(bands, tops[:-1], strict=True):
            _heading(axes, title, top)
            first = top + _HEADING + _ROW / 2
            rows += [(line, first + number * _ROW) for number, line in enumerate(lines)]
        for line, height in rows:
            left_label(axes, rungs.naming(line.values), height)
            _lacking(axes, shown, line, height)
        cost_marks(axes, _marks(shown, rows), shown.scale, size=_MARK)

    return picture(paint, name=name, height=tops[-1], right=_RIGHT)


def _heading(axes: Any, title: str, top: float) -> None:
    if top:
        axes.axhline(top, color=RULE, linewidth=0.6)
    heading(axes, title, top + _HEADING / 2 + 2)


def _marks(grid: Grid, rows: Iterable[tuple[Line, float]]) -> Iterator[tuple[Cell, float]]:
    """Yield the cells of the rows, each with its height."""
    for line, height in rows:
        for cell in line.cells:
            yield cell, height + _dodge(grid.arms, cell.arm)


def _lacking(axes: Any, grid: Grid, line: Line, height: float) -> None:
    """Write what became of the cells of a row that have no mark."""
    if line.words:
        colour = BAD if line.state is State.FAILED else MUTED
        state_word(axes, line.state, height, colour=colour)
        return
    lacking = [cell for cell in line.cells if cell.median is None]
    if lacking:
        text = "  ".join(f"{cell.arm.character} {cell.state}" for cell in lacking)
        failed = any(cell.state is State.FAILED for cell in lacking)
        right = _leans_left(axes, grid, line.cells)
        state_word(axes, text, height, colour=BAD if failed else MUTED, right=right)


def _dodge(arms: Sequence[Arm], arm: Arm) -> float:
    return (arms.index(arm) - (len(arms) - 1) / 2) * _APART


def _leans_left(axes: Any, grid: Grid, cells: Sequence[Cell]) -> bool:
    """Tell whether the row's marks lie in the left half, so that a word has room in the right."""
    measured = [cell.median / grid.scale.size for cell in cells if cell.median is not None]
    if not measured:
        return False
    places = axes.transAxes.inverted().transform(
        axes.transData.transform([(value, 0) for value in measured])
    )
    return bool(sum(place[0] for place in places) / len(measured) < 0.5)  # noqa: PLR2004 - a half
