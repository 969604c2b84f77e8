"""Draws a comparison: every mode on every arm, a row for each."""

from __future__ import annotations

from typing import Any, Final

from matplotlib.transforms import offset_copy

from ftbench.analysis.comparison import Cell, Comparison
from ftbench.facts.arms import ARMS
from ftbench.facts.modes import MODES, Mode
from ftbench.facts.units import digits
from ftbench.results import State
from ftbench.site.svg import (
    MUTED,
    RULE,
    axis_of_costs,
    baseline_rule,
    colour_of,
    cost_marks,
    left_label,
    picture,
    state_word,
)

_RIGHT: Final = 46
_ARM_HEIGHT: Final = 20
_MODE_GAP: Final = 12
_BAND: Final = len(ARMS) * _ARM_HEIGHT + _MODE_GAP
_MARK: Final = 8


def draw(comparison: Comparison, *, name: str) -> str:
    """Return an SVG element, `name` unique on its page; "" where nothing was measured.

    Each mode is a band, each arm a row of it: a mark at the median, a line over the 99 %
    interval, the number, or the word for why there is none.  A thin rule marks the baseline.
    """
    if not comparison.medians:
        return ""
    modes = _modes(comparison)

    def paint(axes: Any) -> None:
        axis_of_costs(axes, comparison.cells, comparison.scale)
        baseline_rule(axes, comparison.baseline, comparison.scale)
        places = []
        for number, mode in enumerate(modes):
            _heading(axes, mode, number * _BAND)
            places += _rows(comparison, mode, number * _BAND)
        cost_marks(axes, places, comparison.scale, size=_MARK)
        for cell, height in places:
            _words(axes, comparison, cell, height)

    return picture(paint, name=name, height=len(modes) * _BAND, right=_RIGHT)


def _modes(comparison: Comparison) -> list[Mode]:
    """Return the modes of which the run has anything to say."""
    said = {cell.mode.name for cell in comparison.cells if cell.state is not State.ABSENT}
    return [mode for mode in MODES if mode.name in said]


def _heading(axes: Any, mode: Mode, top: float) -> None:
    left_label(axes, mode.title, top + _BAND / 2)
    if top:
        axes.axhline(top, color=RULE, linewidth=0.6)


def _rows(comparison: Comparison, mode: Mode, top: float) -> list[tuple[Cell, float]]:
    """Return the cells of a band, each with its height."""
    return [
        (comparison.cell(mode, arm), top + _MODE_GAP / 2 + (row + 0.5) * _ARM_HEIGHT)
        for row, arm in enumerate(ARMS)
    ]


def _words(axes: Any, comparison: Comparison, cell: Cell, height: float) -> None:
    """Write a cell's number beside its mark, or the word for why there is none."""
    if cell.median is None or cell.figure is None:
        colour = colour_of(cell.arm) if cell.state is State.FAILED else MUTED
        text = f"{cell.arm.character} {cell.state}"
        state_word(axes, text, height, colour=colour)
        return
    size, interval = comparison.scale.size, cell.figure.interval
    right = min((interval.high if interval else cell.median) / size, axes.get_xlim()[1])
    _label(axes, digits(cell.median / size), right, height)


def _label(axes: Any, text: str, at: float, height: float) -> None:
    """Write a value to the right of its mark, clear of the interval's line."""
    place = offset_copy(axes.transData, axes.figure, x=_MARK, units="points")
    axes.text(at, height, text, transform=place, va="center")
