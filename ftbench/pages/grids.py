"""A grid as plain texts: a picture, a table with a column per arm, and what stands beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import quote

from ftbench.arms import ARMS
from ftbench.pages.gridchart import draw_grid
from ftbench.pages.marks import mark_of
from ftbench.pages.scenarios import Beside, GridView, Rungs
from ftbench.pages.views import axis_of, ratio_of
from ftbench.results import Cell, Figure, State
from ftbench.results.grid import Grid, Line, grid_of
from ftbench.results.quantity import margin

_DASH = "\N{EN DASH}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmText:
    """An arm in a legend or at the head of a column."""

    name: str
    character: str
    label: str


ARM_TEXTS = {
    arm.name: ArmText(name=arm.name, character=mark_of(arm).character, label=mark_of(arm).label)
    for arm in ARMS
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CellText:
    """One cell: its number, or in `words` why it has none."""

    arm: ArmText
    value: str = ""
    margin: str = ""
    ratio: str = ""
    base: bool = False
    cheapest: bool = False
    href: str = ""
    words: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LineText:
    """A row; `words` stand in for all its cells."""

    label: str
    cells: tuple[CellText, ...] = ()
    words: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BandText:
    """The rows of one mode."""

    mode: str
    lines: tuple[LineText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnText:
    """A metric in the table of what stands beside; `href` leads to its history."""

    heading: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BesideText:
    """The second table: a column group per metric, in it a column per arm."""

    columns: tuple[ColumnText, ...]
    bands: tuple[BandText, ...]
    lacks: tuple[str, ...]
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowest:
    """The cheapest cell of an arm, in words."""

    arm: ArmText
    words: str


@dataclass(frozen=True, kw_only=True)
class GridText:
    """A grid view; `missing` names the arms of which nothing is known, `notes` are reasons."""

    kind: ClassVar[str] = "grid"
    name: str
    title: str
    svg: str
    caption: str
    unit: str
    base: str
    folded: bool
    arms: tuple[ArmText, ...]
    missing: str
    lowest: tuple[Lowest, ...]
    bands: tuple[BandText, ...]
    notes: tuple[str, ...]
    beside: BesideText | None

    @property
    def groups(self) -> tuple[BandText, ...]:
        """The bands, by the name that other views have for them."""
        return self.bands


@dataclass(frozen=True, slots=True)
class _Notes:
    """Reasons, each said once below the table and pointed at by its number."""

    reasons: dict[str, int] = field(default_factory=dict)

    def pointed(self, cell: Cell) -> str:
        """Return the word for an unmeasured cell, with the number of its reason."""
        if cell.words == cell.state:
            return cell.state
        number = self.reasons.setdefault(cell.words, len(self.reasons) + 1)
        return f"{cell.state} [{number}]"

    @property
    def lines(self) -> tuple[str, ...]:
        """The reasons, as they stand below the table."""
        return tuple(f"[{number}] {words}" for words, number in self.reasons.items())


def grid_text(name: str, view: GridView, figures: Sequence[Figure]) -> GridText:
    """Return what the page shows of a grid view; `name` is unique on the page."""
    rungs = view.rungs
    grid = grid_of(figures, view.metric, rungs.ladder)
    notes = _Notes()
    return GridText(
        name=name,
        title=grid.metric.title,
        svg=draw_grid(grid, rungs.naming, name=name),
        caption=_caption(grid, rungs),
        unit=grid.scale.symbol,
        base=rungs.base,
        folded=view.folded,
        arms=tuple(ARM_TEXTS[arm.name] for arm in grid.arms),
        missing="; ".join(mark_of(arm).label for arm in ARMS if arm not in grid.arms),
        lowest=tuple(_lowest(grid, rungs)),
        bands=tuple(_bands(grid, rungs, notes)),
        notes=notes.lines,
        beside=_beside(grid, view, figures),
    )


def _caption(grid: Grid, rungs: Rungs) -> str:
    rule = ""
    if grid.baseline.median is not None:
        rule = f"; the dotted rule is {rungs.base}, threads, free-threaded"
    return f"Medians with 99 % intervals on a {axis_of(grid.medians)} axis{rule}."


def _lowest(grid: Grid, rungs: Rungs) -> Iterator[Lowest]:
    for arm in grid.arms:
        found = grid.lowest(arm)
        if found is not None and found[1].median is not None:
            value, cell = found
            number = f"{grid.scale.text(cell.median or 0)} {grid.scale.symbol}"
            words = f"{cell.mode.title}, {rungs.naming((value,))}: {number}"
            yield Lowest(arm=ARM_TEXTS[arm.name], words=words)


def _bands(grid: Grid, rungs: Rungs, notes: _Notes) -> Iterator[BandText]:
    for mode, lines in grid.bands():
        texts = tuple(_line(line, grid, rungs, notes) for line in lines)
        yield BandText(mode=mode.title, lines=texts)


def _line(line: Line, grid: Grid, rungs: Rungs, notes: _Notes) -> LineText:
    label = rungs.naming(line.values)
    if line.words:
        return LineText(label=label, words=line.words, failed=line.state is State.FAILED)
    (value,) = line.values
    return LineText(label=label, cells=tuple(_cell(c, value, grid, notes) for c in line.cells))


def _cell(cell: Cell, value: str, grid: Grid, notes: _Notes) -> CellText:
    arm = ARM_TEXTS[cell.arm.name]
    if cell.figure is None or cell.median is None:
        return CellText(arm=arm, words=notes.pointed(cell), failed=cell.state is State.FAILED)
    return CellText(
        arm=arm,
        value=grid.scale.text(cell.median),
        margin="" if cell.margin is None else margin(cell.margin),
        ratio=ratio_of(cell),
        base=cell == grid.baseline,
        cheapest=value in grid.cheapest(cell.mode, cell.arm),
        href=cell.figure.graph,
    )


def _beside(grid: Grid, view: GridView, figures: Sequence[Figure]) -> BesideText | None:
    """Return the second table, with a row for every row of the first that has numbers."""
    grids = [(each, grid_of(figures, each.metric, grid.ladder)) for each in view.beside]
    shown = [(each, other) for each, other in grids if other.medians]
    if not shown:
        return None
    bands = [
        BandText(
            mode=mode.title,
            lines=tuple(
                LineText(label=view.rungs.naming(line.values), cells=tuple(_others(line, shown)))
                for line in lines
                if not line.words
            ),
        )
        for mode, lines in grid.bands()
    ]
    return BesideText(
        columns=tuple(
            ColumnText(
                heading=f"{each.heading}, {other.scale.symbol}",
                href=f"index.html#{quote(each.metric.benchmark)}",
            )
            for each, other in shown
        ),
        bands=tuple(band for band in bands if band.lines),
        lacks=tuple(dict.fromkeys(each.lacks for each, _ in shown if each.lacks)),
        key=view.key,
    )


def _others(line: Line, shown: Sequence[tuple[Beside, Grid]]) -> Iterator[CellText]:
    (value,) = line.values
    for each, grid in shown:
        for first in line.cells:
            arm = ARM_TEXTS[first.arm.name]
            cell = grid.cell(value, first.mode, first.arm)
            if cell.median is not None:
                yield CellText(arm=arm, value=grid.scale.text(cell.median))
            elif each.values and value not in each.values:
                yield CellText(arm=arm, value=_DASH)
            else:
                yield CellText(arm=arm, words=cell.state, failed=cell.state is State.FAILED)
