"""Duels: whether a series of pairs of processes is decided, with a look after every pair.

The rule.  At each look and for each effect that could be the true one, the log ratios of pairs less
that effect are cut at three times their median size, for a stray pair not to hide the others; their
sum over the root of their sum of squares is the score.  If it is the true effect, each sign is a
fair coin's: the two sides of a pair draw lots for who begins.  Of such scores no spread needs to
be known (Efron, "Student's t-Test under Symmetry Conditions", *Journal of the American Statistical
Association* 64, 1969), and hardly any sizes reach far out oftener than equal ones (Dzhafarov and
Bentkus, "Sums of Weighted Rademacher Random Variables", *Statistics & Probability Letters* 76,
2006).  So the p of a score is the exact chance that tosses of a coin reach it at any of all looks,
a boundary as in Pocock, "Group Sequential Methods in the Design and Analysis of Clinical Trials",
*Biometrika* 64, 1977.  Effects that are not ruled out are the interval, a confidence sequence: it
holds at all looks at once (Howard et al., "Time-Uniform, Nonparametric, Nonasymptotic Confidence
Sequences", *The Annals of Statistics* 49, 2021), so a series may end whenever it likes.

Student's t at these looks would be sure of five pairs that all fell into one of two clusters, as
one series in 16 does; `docs/noise.md` has what each rule comes to.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from ftbench.errors import FtbenchError
from ftbench.statistics.ratio import Ratio
from ftbench.statistics.spread import CONFIDENCE, LARGEST_POWER, Basis, Flags, Floats, Interval
from ftbench.statistics.verdict import (
    BETTER,
    CROSSES,
    DOUBTFUL,
    NO_RATIO,
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

_CUT: Final = 3.0  # median sizes
_POINTS: Final = 129


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The pairs of a duel so far, the same within `margin`, a share."""

    logs: tuple[float, ...]  # of after / before, one per pair of fresh processes
    margin: float
    floor: float = 0.0  # a share: what two builds of the same source differ by

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, self.logs)) or len(self.logs) > MOST_PAIRS:
            raise FtbenchError(
                f"A duel has at most {MOST_PAIRS} finite log ratios, not {list(self.logs)}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is known of a series after so many pairs, and whether it goes on."""

    verdict: Verdict
    more: bool


def look(series: Series, *, among: int = 1, confidence: float = CONFIDENCE) -> Look:
    """Return the verdict so far, sure enough for one of `among` series that are judged together."""
    found = _Found.of(series, confidence)
    verdict = found.verdict(sure=found.p <= (1 - confidence) / among)
    limit = math.log1p(series.floor) + ROUNDING
    lost = found.noisy and -limit <= found.low and found.high <= limit
    more = verdict.word.open and len(series.logs) < MOST_PAIRS and not lost
    return Look(verdict=verdict, more=more)


def judge_series(duel: Sequence[Series]) -> JudgedPairs:
    """Return the verdicts of the series of a duel as one family, whenever each of them ended."""
    found = [_Found.of(series, CONFIDENCE) for series in duel]
    control = Control.of(np.array([each.p for each in found]), RATE)
    verdicts = tuple(
        each.verdict(sure=sure) for each, sure in zip(found, control.sure.tolist(), strict=True)
    )
    return JudgedPairs(verdicts=verdicts, by_chance=len(found) * control.bar, rate=RATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    series: Series
    effect: Ratio | None
    # The interval on the logarithmic scale, infinite where so few pairs hold none.
    low: float
    high: float
    p: float

    @classmethod
    def of(cls, series: Series, confidence: float) -> _Found:
        logs = np.array(series.logs, np.float64)
        if not len(logs):
            return cls(series=series, effect=None, low=-math.inf, high=math.inf, p=1.0)
        value = _centre(logs)
        low, high = _interval(logs, value, bar(1 - confidence))
        known = math.isfinite(low)
        effect = Ratio(
            value=_exp(value),
            interval=Interval(low=_exp(low), high=_exp(high)) if known else None,
            confidence=confidence,
            basis=Basis.PROCESSES if len(logs) > 1 else Basis.NONE,
        )
        limit = math.copysign(math.log1p(series.floor) + ROUNDING, value)
        score = float(scores(logs, np.array([limit]))[0]) if len(logs) >= FIRST_LOOK else 0.0
        beyond = math.copysign(score, score * value)
        return cls(series=series, effect=effect, low=low, high=high, p=chance(beyond))

    @property
    def noisy(self) -> bool:
        return self.series.floor > self.series.margin

    def verdict(self, *, sure: bool) -> Verdict:
        limit = math.log1p(self.series.floor) + ROUNDING
        margin = math.log1p(self.series.margin) + ROUNDING
        clear = self.low > limit or self.high < -limit
        if clear and sure:
            outcome = WORSE if self.low > limit else BETTER
        elif self.noisy:
            outcome = NOISY
        elif -margin <= self.low and self.high <= margin:
            outcome = SAME
        else:
            outcome = DOUBTFUL if clear else CROSSES
        word, why = OUTCOMES[outcome]
        why = why if self.effect else NO_RATIO
        return Verdict(word=word, effect=self.effect, p=self.p, why=why)


def scores(logs: Floats, effects: Floats) -> Floats:
    """Return the score of each of `effects`, or of the one of each row of `logs`."""
    off = logs - effects[:, np.newaxis]
    reach = _CUT * np.median(np.abs(off), axis=1, keepdims=True)
    cut = np.clip(off, -reach, reach)
    size = np.sqrt((cut**2).sum(axis=1))
    found: Floats = np.zeros(len(cut))
    np.divide(cut.sum(axis=1), size, out=found, where=size > 0)
    return found


def chance(score: float) -> float:
    """Return how often tosses of a fair coin have a score as large at any look, either way."""
    if score <= 0:
        return 1.0
    sums = np.abs(np.arange(-MOST_PAIRS - 1, MOST_PAIRS + 2))
    paths = (sums == 0).astype(np.float64)
    reached = 0.0
    for tosses in range(1, MOST_PAIRS + 1):
        paths = (np.roll(paths, 1) + np.roll(paths, -1)) / 2
        if tosses >= FIRST_LOOK:
            there = sums >= score * math.sqrt(tosses) - ROUNDING
            reached += float(paths[there].sum())
            paths[there] = 0
    return reached


@cache
def bar(rate: float) -> float:
    """Return the lowest score that a fair coin reaches at any look with at most that chance."""
    reachable = sorted(
        {
            total / math.sqrt(tosses)
            for tosses in range(FIRST_LOOK, MOST_PAIRS + 1)
            for total in range(1, tosses + 1)
        }
    )
    low, high = 0, len(reachable) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if chance(reachable[middle]) <= rate else (middle + 1, high)
    return reachable[low]


def _centre(logs: Floats) -> float:
    """Return the effect with a score of nought; half way, if there is more than one."""
    low, high = float(logs.min()), float(logs.max())
    above = _outermost(logs, low, high, lambda score: score > 0)
    below = _outermost(logs, high, low, lambda score: score < 0)
    return (above + below) / 2


def _interval(logs: Floats, centre: float, bar: float) -> tuple[float, float]:
    spare = len(logs) - bar**2
    if len(logs) < FIRST_LOOK or spare < ROUNDING:
        return -math.inf, math.inf
    low, high = float(logs.min()), float(logs.max())
    # From there on all sizes are so alike that the score is beyond the bar for certain.
    far = (high - low) * bar / math.sqrt(spare)
    ends = (low - far, high + far)
    below, above = (
        _outermost(logs, centre, end, lambda score: np.abs(score) < bar) for end in ends
    )
    return below, above


def _outermost(logs: Floats, start: float, end: float, holds: Callable[[Floats], Flags]) -> float:
    """Return how far from `start` on the way to `end` there are effects whose score holds."""
    for _ in range(3):
        points = np.linspace(start, end, _POINTS)
        held = np.flatnonzero(holds(scores(logs, points)))
        last = min(int(held.max(initial=0)), _POINTS - 2)
        start, end = float(points[last]), float(points[last + 1])
    return end


def _exp(exponent: float) -> float:
    return math.exp(min(max(exponent, -LARGEST_POWER), LARGEST_POWER))
