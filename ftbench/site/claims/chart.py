"""Draws how far measured ratios are from claimed ones: a row per claim, 1 is as claimed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from ftbench.analysis.claims.judge import Judgement
from ftbench.analysis.claims.rule import ClaimVerdict, Relation
from ftbench.site import svg

_RIGHT: Final = 16
_ROW: Final = 22
_HEADING: Final = 24
_GAP: Final = 8
_MARK: Final = 7
_MARGIN: Final = 1.4
_WIDEST: Final = 100.0  # a mark farther off stands at the edge: its row would squeeze all others
MARKERS: Final = {ClaimVerdict.HOLDS: "o", ClaimVerdict.NOT: "X", ClaimVerdict.CANNOT: "D"}


Numbered = tuple[int, Judgement]
"""A judgement with the number of its claim."""


def compared(judgements: Iterable[Numbered]) -> list[Numbered]:
    """Return the claims of a number that the measured one can be held against."""
    return [
        (number, judgement)
        for number, judgement in judgements
        if judgement.claim.relation is Relation.RATIO
        and judgement.verdict in MARKERS
        and all(ratio.quantity.value for ratio in judgement.ratios)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A claim in the picture: all figures are shares of what is claimed.

    `band` is the range in which it holds; `ends` those of its interval, None where it has none.
    """

    label: str
    verdict: ClaimVerdict
    value: float
    band: tuple[float, float]
    ends: tuple[float, float] | None


def _row_of(order: int, judgement: Judgement) -> _Row:
    (ratio,), claimed = judgement.ratios, judgement.claim.edge or 1.0
    spread = ratio.quantity.spread
    return _Row(
        label=f"{order}  {_short(ratio.what)}",
        verdict=judgement.verdict,
        value=(ratio.quantity.value or claimed) / claimed,
        band=(ratio.low / claimed, ratio.high / claimed),
        ends=(spread.low / claimed, spread.high / claimed) if spread else None,
    )


def _short(what: str) -> str:
    """Return what a ratio is of, as short as a picture has room for: "spawn" of many a one."""
    above = what.partition(" / ")[0].partition(" (")[0].rpartition(": ")[2]
    return above.removeprefix("processes, ").split(",")[0]


def draw(claims: Mapping[str, Sequence[Numbered]], *, name: str) -> str:
    """Return an SVG element, `name` unique on its page; "" where there is no row.

    `claims` maps a heading to claims of a number.
    """
    bands = {title: [_row_of(*each) for each in ours] for title, ours in claims.items()}
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


def _row(axes: Any, row: _Row, height: float, low: float, high: float) -> None:
    svg.left_label(axes, row.label, height)
    axes.fill_between(list(row.band), height - _ROW / 3, height + _ROW / 3, color=svg.RULE, lw=0)
    colour = svg.BAD if row.verdict is ClaimVerdict.NOT else svg.INK
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
        markerfacecolor=svg.PAPER if row.verdict is ClaimVerdict.CANNOT else colour,
        markeredgecolor=colour,
        clip_on=False,
        zorder=3,
    )
