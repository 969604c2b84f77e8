"""Arithmetic on samples, for the measured side."""

from __future__ import annotations


def percentile(samples: list[float], percent: float) -> float:
    """Return the `percent` percentile, linearly interpolated (numpy's and scipy's default)."""
    ordered = sorted(samples)
    place = (len(ordered) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
