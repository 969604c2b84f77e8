"""One metric in every mode on every arm, along a ladder (strategies, kernels, sizes) or alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from functools import cached_property
from typing import Final

from ftbench.analysis.comparison import (
    BASELINE_ARM,
    BASELINE_MODE,
    Cell,
    FigureIndex,
    Metric,
    cell_of,
    told_apart,
)
from ftbench.analysis.price import TAX, Point, points_of
from ftbench.facts.arms import Arm, arm_named, usual_and
from ftbench.facts.modes import EVERY_MODE, MODES, Mode, mode_named
from ftbench.facts.units import Scale, scale_for
from ftbench.results.figure import Figure, State

# The mode of a benchmark that has none: it runs in a process of one thread.
ONE_THREAD = mode_named("serial")
GIL_BUILD = arm_named("gil")


class Against(Enum):
    """What the ratios of a grid are to."""

    BASE = auto()
    """Threads on the free-threaded build, at the ladder's base value."""
    GIL_BUILD = auto()
    """The GIL build, at the same value and in the same mode."""
    NOTHING = auto()
    """There are none: the figures are ratios already, or are shares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """What a grid goes through, in order: the values of a parameter, or metrics of one cell."""

    param: str  # without, each value ends a benchmark's name: "10us" of `track_relative_10us`
    values: tuple[str, ...]
    base: str = ""  # the value whose free-threaded threads are the baseline of the whole grid
    against: Against = Against.BASE
    # Why a value makes no sense in a mode: such a place is left out.
    hole: Callable[[str, Mode], str | None] = lambda _value, _mode: None

    def at(self, metric: Metric, value: str) -> Metric:
        """Return what `metric` is at one value of this ladder."""
        if self.param:
            return metric.at(self.param, value)
        if not value:
            return metric
        return replace(metric, benchmark=f"{metric.benchmark}_{value}", instead=None)


ALONE: Final = Ladder(param="", values=("",))
"""The ladder of a metric that stands by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The cells of one mode at one value of the ladder, one per arm."""

    values: tuple[str, ...]
    cells: tuple[Cell, ...]
    words: str = ""  # why every arm lacks a figure: values with the same reason share a line

    @property
    def state(self) -> State:
        """What became of the cells of a line with `words`."""
        return self.cells[0].state

    @property
    def failed(self) -> bool:
        """Whether all its cells broke."""
        return self.cells[0].failed


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The cells of one metric, those of each value of the ladder together and in its order."""

    metric: Metric
    ladder: Ladder
    rungs: tuple[tuple[Cell, ...], ...]
    # Of ratios to the GIL build, by the name of an arm: their mean and each value's, as Price has.
    prices: Mapping[str, Point] = field(default_factory=dict)

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """All cells, value by value."""
        return tuple(cell for rung in self.rungs for cell in rung)

    @cached_property
    def medians(self) -> tuple[float, ...]:
        """The medians that there are."""
        return tuple(cell.median for cell in self.cells if cell.median is not None)

    @cached_property
    def scale(self) -> Scale:
        """The scale in which all its figures are shown."""
        unit = next((cell.figure.unit for cell in self.cells if cell.figure), "")
        return scale_for(unit, self.medians)

    @property
    def baseline(self) -> Cell:
        """The cell that every ratio is to, without a figure where ratios have no common base."""
        if self.ladder.against is Against.BASE:
            return self.cell(BASELINE_MODE, BASELINE_ARM, self.ladder.base)
        return Cell(mode=BASELINE_MODE, arm=BASELINE_ARM, figure=None)

    @cached_property
    def _places(self) -> Mapping[tuple[str, str, str], Cell]:
        return {
            (value, cell.mode.name, cell.arm.name): cell
            for value, rung in zip(self.ladder.values, self.rungs, strict=True)
            for cell in rung
        }

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """The arms that have a figure, else those that have a reason for having none."""
        tried = {each.arm.name for each in self.cells if each.state not in _UNSAID_OF_FURTHER}
        names = tried or {each.arm.name for each in self.cells if each.state is State.SKIPPED}
        return tuple(arm for arm in self.asked if arm.name in names)

    @cached_property
    def asked(self) -> tuple[Arm, ...]:
        """The arms that it has a place for."""
        return tuple(dict.fromkeys(each.arm for each in self.cells))

    def cell(self, mode: Mode, arm: Arm, value: str = "") -> Cell:
        """Return the cell of one mode on one arm at one value of the ladder."""
        return self._places[value, mode.name, arm.name]

    def bands(self) -> Iterator[tuple[Mode, tuple[Line, ...]]]:
        """Yield the modes that have something to say, each with its lines."""
        for mode in EVERY_MODE:
            lines = self._lines(mode)
            states = {cell.state for line in lines for cell in line.cells}
            if states - (_UNSAID if mode in MODES else _UNSAID_OF_FURTHER):
                yield mode, lines

    def _lines(self, mode: Mode) -> tuple[Line, ...]:
        lines: dict[str, Line] = {}
        for value in self.ladder.values:
            if self.ladder.hole(value, mode):
                continue
            cells = tuple(self.cell(mode, arm, value) for arm in self.arms or self.asked)
            texts = {cell.words for cell in cells}
            words = texts.pop() if len(texts) == 1 else ""
            before = lines[words].values if words in lines else ()
            line = Line(values=(*before, value), cells=cells, words=words)
            lines[words or value] = line
        return tuple(lines.values())

    def cheapest(self, mode: Mode, arm: Arm) -> frozenset[str]:
        """Return the values not told apart from the cheapest, none where processes are unknown."""
        cells = {value: self.cell(mode, arm, value) for value in self.ladder.values}
        measured = {value: cell for value, cell in cells.items() if cell.median is not None}
        if len(measured) < 2:  # noqa: PLR2004 - a choice
            return frozenset()
        lowest = min(measured.values(), key=_median).figure
        if lowest is None or lowest.interval is None:
            return frozenset()
        return frozenset(
            value for value, cell in measured.items() if not told_apart(cell.figure, lowest)
        )

    def lowest(self, arm: Arm) -> tuple[str, Cell] | None:
        """Return the cheapest cell of one arm with its value, None if nothing was measured."""
        measured = [
            (value, cell)
            for (value, *_), cell in self._places.items()
            if cell.arm == arm and cell.median is not None
        ]
        return min(measured, key=lambda pair: _median(pair[1]), default=None)

    @cached_property
    def pictured(self) -> Grid:
        """The grid that a picture shows: of ratios, where each row has its own baseline."""
        if self.ladder.against is Against.GIL_BUILD and any(cell.ratio for cell in self.cells):
            rungs = tuple(tuple(map(_as_ratio, rung)) for rung in self.rungs)
            return replace(self, rungs=rungs)
        return self


_UNSAID = frozenset({State.ABSENT})
# Of a mode that only some scenarios have, or that needs an engine.
_UNSAID_OF_FURTHER = frozenset({State.ABSENT, State.SKIPPED})


def compare(figures: Iterable[Figure] | FigureIndex, metric: Metric) -> Grid:
    """Return `metric` by itself, or what stands in for it where nothing of it was measured."""
    index = FigureIndex.holding(figures)
    grid = grid_of(index, metric, ALONE, MODES)
    if metric.instead is not None and not grid.medians:
        other = compare(index, metric.instead)
        return other if other.medians else grid
    return grid


def grid_of(
    figures: Iterable[Figure] | FigureIndex,
    metric: Metric,
    ladder: Ladder,
    modes: Sequence[Mode] = EVERY_MODE,
) -> Grid:
    """Return `metric` at every value of `ladder`, of figures of one pick's builds."""
    index = FigureIndex.holding(figures)
    by_place = {
        (value, figure.params.get("mode", ONE_THREAD.name), figure.arm.name): figure
        for value in ladder.values
        for figure in index.of(ladder.at(metric, value))
    }
    arms, against = usual_and(index.arms), ladder.against
    base = (ladder.base, BASELINE_MODE.name, BASELINE_ARM.name)
    baseline = by_place.get(base) if against is Against.BASE else None
    rungs = tuple(
        tuple(
            cell_of(mode, arm, by_place.get((value, mode.name, arm.name)), baseline)
            for mode in modes
            for arm in arms
        )
        for value in ladder.values
    )
    grid = Grid(metric=metric, ladder=ladder, rungs=rungs)
    return _priced(grid, by_place.values(), index) if against is Against.GIL_BUILD else grid


def _priced(grid: Grid, figures: Iterable[Figure], index: FigureIndex) -> Grid:
    """Return a grid with ratios to the GIL build, whose release is the same."""
    measure = replace(TAX, benchmark=grid.metric.benchmark, param=grid.ladder.param)
    points = points_of(measure, figures, index.known)
    prices = {arm: point for (_, arm), point in points.items()}

    def priced(cell: Cell, value: str) -> Cell:
        point = prices.get(cell.arm.name)
        ratio = point.kernels.get(value) if point else None
        if cell.arm == GIL_BUILD and cell.median:
            return replace(cell, ratio=1.0)
        if ratio is None:
            return cell
        ends = ratio.interval
        close = ends is None or ends.low <= 1 <= ends.high
        return replace(cell, ratio=ratio.value, close=close, range=ends)

    rungs = tuple(
        tuple(priced(cell, value) if cell.mode == ONE_THREAD else cell for cell in rung)
        for value, rung in zip(grid.ladder.values, grid.rungs, strict=True)
    )
    return replace(grid, rungs=rungs, prices=prices)


def _as_ratio(cell: Cell) -> Cell:
    """Return a cell whose figure is its ratio; one that was measured and has none is absent."""
    figure = cell.figure
    if figure is None or figure.median is None:
        return cell
    if cell.ratio is None:
        return replace(cell, figure=None)
    return replace(
        cell, figure=replace(figure, unit="ratio", median=cell.ratio, interval=cell.range)
    )


def _median(cell: Cell) -> float:
    return cell.median or 0.0
