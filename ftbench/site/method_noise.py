"""The noise floor of one machine's series: how many could find what, a picture, the worst."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

from ftbench.analysis.floors import Floors
from ftbench.facts.arms import ARMS, Arm
from ftbench.facts.units import digits
from ftbench.report.document import Table
from ftbench.results import ResultTree, State
from ftbench.results.figure import NoiseSeries
from ftbench.site import svg
from ftbench.site.method_tables import scenario_title, table
from ftbench.statistics.power import Floor

FOUND: Final = (0.05, 0.10, 0.20)
_EDGES: Final = (0.01, 0.02, 0.05, 0.10, 0.20, 0.50, 1.0)
_WORST: Final = 25
_ROW: Final = 26
_APART: Final = 7
_MARK: Final = 6
_THIN: Final = "\N{NARROW NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A series of an A/A run with its floor."""

    run: NoiseSeries
    floor: Floor


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """What a machine's A/A runs say: how many series have a floor, and how many `lack` one.

    Without any floor there is neither a picture nor a table; `tables` are by their id.
    """

    series: int
    lacking: int
    svg: str = ""
    arms: tuple[Arm, ...] = ()
    histogram: Table | None = None
    tables: Mapping[str, Table] = field(default_factory=dict)


def noise_of(tree: ResultTree, machine: str, floors: Floors) -> Noise:
    """Return what is known of one machine's noise; each series once, whatever the release."""
    known = _known(tree, machine, floors)
    measured = {
        (each.arm.name, each.profile, each.benchmark, frozenset(each.params.items()))
        for each in tree.figures
        if each.machine == machine and each.state is State.MEASURED
    }
    lacking = len(measured - {_key(each.run) for each in known})
    if not known:
        return Noise(series=0, lacking=lacking)
    arms = tuple(arm for arm in ARMS if any(each.run.arm.name == arm.name for each in known))
    counts = {arm.name: _counts(known, arm) for arm in arms}
    return Noise(
        series=len(known),
        lacking=lacking,
        svg=_draw(arms, counts),
        arms=arms,
        histogram=_histogram(arms, counts),
        tables={
            "found": _found(known, arms),
            "by-scenario": _scenarios(known),
            "worst": _worst(known),
        },
    )


def _known(tree: ResultTree, machine: str, floors: Floors) -> tuple[Known, ...]:
    series = {_key(run): run for run in tree.noise if run.machine == machine}
    found = ((run, floors.floor_of(run)) for run in series.values())
    return tuple(Known(run=run, floor=floor) for run, floor in found if floor is not None)


def _key(run: NoiseSeries) -> tuple[str, str, str, frozenset[tuple[str, str]]]:
    return run.arm.name, run.profile, run.benchmark, frozenset(run.params.items())


def _counts(known: Sequence[Known], arm: Arm) -> tuple[int, ...]:
    """Return how many series of an arm have a floor in each bin."""
    counts = [0] * (len(_EDGES) + 1)
    for each in known:
        if each.run.arm.name == arm.name:
            counts[bisect.bisect_left(_EDGES, each.floor.effect)] += 1
    return tuple(counts)


def _bins() -> tuple[str, ...]:
    ends = [f"{edge * 100:g}" for edge in _EDGES]
    between = (f"{low} \N{EN DASH} {high}{_THIN}%" for low, high in itertools.pairwise(ends))
    return (f"up to {ends[0]}{_THIN}%", *between, f"above {ends[-1]}{_THIN}%")


def _histogram(arms: Sequence[Arm], counts: Mapping[str, tuple[int, ...]]) -> Table:
    columns = [counts[arm.name] for arm in arms]
    return table(
        "Series by noise floor",
        ("noise floor", *(arm.label for arm in arms)),
        (
            (title, *(str(column[number] or "\N{EN DASH}") for column in columns))
            for number, title in enumerate(_bins())
        ),
        numbers=len(arms),
    )


def _found(known: Sequence[Known], arms: Sequence[Arm]) -> Table:
    rows = []
    for profile in sorted({each.run.profile for each in known}):
        for arm in arms:
            ours = [
                each.floor
                for each in known
                if (each.run.profile, each.run.arm.name) == (profile, arm.name)
            ]
            if ours:
                rows.append((profile or "unnamed", arm.label, *_shares(ours)))
    return table(
        "What could be found",
        (
            "profile",
            "arm",
            "series",
            *(f"{share * 100:g}{_THIN}%" for share in FOUND),
            "middle floor",
            "processes a side",
        ),
        rows,
        "How many of the series could find a change of 5, 10 and 20 % in 95 of 100 cases, with "
        "as many processes a side as the profile has. A change within its floor is noise.",
        numbers=len(FOUND) + 3,
    )


def _shares(floors: Sequence[Floor]) -> tuple[str, ...]:
    effects = [floor.effect for floor in floors]
    counts = (sum(effect <= share for effect in effects) for share in FOUND)
    return (
        str(len(floors)),
        *(f"{count} ({100 * count / len(floors):.0f}{_THIN}%)" for count in counts),
        _percent(median(effects)),
        str(floors[0].processes),
    )


def _scenarios(known: Sequence[Known]) -> Table:
    floors: dict[str, list[float]] = {}
    for each in known:
        floors.setdefault(scenario_title(each.run.benchmark), []).append(each.floor.effect)
    ordered = sorted(floors.items(), key=lambda item: median(item[1]))
    return table(
        "By scenario, the steadiest first",
        ("scenario", "series", "lowest floor", "middle floor", "highest floor"),
        (
            (title, str(len(effects)), *(_percent(of(effects)) for of in (min, median, max)))
            for title, effects in ordered
        ),
        numbers=4,
    )


def _worst(known: Sequence[Known]) -> Table:
    ordered = sorted(known, key=lambda each: -each.floor.effect)[:_WORST]
    return table(
        "The worst series",
        ("series", "arm", "profile", "floor", "spread of processes", "A/A processes"),
        (
            (
                _title(each.run),
                each.run.arm.label,
                each.run.profile or "unnamed",
                _percent(each.floor.effect),
                _percent(each.floor.spread),
                str(len(each.run.medians)),
            )
            for each in ordered
        ),
        "The spread is the standard deviation of the logarithms of what fresh processes of the "
        "same interpreter took.",
        numbers=3,
    )


def _title(run: NoiseSeries) -> str:
    metric = run.benchmark.rpartition(".")[2].partition("_")[2].replace("_", " ")
    params = ", ".join(value.replace("_", " ") for value in run.params.values())
    return f"{scenario_title(run.benchmark)}, {metric}: {params}"


def _percent(share: float) -> str:
    return f"{digits(share * 100)}{_THIN}%"


def _draw(arms: Sequence[Arm], counts: Mapping[str, tuple[int, ...]]) -> str:
    """Return an SVG element: a row per bin, a line per arm that ends in its mark."""
    bins = _bins()

    def paint(axes: Any) -> None:
        most = max(max(column) for column in counts.values())
        svg.axis(axes, 0, most * 1.08, "series", log=False)
        for number, title in enumerate(bins):
            middle = (number + 0.5) * _ROW
            svg.left_label(axes, title, middle)
            for place, arm in enumerate(arms):
                height = middle + (place - (len(arms) - 1) / 2) * _APART
                _bar(axes, counts[arm.name][number], arm, height)

    return svg.picture(paint, name="histogram-picture", height=len(bins) * _ROW, right=16)


def _bar(axes: Any, count: int, arm: Arm, height: float) -> None:
    if not count:
        return
    colour = svg.colour_of(arm)
    axes.plot([0, count], [height] * 2, color=colour, lw=2)
    svg.marks(axes, [count], [height], svg.marker_of(arm), _MARK, color=colour)
