"""A grid as plain texts: a picture, a table with a column per arm, and what stands beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import quote

from ftbench.analysis.comparison import Cell, Shelf
from ftbench.analysis.grid import GIL_BUILD, Against, Grid, Line, grid_of
from ftbench.facts.arms import ARMS, Arm
from ftbench.facts.units import margin
from ftbench.report.sections.view import Beside, GridView
from ftbench.results import Figure, State
from ftbench.site.findings import Finding, crossing_words, finding, is_above
from ftbench.site.gridchart import draw_grid, pictured
from ftbench.site.strips import Strip, strip_of
from ftbench.site.views import axis_of, ratio_of

_DASH = "\N{EN DASH}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellText:
    """One cell: its number, or in `words` why it has none.

    `above` says that it lies above its control.
    """

    arm: Arm
    value: str = ""
    margin: str = ""
    ratio: str = ""
    base: bool = False
    cheapest: bool = False
    above: bool = False
    href: str = ""
    words: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LineText:
    """A row; `words` stand in for all its cells.

    `marks` are what lies on the table's strip: (arm, percents).
    """

    label: str
    cells: tuple[CellText, ...] = ()
    words: str = ""
    failed: bool = False
    marks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BandText:
    """The rows of one mode, or of one group; "" has no heading."""

    mode: str
    lines: tuple[LineText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnText:
    """A metric in the table of what stands beside; `href` leads to its history."""

    heading: str
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableText:
    """A further table: a column group per metric, in it a column per arm."""

    title: str
    columns: tuple[ColumnText, ...]
    bands: tuple[BandText, ...]
    key: str
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GridText:
    """A grid view; `notes` are reasons.  A table without a picture has a `strip`."""

    kind: ClassVar[str] = "grid"
    name: str
    title: str
    svg: str
    caption: str
    unit: str
    folded: bool
    ratios: bool
    arms: tuple[Arm, ...]
    found: Finding | None
    bands: tuple[BandText, ...]
    notes: tuple[str, ...]
    key: str
    crossings: TableText | None
    beside: TableText | None
    strip: Strip | None = None

    @property
    def measured(self) -> bool:
        """Whether there is a number in it."""
        return bool(self.svg or self.strip)

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


def grid_text(
    name: str, view: GridView, figures: Iterable[Figure] | Shelf, *, drawn: bool = True
) -> GridText:
    """Return what the page shows of a grid view; `name` is unique on the page.

    What is not to be `drawn` has a strip in its table instead of a picture.
    """
    shelf = Shelf.holding(figures)
    grid = grid_of(shelf, view.metric, view.rungs.ladder)
    control = grid_of(shelf, view.control, grid.ladder) if view.control else None
    notes = _Notes()
    shown = pictured(grid)
    strip = None if drawn else strip_of(shown.cells, shown.scale)
    teller = _Teller(grid=grid, shown=shown, view=view, control=control, notes=notes, strip=strip)
    return GridText(
        name=name,
        title=grid.metric.title,
        svg=draw_grid(grid, view.rungs, name=name) if drawn else "",
        caption=_caption(grid, view),
        unit=grid.scale.symbol,
        folded=view.folded,
        ratios=grid.ladder.against is not Against.NOTHING,
        arms=grid.arms,
        found=finding(grid, view.rungs, control),
        bands=tuple(teller.bands()),
        notes=notes.lines,
        key=_key(grid, view),
        crossings=_crossings(grid, view, shelf),
        beside=_beside(grid, view, shelf),
        strip=strip,
    )


def _caption(grid: Grid, view: GridView) -> str:
    shown = pictured(grid)
    axis = f"with 99 % intervals on a {axis_of(shown.medians)} axis"
    if shown is not grid:
        return f"Medians over the GIL build's, {axis}; the dotted rule is at 1."
    if grid.ladder.against is Against.NOTHING:
        return f"Medians {axis}; the dotted rule is at 1."
    if grid.baseline.median is None:
        return f"Medians {axis}."
    return f"Medians {axis}; the dotted rule is {view.rungs.base}, threads, free-threaded."


def _key(grid: Grid, view: GridView) -> str:
    """Return how the table is read."""
    parts = [view.reading] if view.reading else []
    if view.rungs.rivals:
        parts.append(
            "★ is the cheapest of its mode on its arm, and what its interval does not tell apart "
            "from it."
        )
    if view.control:
        parts.append(
            "↑ is above the control beside it, by more than a tenth and with intervals apart."
        )
    if grid.ladder.against is Against.BASE:
        parts.append(f"A ratio is to {view.rungs.base}, threads, free-threaded.")
    if grid.ladder.against is Against.GIL_BUILD:
        parts.append("A ratio is to the GIL build in the same row.")
    parts.append(
        "± is the farther end of the 99\N{NO-BREAK SPACE}% interval, "
        "wide beyond 100\N{NO-BREAK SPACE}%."
    )
    missing = "; ".join(arm.label for arm in ARMS if arm not in grid.arms)
    return " ".join([*parts, f"Not measured: {missing}."] if missing else parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Teller:
    """Turns the lines of a grid into texts; `shown` is what a picture has of it."""

    grid: Grid
    shown: Grid
    view: GridView
    control: Grid | None
    notes: _Notes
    strip: Strip | None

    def bands(self) -> Iterator[BandText]:
        for heading, lines in self.view.rungs.bands(self.grid):
            yield BandText(mode=heading, lines=tuple(map(self._line, lines)))

    def _line(self, line: Line) -> LineText:
        label = self.view.rungs.naming(line.values)
        if line.words:
            return LineText(label=label, words=line.words, failed=line.state is State.FAILED)
        (value,) = line.values
        return LineText(
            label=label,
            cells=tuple(self._cell(cell, value) for cell in line.cells),
            marks=self._marks(line, value),
        )

    def _marks(self, line: Line, value: str) -> tuple[tuple[str, str], ...]:
        if self.strip is None:
            return ()
        return self.strip.places(self.shown.cell(value, cell.mode, cell.arm) for cell in line.cells)

    def _cell(self, cell: Cell, value: str) -> CellText:
        arm = cell.arm
        if cell.figure is None or cell.median is None:
            failed = cell.state is State.FAILED
            return CellText(arm=arm, words=self.notes.pointed(cell), failed=failed)
        grid, control = self.grid, self.control
        return CellText(
            arm=arm,
            value=grid.scale.text(cell.median),
            margin="" if cell.margin is None else margin(cell.margin),
            ratio=self._ratio(cell),
            base=cell.ratio == 1 and not cell.close,
            cheapest=self.view.rungs.rivals and value in grid.cheapest(cell.mode, cell.arm),
            above=bool(control and is_above(cell, control.cell(value, cell.mode, cell.arm))),
            href=cell.figure.graph,
        )

    def _ratio(self, cell: Cell) -> str:
        """Return a cell's ratio; where each row has a baseline, that needs none to itself."""
        against = self.grid.ladder.against
        of_itself = against is Against.GIL_BUILD and cell.arm == GIL_BUILD
        return "" if against is Against.NOTHING or of_itself else ratio_of(cell)


def _crossings(grid: Grid, view: GridView, shelf: Shelf) -> TableText | None:
    """Return the table of from which value on a mode's figures stay below a limit."""
    if view.crossings is None or not grid.medians:
        return None
    every = [(each, grid_of(shelf, each.metric, grid.ladder)) for each in view.crossings.every]
    lines = [
        LineText(
            label=mode.title,
            cells=tuple(
                CellText(
                    arm=arm,
                    value=crossing_words(other, mode, arm, each.limit, view.crossings.sizes)
                    or _DASH,
                )
                for each, other in every
                for arm in grid.arms
            ),
        )
        for mode, shown in grid.bands()
        if not all(line.words for line in shown)
    ]
    return TableText(
        title="From which size on",
        columns=tuple(ColumnText(heading=each.heading) for each, _ in every),
        bands=(BandText(mode="", lines=tuple(lines)),),
        key=view.crossings.key,
    )


def _beside(grid: Grid, view: GridView, shelf: Shelf) -> TableText | None:
    """Return the second table, with a row for every row of the first that has numbers."""
    grids = [(each, grid_of(shelf, each.metric, grid.ladder)) for each in view.beside]
    shown = [(each, other) for each, other in grids if other.medians]
    if not shown:
        return None
    bands = [
        BandText(
            mode=heading,
            lines=tuple(
                LineText(label=view.rungs.naming(line.values), cells=tuple(_others(line, shown)))
                for line in lines
                if not line.words
            ),
        )
        for heading, lines in view.rungs.bands(grid)
    ]
    return TableText(
        title=f"Beside it: {'; '.join(each.heading for each, _ in shown)}",
        columns=tuple(_column(each, other) for each, other in shown),
        bands=tuple(band for band in bands if band.lines),
        lacks=tuple(dict.fromkeys(each.lacks for each, _ in shown if each.lacks)),
        key=view.key,
    )


def _column(beside: Beside, grid: Grid) -> ColumnText:
    """Return a column's head; what has a benchmark for each row leads to no history."""
    ladder, benchmark = grid.ladder, beside.metric.benchmark
    return ColumnText(
        heading=beside.heading if beside.share else f"{beside.heading}, {grid.scale.symbol}",
        href=f"index.html#{quote(benchmark)}" if ladder.param else "",
    )


def _others(line: Line, shown: Sequence[tuple[Beside, Grid]]) -> Iterator[CellText]:
    (value,) = line.values
    for each, grid in shown:
        for first in line.cells:
            arm = first.arm
            cell = grid.cell(value, first.mode, first.arm)
            if cell.median is not None:
                yield CellText(arm=arm, value=grid.scale.text(cell.median))
            elif each.values and value not in each.values:
                yield CellText(arm=arm, value=_DASH)
            else:
                yield CellText(arm=arm, words=cell.state, failed=cell.state is State.FAILED)
