"""Ratios of two costs, with an interval.

The interval is Student's around the logarithm of the ratio, with the bootstrap's standard error
(`spread`) and as many degrees of freedom as there are processes (Welch, "The Generalization of
'Student's' Problem when Several Different Population Variances are Involved", *Biometrika* 34,
1947, for two sides).  Percentiles of the bootstrap itself would be too narrow: five processes hold
no 99 % interval between them.  The same samples always give the same interval; swapping the sides
inverts it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from statistics import median
from typing import Self

import numpy as np

from ftbench.errors import FtbenchError
from ftbench.statistics.power import Floor, pooled
from ftbench.statistics.spread import (
    BASES,
    CONFIDENCE,
    LARGEST_POWER,
    Basis,
    Estimates,
    Floats,
    Integers,
    Interval,
    Processes,
    estimates,
)
from ftbench.statistics.student import quantile


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A ratio of costs: 1.0 is as dear, 2.0 twice as dear."""

    value: float
    # None where a side was of one process, and of no floor.
    interval: Interval | None
    confidence: float
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Logarithms of many ratios, one entry per ratio in every array; fields as in `Estimates`."""

    value: Floats
    error: Floats
    freedom: Floats
    basis: Integers

    @classmethod
    def of(cls, sides: Estimates) -> Self:
        """Return where sides lie by themselves."""
        return cls(value=sides.value, error=sides.error, freedom=sides.freedom, basis=sides.basis)

    def replaced(self, members: Integers, others: Self) -> Self:
        """Return the same with `others` in the places `members`."""
        arrays = {field.name: getattr(self, field.name).copy() for field in fields(self)}
        for name, array in arrays.items():
            array[members] = getattr(others, name)
        return type(self)(**arrays)

    def reach(self, confidence: float) -> Floats:
        """Return half the width of each interval; NaN where there is none."""
        return quantile((1 + confidence) / 2, self.freedom) * self.error

    def ratios(self, confidence: float) -> list[Ratio]:
        """Return the ratios, each with its interval."""
        reach = self.reach(confidence)
        return [
            Ratio(
                value=value,
                # NaN, which is not itself: there was one process.
                interval=Interval(low=low, high=high) if low == low else None,  # noqa: PLR0124
                confidence=confidence,
                basis=BASES[basis],
            )
            for value, low, high, basis in zip(
                _exp(self.value),
                _exp(self.value - reach),
                _exp(self.value + reach),
                self.basis.tolist(),
                strict=True,
            )
        ]


def ratio(
    numerator: Processes,
    denominator: Processes,
    *,
    floors: tuple[Floor | None, Floor | None] = (None, None),
    confidence: float = CONFIDENCE,
) -> Ratio:
    """Return the ratio of two locations; `FtbenchError` unless all samples are above zero."""
    sides = pooled(estimates((_checked(numerator), _checked(denominator))), floors)
    effect = difference(sides.take(np.array([0])), sides.take(np.array([1])))
    return _single(effect, confidence)


def paired_ratio(
    pairs: Sequence[Sequence[tuple[float, float]]], *, confidence: float = CONFIDENCE
) -> Ratio:
    """Return the median ratio of interleaved pairs (numerator, denominator), process by process.

    A drift of the machine is in neither the ratio nor its interval.  Raises as `ratio` does.
    """
    for side in (0, 1):
        _checked(tuple(tuple(pair[side] for pair in process) for process in pairs))
    # On the logarithmic scale: the median of inverses is the inverse of the median.
    logs = ([math.log(above / below) for above, below in process] for process in pairs)
    ratios = tuple((math.exp(median(each)),) for each in logs)
    return chained([ratios], [], confidence=confidence)


def chained(
    above: Sequence[Processes], below: Sequence[Processes], *, confidence: float = CONFIDENCE
) -> Ratio:
    """Return a product of locations over another, each of which is known by itself.

    What several have in common is left out of both by the caller.  Raises as `ratio` does.
    """
    sides = estimates([*map(_checked, (*above, *below))])
    signs, squares = np.repeat([1.0, -1.0], [len(above), len(below)]), sides.error**2
    welch = (squares**2 / sides.freedom).sum()
    freedom = squares.sum() ** 2 / welch if welch > 0 else sides.freedom.sum()
    effect = Effects(
        value=np.array([(signs * sides.value).sum()]),
        error=np.sqrt([squares.sum()]),
        freedom=np.array([freedom]),
        basis=sides.basis.max(keepdims=True),
    )
    return _single(effect, confidence)


def intervals(sides: Sequence[Processes], floors: Sequence[Floor | None]) -> list[Interval | None]:
    """Return where costs lie; None where there is one process and no floor, or no finite cost."""
    return [interval for _, interval in located(sides, floors)]


def located(
    sides: Sequence[Processes], floors: Sequence[Floor | None]
) -> Iterator[tuple[float | None, Interval | None]]:
    """Yield where costs lie and their intervals, None of one process that has no floor.

    Neither is known of a side with a cost that is not finite or not above zero.
    """
    found = pooled(estimates(sides), floors)
    ratios = Effects.of(found).ratios(CONFIDENCE)
    for each, usable in zip(ratios, found.usable.tolist(), strict=True):
        yield (each.value, each.interval) if usable else (None, None)


def difference(above: Estimates, below: Estimates) -> Effects:
    """Return `above` over `below`, ratio by ratio, each resting on the weaker of its sides."""
    a, b = above.error**2, below.error**2
    welch = a**2 / above.freedom + b**2 / below.freedom
    freedom = above.freedom + below.freedom
    np.divide((a + b) ** 2, welch, out=freedom, where=welch > 0)
    return Effects(
        value=above.value - below.value,
        error=np.sqrt(a + b),
        freedom=freedom,
        basis=np.maximum(above.basis, below.basis),
    )


def _checked(processes: Processes) -> Processes:
    if not processes or not all(processes):
        raise FtbenchError("There are no samples, or a process without any: nothing to compare.")
    for sample in (sample for process in processes for sample in process):
        if not 0 < sample < np.inf:
            raise FtbenchError(
                f"A sample is {sample!r}: ratios are of finite costs above zero.",
                hint="Was something too fast for the clock, or not measured at all?",
            )
    return processes


def _single(effect: Effects, confidence: float) -> Ratio:
    if not 0 < confidence < 1:
        raise FtbenchError(f"A confidence lies between 0 and 1, not at {confidence!r}.")
    (ratio,) = effect.ratios(confidence)
    return ratio


def _exp(exponents: Floats) -> list[float]:
    # Two processes can make them as large, or small, as they please.
    powers: list[float] = np.exp(np.clip(exponents, -LARGEST_POWER, LARGEST_POWER)).tolist()
    return powers
