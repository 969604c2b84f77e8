"""Trees of results in memory, with builds and noise floors: what verdicts are made of."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rekeyed import rekeyed

from ftbench.facts.arms import arm_named
from ftbench.releases import Release
from ftbench.results import Figure, Machine, ResultFile, ResultTree, State
from ftbench.results.figure import NoiseSeries
from ftbench.results.keys import Environment, SeriesKey

OP = "sharing.Sharing.track_op"
BUILD: Mapping[str, Any] = {
    "compiler": "GCC 12.2.0",
    "pgo": False,
    "lto": False,
    "jit": "none",
    "tail_call": False,
    "debug": False,
    "pystats": False,
    "free_threaded": False,
    "configure_args": [],
}


def processes(
    cost: float, *, count: int = 5, spread: float = 0.005, seed: object = 0
) -> tuple[tuple[float, ...], ...]:
    """Return `count` processes of eight samples each around `cost`."""
    chance = random.Random(f"{cost} {count} {spread} {seed}")  # noqa: S311 - made-up data
    made = []
    for _ in range(count):
        own = cost * math.exp(chance.gauss(0, spread))
        made.append(tuple(own * math.exp(chance.gauss(0, spread)) for _ in range(8)))
    return tuple(made)


def figure(release: str = "3.14.1", cost: float = 1e-3, **changes: Any) -> Figure:
    """Return a measured figure; `changes` are fields, of which `arm` is a name."""
    changes["arm"] = arm_named(changes.get("arm", "ft"))
    series = f"{changes.get('benchmark')} {changes.get('params')}"
    taken = processes(cost, seed=f"{release} {changes['arm'].name} {series}")
    return rekeyed(
        Figure(
            environment=Environment(
                machine="m", arm=changes["arm"], flavour="source", profile="full"
            ),
            release=Release.parse(release),
            series=SeriesKey(benchmark=OP, params={"mode": "threads"}),
            unit="seconds",
            state=State.MEASURED,
            median=cost,
            samples=tuple(sample for process in taken for sample in process),
            processes=taken,
        ),
        **changes,
    )


def several(release: str, cost: float = 1e-3, *, count: int = 20, **changes: Any) -> list[Figure]:
    """Return `count` figures that differ in a parameter."""
    return [
        figure(release, cost, params={"mode": "threads", "workers": str(number)}, **changes)
        for number in range(count)
    ]


def tree(
    figures: Iterable[Figure],
    *,
    builds: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    floor: float | None = 0.005,
) -> ResultTree:
    """Return a tree of figures with a source for each place; `builds` are by release, or arm.

    `floor` is the spread of the A/A runs of every series, None for no such runs.
    """
    figures = tuple(figures)
    said = builds or {}
    places = {each.key: each for each in figures}
    return ResultTree(
        figures=figures,
        sources=tuple(
            ResultFile(
                path=Path(f"{number}.json"),
                environment=each.environment,
                release=each.release,
                builds=tuple(said.get(each.release.name, said.get(each.arm.name, (BUILD,)))),
            )
            for number, each in enumerate(places.values())
        ),
        machines=tuple(Machine(name=name) for name in sorted({each.machine for each in figures})),
        noise=() if floor is None else tuple(noise(each, floor) for each in figures),
    )


def noise(of: Figure, spread: float) -> NoiseSeries:
    """Return an A/A run of a figure's series."""
    chance = random.Random(f"{of.machine} {of.benchmark} {of.params}")  # noqa: S311 - made up
    return NoiseSeries(
        environment=of.environment,
        release=of.release,
        series=of.series,
        unit=of.unit,
        medians=tuple(math.exp(chance.gauss(0, spread)) for _ in range(8)),
        order="ABBAABBA",
    )
