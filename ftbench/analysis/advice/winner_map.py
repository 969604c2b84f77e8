"""Winners: which kind of worker is cheapest at every place of the map, and whether that is sure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ftbench.analysis.advice.cells import MODES, Cells, interval_of, place_metric
from ftbench.facts.arms import Arm
from ftbench.facts.modes import Mode
from ftbench.probe.scenarios.crossover import PAYLOADS, SIZES, Payload, Size
from ftbench.results import Figure, State
from ftbench.statistics.spread import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Workers of one kind, however they are started; `letter` stands for it in a picture."""

    name: str
    title: str
    letter: str


KINDS: Final = (
    Kind(name="serial", title="plain loop", letter="L"),
    Kind(name="threads", title="threads", letter="T"),
    Kind(name="interpreters", title="subinterpreters", letter="S"),
    Kind(name="processes", title="processes", letter="P"),
    Kind(name="dask", title="Dask", letter="D"),
)


def kind_of(mode: Mode) -> Kind:
    """Return the kind of a mode that crossover has."""
    return next(kind for kind in KINDS if kind.name == mode.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A mode at a place of the map, measured."""

    mode: Mode
    figure: Figure

    @property
    def kind(self) -> Kind:
        """What its workers are."""
        return kind_of(self.mode)

    @property
    def median(self) -> float:
        """Seconds per task."""
        return self.figure.median or 0.0

    @property
    def interval(self) -> Interval | None:
        """The interval of its median, None of too few samples."""
        return interval_of(self.figure)

    def told_from(self, other: Contender) -> bool:
        """Tell whether both have an interval and no value lies in both."""
        ours, theirs = self.interval, other.interval
        return ours is not None and theirs is not None and not ours.overlaps(theirs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place of the map on one arm: the cheapest mode of each kind, cheapest first."""

    size: Size
    payload: Payload
    ranked: tuple[Contender, ...]
    words: tuple[str, ...] = ()  # what became of the others, "subinterpreters: skipped: reason"

    @property
    def winner(self) -> Contender | None:
        """The cheapest; None where nothing was measured."""
        return self.ranked[0] if self.ranked else None

    @property
    def rivals(self) -> tuple[Contender, ...]:
        """The kinds that are not told apart from the winner's."""
        return tuple(each for each in self.ranked[1:] if not self.ranked[0].told_from(each))

    def of_kind(self, kind: Kind) -> Contender | None:
        """Return the cheapest of a kind, None where none was measured."""
        return next((each for each in self.ranked if each.kind == kind), None)


def spots(cells: Cells, arm: Arm, workers: int) -> tuple[Spot, ...]:
    """Return every place of the map, size by size, for pools of so many workers."""
    return tuple(
        _spot(cells, arm, workers, size, payload) for size in SIZES for payload in PAYLOADS
    )


def _spot(cells: Cells, arm: Arm, workers: int, size: Size, payload: Payload) -> Spot:
    metric = place_metric("task", size.name, payload.name)
    figures = {mode: cells.at(arm, mode, workers, metric) for mode in MODES}
    measured = [
        Contender(mode=mode, figure=figure)
        for mode, figure in figures.items()
        if figure is not None and cells.comparable(figure)
    ]
    cheapest = [
        min(ours, key=lambda each: each.median)
        for kind in KINDS
        if (ours := [each for each in measured if each.kind == kind])
    ]
    modes = {each.mode.name for each in measured}
    return Spot(
        size=size,
        payload=payload,
        ranked=tuple(sorted(cheapest, key=lambda each: each.median)),
        words=tuple(
            f"{mode.title}: {lacking(figure)}"
            for mode, figure in figures.items()
            if mode.name not in modes
        ),
    )


def lacking(figure: Figure | None) -> str:
    """Return why a figure cannot be compared: "skipped: reason"."""
    if figure is None:
        return str(State.ABSENT)
    if figure.state is State.MEASURED:
        return "measured in another run" if (figure.median or 0) > 0 else "not above zero"
    return f"{figure.state}: {figure.reason or 'no reason on record'}"
