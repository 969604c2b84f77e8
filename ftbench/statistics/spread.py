"""How far a location would lie elsewhere in another run: bootstrap over processes, else samples.

Samples of one process have in common what the process has: where its memory lies, which of its
cores was busy.  They are no independent evidence, so whole processes are drawn, each with all its
samples; drawing within them once more would count their spread twice (Davison and Hinkley,
*Bootstrap Methods and their Application*, section 3.8).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ftbench.errors import FtbenchError

Processes = tuple[tuple[float, ...], ...]
"""Samples as they were taken: one tuple per process."""

Matrix = NDArray[np.float64]
Location = Callable[[Matrix], Matrix]
"""Maps a stack of matrices, process x sample, shorter processes filled with NaN, to numbers."""

_RESAMPLES: Final = 1_999
_BATCH_NUMBERS: Final = 4_000_000  # how many numbers a batch of resamples may hold: 32 MB
_SEED: Final = 20_140


class Basis(StrEnum):
    """What the spread was estimated from; the values are the words that users read."""

    PROCESSES = "processes"
    SAMPLES = "samples of one process"
    NONE = "one sample"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A location on the logarithmic scale, its standard error and that one's degrees of freedom.

    `error` is None where there is but one sample.
    """

    value: float
    error: float | None
    freedom: float
    basis: Basis


def checked(processes: Processes) -> Processes:
    """Return the samples in an order of their own; raises `FtbenchError` for unusable ones.

    The order in which samples were taken then plays no part in what is drawn of them.
    """
    if not processes or not all(processes):
        raise FtbenchError("There are no samples, or a process without any: nothing to compare.")
    for sample in (sample for process in processes for sample in process):
        if not (math.isfinite(sample) and sample > 0):
            raise FtbenchError(
                f"A sample is {sample!r}: ratios are of finite costs above zero.",
                hint="Was something too fast for the clock, or not measured at all?",
            )
    return tuple(sorted(tuple(sorted(process)) for process in processes))


def log_of_median(samples: Matrix) -> Matrix:
    """Return the logarithm of the median of all samples of each matrix."""
    return np.log(np.nanmedian(samples, axis=(-2, -1)))


def median_of_log(samples: Matrix) -> Matrix:
    """Return the median of the logarithms: for ratios, whose inverse then is the inverse."""
    return np.nanmedian(np.log(samples), axis=(-2, -1))


def estimate(processes: Processes, location: Location) -> Estimate:
    """Return where `location` lies, and how surely, from samples that `checked` returned.

    Several processes are drawn whole; of one process its samples are drawn, which leaves out
    what another process would have changed.
    """
    if len(processes) > 1:
        basis, units = Basis.PROCESSES, _matrix(processes)
    elif len(processes[0]) > 1:
        basis, units = Basis.SAMPLES, _matrix(tuple((sample,) for sample in processes[0]))
    else:
        basis, units = Basis.NONE, _matrix(processes)
    return Estimate(
        value=float(location(units)),
        error=None if basis is Basis.NONE else _standard_error(units, location),
        freedom=max(1, len(units) - 1),
        basis=basis,
    )


def _matrix(processes: Processes) -> Matrix:
    longest = max(map(len, processes))
    return np.array([(*each, *(math.nan,) * (longest - len(each))) for each in processes])


def _standard_error(units: Matrix, location: Location) -> float:
    """Return the bootstrap's standard error, without its bias for few units."""

    def statistic(drawn: Any, axis: int) -> Matrix:  # noqa: ARG001 - scipy passes -1, always
        return location(units[drawn])

    count = len(units)
    result = stats.bootstrap(
        (np.arange(count),),
        statistic,
        n_resamples=_RESAMPLES,
        batch=max(1, _BATCH_NUMBERS // units.size),
        method="percentile",
        rng=np.random.default_rng(_SEED),
    )
    # A mean's bootstrap variance is (n - 1) / n of the unbiased one: little for many, half for 2.
    return float(result.standard_error) * math.sqrt(count / (count - 1))
