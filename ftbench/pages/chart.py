"""Draws a comparison as one inline SVG that takes its colours and fonts from the page around it."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any, Final

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from ftbench.arms import ARMS
from ftbench.pages.marks import mark_of
from ftbench.probe.modes import MODES, Mode
from ftbench.results import Cell, Comparison, State
from ftbench.results.quantity import digits

# The width is a phone's, so that text is never scaled below what can be read.
_WIDTH: Final = 430
_LEFT: Final = 132
_RIGHT: Final = 46
_TOP: Final = 8
_BOTTOM: Final = 42
_ARM_HEIGHT: Final = 20
_MODE_GAP: Final = 12
_POINTS_PER_INCH: Final = 72
# Beyond this range a linear axis squeezes the small values into one place.
_LOG_FROM: Final = 20
_WIDEST: Final = 2

# matplotlib wants colours now; these become the page's CSS variables in `_adopt`.
_COLOURS: Final = {
    "#010101": "--ink",
    "#020202": "--muted",
    "#030303": "--rule",
    "#040404": "--arm-gil",
    "#050505": "--arm-ft",
    "#060606": "--arm-ft-gil1",
    "#070707": "--paper",
}
_INK, _MUTED, _RULE, *_ARMS, _PAPER = _COLOURS
_BY_VARIABLE: Final = {variable: colour for colour, variable in _COLOURS.items()}
_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "font.size": 11,
    "text.color": _INK,
    "text.parse_math": False,
    "axes.unicode_minus": False,
    "path.simplify": False,
}


def needs_log(values: Sequence[float]) -> bool:
    """Tell whether `values` span so much that a linear axis would hide the small ones."""
    return bool(values) and min(values) > 0 and max(values) / min(values) > _LOG_FROM


def draw(comparison: Comparison, *, name: str) -> str:
    """Return an SVG element, `name` unique on its page; "" where nothing was measured.

    Each mode is a band, each arm a row of it: a mark at the median, a line over the 99 %
    interval, the number, or the word for why there is none.  A thin rule marks the baseline.
    """
    if not comparison.medians:
        return ""
    modes = _modes(comparison)
    height = _TOP + _BOTTOM + len(modes) * (len(ARMS) * _ARM_HEIGHT + _MODE_GAP)
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        canvas = Canvas(
            figsize=(_WIDTH / _POINTS_PER_INCH, height / _POINTS_PER_INCH), dpi=_POINTS_PER_INCH
        )
        FigureCanvasSVG(canvas)
        axes = canvas.add_axes(
            (
                _LEFT / _WIDTH,
                _BOTTOM / height,
                (_WIDTH - _LEFT - _RIGHT) / _WIDTH,
                (height - _TOP - _BOTTOM) / height,
            )
        )
        _axis(axes, comparison, height - _TOP - _BOTTOM)
        _rows(axes, comparison, modes)
        text = io.StringIO()
        canvas.savefig(
            text,
            format="svg",
            transparent=True,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    return _adopt(text.getvalue(), name)


def _modes(comparison: Comparison) -> list[Mode]:
    """Return the modes of which the run has anything to say."""
    said = {cell.mode.name for cell in comparison.cells if cell.state is not State.ABSENT}
    return [mode for mode in MODES if mode.name in said]


def _axis(axes: Any, comparison: Comparison, height: float) -> None:
    scale = comparison.scale
    ends = [value for cell in comparison.cells for value in _ends(cell)]
    log = needs_log(comparison.medians)
    axes.set_ylim(height, 0)
    axes.yaxis.set_major_locator(NullLocator())
    # The interval of two samples is so wide that it would leave no room for the medians.
    low = max(min(ends), min(comparison.medians) / _WIDEST) / scale.size
    high = min(max(ends), max(comparison.medians) * _WIDEST) / scale.size
    if log and low > 0:
        axes.set_xscale("log")
        axes.set_xlim(low / 1.5, high * 1.5)
        axes.xaxis.set_major_locator(LogLocator(10, numticks=6))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_xlim(0, high * 1.08 or 1)
        axes.xaxis.set_major_locator(MaxNLocator(5, min_n_ticks=3))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))
    axes.set_xlabel(f"{scale.symbol}, {'log' if log else 'linear'} scale", color=_MUTED)
    axes.tick_params(axis="x", which="both", color=_RULE, labelcolor=_MUTED, length=3)
    axes.grid(visible=True, axis="x", color=_RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(_RULE)


def _tick(value: float) -> str:
    return f"{value:g}" if value < 1 else f"{value:,.10g}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _ends(cell: Cell) -> tuple[float, ...]:
    if cell.figure is None or cell.figure.median is None:
        return ()
    interval = cell.figure.interval
    ends = (interval.low, interval.high) if interval else ()
    return (cell.figure.median, *(end for end in ends if end > 0))


def _rows(axes: Any, comparison: Comparison, modes: list[Mode]) -> None:
    band = len(ARMS) * _ARM_HEIGHT + _MODE_GAP
    baseline = comparison.baseline.median
    if baseline is not None:
        at = baseline / comparison.scale.size
        axes.axvline(at, color=mark_colour(comparison.baseline), linewidth=1, linestyle=(0, (2, 3)))
    for number, mode in enumerate(modes):
        top = number * band
        axes.annotate(
            mode.title,
            (0, top + band / 2),
            xycoords=("axes fraction", "data"),
            xytext=(-10, 0),
            textcoords="offset points",
            ha="right",
            va="center",
        )
        if number:
            axes.axhline(top, color=_RULE, linewidth=0.6)
        for row, arm in enumerate(ARMS):
            height = top + _MODE_GAP / 2 + (row + 0.5) * _ARM_HEIGHT
            _row(axes, comparison, comparison.cell(mode, arm), height)


def mark_colour(cell: Cell) -> str:
    """Return the stand-in for the colour of the cell's arm."""
    return _BY_VARIABLE[mark_of(cell.arm).colour]


def _row(axes: Any, comparison: Comparison, cell: Cell, height: float) -> None:
    colour, mark = mark_colour(cell), mark_of(cell.arm)
    if cell.median is None or cell.figure is None:
        _word(axes, cell, height, colour)
        return
    size = comparison.scale.size
    interval = cell.figure.interval
    if interval is not None:
        axes.plot([interval.low / size, interval.high / size], [height] * 2, color=colour, lw=2)
    axes.plot(
        [cell.median / size],
        [height],
        marker=mark.marker,
        markersize=8,
        color=colour,
        markeredgecolor=_PAPER,
        markeredgewidth=0.8,
        clip_on=False,
        zorder=3,
    )
    right = min((interval.high if interval else cell.median) / size, axes.get_xlim()[1])
    _label(axes, digits(cell.median / size), right, height)


def _label(axes: Any, text: str, at: float, height: float) -> None:
    """Write a value to the right of its mark, clear of the interval's line."""
    axes.annotate(
        text,
        (at, height),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        fontsize=11,
        annotation_clip=False,
    )


def _word(axes: Any, cell: Cell, height: float, colour: str) -> None:
    axes.annotate(
        f"{mark_of(cell.arm).character} {cell.state}",
        (0, height),
        xycoords=("axes fraction", "data"),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        fontsize=11,
        fontstyle="italic",
        color=_MUTED if cell.state is not State.FAILED else colour,
        # The baseline's rule must not run through the word.
        bbox={"facecolor": _PAPER, "edgecolor": "none", "pad": 1},
    )


def _adopt(svg: str, name: str) -> str:
    """Make matplotlib's document an element of the page: its variables, its font, unique ids."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    for colour, variable in _COLOURS.items():
        svg = svg.replace(colour, f"var({variable})")
    # The page's font, and no rules that would reach beyond the picture.
    svg = re.sub(r" ?font-family: [^;\"]*;?", "", svg)
    svg = re.sub(r"<style.*?</style>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r' (?:id="[^"]*_[^"]*"|transform="rotate\(-0 [^"]*")', "", svg)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"\s*\n\s*", " ", svg)
    view = re.search(r'viewBox="[^"]*"', svg)
    opening = f'<svg class="chart" {view[0] if view else ""} role="img" aria-labelledby="{name}">'
    return re.sub(r"> <", "><", re.sub(r"<svg[^>]*>", opening, svg, count=1)).strip()
