"""Draws a measure over the releases: a mark for each arm, a line over its interval."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

from matplotlib.ticker import MaxNLocator

from ftbench.analysis.price import Point, Points
from ftbench.facts.arms import Arm
from ftbench.releases import Release
from ftbench.site.svg import MUTED, PAPER, RULE, colour_of, marker_of, picture

_HEIGHT: Final = 190
_LEFT: Final = 40
_RIGHT: Final = 14
# Of more releases than this only the first of each series is named.
_MOST_NAMED: Final = 7
_APART: Final = 0.16
_LARGE: Final = 7
_SMALL: Final = 4.5
# The interval of two samples is so wide that it would leave no room for the marks.
_WIDEST: Final = 1.6


def draw_points(
    points: Points,
    releases: Sequence[Release],
    arms: Sequence[Arm],
    *,
    name: str,
    rules: Sequence[tuple[float, str]],
) -> str:
    """Return an SVG element, `name` unique on its page; "" where there are no points.

    `rules` are values at which a dotted rule stands, each with what it means.
    """
    if not points:
        return ""
    low, high = _range(points, rules)

    def height_of(value: float) -> float:
        return _HEIGHT * (high - min(max(value, low), high)) / (high - low)

    def paint(axes: Any) -> None:
        axes.set_xlim(-0.6, len(releases) - 0.4)
        axes.xaxis.set_visible(False)
        for side, spine in axes.spines.items():
            spine.set_visible(side == "bottom")
            spine.set_color(RULE)
        for value in MaxNLocator(5, min_n_ticks=3).tick_values(low, high):
            if low <= value <= high:
                _level(axes, height_of(value), f"{value:g}", colour=RULE, width=0.6)
        for value, words in rules:
            _rule(axes, height_of(value), words)
        _name_releases(axes, releases)
        for number, arm in enumerate(arms):
            dodge = (number - (len(arms) - 1) / 2) * _APART
            _arm(axes, arm, list(_places(points, releases, arm, dodge)), height_of)

    return picture(paint, name=name, height=_HEIGHT, left=_LEFT, right=_RIGHT)


def _range(points: Points, rules: Sequence[tuple[float, str]]) -> tuple[float, float]:
    values = [point.mean.value for point in points.values()]
    values += [value for value, _ in rules]
    intervals = [point.mean.interval for point in points.values()]
    lows = [max(each.low, min(values) / _WIDEST) for each in intervals if each]
    highs = [min(each.high, max(values) * _WIDEST) for each in intervals if each]
    low, high = min([*values, *lows]), max([*values, *highs])
    room = (high - low or high) * 0.08
    return max(low - room, 0.0), high + room


def _places(
    points: Points, releases: Sequence[Release], arm: Arm, dodge: float
) -> Iterator[tuple[float, Release, Point]]:
    for place, release in enumerate(releases):
        point = points.get((release, arm.name))
        if point is not None:
            yield place + dodge, release, point


def _arm(axes: Any, arm: Arm, places: Sequence[tuple[float, Release, Point]], height: Any) -> None:
    """Draw an arm's points: its marks are one artist, its lines two others."""
    colour, gap = colour_of(arm), (math.nan, math.nan)
    size = _LARGE if len(places) <= _MOST_NAMED else _SMALL
    ends = [
        end
        for place, _, point in places
        if (interval := point.mean.interval)
        for end in ((place, height(interval.low)), (place, height(interval.high)), gap)
    ]
    path: list[tuple[float, float]] = []
    for number, (place, release, point) in enumerate(places):
        if number and places[number - 1][1].series != release.series:
            path.append(gap)
        path.append((place, height(point.mean.value)))
    for line, width in ((ends, size / 4), (path, 0.8)):
        if line:
            axes.plot(*zip(*line, strict=True), color=colour, linewidth=width)
    axes.plot(
        [place for place, _, _ in places],
        [height(point.mean.value) for _, _, point in places],
        linestyle="none",
        marker=marker_of(arm),
        markersize=size,
        color=colour,
        markeredgecolor=PAPER,
        markeredgewidth=size / 10,
        clip_on=False,
        zorder=3,
    )


def _level(axes: Any, height: float, text: str, *, colour: str, width: float) -> None:
    axes.axhline(height, color=colour, linewidth=width, zorder=0.5)
    place = axes.get_yaxis_transform()
    left = -7 / axes.bbox.width
    axes.text(left, height, text, transform=place, ha="right", va="center", color=MUTED)


def _rule(axes: Any, height: float, words: str) -> None:
    axes.axhline(height, color=MUTED, linewidth=1, linestyle=(0, (2, 3)), zorder=0.6)
    place = axes.get_yaxis_transform()
    axes.text(
        1,
        height - 4,
        words,
        transform=place,
        ha="right",
        va="bottom",
        color=MUTED,
        fontsize=10,
        # The marks must not run through the words.
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
        zorder=4,
    )


def _name_releases(axes: Any, releases: Sequence[Release]) -> None:
    few = len(releases) <= _MOST_NAMED
    for place, release in enumerate(releases):
        first = not place or releases[place - 1].series != release.series
        if place and first:
            axes.axvline(place - 0.5, color=RULE, linewidth=0.6, zorder=0.5)
        if few or first:
            text = release.name if few else release.series
            axes.text(
                place, _HEIGHT + 7, text, ha="center" if few else "left", va="top", color=MUTED
            )
