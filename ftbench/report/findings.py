"""What grids and maps of winners come to, in sentences."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Final

from ftbench.analysis.advice.cells import Cells, interval_of
from ftbench.analysis.advice.winner_map import KINDS, Spot, spots
from ftbench.analysis.claims.judge import AsvFigures
from ftbench.analysis.claims.quantity import over
from ftbench.analysis.comparison import Cell
from ftbench.analysis.grid import Against, Grid
from ftbench.facts.arms import Arm
from ftbench.facts.modes import Mode
from ftbench.facts.units import scale_for, times
from ftbench.probe.scenarios.crossover import PAYLOADS, SIZES, Payload, Size
from ftbench.report.sections.view import Crossing, Rungs
from ftbench.report.words import NONE
from ftbench.statistics.crossover import crossover
from ftbench.statistics.spread import Interval

# Less than this above its control is not worth a mark, however sure it is.
_WORTH_A_MARK: Final = 1.1

# A sentence: how it begins, and what holds on each arm.
Finding = tuple[str, tuple[tuple[Arm, str], ...]]


def finding(grid: Grid, rungs: Rungs, control: Grid | None) -> Finding | None:
    """Return what a grid comes to, None where that cannot be said in a sentence."""
    if control is not None:
        intro, parts = (
            "Above the control by more than a tenth:",
            tuple(_above(grid, control, rungs)),
        )
    elif grid.ladder.against is Against.GIL_BUILD:
        intro, parts = "All of it, geometric mean:", tuple(_means(grid))
    elif rungs.rivals:
        intro, parts = "The cheapest:", tuple(_lowest(grid, rungs))
    else:
        return None
    return (intro, parts) if parts else None


def _lowest(grid: Grid, rungs: Rungs) -> Iterator[tuple[Arm, str]]:
    for arm in grid.arms:
        lowest = grid.lowest(arm)
        if lowest is not None:
            value, cell = lowest
            number = f"{grid.scale.text(cell.median or 0)} {grid.scale.symbol}"
            yield arm, f"{cell.mode.title}, {rungs.name(value)}: {number}"


def _means(grid: Grid) -> Iterator[tuple[Arm, str]]:
    for arm in grid.arms:
        point = grid.prices.get(arm.name)
        if point and len(point.of) == len(grid.ladder.values):
            yield arm, times(point.mean.value)


def is_above(cell: Cell, control: Cell) -> bool:
    """Tell whether all of the interval of a cell over its control is above it, by a tenth."""
    ratio = _over(cell, control)
    return ratio is not None and ratio.low > _WORTH_A_MARK


def _over(cell: Cell, control: Cell) -> Interval | None:
    """Return where a cell over its control lies, as claims have it; None if that is not known."""
    figures = [each.figure for each in (cell, control) if each.figure and not each.figure.doubt]
    return over(*map(AsvFigures.quantity, figures)).spread if figures[1:] else None


def _above(grid: Grid, control: Grid, rungs: Rungs) -> Iterator[tuple[Arm, str]]:
    for arm in grid.arms:
        groups = [_group_above(heading, arm, grid, control, rungs) for heading in rungs.groups]
        if not arm.gil and any(groups):  # with a GIL, threads take turns
            yield arm, "; ".join(filter(None, groups))


def _group_above(heading: str, arm: Arm, grid: Grid, control: Grid, rungs: Rungs) -> str:
    # It is known of cells that have an interval, and nothing in them that is no part of them.
    ratios = {
        value: ratio
        for value, rung in zip(grid.ladder.values, grid.rungs, strict=True)
        for cell in rung
        if value in rungs.groups[heading] and cell.arm == arm
        if (ratio := _over(cell, control.cell(cell.mode, arm, value)))
    }
    above = [rungs.name(value) for value, ratio in ratios.items() if ratio.low > _WORTH_A_MARK]
    close = sum(ratio.low <= _WORTH_A_MARK < ratio.high for ratio in ratios.values())
    named = f" ({', '.join(above)})" if 0 < len(above) < len(ratios) else ""
    known = f"{heading}: {len(above)} of {len(ratios)}{named}" if ratios else ""
    return f"{known}, {close} too close to call" if close else known


def crossing(grid: Grid, mode: Mode, arm: Arm, limit: Crossing, sizes: Mapping[str, float]) -> str:
    """Return from which size (value → seconds) on a cell stays below a limit, a dash if unknown."""
    cells = {sizes[value]: grid.cell(mode, arm, value) for value in grid.ladder.values}
    cost = _over_work if limit.idle else float
    found = {size: cost(each.median) for size, each in cells.items() if each.median is not None}
    costs = {size: each for size, each in found.items() if math.isfinite(each)}
    if not costs:
        return NONE
    if arm.gil and mode.kind == "threads":
        return "never"  # whatever noise says: its tasks are Python alone
    known = {
        size: Interval(low=cost(each.low), high=cost(each.high))
        for size in costs
        if (figure := cells[size].figure) and (each := interval_of(figure))
    }
    point = crossover(costs, known, limit.limit)
    if point.at is None:
        return f"> {_seconds(max(costs))}" if point.above == max(costs) else "not told"
    return f"≈ {_seconds(point.estimate)}" if point.estimate else f"≤ {_seconds(point.at)}"


def _over_work(idle: float) -> float:
    return 1 / (1 - idle) if idle < 1 else math.inf


def _seconds(seconds: float) -> str:
    scale = scale_for("seconds", [seconds])
    return f"{float(f'{seconds / scale.size:.2g}'):g}\N{NO-BREAK SPACE}{scale.symbol}"


@dataclass(frozen=True, kw_only=True)
class WinnerMap:
    """Who wins at every place of the map with a number of workers; `name` is unique on a page."""

    name: str
    cells: Cells
    workers: int
    folded: bool
    kinds: ClassVar = KINDS

    @property
    def title(self) -> str:
        return f"who wins with {self.workers} workers"

    @cached_property
    def by_arm(self) -> tuple[tuple[Arm, tuple[Spot, ...]], ...]:
        return tuple((arm, spots(self.cells, arm, self.workers)) for arm in self.cells.arms)

    @property
    def rows(self) -> Iterator[tuple[Size, float | None, Sequence[tuple[Payload, ArmSpots]]]]:
        loops = self.cells.loop
        for number, size in enumerate(SIZES):
            first = number * len(PAYLOADS)
            payloads = [
                (payload, tuple((arm, every[place]) for arm, every in self.by_arm))
                for place, payload in enumerate(PAYLOADS, start=first)
            ]
            yield size, loops.seconds[number] if loops else None, payloads

    @property
    def notes(self) -> Iterable[str]:
        lacking: dict[str, list[str]] = {}
        for arm, every in self.by_arm:
            for words in dict.fromkeys(words for spot in every for words in spot.words):
                lacking.setdefault(words, []).append(arm.label)
        return [f"{', '.join(arms)}: {words.rstrip('.')}." for words, arms in lacking.items()]


# A place on every arm.
ArmSpots = tuple[tuple[Arm, Spot], ...]


def tally(every: Sequence[Spot]) -> str:
    """Return how often each kind wins, and how often that is not sure."""
    counts = Counter(spot.winner.kind.title for spot in every if spot.winner)
    if not counts:
        return "no data"
    said = ", ".join(f"{kind.title} {counts[kind.title]}" for kind in KINDS if kind.title in counts)
    doubtful = sum(bool(spot.rivals) for spot in every)
    return f"{said}" + (f"; {doubtful} too close to call" if doubtful else "")


def beyond(spot: Spot) -> str:
    """Return how far behind its winner the next is, or who may be ahead as well."""
    if len(spot.ranked) == 1:
        return "the only one measured"
    if spot.rivals:
        return ", ".join(each.kind.title for each in spot.rivals)
    first, second = spot.ranked[:2]
    return f"{second.kind.title} {times(second.median / first.median)}"
