"""Ratios of two costs, with an interval.

The interval is Student's around the logarithm of the ratio, with the bootstrap's standard error
and as many degrees of freedom as there are processes (Welch and Satterthwaite's for two sides).
Percentiles of the bootstrap itself would be too narrow: five processes hold no 99 % interval
between them.  The same samples always give the same interval; swapping the sides inverts it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scipy import stats

from ftbench.errors import FtbenchError
from ftbench.results.figure import Interval
from ftbench.statistics.spread import (
    Basis,
    Estimate,
    Processes,
    checked,
    estimate,
    log_of_median,
    median_of_log,
)

CONFIDENCE: Final = 0.99
_LARGEST_POWER: Final = 700.0  # of e, in a float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A ratio of costs: 1.0 is as dear, 2.0 twice as dear.

    `interval` covers the true ratio at the rate `confidence`; None where there was one sample.
    `basis` says what it rests on: of samples of one process, what another process would have
    changed is not in it.
    """

    value: float
    interval: Interval | None
    confidence: float
    basis: Basis

    @property
    def inverse(self) -> Ratio:
        """The ratio of the sides swapped."""
        interval = self.interval
        return Ratio(
            value=1 / self.value,
            interval=interval and Interval(low=1 / interval.high, high=1 / interval.low),
            confidence=self.confidence,
            basis=self.basis,
        )


def ratio(numerator: Processes, denominator: Processes, *, confidence: float = CONFIDENCE) -> Ratio:
    """Return the ratio of the medians of two sets of samples, process by process.

    The sides may differ in processes and in samples.  Where either side has a single process, its
    samples stand for it, and `basis` says so.  Raises `FtbenchError` for samples that are none,
    NaN, infinite or not above zero.
    """
    above = estimate(checked(numerator), log_of_median)
    below = estimate(checked(denominator), log_of_median)
    # The weakest of both is what the interval rests on.
    basis = max(above.basis, below.basis, key=list(Basis).index)
    return _ratio(_difference(above, below, basis), confidence)


def paired_ratio(
    pairs: Sequence[Sequence[tuple[float, float]]], *, confidence: float = CONFIDENCE
) -> Ratio:
    """Return the median ratio of interleaved pairs (numerator, denominator), process by process.

    What was taken at one time is compared with each other, so a drift of the machine is in
    neither the ratio nor its interval; measured in the order A B B A, a pair of sums is free of
    a linear one.  Raises as `ratio` does.
    """
    for process in pairs:
        for side in (0, 1):
            checked((tuple(pair[side] for pair in process),))
    ratios = tuple(tuple(above / below for above, below in process) for process in pairs)
    return _ratio(estimate(checked(ratios), median_of_log), confidence)


def _difference(above: Estimate, below: Estimate, basis: Basis) -> Estimate:
    value = above.value - below.value
    if above.error is None or below.error is None:
        return Estimate(value=value, error=None, freedom=1.0, basis=basis)
    a, b = above.error**2, below.error**2
    freedom = above.freedom + below.freedom
    if a or b:
        freedom = (a + b) ** 2 / (a**2 / above.freedom + b**2 / below.freedom)
    return Estimate(value=value, error=math.sqrt(a + b), freedom=freedom, basis=basis)


def _ratio(log: Estimate, confidence: float) -> Ratio:
    if not 0 < confidence < 1:
        raise FtbenchError(f"A confidence lies between 0 and 1, not at {confidence!r}.")
    interval = None
    if log.error is not None:
        reach = float(stats.t.ppf((1 + confidence) / 2, log.freedom)) * log.error
        interval = Interval(low=_exp(log.value - reach), high=_exp(log.value + reach))
    return Ratio(
        value=math.exp(log.value), interval=interval, confidence=confidence, basis=log.basis
    )


def _exp(exponent: float) -> float:
    """Return e to a power that two processes can make as large, or small, as they please."""
    return math.exp(max(-_LARGEST_POWER, min(exponent, _LARGEST_POWER)))
