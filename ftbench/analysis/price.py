"""The ratios of the page: what one thread pays for a build, and what of N workers is left.

The tax is the time of one build over another's at the same kernel and release, by a duel where
there is one.  The efficiency E(N) is the speed-up by N workers over N: 1 / the relative cost that
`cpu_scaling`, `native` and `must_scale` measure.  Several kernels come to one figure by their
geometric mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ftbench.analysis.verdicts import Evidence, evidence
from ftbench.facts.arms import ARMS, Arm, arm_named
from ftbench.probe.scenarios.must_scale import KNOWN_NOT, LEDGER, MUST
from ftbench.probe.scenarios.native import STANDARD
from ftbench.releases import Release
from ftbench.results import Figure, ResultTree, State
from ftbench.results.duels import series_of
from ftbench.results.figure import SeriesKey
from ftbench.statistics import CONFIDENCE, Ratio
from ftbench.statistics.power import pooled
from ftbench.statistics.ratio import Effects, difference
from ftbench.statistics.sequential import Series, effects_of, look
from ftbench.statistics.spread import Estimates, estimates

_GIL: Final = arm_named("gil")
_THREADS: Final = "threads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """The mean over `kernels` (None: all), the values of `param`, followed over the releases.

    `taxed` are ratios to the GIL build of the same release, or to the same arm of the newest
    release of the series `against`; others are the workers' efficiencies.
    """

    name: str
    title: str
    benchmark: str
    param: str
    mode: str = _THREADS
    taxed: bool = False
    against: str = ""
    workers: int = 1
    kernels: frozenset[str] | None = None

    def series(self, kernel: str) -> SeriesKey:
        """Return the series of a kernel."""
        return SeriesKey(benchmark=self.benchmark, params={"mode": self.mode, self.param: kernel})

    def takes(self, series: SeriesKey) -> bool:
        """Tell whether a series is one of its kernels'."""
        kernel = series.params.get(self.param, "")
        return (
            series.benchmark == self.benchmark
            and series.params.get("mode") == self.mode
            and (self.kernels is None or kernel in self.kernels)
        )

    @property
    def arms(self) -> tuple[Arm, ...]:
        """The arms that have it."""
        return tuple(arm for arm in ARMS if not self.taxed or arm != _GIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A measure on one arm at one release: each of its kernels, and the mean of those `of` it.

    These are what all releases of the arm have, if that is more than half of each release's: a
    mean is compared only with one of the same kernels.
    """

    mean: Ratio
    kernels: Mapping[str, Ratio]
    of: tuple[str, ...]
    floor: float | None = None  # the noise floor of the mean, a share, if each kernel has one

    @property
    def ends(self) -> tuple[str, str]:
        """The kernels of the mean whose value is the least and the greatest."""
        ordered = sorted(self.of, key=lambda kernel: self.kernels[kernel].value)
        return ordered[0], ordered[-1]


Points = Mapping[tuple[Release, str], Point]
"""Points by release and the name of an arm."""


def titled(measure: Measure, points: Points) -> str:
    """Return the title of a measure, and of which kernel it is where that is one of several."""
    kernels = frozenset(kernel for point in points.values() for kernel in point.of)
    if len(kernels) != 1 or kernels == measure.kernels:
        return measure.title
    return f"{measure.title}: {min(kernels).replace('_', ' ')} alone"


def _efficiencies(
    title: str, group: str, param: str, workers: Iterable[int], ledger: str = ""
) -> tuple[Measure, ...]:
    kernels = frozenset(name for name, each in LEDGER.items() if each.ledger == ledger)
    name = ledger or group.partition(".")[0]
    return tuple(
        Measure(
            name=f"{name.replace(' ', '-')}-{number}",
            title=f"{title}, {number} threads",
            benchmark=f"{group}.track_relative_{number}",
            param=param,
            workers=number,
            kernels=kernels if ledger else None,
        )
        for number in workers
    )


TAX: Final = Measure(
    name="tax",
    title="time of one thread over the GIL build's",
    benchmark="single_thread.SingleThread.track_kernel",
    param="kernel",
    mode="serial",
    taxed=True,
)
WORK: Final = replace(
    TAX,
    name="work",
    title="instructions of one thread over the GIL build's",
    benchmark="instructions.SingleThread.track_instructions",
)
MEMORY: Final = Measure(
    name="memory",
    title="memory of a process with one busy thread over the GIL build's (PSS)",
    benchmark="footprint.Footprint.track_pss",
    param="workers",
    taxed=True,
    kernels=frozenset({"1"}),
)
OLDER: Final = replace(
    TAX,
    name="older",
    title="time of one thread over that of the newest 3.14, free-threaded both",
    against="3.14",
)
GUARDED: Final[Mapping[str, Measure]] = {each.name: each for each in (TAX, MEMORY, OLDER)}
"""What claims and guard rails are about, by name: all of one thread."""
CRUNCHING: Final = _efficiencies(
    "computing in pure Python", "cpu_scaling.CpuScaling", "kernel", (2, 4, 8)
)
NATIVE: Final = tuple(
    # Which libraries there are beside is each machine's affair, and would change the mean.
    replace(each, kernels=frozenset(STANDARD))
    for each in _efficiencies(
        "native code that releases the GIL", "native.Native", "work", (2, 4, 8)
    )
)
MUST_SCALE: Final = _efficiencies(
    "patterns that must scale", "must_scale.MustScale", "pattern", (2, 4), MUST
)
MUST_NOT: Final = _efficiencies(
    "patterns known not to scale", "must_scale.MustScale", "pattern", (2, 4), KNOWN_NOT
)


def points_of(measure: Measure, figures: Iterable[Figure], known: Evidence) -> Points:
    """Return a measure's points; `figures` are of one machine, flavour and profile."""
    by_place: dict[tuple[Release, str], dict[str, Figure]] = {}
    for figure in figures:
        if figure.state is State.MEASURED and measure.takes(figure.series):
            kernel = figure.params.get(measure.param, "")
            by_place.setdefault((figure.release, figure.arm.name), {})[kernel] = figure
    found = _taxes(measure, by_place, known) if measure.taxed else _inverses(by_place)
    return _by_place(*found)


def guarded(tree: ResultTree) -> Mapping[str, Points]:
    """Return the points of `GUARDED` of a tree, which has results of one rig."""
    known = evidence(tree)
    return {name: points_of(each, tree.figures, known) for name, each in GUARDED.items()}


_Key = tuple[Release, str]
_FiguresByPlace = Mapping[_Key, Mapping[str, Figure]]
# The release, the arm and the kernel of each entry of some `Effects`.
_Places = Sequence[tuple[_Key, str]]
# What single entries come to by duel: an interval that reaches farther to one side.
_Duels = Mapping[int, Ratio | None]
# Of each entry its noise floor, nought of a duel.
_Floors = Sequence[float | None]
_Found = tuple[_Places, Effects | None, _Duels, _Floors]


def _base(measure: Measure, key: _Key, by_place: _FiguresByPlace) -> _Key | None:
    release, arm = key
    if not measure.against:
        return (release, _GIL.name) if arm != _GIL.name else None
    others = (other for other, of in by_place if of == arm and other.series == measure.against)
    newest = max(others, default=None)
    return (newest, arm) if newest and release.series != measure.against else None


def _taxes(measure: Measure, by_place: _FiguresByPlace, known: Evidence) -> _Found:
    places: list[tuple[_Key, str]] = []
    duels: dict[int, Series] = {}
    above: list[Figure] = []
    below: list[Figure] = []
    alike = Figure.comparable if measure.against else Figure.has_ratio
    for key, of in by_place.items():
        under = _base(measure, key, by_place)
        bases = by_place.get(under, {}) if under else {}
        for kernel, figure in of.items():
            base = bases.get(kernel)
            if base is None:
                continue
            if duel := known.duel(base, figure):
                duels[len(places)] = series_of(duel.record)
            elif not (alike(figure, base) and _is_sound(figure) and _is_sound(base)):
                continue
            places.append((key, kernel))
            above.append(figure)
            below.append(base)
    if not places:
        return places, None, {}, ()
    floors = [
        0.0 if number in duels else _larger(one, other)
        for number, (one, other) in enumerate(zip(above, below, strict=True))
    ]
    effects, members = difference(_sides(above), _sides(below)), np.array(list(duels), np.int64)
    effects = effects.replaced(members, effects_of(tuple(duels.values())))
    by_duel = {number: look(each).verdict.effect for number, each in duels.items()}
    return places, effects, by_duel, floors


def _larger(*figures: Figure) -> float | None:
    known = [figure.floor.effect for figure in figures if figure.floor]
    return max(known) if len(known) == len(figures) else None


def _inverses(by_place: _FiguresByPlace) -> _Found:
    sound = [
        ((key, kernel), figure)
        for key, of in by_place.items()
        for kernel, figure in of.items()
        if _is_sound(figure)
    ]
    if not sound:
        return (), None, {}, ()
    effects = Effects.of(_sides([figure for _, figure in sound]))
    inverse = replace(effects, value=np.negative(effects.value))
    return [place for place, _ in sound], inverse, {}, [_larger(figure) for _, figure in sound]


def _sides(figures: Sequence[Figure]) -> Estimates:
    sides = estimates([figure.by_process for figure in figures])
    return pooled(sides, [figure.floor for figure in figures])


def _by_place(places: _Places, effects: Effects | None, duels: _Duels, floors: _Floors) -> Points:
    if effects is None:
        return {}
    members: dict[_Key, dict[str, int]] = {}
    for number, (key, kernel) in enumerate(places):
        members.setdefault(key, {})[kernel] = number
    ratios = [duels.get(number) or each for number, each in enumerate(effects.ratios(CONFIDENCE))]
    compared = {key: _compared(key, members) for key in members}
    groups = [[members[key][kernel] for kernel in of] for key, of in compared.items()]
    means = means_of(effects, groups).ratios(CONFIDENCE)
    return {
        key: Point(
            mean=mean if len(group) > 1 else ratios[group[0]],
            kernels={kernel: ratios[number] for kernel, number in members[key].items()},
            of=compared[key],
            floor=_floor_of_mean([floors[number] for number in group]),
        )
        for key, group, mean in zip(members, groups, means, strict=True)
    }


def _compared(key: _Key, members: Mapping[_Key, Mapping[str, int]]) -> tuple[str, ...]:
    """Return the kernels of the mean at a place: those of all releases, or all of its own."""
    own = members[key]
    every = [kernels for (_, arm), kernels in members.items() if arm == key[1]]
    common = tuple(kernel for kernel in own if all(kernel in kernels for kernels in every))
    return common if 2 * len(common) > max(map(len, every)) else tuple(own)


def _floor_of_mean(floors: Sequence[float | None]) -> float | None:
    logs = [math.log1p(floor) for floor in floors if floor is not None]
    return math.expm1(math.hypot(*logs) / len(logs)) if len(logs) == len(floors) else None


def means_of(effects: Effects, groups: Sequence[Sequence[int]]) -> Effects:
    """Return the geometric mean of each group of effects, given by their places."""
    # Kernels are measured in processes of their own: errors are independent, the degrees of freedom
    # by Welch and Satterthwaite.
    places = [np.array(group) for group in groups]
    variances = [effects.error[place] ** 2 for place in places]
    spreads = [
        (variance**2 / effects.freedom[place]).sum()
        for place, variance in zip(places, variances, strict=True)
    ]
    totals = np.array([variance.sum() for variance in variances])
    freedom = np.array([effects.freedom[place].sum() for place in places])
    np.divide(totals**2, spreads, out=freedom, where=np.array(spreads) > 0)
    return Effects(
        value=np.array([effects.value[place].mean() for place in places]),
        error=np.sqrt(totals) / np.array([len(place) for place in places]),
        freedom=freedom,
        basis=np.array([effects.basis[place].max() for place in places]),
    )


def _is_sound(figure: Figure) -> bool:
    samples = (sample for process in figure.by_process for sample in process)
    return not figure.doubt and all(0 < sample < math.inf for sample in samples)
