"""Noise floors: how far apart two equal costs may seem on a machine, from its A/A runs.

The spread of a series is the standard deviation of the log-medians of fresh processes, pooled over
all sittings of that series on that machine, whatever the release and the flavour: each sitting
around its own mean, weighing its degrees of freedom.  Of the same interpreter it plays no part for
which letter a process stood; their order, ABBA, keeps a drift from looking like an effect, and
leaves it in the spread.  What was measured under other conditions is of another machine.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from statistics import median as middle
from typing import Any, Final, NamedTuple, Self

from ftbench.facts.arms import Arm
from ftbench.facts.profiles import PROFILES
from ftbench.results.figure import CONDITIONS, Figure, NoiseSeries, SeriesKey
from ftbench.statistics.power import Floor, between, floor
from ftbench.statistics.ratio import located
from ftbench.statistics.spread import LARGEST_POWER, estimates

APART: Final = (
    "sittings, builds: how far two sittings differ, and two builds of the same source; within "
    "the floor that is noise. With two or more replicas, the floor of a verdict on the source "
    "includes the differences between builds; that of a verdict on these builds does not."
)

# Machine, arm, profile and series: of whatever release and flavour.
_Key = tuple[str, Arm, str, SeriesKey]


def processes_of(profile: str) -> int:
    """Return how many processes a cell has in a profile, 1 where it has none of that name."""
    return PROFILES[profile].processes if profile in PROFILES else 1


class Side(NamedTuple):
    """The processes of one build in one sitting: the mean of their log-medians, and its scatter."""

    run: NoiseSeries
    letter: str  # "" of both, where they were the same interpreter
    value: float
    scatter: float
    processes: int


class Apart(NamedTuple):
    """How far apart sittings, and builds, lie at most, as shares; None where there is one."""

    sittings: float | None = None
    builds: float | None = None


@dataclass(frozen=True, slots=True)
class Floors:
    """The floors of series by machine, arm, profile, benchmark and params."""

    by_key: Mapping[_Key, Sequence[Side]]
    _known: dict[tuple[Any, ...], Floor] = field(default_factory=dict)
    _differing: dict[tuple[int, int], tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, noise: Iterable[NoiseSeries]) -> Self:
        """Return the floors of A/A runs: of several processes and finite costs above zero alone."""
        parts = [(run, letter) for run in noise for letter in ("AB" if run.against else ("",))]
        medians = (run.of(letter) if letter else run.medians for run, letter in parts)
        found = estimates([tuple((median,) for median in own) for own in medians])
        by_key: dict[_Key, list[Side]] = defaultdict(list)
        for part, value, scatter, processes, usable in zip(
            parts,
            found.value.tolist(),
            found.scatter.tolist(),
            found.processes.tolist(),
            found.usable.tolist(),
            strict=True,
        ):
            if usable and processes > 1:
                by_key[_key(part[0])].append(Side(*part, value, scatter, processes))
        return cls(by_key)

    def given(self, figures: Sequence[Figure]) -> Iterator[Figure]:
        """Yield the figures where their processes lie, with floors and intervals, or why none."""
        floors = [self.floor_of(figure) for figure in figures]
        places = located([figure.by_process for figure in figures], floors)
        for figure, known, (location, interval) in zip(figures, floors, places, strict=True):
            given = figure
            if known:
                given = replace(figure, floor=known)
            elif others := self.by_key.get(_key(figure)):
                facts = dict.fromkeys(
                    name for side in others for name in self.unlike(figure, side.run)
                )
                given = replace(figure, other_conditions=tuple(facts))
            if location is not None and figure.median is not None:
                # asv's is the median of all samples: not what effects are the ratios of.
                median = location if len(figure.by_process) > 1 else middle(*figure.by_process)
                given = replace(given, median=median, interval=interval)
            yield given

    def floor_of(self, measured: Figure | NoiseSeries) -> Floor | None:
        """Return the floor of a series, None where no A/A run was made of it as it was measured."""
        fitting = self.fitting(measured)
        if not fitting:
            return None
        key = (measured.profile, measured.flavour, *map(id, fitting))
        if key not in self._known:
            freedom = sum(side.processes - 1 for side in fitting)
            spread = math.sqrt(sum(side.scatter for side in fitting) / freedom)
            processes = processes_of(measured.profile)
            known = floor(spread=spread, freedom=freedom, processes=processes)
            builds = between((0.0, *each) for each in _builds(fitting, measured.flavour).values())
            self._known[key] = replace(known, builds=builds)
        return self._known[key]

    def fitting(self, measured: Figure | NoiseSeries) -> list[Side]:
        """Return the A/A runs of a series under the conditions in which it was measured."""
        sides = self.by_key.get(_key(measured), ())
        return [side for side in sides if not self.unlike(measured, side.run)]

    def unlike(self, measured: Figure | NoiseSeries, run: NoiseSeries) -> tuple[str, ...]:
        """Return the conditions that differ where both tell them; many have the same records."""
        facts: tuple[str, ...] = ()
        for one, other in ((one, other) for one in measured.machines for other in run.machines):
            place = id(one), id(other)
            if place not in self._differing:
                pairs = ((name, one.get(name), other.get(name)) for name in CONDITIONS)
                self._differing[place] = tuple(
                    name for name, a, b in pairs if a is not None and b is not None and a != b
                )
            facts += self._differing[place]
        return facts

    def apart(self, measured: Figure | NoiseSeries) -> Apart:
        """Return what the floor of a series has not in: the distances of sittings and of builds."""
        means: dict[object, list[float]] = defaultdict(list)
        fitting = self.fitting(measured)
        for side in fitting:
            if side.letter != "B":
                means[side.run.key].append(side.value)
        sittings = [max(known) - min(known) for known in means.values() if len(known) > 1]
        builds = [abs(each) for steps in _builds(fitting).values() for each in steps]
        most = (max(each, default=None) for each in (sittings, builds))
        return Apart(*(each and math.expm1(min(each, LARGEST_POWER)) for each in most))


def _builds(sides: Iterable[Side], flavour: str | None = None) -> dict[object, list[float]]:
    """Return how far other builds lie from the one of each file, of one flavour if it is named."""
    steps: dict[tuple[object, str], list[float]] = defaultdict(list)
    for side in sides:
        if side.letter == "A" and flavour in {None, side.run.flavour}:
            steps[side.run.key, side.run.against] += _steps(side.run)
    found: dict[object, list[float]] = defaultdict(list)
    for (key, _), known in steps.items():
        found[key] += [fmean(known)] if known else []
    return found


def _steps(run: NoiseSeries) -> Iterator[float]:
    """Yield how far B, if another build, lies from A in each whole A B B A of a sitting."""
    if min(run.medians) <= 0:
        return
    logs = [math.log(median) for median in run.medians]
    for match in re.finditer("ABBA", run.order):
        n = match.start()
        yield (logs[n + 1] + logs[n + 2] - logs[n] - logs[n + 3]) / 2


def _key(of: Figure | NoiseSeries) -> _Key:
    return of.machine, of.arm, of.profile, of.series
