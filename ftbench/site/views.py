"""A view as plain texts: a picture, and a table with a row for each arm of each mode."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from ftbench.analysis.comparison import Cell, Comparison, Shelf, compare
from ftbench.facts.arms import ARMS
from ftbench.facts.modes import MODES
from ftbench.facts.units import times
from ftbench.report.sections.view import View
from ftbench.results import Figure, State
from ftbench.site.chart import draw
from ftbench.site.span import needs_log
from ftbench.site.strips import Strip, strip_of

_DASH = "\N{EN DASH}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One arm of one mode in a table; `words` stand in for the numbers of an unmeasured cell.

    `marks` are what lies on the table's strip: (arm, percents).
    """

    arm: str
    character: str
    label: str
    value: str = ""
    interval: str = ""
    ratio: str = ""
    base: bool = False
    words: str = ""
    failed: bool = False
    href: str = ""
    beside: str = ""
    marks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The rows of one mode."""

    mode: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class ViewText:
    """A picture and its table; `beside` heads the table's last column, "" where there is none.

    A table without a picture has a `strip`.
    """

    kind: ClassVar[str] = "view"
    name: str
    title: str
    svg: str
    caption: str
    unit: str
    beside: str
    groups: tuple[Group, ...]
    folded: bool = False
    strip: Strip | None = None

    @property
    def measured(self) -> bool:
        """Whether there is a number in it."""
        return bool(self.svg or self.strip)

    @property
    def columns(self) -> int:
        """How many columns the table has."""
        return 4 + bool(self.beside) + bool(self.strip)


def view_text(
    name: str, view: View, figures: Iterable[Figure] | Shelf, *, drawn: bool = True
) -> ViewText:
    """Return what the page shows of a view; `name` is unique on the page.

    What is not to be `drawn` has a strip in its table instead of a picture.
    """
    shelf = Shelf.holding(figures)
    comparison = compare(shelf, view.metric)
    beside = compare(shelf, view.beside.metric) if view.beside else None
    strip = None if drawn else strip_of(comparison.cells, comparison.scale)
    symbol = beside.scale.symbol if beside and beside.medians else ""
    return ViewText(
        name=name,
        title=comparison.metric.title,
        svg=draw(comparison, name=name) if drawn else "",
        caption=_caption(comparison),
        unit=comparison.scale.symbol,
        beside=f"{view.beside.heading}, {symbol}" if view.beside and symbol else "",
        groups=tuple(_groups(comparison, beside if symbol else None, strip)),
        folded=view.folded,
        strip=strip,
    )


def axis_of(medians: Sequence[float]) -> str:
    """Return in a word which axis the picture of these has."""
    return "logarithmic" if needs_log(medians) else "linear"


def _caption(comparison: Comparison) -> str:
    baseline = comparison.baseline.median is not None
    rule = "; the dotted rule is threads on the free-threaded build" if baseline else ""
    return f"Medians with 99 % intervals on a {axis_of(comparison.medians)} axis{rule}."


def _groups(
    comparison: Comparison, beside: Comparison | None, strip: Strip | None
) -> Iterable[Group]:
    """Yield the modes of which there is anything to say, every arm of each."""
    for mode in MODES:
        cells = [comparison.cell(mode, arm) for arm in ARMS]
        if all(cell.state is State.ABSENT for cell in cells):
            continue
        words = {cell.words for cell in cells}
        if len(words) == 1 and "" not in words:
            yield Group(mode=mode.title, rows=(_common_row(cells[0]),))
        else:
            rows = (_row(cell, comparison, _beside(cell, beside)) for cell in cells)
            marked = zip(rows, cells, strict=True)
            yield Group(
                mode=mode.title,
                rows=tuple(
                    replace(row, marks=strip.places([cell]) if strip else ())
                    for row, cell in marked
                ),
            )


def _common_row(cell: Cell) -> Row:
    """Say once what holds on every arm."""
    failed = cell.state is State.FAILED
    return Row(arm="", character="", label="every arm", words=cell.words, failed=failed)


def _beside(cell: Cell, beside: Comparison | None) -> str:
    if beside is None:
        return ""
    other = beside.cell(cell.mode, cell.arm)
    return other.state if other.median is None else beside.scale.text(other.median)


def _row(cell: Cell, comparison: Comparison, beside: str) -> Row:
    mark = cell.arm
    row = Row(arm=cell.arm.name, character=mark.character, label=mark.label, beside=beside)
    if cell.figure is None or cell.median is None:
        failed = cell.state is State.FAILED
        return replace(row, words=cell.words, failed=failed)
    scale, interval = comparison.scale, cell.figure.interval
    # Of few samples asv's interval reaches below zero, where no cost is.
    ends = (scale.text(max(interval.low, 0)), scale.text(interval.high)) if interval else ()
    return replace(
        row,
        value=scale.text(cell.median),
        interval=f" {_DASH} ".join(ends) or "too few samples",
        ratio=ratio_of(cell),
        base=cell == comparison.baseline,
        href=cell.figure.graph,
    )


def ratio_of(cell: Cell) -> str:
    """Return a cell's ratio as a table shows it: ≈ stands before a close one, a dash for none."""
    if cell.ratio is None:
        return _DASH
    return f"{'≈ ' if cell.close else ''}{times(cell.ratio)}"
