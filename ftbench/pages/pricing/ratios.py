"""The ratios of the page: what one thread pays for a build, and what of N workers is left.

The tax is the time of one build over another's at the same kernel and release.  The efficiency
E(N) is the speed-up by N workers over N: 1 / the relative cost that `cpu_scaling`, `native` and
`must_scale` measure.  Several kernels come to one figure by their geometric mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ftbench.arms import ARMS, Arm, arm_named
from ftbench.errors import FtbenchError
from ftbench.probe.ledgers import KNOWN_NOT, LEDGER, MUST
from ftbench.releases import Release
from ftbench.results import Figure, Interval, State
from ftbench.statistics import CONFIDENCE, Basis, Processes, Ratio, ratio
from ftbench.statistics.ratio import Effects
from ftbench.statistics.spread import estimates

_GIL: Final = arm_named("gil")
_THREADS: Final = "threads"


def _every(_kernel: str) -> bool:
    return True


def _in_ledger(ledger: str) -> Callable[[str], bool]:
    return lambda pattern: pattern in LEDGER and LEDGER[pattern].ledger == ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One thing that is followed over the releases.

    `param` names the kernels that it is the mean of, of those that `counts` lets through.  With
    `taxed` it is the ratio to the GIL build's time, else the inverse of a relative cost of
    `workers` workers.
    """

    name: str
    title: str
    benchmark: str
    param: str
    taxed: bool = False
    workers: int = 1
    counts: Callable[[str], bool] = _every

    @property
    def arms(self) -> tuple[Arm, ...]:
        """The arms that it is told of."""
        return tuple(arm for arm in ARMS if not self.taxed or arm.free_threaded)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A measure on one arm at one release: the mean of its kernels, and each of them."""

    mean: Ratio
    kernels: Mapping[str, Ratio]


Points = Mapping[tuple[Release, str], Point]
"""Points by release and the name of an arm."""


def _efficiencies(
    title: str, group: str, param: str, workers: Iterable[int], ledger: str = ""
) -> tuple[Measure, ...]:
    """Return the efficiencies of a class's relative costs, of one ledger where there are some."""
    name = ledger or group.partition(".")[0]
    return tuple(
        Measure(
            name=f"{name.replace(' ', '-')}-{number}",
            title=f"{title}, {number} threads",
            benchmark=f"{group}.track_relative_{number}",
            param=param,
            workers=number,
            counts=_in_ledger(ledger) if ledger else _every,
        )
        for number in workers
    )


TAX: Final = Measure(
    name="tax",
    title="time of one thread over the GIL build's",
    benchmark="single_thread.SingleThread.track_kernel",
    param="kernel",
    taxed=True,
)
CRUNCHING: Final = _efficiencies(
    "crunching in pure Python", "cpu_scaling.CpuScaling", "kernel", (2, 4, 8)
)
NATIVE: Final = _efficiencies(
    "native code that lets go of the GIL", "native.Native", "work", (2, 4, 8)
)
MUST_SCALE: Final = _efficiencies(
    "patterns that must scale", "must_scale.MustScale", "pattern", (2, 4), MUST
)
MUST_NOT: Final = _efficiencies(
    "patterns known not to scale", "must_scale.MustScale", "pattern", (2, 4), KNOWN_NOT
)


def points_of(measure: Measure, figures: Iterable[Figure]) -> Points:
    """Return a measure's points; `figures` are of one machine, flavour and profile."""
    found: dict[tuple[Release, str], dict[str, Figure]] = {}
    for figure in figures:
        kernel = figure.params.get(measure.param, "")
        if (
            figure.benchmark == measure.benchmark
            and figure.state is State.MEASURED
            and (measure.taxed or figure.params.get("mode") == _THREADS)
            and measure.counts(kernel)
        ):
            found.setdefault((figure.release, figure.arm.name), {})[kernel] = figure
    kernels = _taxes(found) if measure.taxed else _inverses(found)
    return {
        key: Point(mean=mean_of(tuple(of.values())), kernels=of)
        for key, of in kernels.items()
        if of
    }


_Found = Mapping[tuple[Release, str], Mapping[str, Figure]]
_Ratios = dict[tuple[Release, str], dict[str, Ratio]]


def _taxes(found: _Found) -> _Ratios:
    taxes: _Ratios = {}
    for (release, arm), of in found.items():
        base = found.get((release, _GIL.name), {})
        if arm != _GIL.name:
            taxes[release, arm] = {
                kernel: tax
                for kernel, figure in of.items()
                if kernel in base and (tax := _tax(figure, base[kernel]))
            }
    return taxes


def _tax(figure: Figure, base: Figure) -> Ratio | None:
    """Return a ratio; None for figures of different runs, between which a machine may change."""
    if figure.runs and base.runs and not figure.runs & base.runs:
        return None
    try:
        return ratio(processes_of(figure), processes_of(base))
    except FtbenchError:
        return None


def _inverses(found: _Found) -> _Ratios:
    places = [
        (key, kernel, processes)
        for key, of in found.items()
        for kernel, figure in of.items()
        if _is_sound(processes := processes_of(figure))
    ]
    if not places:
        return {}
    sides = estimates([processes for _, _, processes in places], of_ratios=True)
    effects = Effects(
        value=np.negative(sides.value),
        error=sides.error,
        freedom=sides.freedom,
        basis=sides.basis,
    )
    inverses: _Ratios = {}
    for (key, kernel, _), found_ratio in zip(places, effects.ratios(CONFIDENCE), strict=True):
        inverses.setdefault(key, {})[kernel] = found_ratio
    return inverses


def processes_of(figure: Figure) -> Processes:
    """Return a figure's samples by process; those that nobody can tell apart are of one."""
    return figure.processes or ((figure.samples,) if figure.samples else ())


def _is_sound(processes: Processes) -> bool:
    samples = [sample for process in processes for sample in process]
    return bool(samples) and all(processes) and min(samples) > 0 and max(samples) < math.inf


def mean_of(every: Sequence[Ratio]) -> Ratio:
    """Return the geometric mean of ratios, at least one.

    The ends of its interval are the means of their intervals' ends: as if all erred alike, which
    is wider than chance makes it if they do not.
    """
    intervals = [each.interval for each in every]
    known = [each for each in intervals if each is not None]
    interval = None
    if len(known) == len(intervals):
        interval = Interval(
            low=_geometric([each.low for each in known]),
            high=_geometric([each.high for each in known]),
        )
    return Ratio(
        value=_geometric([each.value for each in every]),
        interval=interval,
        confidence=CONFIDENCE,
        basis=max((each.basis for each in every), key=list(Basis).index),
    )


def _geometric(values: Sequence[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))
