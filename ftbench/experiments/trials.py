"""Trials: comparisons that are drawn from real processes and judged as those of releases are.

A trial draws as many processes of each side as the profile has, without repeating one, and judges
the metrics of its cell as one family.  Trials share the processes of the pools: their interval says
how well drawing has settled the share that is found here, not what other processes would have said.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from scipy import stats

from ftbench.statistics import CONFIDENCE, Ratio
from ftbench.statistics.power import MOST_PROCESSES, Floor, smallest
from ftbench.statistics.power import floor as floor_with
from ftbench.statistics.spread import Interval
from ftbench.statistics.verdict import Pair, Word, judge

MUST_FIND: Final = 0.95
"""The share of trials in which a slowdown must be found."""
LEAST: Final = 0.10
"""The slowdown from which on that holds, and the growth of memory."""
# A slowdown whose effect is surely below this share of it did not reach the metric.
_REACHED: Final = 0.7
_SEED: Final = 2026

Medians = Mapping[str, tuple[float, ...]]
"""The median of each process by metric."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How often a slowdown by `share` was found in one series."""

    share: float
    trials: int
    found: int
    effect: Ratio | None  # of the whole pools, None where there is nothing to compare

    @property
    def rate(self) -> float:
        """The share of trials in which it was found."""
        return self.found / self.trials

    @property
    def interval(self) -> Interval:
        """Wilson's interval of the rate."""
        proportion = stats.binomtest(self.found, self.trials).proportion_ci(CONFIDENCE, "wilson")
        return Interval(low=float(proportion.low), high=float(proportion.high))

    @property
    def reached(self) -> bool:
        """Tell whether the metric may have been slowed by as much: else nothing is known of it."""
        interval = self.effect.interval if self.effect else None
        return interval is None or interval.high >= 1 + _REACHED * self.share

    @property
    def missed(self) -> bool:
        """Tell whether it must be found and is not."""
        return self.share >= LEAST and self.reached and self.rate < MUST_FIND


def outcomes(
    plain: Medians,
    slowed: Medians,
    *,
    share: float,
    metrics: Sequence[str],
    floors: Mapping[str, Floor],
    processes: int,
    trials: int,
) -> dict[str, Outcome]:
    """Return how often a slowdown by `share` is found; a trial draws `processes` of each pool."""
    draw = random.Random(_SEED)  # noqa: S311 - the same trials every time
    every, every_slowed = range(_size(plain)), range(_size(slowed))
    whole = _pairs(plain, every, slowed, every_slowed, floors)
    found = dict.fromkeys(metrics, 0)
    for _ in range(trials):
        before, after = draw.sample(every, processes), draw.sample(every_slowed, processes)
        pairs = _pairs(plain, before, slowed, after, floors)
        for name, verdict in zip(pairs, judge(list(pairs.values())).verdicts, strict=True):
            if name in found:
                found[name] += verdict.word is Word.WORSE
    return {
        name: Outcome(
            share=share,
            trials=trials,
            found=found[name],
            effect=judge([whole[name]]).verdicts[0].effect,
        )
        for name in metrics
    }


def alarms(
    pools: Sequence[tuple[Medians, Mapping[str, Floor]]], *, processes: int, pairs: int
) -> list[tuple[int, str, Word]]:
    """Return the alarms of A/A comparisons: (number of the cell, metric, word), of all pairs."""
    draw = random.Random(_SEED)  # noqa: S311 - the same pairs every time
    raised = []
    for _ in range(pairs):
        drawn: dict[tuple[int, str], Pair] = {}
        for number, (plain, floors) in enumerate(pools):
            chosen = draw.sample(range(_size(plain)), 2 * processes)
            sides = _pairs(plain, chosen[:processes], plain, chosen[processes:], floors)
            drawn |= {(number, name): pair for name, pair in sides.items()}
        # All series of all cells are one family, as in a comparison of two releases.
        verdicts = judge(list(drawn.values())).verdicts
        raised += [
            (*key, verdict.word)
            for key, verdict in zip(drawn, verdicts, strict=True)
            if verdict.alarm
        ]
    return raised


def enough(floor: Floor, share: float) -> int | None:
    """Return how many processes a side find a slowdown in 19 of 20 cases, None above 1000."""

    def finds(count: int) -> bool:
        wider = floor_with(spread=floor.spread, freedom=floor.freedom, processes=count)
        return smallest(wider, before=count, after=count) <= share

    counts = range(1, MOST_PROCESSES + 1)
    least = bisect_left(counts, x=True, key=finds)
    return counts[least] if least < len(counts) else None


def _size(medians: Medians) -> int:
    return min((len(values) for values in medians.values()), default=0)


def _pairs(
    plain: Medians,
    before: Sequence[int],
    slowed: Medians,
    after: Sequence[int],
    floors: Mapping[str, Floor],
) -> dict[str, Pair]:
    return {
        name: Pair(
            before=tuple((plain[name][number],) for number in before),
            after=tuple((slowed[name][number],) for number in after),
            margin=0.0,  # alarms alone are counted
            floor=floors.get(name),
        )
        for name in plain
        if name in slowed
    }
