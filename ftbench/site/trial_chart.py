"""Draws a trial for its HTML page: on each build a bar for each mode, and its interval."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from ftbench.analysis.trials import LOOP, Answer, OnBuild, Tried
from ftbench.facts.arms import arm_named
from ftbench.facts.units import amount, scale_for, span
from ftbench.report.trial import named
from ftbench.site import svg
from ftbench.statistics.spread import location

_RIGHT: Final = 64  # for the number behind the longest bar
_HEADING: Final = 26
_LABEL: Final = 16  # of a row, above its bar
_ROW: Final = 36
_BAR: Final = 12
_WHISKER: Final = 4
_MARK: Final = 8
_NAME: Final = "trial"
_CAPTION: Final = (
    f'<figcaption id="{_NAME}">What a call takes, the shorter the better: a bar for each mode, a '
    "line over its 99\N{NO-BREAK SPACE}% interval. Empty is the bar of a plain loop, dotted the "
    "rule at that of the GIL build; \N{BLACK STAR} is the first on its build.</figcaption>"
)


def draw(found: Answer) -> str:
    """Return an SVG element and its caption; "" where nothing was measured."""
    rows: list[tuple[OnBuild, Tried | None, float]] = []
    top = 0.0
    for on in found.builds:
        for tried in (None, *on.every) if on.every else ():
            rows.append((on, tried, top))
            top += _ROW if tried else _HEADING
    every = [tried for _, tried, _ in rows if tried]
    if not every:
        return ""
    scale = scale_for("seconds", [tried.seconds.value for tried in every])
    loops = every[0].gil_loops or every[0].loops
    loop = location(loops.processes)

    def paint(axes: Any) -> None:
        most = max(map(_end, every)) / scale.size
        svg.axis(axes, 0.0, most, f"{scale.symbol} a call, linear scale", log=False)
        if loop is not None:
            svg.rule_at(axes, loop / scale.size, svg.MUTED)
        for on, tried, height in rows:
            if tried is None:
                svg.beside(axes, named(on.build), 0, height + _HEADING / 2, fontweight="bold")
                continue
            first = tried in on.ranked[:1]
            words = f"{'★ ' if first else ''}{tried.title}"
            svg.beside(axes, words, 0, height + _LABEL / 2, bbox=svg.BACKGROUND, zorder=1)
            middle = height + _LABEL + _BAR / 2
            _bar(axes, tried, scale.size, middle)
            arm, place = arm_named(tried.build.arm), tried.seconds.value / scale.size
            svg.arm_marks(axes, [place], [middle], arm, _MARK, says=[_said(tried)])
            text = f"{scale.text(tried.seconds.value)} {scale.symbol}"
            place = _end(tried) / scale.size / most * axes.bbox.width + 6
            weight = "bold" if first else "normal"
            svg.beside(axes, text, place, middle, bbox=svg.BACKGROUND, fontweight=weight)

    return svg.picture(paint, name=_NAME, height=top, left=5, right=_RIGHT) + _CAPTION


def _said(tried: Tried) -> str:
    value, ends = tried.seconds.value, tried.seconds.interval
    said = f"{tried.title}, {named(tried.build)}: {amount(value, 'seconds')} a call"
    return (
        f"{said} ({span(ends.low, ends.high, partial(amount, unit='seconds'))})" if ends else said
    )


def _end(tried: Tried) -> float:
    value, ends = tried.seconds.value, tried.seconds.interval
    return min(ends.high, 2 * value) if ends else value


def _bar(axes: Any, tried: Tried, size: float, middle: float) -> None:
    colour = svg.colour_of(arm_named(tried.build.arm))
    loop = tried.cell.mode == LOOP  # what all others are compared with: an empty bar
    face = "none" if loop else colour
    style = {"facecolor": face, "edgecolor": colour, "linewidth": 1, "zorder": 2}
    axes.barh([middle], [tried.seconds.value / size], height=_BAR, **style)
    if ends := tried.seconds.interval:
        low, high = max(ends.low, 0.0) / size, _end(tried) / size
        caps = [[(end, middle - _WHISKER), (end, middle + _WHISKER)] for end in (low, high)]
        line = [(low, middle), (high, middle)]
        svg.lines(axes, [line, *caps], color=svg.PAPER, linewidth=3.5, zorder=3)
        svg.lines(axes, [line, *caps], color=svg.INK, linewidth=1.5, zorder=4)
