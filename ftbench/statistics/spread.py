"""Where costs lie, and how far elsewhere they would lie in another run, for many series at once.

Samples of one process have in common what the process has: where its memory lies, which of its
cores was busy.  They are no independent evidence, so the bootstrap draws whole processes, each
with all its samples; drawing within them once more would count their spread twice (Davison and
Hinkley, *Bootstrap Methods and their Application*, 1997, section 3.8).  Nothing is drawn here,
because with infinitely many resamples the bootstrap of a mean, here of the log-medians of
processes, has a closed form: the standard deviation over the square root of their number (Efron and
Tibshirani, *An Introduction to the Bootstrap*, 1993, section 5.2; with n - 1 in the place of n, for
there are few of them).  Of a single process nobody can tell how far another would lie, unless the
machine's noise floor does (`power.pooled`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from itertools import chain
from statistics import median
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

Processes = tuple[tuple[float, ...], ...]
"""Samples as they were taken: one tuple per process."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

_BATCH: Final = 10_000  # sides: their samples are copied a few times over


class Basis(StrEnum):
    """What the spread was estimated from, the best first; the values are the words users read."""

    DUEL = "pairs of a duel"
    PROCESSES = "processes"
    FLOOR = "the machine's noise floor"
    NONE = "one process"


BASES: Final = tuple(Basis)
ONE_PROCESS: Final = f"{Basis.NONE}: no interval"
"""What is said of a cost whose interval nobody knows, wherever it would be told from another."""

CONFIDENCE: Final = 0.99
LARGEST_POWER: Final = 700.0  # of e, in a float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """Locations of many sides on the logarithmic scale: one entry per side in every array."""

    # The mean of the log-medians of processes, NaN where a side is not usable.
    value: Floats
    # Its standard error, NaN for one process, and the degrees of freedom of that.
    error: Floats
    freedom: Floats
    basis: Integers  # an index of BASES
    # The sum of squares of the log-medians around their mean, and their number.
    scatter: Floats
    processes: Integers
    # Whether there are samples, of every process, and all are finite and above zero.
    usable: Flags

    def take(self, indices: Integers) -> Self:
        """Return the estimates of some sides, in the order of `indices`."""
        names = (field.name for field in fields(self))
        return type(self)(**{name: getattr(self, name)[indices] for name in names})


def estimates(sides: Sequence[Processes]) -> Estimates:
    """Return where sides lie.  The orders of samples and of processes play no part, to the bit."""
    batches = [
        _batch(sides[start : start + _BATCH]) for start in range(0, max(len(sides), 1), _BATCH)
    ]
    names = (field.name for field in fields(Estimates))
    return Estimates(**{n: np.concatenate([getattr(batch, n) for batch in batches]) for n in names})


def location(processes: Processes) -> float | None:
    """Return the geometric mean of the medians of processes, None unless the side is `usable`.

    As `estimates` has it, which takes twenty times as long for a single side.
    """
    logs = []
    for samples in processes:
        if not samples or not all(0 < sample < math.inf for sample in samples):
            return None
        logs.append(math.log(median(samples)))
    return math.exp(math.fsum(logs) / len(logs)) if logs else None


def _batch(sides: Sequence[Processes]) -> Estimates:
    processes = np.fromiter(map(len, sides), np.int64, len(sides))
    lengths = np.fromiter(map(len, chain.from_iterable(sides)), np.int64)
    flat = chain.from_iterable(chain.from_iterable(sides))
    samples = np.fromiter(flat, np.float64, int(lengths.sum()))
    usable = _usable(processes, lengths, samples)
    found = Estimates(
        value=np.full(len(sides), np.nan),
        error=np.full(len(sides), np.nan),
        freedom=np.ones(len(sides)),
        basis=np.full(len(sides), BASES.index(Basis.NONE), np.int64),
        scatter=np.zeros(len(sides)),
        processes=processes,
        usable=usable,
    )
    with np.errstate(divide="ignore", invalid="ignore"):  # samples that are not usable are in it
        medians = _log_medians(lengths, samples)
        for rows, logs in _by_length(processes, medians):
            _fill_from_processes(found, rows, logs)
    found.value[~usable] = np.nan
    found.error[~usable] = np.nan
    return found


def _usable(processes: Integers, lengths: Integers, samples: Floats) -> Flags:
    bad = np.repeat(np.arange(len(lengths)), lengths)[~(np.isfinite(samples) & (samples > 0))]
    faults = np.bincount(bad, minlength=len(lengths)) + (lengths == 0)
    owners = np.repeat(np.arange(len(processes)), processes)
    faulty = np.bincount(owners, weights=faults, minlength=len(processes)) > 0
    return (processes > 0) & ~faulty


def _by_length(lengths: Integers, values: Floats) -> Iterator[tuple[Integers, Floats]]:
    """Cut `values` into runs of `lengths`; yield those of one length, as the rows of a matrix.

    First the numbers of the runs; each row is sorted.
    """
    starts = np.cumsum(lengths) - lengths
    for length in np.unique(lengths[lengths > 0]):
        rows = np.flatnonzero(lengths == length)
        yield rows, np.sort(values[starts[rows][:, np.newaxis] + np.arange(length)], axis=1)


def _log_medians(lengths: Integers, samples: Floats) -> Floats:
    medians = np.full(len(lengths), np.nan)
    for rows, ordered in _by_length(lengths, samples):
        count = ordered.shape[1]
        low, high = ordered[:, (count - 1) // 2], ordered[:, count // 2]
        medians[rows] = np.log((low + high) / 2)
    return medians


def _fill_from_processes(found: Estimates, rows: Integers, logs: Floats) -> None:
    count = logs.shape[1]
    # Around the first: of processes that are all alike, the scatter is nought and not a rounding.
    off = logs - logs[:, :1]
    mean = off.mean(axis=1)
    found.value[rows] = logs[:, 0] + mean
    if count > 1:
        found.scatter[rows] = ((off - mean[:, np.newaxis]) ** 2).sum(axis=1)
        found.error[rows] = np.sqrt(found.scatter[rows] / (count - 1) / count)
        found.freedom[rows] = count - 1
        found.basis[rows] = BASES.index(Basis.PROCESSES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A confidence interval of 99 %, in the unit of what it is for: a cost, a ratio."""

    low: float
    high: float

    def overlaps(self, other: Interval) -> bool:
        return self.low <= other.high and other.low <= self.high
