"""One metric along one more parameter (strategies, numbers of writers), against one baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from ftbench.arms import ARMS, Arm
from ftbench.probe.modes import MODES, Mode
from ftbench.results.comparison import Cell, Comparison, Metric, compare
from ftbench.results.figure import Figure, State
from ftbench.results.quantity import Scale, scale_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """A parameter and those of its values that a grid goes through, in their order.

    `base` is the value whose free-threaded threads are the baseline of the whole grid.
    """

    param: str
    values: tuple[str, ...]
    base: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one mode did at one value of the ladder: a cell per arm, in the order of the arms.

    Values at which every arm lacks a figure for the same reason share a line: `words` says it,
    and is "" where the cells speak for themselves.
    """

    values: tuple[str, ...]
    cells: tuple[Cell, ...]
    words: str = ""

    @property
    def state(self) -> State:
        """What became of the cells of a line with `words`."""
        return self.cells[0].state


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The comparisons of one metric, one per value of the ladder and in its order."""

    metric: Metric
    ladder: Ladder
    rungs: tuple[Comparison, ...]

    @cached_property
    def medians(self) -> tuple[float, ...]:
        """The medians that there are."""
        return tuple(median for rung in self.rungs for median in rung.medians)

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """All cells, value by value."""
        return tuple(cell for rung in self.rungs for cell in rung.cells)

    @cached_property
    def scale(self) -> Scale:
        """The scale in which all its figures are shown."""
        unit = next((cell.figure.unit for cell in self.cells if cell.figure), "")
        return scale_for(unit, self.medians)

    @property
    def baseline(self) -> Cell:
        """The cell that every ratio is to."""
        return self.rungs[self.ladder.values.index(self.ladder.base)].baseline

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """The arms of which there is anything to say."""
        said = {cell.arm.name for cell in self.cells if cell.state is not State.ABSENT}
        return tuple(arm for arm in ARMS if arm.name in said)

    def cell(self, value: str, mode: Mode, arm: Arm) -> Cell:
        """Return the cell of one mode on one arm at one value of the ladder."""
        return self.rungs[self.ladder.values.index(value)].cell(mode, arm)

    def bands(self) -> Iterator[tuple[Mode, tuple[Line, ...]]]:
        """Yield the modes of which there is anything to say, each with its lines."""
        for mode in MODES:
            lines = self._lines(mode)
            if any(line.words != State.ABSENT for line in lines):
                yield mode, lines

    def _lines(self, mode: Mode) -> tuple[Line, ...]:
        lines: dict[str, Line] = {}
        for value in self.ladder.values:
            cells = tuple(self.cell(value, mode, arm) for arm in self.arms or ARMS)
            said = {cell.words for cell in cells}
            words = said.pop() if len(said) == 1 else ""
            before = lines[words].values if words in lines else ()
            line = Line(values=(*before, value), cells=cells, words=words)
            lines[words or value] = line
        return tuple(lines.values())

    def cheapest(self, mode: Mode, arm: Arm) -> frozenset[str]:
        """Return the values at which this mode is cheapest on this arm.

        Several, where their intervals overlap the lowest one's; none, where there is no choice.
        """
        every = {value: self.cell(value, mode, arm) for value in self.ladder.values}
        measured = {value: cell for value, cell in every.items() if cell.median is not None}
        if len(measured) < 2:  # noqa: PLR2004 - a choice
            return frozenset()
        lowest = min(measured.values(), key=_median)
        return frozenset(
            value for value, cell in measured.items() if cell is lowest or _overlap(cell, lowest)
        )

    def lowest(self, arm: Arm) -> tuple[str, Cell] | None:
        """Return the cheapest cell of one arm with its value, None if nothing was measured."""
        every = [
            (value, rung.cell(mode, arm))
            for value, rung in zip(self.ladder.values, self.rungs, strict=True)
            for mode in MODES
        ]
        measured = [each for each in every if each[1].median is not None]
        return min(measured, key=lambda each: _median(each[1]), default=None)


def grid_of(figures: Iterable[Figure], metric: Metric, ladder: Ladder) -> Grid:
    """Return `metric` at every value of `ladder`; `figures` are as `compare` wants them.

    What stands in for the metric is not considered: a grid has one metric throughout.
    """
    figures = tuple(figure for figure in figures if figure.benchmark == metric.benchmark)
    base = metric.at(ladder.param, ladder.base)
    rungs = tuple(
        compare(figures, metric.at(ladder.param, value), against=base) for value in ladder.values
    )
    return Grid(metric=metric, ladder=ladder, rungs=rungs)


def _median(cell: Cell) -> float:
    return cell.median or 0.0


def _overlap(cell: Cell, other: Cell) -> bool:
    ours, theirs = (each.figure.interval if each.figure else None for each in (cell, other))
    return ours is not None and theirs is not None and ours.overlaps(theirs)
