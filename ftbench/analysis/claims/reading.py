"""The figures of one machine and release, as cells by the series that claims name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from ftbench.analysis.claims.cells import NOT_MEASURED, Cell
from ftbench.analysis.claims.rule import cores_of
from ftbench.analysis.claims.series import Series
from ftbench.analysis.floors import Floors
from ftbench.releases import Release
from ftbench.results import Figure, Machine, Source, State

_Key = tuple[str, str, frozenset[tuple[str, str]]]
NO_FLOORS: Final = Floors({})
_UNKNOWN_REASON: Final = "no reason is on record"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was measured on one machine and release, and on how many cores of which system."""

    figures: Mapping[_Key, Figure]
    floors: Floors
    release: Release
    cores: float
    system: str

    @classmethod
    def of(
        cls,
        figures: Iterable[Figure],
        *,
        release: Release,
        sources: Sequence[Source],
        machine: Machine | None,
        floors: Floors = NO_FLOORS,
    ) -> Self:
        """Return the reading of one machine, release, profile and build: whoever calls picks them.

        The cores and the system are our own record's, else asv's.
        """
        record = _record(sources, machine)
        return cls(
            figures={
                _key(figure.arm.name, figure.benchmark, figure.params): figure for figure in figures
            },
            floors=floors,
            release=release,
            cores=cores_of(record),
            system=str(record.get("system") or ""),
        )

    def figure(self, series: Series) -> Figure | None:
        """Return the figure of a series, None if there is none."""
        return self.figures.get(_key(series.arm.name, series.benchmark, series.params))

    def values(self, series: Sequence[Series]) -> tuple[str, ...]:
        """Return the values of `every` at which all of several series were measured, sorted."""
        first = series[0]
        found = {
            figure.params[first.every]
            for figure in self.figures.values()
            if figure.benchmark == first.benchmark and first.every in figure.params
        }
        return tuple(
            value
            for value in sorted(found)
            if all(self._measured(each.at(value)) for each in series)
        )

    def _measured(self, series: Series) -> bool:
        figure = self.figure(series)
        return figure is not None and figure.state is State.MEASURED

    def cell(self, figure: Figure | None) -> Cell:
        """Return a figure as a cell, with the noise floor of its series where there is one."""
        cell = cell_of(figure)
        if figure is None or cell.value is None:
            return cell
        return replace(cell, floor=self.floors.of_figure(figure))


def cell_of(figure: Figure | None) -> Cell:
    """Return a figure as a cell: its median with its 99 % interval, or the word for its absence."""
    if figure is None:
        return NOT_MEASURED
    if figure.median is None:
        return Cell.none(str(figure.state), figure.reason or _UNKNOWN_REASON)
    return Cell(
        value=figure.median,
        spread=figure.interval,
        samples=figure.samples,
        processes=figure.processes,
    )


def one_run(figures: Sequence[Figure]) -> bool:
    """Tell whether figures may be compared: a ratio of modes is only sound within one run."""
    return len(figures) < 2 or bool(frozenset.intersection(*(each.runs for each in figures)))  # noqa: PLR2004 - a pair


def _key(arm: str, benchmark: str, params: Mapping[str, str]) -> _Key:
    return arm, benchmark, frozenset(params.items())


def _record(sources: Sequence[Source], machine: Machine | None) -> Mapping[str, Any]:
    """Return our own record of the machine, or what asv's says of it."""
    own = next((source.machines[-1] for source in sources if source.machines), None)
    if own is not None:
        return own
    if machine is None:
        return {}
    cores = int(machine.num_cpu) if machine.num_cpu.isdecimal() else 1
    return {"cores": cores, "system": machine.os.partition(" ")[0]}
