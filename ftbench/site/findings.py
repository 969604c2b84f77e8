"""What a grid comes to, in a sentence: the cheapest, what lies above its control, from where on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ftbench.analysis.comparison import Cell
from ftbench.analysis.grid import GIL_BUILD, Against, Grid
from ftbench.facts.arms import Arm
from ftbench.facts.modes import Mode
from ftbench.facts.units import scale_for, times
from ftbench.report.sections.view import Rungs
from ftbench.statistics.crossover import crossover
from ftbench.statistics.spread import Interval

# Less than this above its control is not worth a mark, however sure it is.
_WORTH_A_MARK: Final = 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmWords:
    """What holds on one arm."""

    arm: Arm
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A sentence with a part for each arm."""

    intro: str
    items: tuple[ArmWords, ...]


def finding(grid: Grid, rungs: Rungs, control: Grid | None) -> Finding | None:
    """Return what a grid comes to, None where that cannot be said in a sentence."""
    if control is not None:
        return _finding("Clearly above the control:", _above(grid, control, rungs))
    if grid.ladder.against is Against.GIL_BUILD:
        return _finding("All of it, geometric mean:", _means(grid))
    if rungs.rivals:
        return _finding("The cheapest:", _lowest(grid, rungs))
    return None


def _finding(intro: str, items: Iterator[ArmWords]) -> Finding | None:
    said = tuple(items)
    return Finding(intro=intro, items=said) if said else None


def _lowest(grid: Grid, rungs: Rungs) -> Iterator[ArmWords]:
    for arm in grid.arms:
        found = grid.lowest(arm)
        if found is not None and found[1].median is not None:
            value, cell = found
            number = f"{grid.scale.text(cell.median or 0)} {grid.scale.symbol}"
            words = f"{cell.mode.title}, {rungs.name(value)}: {number}"
            yield ArmWords(arm=arm, words=words)


def _means(grid: Grid) -> Iterator[ArmWords]:
    """Yield the other arms' mean ratios to the GIL build, of those that have one in every row."""
    for arm in filter(lambda each: each != GIL_BUILD, grid.arms):
        ratios = [cell.ratio for cell in grid.cells if cell.arm == arm and cell.ratio]
        if len(ratios) == len(grid.ladder.values):
            mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
            yield ArmWords(arm=arm, words=times(mean))


def is_above(cell: Cell, control: Cell) -> bool:
    """Tell whether a cell lies above its control: clearly, and beyond doubt."""
    ours, theirs = _interval(cell), _interval(control)
    if ours is None or theirs is None or ours.overlaps(theirs):
        return False
    return (cell.median or 0) > _WORTH_A_MARK * (control.median or 0)


def _interval(cell: Cell) -> Interval | None:
    return cell.figure.interval if cell.figure else None


def _above(grid: Grid, control: Grid, rungs: Rungs) -> Iterator[ArmWords]:
    """Yield what lies above its control on the arms whose threads need not take turns."""
    for arm in grid.arms:
        groups = [_group_above(heading, arm, grid, control, rungs) for heading in rungs.groups]
        if not arm.gil and any(groups):
            yield ArmWords(arm=arm, words="; ".join(filter(None, groups)))


def _group_above(heading: str, arm: Arm, grid: Grid, control: Grid, rungs: Rungs) -> str:
    """Return how many of a group lie above their control, and which; "" if it cannot be told.

    It can be told of those that have an interval.
    """
    pairs = [
        (value, cell, control.cell(value, cell.mode, arm))
        for value, rung in zip(grid.ladder.values, grid.rungs, strict=True)
        for cell in rung
        if value in rungs.groups[heading] and cell.arm == arm and _interval(cell)
    ]
    above = [rungs.name(value) for value, cell, other in pairs if is_above(cell, other)]
    named = f" ({', '.join(above)})" if 0 < len(above) < len(pairs) else ""
    return f"{heading}: {len(above)} of {len(pairs)}{named}" if pairs else ""


def crossing_words(
    grid: Grid, mode: Mode, arm: Arm, limit: float, sizes: Mapping[str, float]
) -> str:
    """Return from which size on a cell's figures stay at or below `limit`, "" if none is known.

    `sizes` is value of the ladder → seconds.
    """
    cells = {value: grid.cell(value, mode, arm) for value in grid.ladder.values}
    costs = {sizes[value]: cell.median for value, cell in cells.items() if cell.median is not None}
    if not costs:
        return ""
    found = crossover(costs, limit)
    if found.at is None:
        return f"> {_seconds(max(costs))}"
    if found.estimate is None:
        return f"≤ {_seconds(found.at)}"
    return f"≈ {_seconds(found.estimate)}"


def _seconds(seconds: float) -> str:
    """Return seconds in two digits, with their unit: no crossing is known better."""
    scale = scale_for("seconds", [seconds])
    return f"{float(f'{seconds / scale.size:.2g}'):g}\N{NO-BREAK SPACE}{scale.symbol}"
