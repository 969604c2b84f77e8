"""Figures of crossover and shared_set as a test wants them, with no file behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ftbench.analysis.advice.cells import GROUP, MODES, ONE, SERIAL, SHARED, place_metric
from ftbench.facts.arms import ARMS, Arm
from ftbench.facts.modes import Mode
from ftbench.probe.scenarios.crossover import PAYLOADS, SIZES, Payload, Size
from ftbench.releases import Release
from ftbench.results import Figure, State
from ftbench.results.keys import Environment, SeriesKey
from ftbench.statistics.spread import Interval

RELEASE = Release.parse("3.14.2")
POOLS = (2, 8)
# Seconds to hand a task over, and to carry a byte.
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


def figure(
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
    arms: Iterable[Arm] = ARMS,
    *,
    cost: Cost = seconds,
    margin: float | None = 0.02,
    run: str = "run-1",
    modes: Iterable[Mode] = MODES,
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
                            ("p99", 3 * task * workers),
                            ("cpu", task * at_a_time(place)),
                        ):
                            metric = place_metric(name, size.name, payload.name)
                            yield figure(
                                f"{GROUP}.track_{metric}",
                                median,
                                params,
                                arm=arm,
                                margin=margin,
                                run=run,
                            )
                yield figure(
                    f"{GROUP}.track_pss",
                    (10.0 + 3 * workers * (mode.kind != "serial")) * 2**20,
                    params,
                    arm=arm,
                    unit="bytes",
                    margin=margin,
                    run=run,
                )


def shared(arm: Arm, mode: Mode, **ops: float) -> Iterator[Figure]:
    """Yield the figures of shared_set for a mode: strategy → seconds of an operation."""
    for strategy, op in ops.items():
        params = {"mode": mode.name, "strategy": strategy, "fill": "grown"}
        for name, median in (("op", op), ("cpu", 2 * op), ("lock_wait_p99", 50 * op)):
            yield figure(f"{SHARED}.track_{name}", median, params, arm=arm)
