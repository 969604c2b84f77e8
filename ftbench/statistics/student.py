"""Student's t, and the control of false alarms.

They are scipy.special's and numpy's: scipy.stats has the same, and takes longer to load than a
command to read all results.  A test compares them.
"""

from __future__ import annotations

import numpy as np

from ftbench.statistics.spread import Flags, Floats, Integers

Numbers = float | Floats | Integers

# scipy is loaded when somebody asks: results that are read from the cache need none of it.


def quantile(chance: Numbers, freedom: Numbers) -> Floats:
    """Return how far a value of Student's t lies at most, with that chance."""
    from scipy import special  # noqa: PLC0415

    # Of a chance of nought scipy.special has the infinity with the wrong sign.
    return np.where(np.asarray(chance) > 0, special.stdtrit(freedom, chance), -np.inf)


def beyond(distance: Numbers, freedom: Numbers) -> Floats:
    """Return the chance that a value of Student's t lies above `distance`."""
    from scipy import special  # noqa: PLC0415

    return np.asarray(special.stdtr(freedom, -distance), np.float64)


def farthest(tail: Numbers, freedom: Numbers) -> Floats:
    """Return above what a value of Student's t lies with the chance `tail`."""
    return -quantile(tail, freedom)


def normal_quantile(chance: float) -> float:
    """Return how far a standard normal value lies at most, with that chance."""
    from scipy import special  # noqa: PLC0415

    return float(special.ndtri(chance))


def sure(chances: Floats, rate: float) -> Flags:
    """Return which of many tests found something, at most `rate` of them falsely.

    Benjamini and Hochberg, "Controlling the False Discovery Rate", *J. R. Stat. Soc. B* 57, 1995.
    """
    order = np.argsort(chances)
    adjusted = chances[order] * (len(chances) / np.arange(1, len(chances) + 1))
    found = np.zeros(len(chances), bool)
    found[order] = np.minimum.accumulate(adjusted[::-1])[::-1] <= rate
    return found
