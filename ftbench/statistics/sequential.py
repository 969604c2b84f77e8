"""Duels: whether a series of pairs of processes is decided, with a look after every pair.

The rule.  At each look and for each effect that could be the true one, the log ratios of pairs less
that effect are cut at three times their median size, for a stray pair not to hide the others; their
sum over the root of their sum of squares is the score.  If it is the true effect, each sign is a
fair coin's: the two sides of a pair draw lots for who begins.  No spread needs to be known (Efron,
"Student's t-Test under Symmetry Conditions", *Journal of the American Statistical Association* 64,
1969); of any sizes the tails are bounded (Bentkus and Dzindzalieta, "A Tight Gaussian Bound for
Weighted Sums of Rademacher Random Variables", *Bernoulli* 21, 2015), and equal ones reach far
oftenest of those in `docs/noise.md`, but for sizes that grow all the while.  So the p of a score is
the exact chance that tosses of a coin reach it at any look, one bar for all as in Pocock, "Group
Sequential Methods in the Design and Analysis of Clinical Trials", *Biometrika* 64, 1977.  Effects
not ruled out are the interval, a confidence sequence: it holds at all looks at once (Howard et al.,
"Time-Uniform, Nonparametric, Nonasymptotic Confidence Sequences", *The Annals of Statistics* 49,
2021).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from ftbench.errors import FtbenchError
from ftbench.statistics.ratio import Effects, Ratio
from ftbench.statistics.spread import CONFIDENCE, LARGEST_POWER, Basis, Flags, Floats, Interval
from ftbench.statistics.student import quantile
from ftbench.statistics.verdict import (
    BETTER,
    CROSSES,
    DOUBTFUL,
    NOISY,
    OUTCOMES,
    RATE,
    ROUNDING,
    SAME,
    WORSE,
    Control,
    JudgedPairs,
    Verdict,
)

FIRST_LOOK: Final = 5
MOST_PAIRS: Final = 60
MOST_SITTINGS: Final = 4  # that add to a pool of pairs

_CUT: Final = 3.0  # median sizes
_SURER: Final = 1.3
_POINTS: Final = 129


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The pairs of a duel so far, or of several, the same within `margin`, a share."""

    logs: tuple[float, ...]  # of after / before, one per pair of fresh processes
    margin: float
    floor: float = 0.0  # a share: what two builds of the same source differ by

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, self.logs)):
            raise FtbenchError(f"A duel has finite log ratios, not {list(self.logs)}.")

    @property
    def most(self) -> int:
        """So many pairs could have been looked at: what was pooled had as many sittings."""
        return MOST_PAIRS * max(math.ceil(len(self.logs) / MOST_PAIRS), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is known of a series after so many pairs, and whether it goes on."""

    verdict: Verdict
    more: bool


def look(series: Series, *, among: int = 1, confidence: float = CONFIDENCE) -> Look:
    """Return the verdict so far, sure enough for one of `among` series that are judged together."""
    found = _Found.of(series, confidence)
    rate = (1 - confidence) / among
    return found.look(sure=found.p <= rate, rate=rate)


def judge_series(duel: Sequence[Series]) -> JudgedPairs:
    """Return the verdicts of series as one family; they hold whenever each of them ended."""
    found = [_Found.of(series, CONFIDENCE) for series in duel]
    control = Control.of(np.array([each.p for each in found]), RATE)
    judged = zip(found, control.sure, strict=True)
    verdicts = tuple(each.look(sure=sure, rate=control.next_bar).verdict for each, sure in judged)
    return JudgedPairs(verdicts=verdicts, by_chance=len(found) * control.bar, rate=RATE)


def effects_of(every: Sequence[Series]) -> Effects:
    """Return what series come to, for a mean of several: errors are as wide as the wider side."""
    found = [_Found.of(series, CONFIDENCE) for series in every]
    ends = np.array([(each.value, each.low, each.high) for each in found]).reshape(-1, 3)
    value, reach = ends[:, 0], np.abs(ends[:, 1:] - ends[:, :1]).max(axis=1)
    freedom = np.array([len(series.logs) - 1.0 for series in every])
    error = reach / quantile((1 + CONFIDENCE) / 2, freedom)
    basis = np.zeros(len(every), np.int64)  # the best
    return Effects(value=value, error=error, freedom=freedom, basis=basis)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    series: Series
    limit: float  # the floor on the logarithmic scale
    effect: Ratio | None
    low: float  # the interval likewise, infinite where so few pairs hold none
    high: float
    p: float
    value: float = 0.0  # the effect likewise

    @classmethod
    def of(cls, series: Series, confidence: float) -> _Found:
        logs, limit = np.array(series.logs, np.float64), math.log1p(series.floor) + ROUNDING
        if not len(logs):
            return cls(series=series, limit=limit, effect=None, low=-np.inf, high=np.inf, p=1.0)
        value = _centre(logs)
        low, high = _interval(logs, value, bar(1 - confidence, series.most))
        shares = np.exp(np.clip([value, low, high], -LARGEST_POWER, LARGEST_POWER)).tolist()
        effect = Ratio(
            value=shares[0],
            interval=Interval(low=shares[1], high=shares[2]) if low > -np.inf else None,
            confidence=confidence,
            basis=Basis.DUEL,
        )
        side = math.copysign(1.0, value)
        beyond = side * float(scores(logs, np.array([side * limit]))[0])
        p = chance(beyond if len(logs) >= FIRST_LOOK else 0.0, series.most)
        return cls(series=series, limit=limit, effect=effect, low=low, high=high, p=p, value=value)

    def look(self, *, sure: bool, rate: float) -> Look:
        margin = math.log1p(self.series.margin) + ROUNDING
        above, below = self.low > self.limit, self.high < -self.limit
        noisy = self.limit > margin
        lost = noisy and -self.limit <= self.low and self.high <= self.limit
        if (above or below) and sure:
            outcome = WORSE if above else BETTER
        elif noisy:
            outcome = NOISY
        elif -margin <= self.low and self.high <= margin:
            outcome = SAME
        else:
            outcome = DOUBTFUL if above or below else CROSSES
        word, why = OUTCOMES[outcome]
        pairs, size = len(self.series.logs), abs(self.value)
        gaps = (size - self.limit, rate), (0.0 if noisy else margin - size, 1 - CONFIDENCE)
        needs = self._needs(gaps) if word.open and pairs >= FIRST_LOOK else None
        return Look(
            verdict=Verdict(
                word=word, effect=self.effect, p=self.p, needs=needs, why=why, pairs=pairs
            ),
            more=word.open and pairs < MOST_PAIRS and not lost,
        )

    def _needs(self, gaps: Sequence[tuple[float, float]]) -> int | None:
        """Return how many more pairs bridge one of gaps at its rate, None where none do."""
        spread = float(np.std(_cut(np.array(self.series.logs) - self.value), ddof=1))
        totals = [needed(gap, spread, rate=rate) for gap, rate in gaps if gap > 0]
        total = min(totals, default=math.inf)
        pairs = len(self.series.logs)
        return max(int(total) - pairs, 1) if total <= MOST_SITTINGS * MOST_PAIRS else None


def scores(logs: Floats, effects: Floats) -> Floats:
    """Return the score of each of `effects`, or of the one of each row of `logs`."""
    cut = _cut(logs - effects[:, np.newaxis])
    size = np.sqrt((cut**2).sum(axis=1))
    return np.asarray(cut.sum(axis=1) / np.where(size > 0, size, 1.0))


def _cut(off: Floats) -> Floats:
    reach = _CUT * np.median(np.abs(off), axis=-1, keepdims=True)
    return np.clip(off, -reach, reach)


def chance(score: float, most: int = MOST_PAIRS) -> float:
    """Return how often tosses of a fair coin have a score as large at any look, either way."""
    sums = np.abs(np.arange(-most - 1, most + 2))
    paths = (sums == 0).astype(np.float64)
    reached = 0.0
    for tosses in range(1, most + 1):
        paths = (np.roll(paths, 1) + np.roll(paths, -1)) / 2
        if tosses >= FIRST_LOOK:
            there = sums >= score * math.sqrt(tosses) - ROUNDING
            reached += float(paths[there].sum())
            paths[there] = 0
    return reached


@cache
def bar(rate: float, most: int = MOST_PAIRS) -> float:
    """Return the lowest score that a fair coin reaches at any look with at most that chance."""
    looks = range(FIRST_LOOK, most + 1)
    reachable = sorted({total / math.sqrt(n) for n in looks for total in range(1, n + 1)})
    return reachable[bisect_left(reachable, -rate, key=lambda score: -chance(score, most))]


def fewest(*, among: int = 1, most: int = MOST_PAIRS) -> int:
    """Return how few pairs, all alike, decide one of `among` series that are judged together."""
    return math.floor(bar((1 - CONFIDENCE) / among, most) ** 2 + ROUNDING) + 1


def needed(gap: float, spread: float, *, rate: float = 1 - CONFIDENCE) -> int:
    """Return how many pairs, of such a spread, find in 19 of 20 cases what is `gap` away."""
    # The score of n pairs is n ** 0.5 / hypot(1, off); 19 of 20 series are at the bar by n of them
    # if it is reached by as much as this more (simulated: 94 to 100 %, with a look at each).
    off = spread / gap
    for sittings in range(1, MOST_SITTINGS + 1):
        most = sittings * MOST_PAIRS
        pairs = (bar(rate, most) * math.hypot(1, off) + _SURER * off) ** 2
        if pairs <= most:
            break
    return max(math.ceil(pairs), math.floor(bar(rate, most) ** 2 + ROUNDING) + 1)


def _centre(logs: Floats) -> float:
    """Return the effect with a score of nought; half way, if there is more than one."""
    ends = float(logs.min()), float(logs.max())
    above = _outermost(logs, *ends, lambda score: score > 0)
    return (above + _outermost(logs, *ends[::-1], lambda score: score < 0)) / 2


def _interval(logs: Floats, centre: float, bar: float) -> tuple[float, float]:
    spare = len(logs) - bar**2
    if len(logs) < FIRST_LOOK or spare < ROUNDING:
        return -math.inf, math.inf
    # So far beyond all of them, their sizes are so alike that the score is beyond the bar.
    far = float(np.ptp(logs)) * bar / math.sqrt(spare)
    low = _outermost(logs, centre, float(logs.min()) - far, lambda score: score < bar)
    return low, _outermost(logs, centre, float(logs.max()) + far, lambda score: score > -bar)


def _outermost(logs: Floats, start: float, end: float, holds: Callable[[Floats], Flags]) -> float:
    """Return how far from `start` on the way to `end` there are effects whose score holds."""
    for _ in range(3):
        points = np.linspace(start, end, _POINTS)
        held = np.flatnonzero(holds(scores(logs, points)))
        last = min(int(held.max(initial=0)), _POINTS - 2)
        start, end = float(points[last]), float(points[last + 1])
    return end
