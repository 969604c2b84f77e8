"""The figures of a view: of a metric by itself, or along a ladder with what stands beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Final

from ftbench.analysis.comparison import Cell, FigureIndex, Metric
from ftbench.analysis.grid import GIL_BUILD, Against, Grid, Line, compare, grid_of
from ftbench.facts.arms import Arm
from ftbench.facts.modes import MODES, Mode
from ftbench.facts.units import Scale, scale_for, times
from ftbench.report import findings
from ftbench.report.findings import Finding
from ftbench.report.sections.view import Beside, GridView, View
from ftbench.report.words import DOUBTFUL, interval_of
from ftbench.results import State

DASH: Final = "\N{EN DASH}"


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The figures of a view; `name` is unique on a page."""

    name: str
    grid: Grid

    @property
    def title(self) -> str:
        return self.grid.metric.title

    @property
    def measured(self) -> bool:
        return bool(self.grid.medians)

    @property
    def scale(self) -> Scale:
        return self.grid.scale


@dataclass(frozen=True, kw_only=True)
class ModeFigures(Figures):
    """Those of a metric by itself; `beside` is None where nothing of it was measured."""

    kind: ClassVar[str] = "modes"
    view: View
    beside: Grid | None

    @classmethod
    def of(cls, name: str, view: View, index: FigureIndex) -> ModeFigures:
        beside = compare(index, view.beside.metric) if view.beside else None
        return cls(
            name=name,
            view=view,
            grid=compare(index, view.metric),
            beside=beside if beside and beside.medians else None,
        )

    @property
    def beside_heading(self) -> str:
        if self.beside is None or self.view.beside is None:
            return ""
        return f"{self.view.beside.heading}, {self.beside.scale.symbol}"

    @cached_property
    def bands(self) -> Sequence[tuple[Mode, str, tuple[Cell, ...]]]:
        """The modes that have anything to say: mode, words that hold on every arm, cells by arm."""
        bands = []
        for mode in MODES:
            cells = tuple(self.grid.cell(mode, arm) for arm in self.grid.asked)
            if any(cell.state is not State.ABSENT for cell in cells):
                words = {cell.words for cell in cells}
                bands.append((mode, words.pop() if len(words) == 1 else "", cells))
        return bands

    def interval(self, cell: Cell) -> str:
        return interval_of(cell.figure, self.scale) if cell.figure else ""

    def beside_text(self, cell: Cell) -> str:
        if self.beside is None:
            return ""
        other = self.beside.cell(cell.mode, cell.arm)
        return other.state if other.median is None else self.beside.scale.text(other.median)


# A cell of a further table: its arm, its text, and what became of it.
Entry = tuple[Arm, str, State]


@dataclass(frozen=True, slots=True, kw_only=True)
class Further:
    """A further table of a grid: a column group per metric, in it a column per arm."""

    title: str
    columns: tuple[tuple[str, str], ...]  # heading, and the benchmark whose history it leads to
    bands: tuple[tuple[str, tuple[tuple[str, tuple[Entry, ...]], ...]], ...]  # heading, rows
    key: str
    lacks: tuple[str, ...] = ()  # what a dash means


@dataclass(frozen=True, kw_only=True)
class GridFigures(Figures):
    """Those of a metric along a ladder, and of the same at best, its `control`."""

    kind: ClassVar[str] = "grid"
    view: GridView
    index: FigureIndex
    control: Grid | None

    @classmethod
    def of(cls, name: str, view: GridView, index: FigureIndex) -> GridFigures:
        grid = grid_of(index, view.metric, view.rungs.ladder)
        control = grid_of(index, view.control, grid.ladder) if view.control else None
        return cls(name=name, view=view, index=index, grid=grid, control=control)

    def pictured_of(self, line: Line) -> Iterator[Cell]:
        (value,) = line.values
        return (self.grid.pictured.cell(cell.mode, cell.arm, value) for cell in line.cells)

    @property
    def has_ratios(self) -> bool:
        return self.grid.ladder.against is not Against.NOTHING

    @property
    def ideal(self) -> bool:
        """Whether 1 is what its costs are held against: ratios by themselves, no times."""
        return not self.has_ratios and self.grid.scale == scale_for("ratio", [])

    @cached_property
    def bands(self) -> Sequence[tuple[str, tuple[Line, ...]]]:
        return self.bands_of(self.grid)

    def bands_of(self, grid: Grid) -> Sequence[tuple[str, tuple[Line, ...]]]:
        """Return the headings of a grid of this ladder: the modes, or the ladder's own groups.

        What has a control begins with what costs most without a GIL.
        """
        groups = self.view.rungs.groups
        if not groups:
            return [(mode.title, lines) for mode, lines in grid.bands()]
        order = self._cost if self.control else lambda _: 0.0
        return [
            (heading, ours)
            for _, every in grid.bands()
            for lines in [sorted(every, key=order, reverse=True)]
            for heading, values in groups.items()
            if (ours := tuple(line for line in lines if line.values[0] in values))
        ]

    def _cost(self, line: Line) -> float:
        # By the main table's figures in the table beside it, too: rows stand in one order.
        (value, *_), cells = line.values, line.cells
        own = (self.grid.cell(each.mode, each.arm, value) for each in cells if not each.arm.gil)
        return max((each.median for each in own if each.median is not None), default=0.0)

    def label(self, line: Line) -> str:
        return self.view.rungs.naming(line.values)

    @cached_property
    def reasons(self) -> Mapping[str, int]:
        lines = (line for _, lines in self.bands for line in lines if not line.words)
        cells = (cell for line in lines for cell in line.cells)
        reasons = dict.fromkeys(cell.words for cell in cells if cell.words not in {"", cell.state})
        return {reason: number for number, reason in enumerate(reasons, start=1)}

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(f"[{number}] {words}" for words, number in self.reasons.items())

    def word(self, cell: Cell) -> str:
        number = self.reasons.get(cell.words)
        return f"{cell.state} [{number}]" if number else cell.state

    def mark(self, line: Line, cell: Cell) -> str:
        """Return what a measured cell is marked with: cheapest, above its control, or doubtful."""
        (value,) = line.values
        if self.view.rungs.rivals and value in self.grid.cheapest(cell.mode, cell.arm):
            return "★"
        control = self.control if not cell.arm.gil else None  # threads take turns at a GIL
        if control and findings.is_above(cell, control.cell(cell.mode, cell.arm, value)):
            return "↑"
        return DOUBTFUL if cell.figure and cell.figure.doubt else ""

    def ratio(self, cell: Cell) -> str:
        """Return a cell's ratio; where each row has a baseline, that needs none to itself."""
        of_itself = self.grid.ladder.against is Against.GIL_BUILD and cell.arm == GIL_BUILD
        return ratio_of(cell) if self.has_ratios and not of_itself else ""

    @cached_property
    def finding(self) -> Finding | None:
        return findings.finding(self.grid, self.view.rungs, self.control)

    @property
    def key(self) -> str:
        parts = [self.view.reading] if self.view.reading else []
        if self.view.rungs.rivals:
            parts.append(
                "★ marks the cheapest of its mode on its build and those too close to it to call; "
                "there is none where a single process was measured."
            )
        if self.view.control:
            parts.append(
                "↑ is above its control by more than a tenth: the whole interval of the ratio of "
                "both is, as on Claims. Counted is what has an interval and no †, as on Price and "
                "gain."
            )
        cells = (cell for _, lines in self.bands for line in lines for cell in line.cells)
        parts += _doubts(cells)
        if self.grid.ladder.against is Against.BASE:
            parts.append(f"A ratio is to {self.view.rungs.base}, threads, free-threaded.")
        if self.grid.ladder.against is Against.GIL_BUILD:
            parts.append(
                "A ratio is to the GIL build in the same row, with the interval of both sides; ≈ "
                "includes 1. Where there is a duel it is the duel's, as on Price and gain, and not "
                "the quotient of both times."
            )
        parts.append(
            "± is the larger half of the 99\N{NO-BREAK SPACE}% interval; a single process has none."
        )
        missing = "; ".join(
            self._missing(arm) for arm in self.grid.asked if arm not in self.grid.arms
        )
        return " ".join([*parts, f"Not measured: {missing}."] if missing else parts)

    def _missing(self, arm: Arm) -> str:
        ours = (cell.figure for cell in self.grid.cells if cell.arm == arm)
        reasons = dict.fromkeys(figure.reason for figure in ours if figure and figure.reason)
        return f"{arm.label} ({'; '.join(reasons)})" if reasons else arm.label

    def _along(self, metric: Metric) -> Grid:
        return grid_of(self.index, metric, self.grid.ladder)

    @cached_property
    def crossings(self) -> Further | None:
        crossings = self.view.crossings
        if crossings is None or not self.measured:
            return None
        grids = [(each, self._along(each.metric)) for each in crossings.every]
        rows = []
        for mode, lines in self.grid.bands():
            sizes = [
                (arm, findings.crossing(grid, mode, arm, each, crossings.sizes), State.MEASURED)
                for each, grid in grids
                for arm in self.grid.arms
            ]
            if not all(line.words for line in lines):
                rows.append((mode.title, tuple(sizes)))
        return Further(
            title="From which size on",
            columns=tuple((each.heading, "") for each in crossings.every),
            bands=(("", tuple(rows)),),
            key=crossings.key,
        )

    @cached_property
    def beside(self) -> Further | None:
        grids = [
            (each, self._along(each.metric), tuple(map(self._along, each.on_cpu)))
            for each in self.view.beside
        ]
        shown = [column for column in grids if column[1].medians]
        if not shown:
            return None
        bands = []
        for heading, lines in self.bands:
            numbers = [line for line in lines if not line.words]
            rows = tuple((self.label(line), tuple(_entries(line, shown))) for line in numbers)
            if rows:
                bands.append((heading, rows))
        return Further(
            title=f"More metrics: {'; '.join(each.heading for each, *_ in shown)}",
            columns=tuple(
                (
                    each.heading if each.share else f"{each.heading}, {grid.scale.symbol}",
                    # What has a benchmark for each row leads to no history.
                    each.metric.benchmark if grid.ladder.param else "",
                )
                for each, grid, _ in shown
            ),
            bands=tuple(bands),
            lacks=tuple(dict.fromkeys(each.lacks for each, *_ in shown if each.lacks)),
            key=" ".join([self.view.key, *_doubts(c for _, g, _ in shown for c in g.cells)]),
        )


def _doubts(cells: Iterable[Cell]) -> list[str]:
    doubts = dict.fromkeys(cell.figure.doubt for cell in cells if cell.figure)
    return [f"{DOUBTFUL}: {doubt}." for doubt in doubts if doubt]


def _entries(line: Line, shown: Sequence[tuple[Beside, Grid, tuple[Grid, ...]]]) -> Iterator[Entry]:
    (value,) = line.values
    for each, grid, on_cpu in shown:
        for first in line.cells:
            cell = grid.cell(first.mode, first.arm, value)
            if cell.median is not None:
                doubt = DOUBTFUL if cell.figure and cell.figure.doubt else ""
                words = [f"{doubt} {grid.scale.text(cell.median)}".lstrip()]
                parts = [of.cell(first.mode, first.arm, value).median or 0.0 for of in on_cpu]
                if all(parts) and parts:
                    words.append(f"{parts[0] / parts[1]:.0%}")
                yield cell.arm, ", ".join(words), State.MEASURED
            elif each.values and value not in each.values:
                yield cell.arm, DASH, State.MEASURED
            else:
                yield cell.arm, cell.state, cell.state


def ratio_of(cell: Cell) -> str:
    """Return a cell's ratio as a table shows it: ≈ stands before a close one, a dash for none."""
    if cell.ratio is None:
        return DASH
    return f"{'≈ ' if cell.close else ''}{times(cell.ratio)}"
