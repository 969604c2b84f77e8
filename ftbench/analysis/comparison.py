"""Every mode on every arm, for one metric of one release on one machine, against a baseline."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ftbench.facts.arms import ARMS, Arm, arm_named
from ftbench.facts.modes import MODES, Mode, mode_named
from ftbench.facts.units import Scale, scale_for
from ftbench.results.figure import Figure, State

BASELINE_MODE: Final = mode_named("threads")
BASELINE_ARM: Final = arm_named("ft")
BASELINE_TITLE: Final = "free-threaded threads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure of a scenario: a benchmark and the parameters, other than the mode, that fix it.

    `instead` is what stands in for it where no cell of it could be measured (PSS is Linux only).
    """

    benchmark: str
    title: str
    params: Mapping[str, str] = field(default_factory=dict)
    instead: Metric | None = None

    def of(self, figure: Figure) -> bool:
        """Tell whether `figure` is one of this metric's, in whatever mode."""
        if figure.benchmark != self.benchmark:
            return False
        rest = {name: value for name, value in figure.params.items() if name != "mode"}
        return rest == self.params

    def at(self, param: str, value: str) -> Metric:
        """Return this metric with one more parameter fixed, and nothing to stand in for it."""
        return replace(self, params={**self.params, param: value}, instead=None)


class Shelf:
    """Figures by benchmark: whoever looks for many metrics in the same figures makes one first."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        self._figures: dict[str, list[Figure]] = {}
        for figure in figures:
            self._figures.setdefault(figure.benchmark, []).append(figure)

    @classmethod
    def holding(cls, figures: Iterable[Figure] | Shelf) -> Shelf:
        """Return a shelf of `figures`, itself if it is one."""
        return figures if isinstance(figures, Shelf) else cls(figures)

    def of(self, metric: Metric) -> Iterator[Figure]:
        """Yield the figures of `metric`, in whatever mode."""
        return filter(metric.of, self._figures.get(metric.benchmark, ()))

    def tracked_by(self, benchmarks: Iterable[str]) -> Iterator[Figure]:
        """Yield the figures of these benchmarks."""
        for benchmark in benchmarks:
            yield from self._figures.get(benchmark, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One mode on one arm.

    `ratio` is the median over the baseline's, None without a baseline of the same run; `close`
    says that the two intervals overlap, so that the ratio may be nothing but noise.
    """

    mode: Mode
    arm: Arm
    figure: Figure | None
    ratio: float | None = None
    close: bool = False

    @property
    def state(self) -> State:
        """What became of it; a cell without a figure was not measured."""
        return State.ABSENT if self.figure is None else self.figure.state

    @property
    def failed(self) -> bool:
        """Whether it broke."""
        return self.state is State.FAILED

    @property
    def median(self) -> float | None:
        """The median in the metric's unit, None unless it was measured."""
        return None if self.figure is None else self.figure.median

    @property
    def margin(self) -> float | None:
        """How far the interval's farther end lies from the median, as a share of the median."""
        if self.figure is None or self.figure.interval is None or not self.median:
            return None
        interval = self.figure.interval
        return max(interval.high - self.median, self.median - interval.low) / self.median

    @property
    def words(self) -> str:
        """What to say of a cell without a number: "skipped: reason"; "" of a measured one."""
        if self.state is State.MEASURED:
            return ""
        reason = self.figure.reason if self.figure else ""
        if reason or self.state is State.ABSENT:
            return f"{self.state}: {reason}" if reason else str(self.state)
        return f"{self.state}, no reason on record"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The cells of one metric, mode by mode and in the order of the arms."""

    metric: Metric
    cells: tuple[Cell, ...]

    @property
    def medians(self) -> tuple[float, ...]:
        """The medians that there are."""
        return tuple(cell.median for cell in self.cells if cell.median is not None)

    @property
    def scale(self) -> Scale:
        """The scale in which all its figures are shown."""
        unit = next((cell.figure.unit for cell in self.cells if cell.figure), "")
        return scale_for(unit, self.medians)

    @property
    def baseline(self) -> Cell:
        """The cell of free-threaded threads."""
        return self.cell(BASELINE_MODE, BASELINE_ARM)

    def cell(self, mode: Mode, arm: Arm) -> Cell:
        """Return the cell of one mode on one arm."""
        return next(cell for cell in self.cells if cell.mode == mode and cell.arm == arm)


def compare(figures: Iterable[Figure] | Shelf, metric: Metric) -> Comparison:
    """Return every mode on every arm.

    `figures` are of one machine, release and profile, with at most one flavour per arm: whoever
    calls picks them.
    """
    shelf = Shelf.holding(figures)
    comparison = _compare(shelf, metric)
    if metric.instead is not None and not comparison.medians:
        other = compare(shelf, metric.instead)
        return other if other.medians else comparison
    return comparison


def _compare(shelf: Shelf, metric: Metric) -> Comparison:
    found = {(figure.params.get("mode"), figure.arm.name): figure for figure in shelf.of(metric)}
    baseline = found.get((BASELINE_MODE.name, BASELINE_ARM.name))
    cells = [
        cell_of(mode, arm, found.get((mode.name, arm.name)), baseline)
        for mode in MODES
        for arm in ARMS
    ]
    return Comparison(metric=metric, cells=tuple(cells))


def cell_of(mode: Mode, arm: Arm, figure: Figure | None, baseline: Figure | None) -> Cell:
    """Return the cell of a figure, with its ratio to the baseline's."""
    ratio = _ratio(figure, baseline)
    if ratio is None or figure is None or baseline is None or figure is baseline:
        return Cell(mode=mode, arm=arm, figure=figure, ratio=ratio)
    close = (
        figure.interval is not None
        and baseline.interval is not None
        and figure.interval.overlaps(baseline.interval)
    )
    return Cell(mode=mode, arm=arm, figure=figure, ratio=ratio, close=close)


def _ratio(figure: Figure | None, baseline: Figure | None) -> float | None:
    """Return the ratio of the medians, None where they have no run in common, or it no end."""
    if figure is None or baseline is None or figure.median is None or not baseline.median:
        return None
    if figure is not baseline and not figure.runs & baseline.runs:
        return None
    ratio = figure.median / baseline.median
    return ratio if math.isfinite(ratio) else None
