"""Draws a map of winners: areas between measured places, borders, hatching where it is not sure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ftbench.analysis.advice.winner_map import KINDS, Spot
from ftbench.facts.units import amount
from ftbench.probe.scenarios.crossover import PAYLOADS, SIZES
from ftbench.report.findings import beyond
from ftbench.report.sections.view import PAYLOAD_NAMES, TASK_SIZE_NAMES
from ftbench.site import svg

_WIDTH: Final = 330
_LEFT: Final = 62
_RIGHT: Final = 8
_HEIGHT: Final = 228
_PAD: Final = 22
_BEYOND: Final = 0.34
# Parts of the way from a place to the next, of which each is looked at.
_FINE: Final = 6
# The logarithm of a cost that there is not.
_NONE: Final = 1e6
# The axes, and from where on their steps are of the logarithm.
_STEPS: Final = np.array([size.nominal for size in SIZES]), 0.0
_BYTES: Final = np.array([float(payload.size) for payload in PAYLOADS]), 1024.0
# What is this far below, by its logarithm, is far below.
_FAR: Final = 5.0

FRAME: Final = {
    "left": _LEFT,
    "right": _RIGHT,
    "width": _WIDTH,
    "height": _HEIGHT,
    "pad": _PAD,
    "top": svg.TOP,
    "beyond": _BEYOND,
    "first": _BYTES[1],
}
"""Where a map's places lie, for the script that marks one of a reader's own."""

Field = NDArray[np.float64]


def draw_map(spots: Sequence[Spot], name: str) -> str:
    """Return an SVG element, `name` unique on its page; "" where nothing was measured."""
    if not any(spot.ranked for spot in spots):
        return ""

    def paint(axes: Any) -> None:
        _frame(axes)
        _areas(axes, spots)
        for number, spot in enumerate(spots):
            column, row = divmod(number, len(PAYLOADS))
            _spot(axes, spot, column, _height(row))

    return svg.picture(paint, name=name, height=_HEIGHT, left=_LEFT, right=_RIGHT, width=_WIDTH)


def _height(row: float) -> float:
    """Return how far below the top a row of payloads lies; the largest payload is on top."""
    step = (_HEIGHT - 2 * _PAD) / (len(PAYLOADS) - 1)
    return _HEIGHT - _PAD - row * step


def _frame(axes: Any) -> None:
    axes.set_xlim(-_BEYOND, len(SIZES) - 1 + _BEYOND)
    svg.keep_sides(axes, "bottom", "left")
    axes.set_xticks(range(len(SIZES)), [TASK_SIZE_NAMES[size.name] for size in SIZES])
    axes.tick_params(axis="x", color=svg.RULE, labelcolor=svg.MUTED, length=3)
    axes.set_xlabel("nominal work of a task, log scale", color=svg.MUTED)
    for row, payload in enumerate(PAYLOADS):
        svg.left_label(axes, PAYLOAD_NAMES[payload.name], _height(row))
    svg.beside(axes, "payload", -_LEFT, 4, va="baseline", color=svg.MUTED)


def _areas(axes: Any, spots: Sequence[Spot]) -> None:
    rows = [_height(row) for row in _between(len(PAYLOADS))]
    places, below = np.meshgrid(_between(len(SIZES)), rows), [-2 * _NONE, 0]
    costs = [[spot.of_kind(kind) for spot in spots] for kind in KINDS]
    every = [np.log(_fine([cost.median if cost else math.nan for cost in of])) for of in costs]
    best = np.fmin.reduce(every)
    least = np.full_like(best, _NONE)
    # Each is painted over those before it, wherever it costs less: no gap is left where three meet.
    for step, (kind, own) in enumerate(zip(KINDS, every, strict=True)):
        if not (own <= best).any():
            continue
        lead = np.ma.masked_invalid(own - least)
        least = np.fmin(least, own)
        colour = svg.colour_named(f"kind-{'loop' if kind.name == 'serial' else kind.name}")
        level = 1 + step / len(KINDS)
        axes.contourf(*places, lead, levels=below, colors=[colour], zorder=level)
        if (lead > 0).any():
            border = {"colors": [svg.INK], "linewidths": [1.1]}
            axes.contour(*places, lead, levels=[0], zorder=level, **border)
    doubt = np.ma.masked_invalid(
        np.where(np.isnan(best), math.nan, _fine([_gap(spot) for spot in spots]))
    )
    if (doubt < 0).any():
        style = {"colors": "none", "hatches": ["////"], "zorder": 2}
        hatched = axes.contourf(*places, doubt, levels=below, **style)
        # A hatch has the colour of an edge, which has no width here.
        hatched.set_edgecolor(svg.MUTED)
        hatched.set_linewidth(0)


def _gap(spot: Spot) -> float:
    """Return how far the others' intervals lie above the winner's, by logarithm; < 0 is doubt."""
    if not spot.ranked:
        return math.nan
    best, *others = (each.interval for each in spot.ranked)
    lows = [each.low for each in others if each is not None]
    if not others:
        return _FAR
    if best is None or len(lows) < len(others) or min(lows) <= 0:
        return -_FAR
    return max(-_FAR, min(_FAR, math.log(min(lows) / best.high)))


def _between(count: int) -> Field:
    return np.linspace(0, count - 1, (count - 1) * _FINE + 1)


def _fine(values: Sequence[float]) -> Field:
    """Return values, size by size, as a table of payload by size with the values between."""
    # On straight lines of the work, and of the bytes; next to what is not known nothing is.
    table = np.array(values, dtype=float).reshape(len(SIZES), len(PAYLOADS)).T
    return _along_rows(_along_rows(table, *_STEPS).T, *_BYTES).T


def _along_rows(table: Field, axis: Field, first: float) -> Field:
    logs = np.interp(_between(len(axis)), np.arange(len(axis)), np.log(axis + first))
    between = np.exp(logs) - first
    between[::_FINE] = axis
    return np.array([np.interp(between, axis, row) for row in table])


def _spot(axes: Any, spot: Spot, column: float, height: float) -> None:
    winner = spot.winner
    if winner is None:
        axes.text(column, height, "no data", ha="center", va="center", color=svg.MUTED, fontsize=9)
        return
    style = {"color": svg.PAPER, "markeredgecolor": svg.INK, "markeredgewidth": 0.8}
    place = f"{TASK_SIZE_NAMES[spot.size.name]}, {PAYLOAD_NAMES[spot.payload.name]}"
    doubt, cost = "≈ " if spot.rivals else "", amount(winner.median, "seconds")
    said = f"{place}: {doubt}{winner.mode.title} {cost}; next: {beyond(spot)}"
    svg.marks(axes, [column], [height], "o", 19 if spot.rivals else 16, says=[said], **style)
    letter = f"≈{winner.kind.letter}" if spot.rivals else winner.kind.letter
    axes.text(
        column, height, letter, ha="center", va="center", fontweight="bold", fontsize=10, zorder=4
    )
