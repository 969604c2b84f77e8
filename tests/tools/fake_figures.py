"""Made-up values in memory: noisy processes, figures, and trees of them with noise floors."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ftbench.analysis.advice.cells import (
    GROUP,
    LATENCY,
    MODES,
    ONE,
    SERIAL,
    SHARED,
    place_metric,
)
from ftbench.facts.arms import USUAL_ARMS, Arm, arm_named
from ftbench.facts.modes import Mode, mode_named
from ftbench.probe.scenarios.crossover import PAYLOADS, SIZES, Payload, Size
from ftbench.probe.scenarios.latency import CANNOT, LOADS
from ftbench.probe.scenarios.latency import SIZES as REQUESTS
from ftbench.releases import Release
from ftbench.results import Figure, Machine, ResultFile, ResultTree, State
from ftbench.results.figure import Environment, NoiseSeries, SeriesKey
from ftbench.results.floors import Floors
from ftbench.statistics import Processes
from ftbench.statistics.spread import Interval

T = TypeVar("T", Figure, NoiseSeries, ResultFile)
_ENVIRONMENT = {field.name for field in fields(Environment)}
_SERIES = {field.name for field in fields(SeriesKey) if field.init}


def rekeyed(item: T, **changes: Any) -> T:
    """Return `item` with other fields, whether they are its own or its environment's or series'."""
    environment = {name: changes.pop(name) for name in _ENVIRONMENT & changes.keys()}
    series = {name: changes.pop(name) for name in _SERIES & changes.keys()}
    if environment:
        changes["environment"] = replace(item.environment, **environment)
    if series and not isinstance(item, ResultFile):
        changes["series"] = replace(item.series, **series)
    return replace(item, **changes)


@dataclass(frozen=True, kw_only=True)
class Noise:
    """How noisy a machine is; shares of the cost.

    Processes are off by `between`, each by its own factor, and samples by `within`; a share of
    `disturbed` samples takes half as long again.
    """

    between: float
    within: float
    disturbed: float = 0.0

    def drawn(
        self, rng: np.random.Generator, processes: int, samples: int, *, cost: float = 1.0
    ) -> Processes:
        """Return so many processes of so many samples each, around `cost`."""
        shape = processes, samples
        off = self.between * rng.standard_normal((processes, 1))
        off = off + self.within * rng.standard_normal(shape)
        factors = np.where(rng.random(shape) < self.disturbed, 1.5, 1.0)
        return tuple(map(tuple, (cost * factors * np.exp(off)).tolist()))


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
            runs=frozenset({"run-1"}),
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
    runs = () if floor is None else tuple(noise(each, floor) for each in figures)
    return ResultTree(
        figures=tuple(Floors.of(runs).given(figures)),
        sources=tuple(
            ResultFile(
                path=Path(f"{number}.json"),
                environment=each.environment,
                release=each.release,
                builds=tuple(said.get(each.release.name, said.get(each.arm.name, (BUILD,)))),
                scenarios=Counter(of.scenario for of in figures if of.key == each.key),
            )
            for number, each in enumerate(places.values())
        ),
        machines=tuple(Machine(name=name) for name in sorted({each.machine for each in figures})),
        noise=runs,
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


MEASURED = ("threads", "processes-spawn", "interpreters")
RELEASE = Release.parse("3.14.2")
POOLS = (2, 8)
# Seconds to hand a task over, and to carry a byte.
# Those that need no engine.
STANDARD = tuple(mode for mode in MODES if mode.engine is None)
HAND = {"serial": 0.0, "threads": 30e-6, "interpreters": 200e-6, "processes": 100e-6}
BYTE = {"serial": 0.0, "threads": 0.0, "interpreters": 0.2e-9, "processes": 2e-9}

Cost = Callable[["Place"], float]


@dataclass(frozen=True, kw_only=True)
class Place:
    """What a made-up figure is of."""

    arm: Arm
    mode: Mode
    workers: int
    size: Size
    payload: Payload


def at_a_time(place: Place) -> int:
    """Return how many of the workers run at a time on two cores."""
    takes_turns = place.arm.gil and place.mode.kind == "threads"
    return 1 if takes_turns else min(2, place.workers)


def seconds(place: Place) -> float:
    """Return the seconds of a task, which rise with its size and its payload."""
    own = place.size.nominal + place.payload.size * 0.2e-9
    kind = place.mode.kind
    return (own + HAND[kind] + place.payload.size * BYTE[kind]) / at_a_time(place)


def figure_of(
    benchmark: str,
    median: float | None,
    params: Mapping[str, str],
    *,
    arm: Arm,
    unit: str = "seconds",
    margin: float | None = 0.02,
    state: State | None = None,
    reason: str = "",
    run: str = "run-1",
) -> Figure:
    """Return a figure; one without a median was skipped, unless `state` says otherwise."""
    interval = None
    if median is not None and margin is not None:
        interval = Interval(low=median * (1 - margin), high=median * (1 + margin))
    return Figure(
        environment=Environment(
            machine="quiet-vm", arm=arm, flavour="source-gcc12", profile="full"
        ),
        release=RELEASE,
        series=SeriesKey(benchmark=benchmark, params=dict(params)),
        unit=unit,
        state=state or (State.SKIPPED if median is None else State.MEASURED),
        median=median,
        interval=interval,
        reason=reason,
        runs=frozenset({run}) if median is not None else frozenset(),
        graph=f"index.html#{benchmark}",
    )


def crossover(
    arms: Iterable[Arm] = USUAL_ARMS,
    *,
    cost: Cost = seconds,
    margin: float | None = 0.02,
    run: str = "run-1",
    modes: Iterable[Mode] = STANDARD,
) -> Iterator[Figure]:
    """Yield every figure of crossover on these arms."""
    for arm in arms:
        for mode in modes:
            for workers in (ONE,) if mode == SERIAL else POOLS:
                params = {"mode": mode.name, "workers": str(workers)}
                for size in SIZES:
                    for payload in PAYLOADS:
                        place = Place(
                            arm=arm, mode=mode, workers=workers, size=size, payload=payload
                        )
                        task = cost(place)
                        for name, median in (
                            ("task", task),
                            ("cpu", task * at_a_time(place)),
                        ):
                            metric = place_metric(name, size.name, payload.name)
                            yield figure_of(
                                f"{GROUP}.track_{metric}",
                                median,
                                params,
                                arm=arm,
                                margin=margin,
                                run=run,
                            )
                yield figure_of(
                    f"{GROUP}.track_pss",
                    (10.0 + 3 * workers * (mode.kind != "serial")) * 2**20,
                    params,
                    arm=arm,
                    unit="bytes",
                    margin=margin,
                    run=run,
                )


def latency(
    *, arms: Iterable[Arm] = USUAL_ARMS, cannot: Callable[[Mode, int], bool] = lambda *_: False
) -> Iterator[Figure]:
    """Yield the figures of latency: a p50 of twice a request's work, a p99 of ten times at 50 %."""
    for arm, mode in itertools.product(arms, (SERIAL, *map(mode_named, MEASURED))):
        params = {"mode": mode.name, "workers": "1" if mode == SERIAL else "8"}
        for size, percent in itertools.product(REQUESTS, LOADS):
            factor = {"p50": 2.0, "p99": 10.0 * percent / LOADS[0]}
            for name, times in factor.items():
                beaten = cannot(mode, percent)
                yield figure_of(
                    f"{LATENCY}.track_{name}_{size.name}_{percent}",
                    None if beaten else times * size.nominal,
                    params,
                    arm=arm,
                    reason=f"{CANNOT}: 12 ms or more" if beaten else "",
                )


def shared(arm: Arm, mode: Mode, **ops: float) -> Iterator[Figure]:
    """Yield the figures of shared_set for a mode: strategy → seconds of an operation.

    `atomic_amid` and the like are those of writes amid work.
    """
    for strategy, op in ops.items():
        name, amid, _ = strategy.partition("_amid")
        params = {"mode": mode.name, "strategy": name, "fill": "grown"}
        costs = {"op": op, "cpu": 2 * op, "lock_wait_p99": 50 * op}
        for name, median in ({"write": op, "write_cpu": 3 * op} if amid else costs).items():
            yield figure_of(f"{SHARED}.track_{name}", median, params, arm=arm)
