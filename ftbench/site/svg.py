"""What all pictures share: one inline SVG that takes its colours and fonts from its page."""

from __future__ import annotations

import io
import math
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from textwrap import wrap
from typing import Any, Final

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas
from matplotlib.markers import TICKDOWN
from matplotlib.ticker import LogLocator, MaxNLocator

from ftbench.facts.arms import Arm

# The width is a phone's, so that text is never scaled below what can be read.
WIDTH: Final = 430
FONT_SIZE: Final = 11
_LEFT: Final = 132
# Of a label in it: of a longer one there are two small lines.
_LETTERS: Final = 18
_SMALL: Final = 10
_SMALL_LETTERS: Final = 20
_LINES: Final = 2
TOP: Final = 8
_BOTTOM: Final = 42
_TICK: Final = 3
_TICK_LABEL: Final = 6.5
_AXIS_TITLE: Final = 22
_POINTS_PER_INCH: Final = 72
_SHORT_LOG: Final = 30
# A style that occurs no oftener stays where it is.
_SELDOM: Final = 2

INK, MUTED, RULE, PAPER, BAD = "#010101", "#020202", "#030303", "#070707", "#080808"
# matplotlib wants colours now; these become the page's CSS variables in `_adopt`.
_COLOURS: Final = {
    "ink": INK,
    "muted": MUTED,
    "rule": RULE,
    "arm-gil": "#040404",
    "arm-ft": "#050505",
    "arm-ft-gil1": "#060606",
    "arm-jit": "#0d0d0d",
    "paper": PAPER,
    "bad": BAD,
    "kind-loop": "#090909",
    "kind-threads": "#0a0a0a",
    "kind-interpreters": "#0b0b0b",
    "kind-processes": "#0c0c0c",
}
# The id of marks that say something, and what there is of them in matplotlib's document.
_SAYS: Final = "says "
_SAID: Final = re.compile(rf'<g id="{_SAYS}([^"]*)">((?:(?!<g id=).)*)', re.DOTALL)
# Of a text that marks and rules must not run through.
BACKGROUND: Final = {"facecolor": PAPER, "edgecolor": "none", "pad": 1}
_MARKERS: Final = {
    "\N{BLACK SQUARE}": "s",
    "\N{BLACK CIRCLE}": "o",
    "\N{BLACK UP-POINTING TRIANGLE}": "^",
    "\N{BLACK DIAMOND}": "D",
}
_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "font.size": FONT_SIZE,
    "text.color": INK,
    "text.parse_math": False,
    "axes.unicode_minus": False,
    "path.simplify": False,
}


def colour_of(arm: Arm) -> str:
    """Return the stand-in for the colour of an arm."""
    return colour_named(f"arm-{arm.name}")


def marker_of(arm: Arm) -> str:
    """Return matplotlib's marker for an arm: the shape of its character."""
    return _MARKERS[arm.character]


def colour_named(variable: str) -> str:
    """Return the stand-in for a CSS variable of the page."""
    return _COLOURS[variable]


def picture(
    paint: Callable[[Any], None],
    *,
    name: str,
    height: float,
    right: float,
    left: float = _LEFT,
    width: float = WIDTH,
) -> str:
    """Return an SVG element, `name` unique on its page, whose axes `paint` fills.

    Lengths are in points: `height` is the axes', `width` the whole's; y counts from the top.
    """
    whole = TOP + height + _BOTTOM
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        canvas = Canvas(
            figsize=(width / _POINTS_PER_INCH, whole / _POINTS_PER_INCH), dpi=_POINTS_PER_INCH
        )
        FigureCanvasSVG(canvas)
        place = (left / width, _BOTTOM / whole, (width - left - right) / width, height / whole)
        axes = canvas.add_axes(place)
        axes.set_ylim(height, 0)
        axes.yaxis.set_visible(False)
        paint(axes)
        text = io.StringIO()
        canvas.savefig(
            text,
            format="svg",
            transparent=True,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    return _adopt(text.getvalue(), name)


def axis(axes: Any, low: float, high: float, title: str, *, log: bool) -> None:
    """Give the axes an x-axis from `low`, above 0 if it is logarithmic, to `high`."""
    if log:
        axes.set_xscale("log")
        axes.set_xlim(low, high)
        # Within a decade or so, powers of ten alone would name a single place.
        named = (1.0, 2.0, 5.0) if high / low < _SHORT_LOG else (1.0,)
        every = LogLocator(10, subs="auto", numticks=8)
        _ticks(axes, LogLocator(10, subs=named, numticks=6), every)
    else:
        axes.set_xlim(low, high)
        _ticks(axes, MaxNLocator(5, min_n_ticks=3))
    below = axes.get_ylim()[0] + _AXIS_TITLE
    centre = axes.bbox.width / 2
    beside(axes, title, centre, below, ha="center", va="top", color=MUTED)
    keep_sides(axes, "bottom")


def keep_sides(axes: Any, *sides: str) -> None:
    """Draw no other sides of the axes than these."""
    for side, spine in axes.spines.items():
        spine.set_visible(side in sides)
        spine.set_color(RULE)


def _ticks(axes: Any, *locators: LogLocator | MaxNLocator) -> None:
    # matplotlib's own ticks are artists of five artists each, and most of what a picture costs.
    axes.xaxis.set_visible(False)
    (left, right), bottom = axes.get_xlim(), axes.get_ylim()[0]
    named, *others = (
        [float(value) for value in locator.tick_values(left, right) if left <= value <= right]
        for locator in locators
    )
    rules = (((value, bottom), (value, 0)) for value in named)
    lines(axes, rules, color=RULE, linewidth=0.6, zorder=0.5)
    every = [*named, *(value for values in others for value in values if value not in named)]
    marks(axes, every, [bottom] * len(every), TICKDOWN, _TICK, color=RULE, zorder=2)
    for value in named:
        place, below = (value, bottom + _TICK_LABEL), {"ha": "center", "va": "top"}
        axes.text(*place, _tick(value), color=MUTED, **below)


def _tick(value: float) -> str:
    return f"{value:g}" if value < 1 else f"{value:,.10g}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def rule_at(axes: Any, value: float, colour: str) -> None:
    """Draw a thin dotted rule at a value, in the axis's scale."""
    axes.axvline(value, color=colour, linewidth=1, linestyle=(0, (2, 3)))


def lines(axes: Any, every: Iterable[Sequence[tuple[float, float]]], **style: Any) -> None:
    """Draw lines, given by their points, as one artist: one a line would cost ten times as much."""
    points = [point for line in every for point in (*line, (math.nan, math.nan))]
    if points:
        axes.plot(*zip(*points, strict=True), **style)


def arm_marks(
    axes: Any,
    places: Sequence[float],
    heights: Sequence[float],
    arm: Arm,
    size: float,
    *,
    says: Sequence[str],
) -> None:
    """Draw an arm's marks, set apart from what lies below them."""
    edge = {"markeredgecolor": PAPER, "markeredgewidth": size / 10}
    marks(axes, places, heights, marker_of(arm), size, says=says, color=colour_of(arm), **edge)


def marks(
    axes: Any,
    places: Sequence[float],
    heights: Sequence[float],
    marker: str | int,
    size: float,
    *,
    says: Sequence[str] = (),
    **style: Any,
) -> None:
    """Draw marks and no line between them, whole at the edge of the axes too.

    What each `says` stands beside it in a browser, where the pointer or the keyboard is.
    """
    (drawn,) = axes.plot(
        places,
        heights,
        linestyle="none",
        marker=marker,
        markersize=size,
        clip_on=False,
        **{"zorder": 3} | style,
    )
    if says:
        drawn.set_gid(_SAYS + "\t".join(says))


def left_label(axes: Any, text: str, height: float) -> None:
    """Write what a row is, to the left of the axes; of many things the first, and how many."""
    lines, size = [text], FONT_SIZE
    if len(text) > _LETTERS:
        first, *more = text.split(", ")
        lines, size = wrap(text, _SMALL_LETTERS), _SMALL
        if len(lines) > _LINES:
            lines = [*wrap(first, _SMALL_LETTERS)[:1], f"and {len(more)} more" if more else "…"]
    for number, line in enumerate(lines):
        middle = height + (number - (len(lines) - 1) / 2) * _SMALL
        beside(axes, line, -10, middle, ha="right", fontsize=size)


def heading(axes: Any, text: str, height: float) -> None:
    """Write what the rows below have in common, from the left edge of the picture."""
    beside(axes, text, 2 - _LEFT, height, fontweight="bold")


def beside(axes: Any, text: str, left: float, height: float, **style: Any) -> None:
    """Write a text `left` points from the left end of the axes."""
    # A point is a pixel here, and plain text is half the work of an annotation.
    place = axes.get_yaxis_transform()
    axes.text(left / axes.bbox.width, height, text, transform=place, **{"va": "center"} | style)


def state_word(axes: Any, text: str, height: float, *, colour: str, right: bool = False) -> None:
    """Write why a row has no mark, at the left or the right end of the axes."""
    place, side = (axes.bbox.width - 6, "right") if right else (6, "left")
    style = {"fontstyle": "italic", "color": colour, "bbox": BACKGROUND}
    beside(axes, text, place, height, ha=side, **style)


def _adopt(svg: str, name: str) -> str:
    # matplotlib has no setting for any of these.
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    for variable, colour in _COLOURS.items():
        svg = svg.replace(colour, f"var(--{variable})")
    # The page's font, and no rules that would reach beyond the picture.
    svg = re.sub(r" ?font-family: [^;\"]*;?", "", svg)
    svg = re.sub(r"<style.*?</style>\s*", "", svg, flags=re.DOTALL)
    svg = _SAID.sub(_with_titles, svg)
    svg = re.sub(r' (?:id="[^"]*_[^"]*"|transform="rotate\(-0 [^"]*")', "", svg)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"\s*\n\s*", " ", svg).replace("xlink:href=", "href=")
    view = re.search(r'viewBox="[^"]*"', svg)
    opening = f'<svg class="chart" {view[0] if view else ""} role="img" aria-labelledby="{name}">'
    svg = re.sub(r"> <", "><", re.sub(r"<svg[^>]*>", opening, svg, count=1)).strip()
    return _share_styles(_round_places(svg))


def _with_titles(marks: re.Match[str]) -> str:
    words, (before, *uses) = marks[1].split("\t"), marks[2].split("<use ")
    if len(uses) != len(words):  # one is off the picture, and nobody knows which
        return "<g>" + marks[2]
    titles = (f"><title>{each}</title></use>" for each in words)
    return "<g>" + "<use ".join([before, *(use.replace("/>", next(titles), 1) for use in uses)])


def _round_places(svg: str) -> str:
    """Round places to a tenth of a point: a compressed page is 14 % lighter."""
    decimals = re.compile(r"(\.\d)\d+")
    return re.sub(r' (?:d|x|y)="[^"]*"', lambda match: decimals.sub(r"\1", match[0]), svg)


def _share_styles(svg: str) -> str:
    """Write a style that occurs often once, as a class; the class is named for what it says."""
    # A page of pictures is 12 % lighter, which keeps the heaviest below a megabyte.
    often = [
        style
        for style, times in Counter(re.findall(r' style="([^"]*)"', svg)).items()
        if times > _SELDOM
    ]
    names = {style: f"s{zlib.crc32(style.encode()) & 0xFFFFFF:06x}" for style in often}
    for style, name in names.items():
        svg = svg.replace(f' style="{style}"', f' class="{name}"')
    rules = "".join(f".{name}{{{style}}}" for style, name in sorted(names.items()))
    return svg.replace(">", f"><style>{rules}</style>", 1) if rules else svg
