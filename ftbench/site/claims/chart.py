"""Draws how far measured ratios are from claimed ones: a row per claim, 1 is as claimed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from ftbench.analysis.claims.rule import Verdict
from ftbench.site import svg

_RIGHT: Final = 16
_ROW: Final = 22
_HEADING: Final = 24
_GAP: Final = 8
_MARK: Final = 7
_MARGIN: Final = 1.4
_WIDEST: Final = 100.0  # a mark farther off stands at the edge: its row would squeeze all others
MARKERS: Final = {Verdict.HOLDS: "o", Verdict.NOT: "X", Verdict.CANNOT: "D"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A claim: what it is called, its verdict, and all figures as shares of what is claimed.

    `band` is the range in which it holds; `ends` those of its interval, None where it has none.
    """

    label: str
    verdict: Verdict
    value: float
    band: tuple[float, float]
    ends: tuple[float, float] | None = None


def draw(bands: Mapping[str, Sequence[Row]], *, name: str) -> str:
    """Return an SVG element, `name` unique on its page; "" where there is no row.

    `bands` maps a heading to its rows.
    """
    rows = [row for band in bands.values() for row in band]
    if not rows:
        return ""
    heights = [_HEADING + len(band) * _ROW + _GAP for band in bands.values()]
    tops = [0, *accumulate(heights)]
    values = [end for row in rows for end in (row.value, *row.band)]
    low = max(min(values) / _MARGIN, 1 / _WIDEST)
    high = min(max(values) * _MARGIN, _WIDEST)

    def paint(axes: Any) -> None:
        svg.axis(axes, low, high, "measured over claimed, log scale", log=True)
        svg.rule_at(axes, 1.0, svg.MUTED)
        for (title, band), top in zip(bands.items(), tops[:-1], strict=True):
            svg.heading(axes, title, top + _HEADING / 2)
            for number, row in enumerate(band):
                _row(axes, row, top + _HEADING + (number + 0.5) * _ROW, low, high)

    return svg.picture(paint, name=name, height=tops[-1], right=_RIGHT)


def _row(axes: Any, row: Row, height: float, low: float, high: float) -> None:
    svg.left_label(axes, row.label, height)
    axes.fill_between(list(row.band), height - _ROW / 3, height + _ROW / 3, color=svg.RULE, lw=0)
    colour = svg.BAD if row.verdict is Verdict.NOT else svg.INK
    if row.ends is not None:
        ends = [min(max(end, low), high) for end in row.ends]
        axes.plot(ends, [height] * 2, color=colour, lw=_MARK / 4)
    axes.plot(
        [min(max(row.value, low), high)],
        [height],
        linestyle="none",
        marker=MARKERS[row.verdict],
        markersize=_MARK,
        color=colour,
        markerfacecolor=svg.PAPER if row.verdict is Verdict.CANNOT else colour,
        markeredgecolor=colour,
        clip_on=False,
        zorder=3,
    )
