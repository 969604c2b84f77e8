"""Noise floors: how far apart two equal costs may seem on a machine, from its A/A runs.

The spread of a series is the standard deviation of the log-medians of fresh processes, pooled over
all A/A runs of that series on that machine, whatever the release and the flavour: each run around
its own mean, weighing its degrees of freedom.  Which letter of the A/A a process stood for plays no
part; their order, ABBA, keeps a drift from looking like an effect, and leaves it in the spread.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from ftbench.facts.arms import Arm
from ftbench.facts.profiles import PROFILES
from ftbench.results.figure import Figure, NoiseSeries, SeriesKey
from ftbench.statistics.power import Floor, floor
from ftbench.statistics.ratio import intervals
from ftbench.statistics.spread import Interval, estimates

# Machine, arm, profile and series: of whatever release and flavour.
_Key = tuple[str, Arm, str, SeriesKey]


def processes_of(profile: str) -> int:
    """Return how many processes a cell has in a profile, 1 where it has none of that name."""
    return PROFILES[profile].processes if profile in PROFILES else 1


@dataclass(frozen=True, slots=True)
class Floors:
    """The floors of series by machine, arm, profile, benchmark and params."""

    by_key: Mapping[_Key, Floor]

    @classmethod
    def of(cls, noise: Iterable[NoiseSeries]) -> Self:
        """Return the floors of A/A runs: of several processes and finite costs above zero alone."""
        runs = list(noise)
        sides = estimates([tuple((median,) for median in run.medians) for run in runs])
        scatter: dict[_Key, float] = defaultdict(float)
        freedom: dict[_Key, int] = defaultdict(int)
        for run, squares, processes, usable in zip(
            runs,
            sides.scatter.tolist(),
            sides.processes.tolist(),
            sides.usable.tolist(),
            strict=True,
        ):
            if usable and processes > 1:
                scatter[_key(run)] += squares
                freedom[_key(run)] += processes - 1
        return cls(
            {
                key: floor(
                    spread=(scatter[key] / known) ** 0.5,
                    freedom=known,
                    processes=processes_of(key[2]),
                )
                for key, known in freedom.items()
            }
        )

    def given(self, figures: Sequence[Figure]) -> Iterator[Figure]:
        """Yield the figures with their floors and intervals."""
        floors = [self.floor_of(figure) for figure in figures]
        spans = intervals([figure.by_process for figure in figures], floors)
        for figure, known, interval in zip(figures, floors, spans, strict=True):
            if interval and figure.median is not None:
                # The median of all samples need not lie where those of processes do.
                low, high = min(interval.low, figure.median), max(interval.high, figure.median)
                yield replace(figure, floor=known, interval=Interval(low=low, high=high))
            else:
                yield replace(figure, floor=known) if known else figure

    def floor_of(self, measured: Figure | NoiseSeries) -> Floor | None:
        """Return the floor of a series, None where no A/A run was made of it."""
        return self.by_key.get(_key(measured))


def _key(of: Figure | NoiseSeries) -> _Key:
    return of.machine, of.arm, of.profile, of.series
