"""A metric, its figures, and a figure as the cell of a mode on an arm against a baseline."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ftbench.analysis.verdicts import NOTHING_KNOWN, Evidence
from ftbench.facts.arms import Arm, arm_named
from ftbench.facts.modes import Mode, mode_named
from ftbench.results.figure import Figure, State
from ftbench.statistics.spread import Interval

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
        """Tell whether `figure` is one of this metric's, in whatever mode; a plain loop is one."""
        if figure.benchmark != self.benchmark:
            return False
        rest = {name: value for name, value in figure.params.items() if name != "mode"}
        if figure.params.get("mode") == "serial" and "workers" in self.params:
            return rest == {**self.params, "workers": "1"}
        return rest == self.params

    def at(self, param: str, value: str) -> Metric:
        """Return this metric with one more parameter fixed, and nothing to stand in for it."""
        return replace(self, params={**self.params, param: value}, instead=None)


class FigureIndex:
    """Figures by benchmark, for many look-ups in the same figures; `known` has their duels."""

    def __init__(self, figures: Iterable[Figure], known: Evidence = NOTHING_KNOWN) -> None:
        self.known = known
        self._figures: dict[str, list[Figure]] = {}
        self.arms: set[str] = set()
        for figure in figures:
            self.arms.add(figure.arm.name)
            self._figures.setdefault(figure.benchmark, []).append(figure)

    @classmethod
    def holding(cls, figures: Iterable[Figure] | FigureIndex) -> FigureIndex:
        """Return an index of `figures`, itself if it is one."""
        return figures if isinstance(figures, FigureIndex) else cls(figures)

    def of(self, metric: Metric) -> Iterator[Figure]:
        """Yield the figures of `metric`, in whatever mode."""
        return filter(metric.of, self._figures.get(metric.benchmark, ()))

    def tracked_by(self, benchmarks: Iterable[str]) -> Iterator[Figure]:
        """Yield the figures of these benchmarks."""
        for benchmark in benchmarks:
            yield from self._figures.get(benchmark, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One mode on one arm, with the `ratio` to the baseline of the same run.

    It may be nothing but noise if it is `close`: the two are not told apart.
    """

    mode: Mode
    arm: Arm
    figure: Figure | None
    ratio: float | None = None
    close: bool = False
    range: Interval | None = None  # the ratio's, of both sides, where it is known

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


def cell_of(mode: Mode, arm: Arm, figure: Figure | None, baseline: Figure | None) -> Cell:
    """Return the cell of a figure, with its ratio to the baseline's."""
    ratio = _ratio(figure, baseline)
    close = ratio is not None and figure is not baseline and not told_apart(figure, baseline)
    return Cell(mode=mode, arm=arm, figure=figure, ratio=ratio, close=close)


def told_apart(one: Figure | None, other: Figure | None) -> bool:
    """Tell whether two figures have intervals, and no value lies in both."""
    ours, theirs = (figure.interval if figure else None for figure in (one, other))
    return ours is not None and theirs is not None and not ours.overlaps(theirs)


def _ratio(figure: Figure | None, baseline: Figure | None) -> float | None:
    """Return the ratio of the medians, None where they have no run in common, or it no end."""
    if figure is None or baseline is None or figure.median is None or not baseline.median:
        return None
    if figure is not baseline and not figure.has_ratio(baseline):
        return None
    ratio = figure.median / baseline.median
    return ratio if math.isfinite(ratio) else None
