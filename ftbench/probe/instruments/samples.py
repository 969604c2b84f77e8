"""Arithmetic on samples, for the measured side."""

from __future__ import annotations


def percentile(samples: list[float], percent: float) -> float:
    """Return the `percent` percentile, linearly interpolated (numpy's and scipy's default)."""
    ordered = sorted(samples)
    place = (len(ordered) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def weighted_percentile(weighted: list[tuple[float, float]], percent: float) -> float:
    """Return the least value that `percent` of the weight does not exceed.

    `weighted` is (value, weight) pairs; the inverse of the empirical distribution function.
    """
    ordered = sorted(weighted)
    wanted = sum(weight for _value, weight in ordered) * percent / 100
    passed = 0.0
    for value, weight in ordered:
        passed += weight
        if passed >= wanted:
            return value
    return ordered[-1][0]
