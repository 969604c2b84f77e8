"""What a scenario returns: costs with their samples, and what was checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ftbench.errors import FtbenchError


class Metric(NamedTuple):
    """A cost: `samples` in `unit`, lower is better."""

    unit: str
    samples: tuple[float, ...]


class Invariant(NamedTuple):
    """Something that was checked and held; `checked` says how, with the figures."""

    name: str
    checked: str


class Outcome(NamedTuple):
    """What a scenario returns to its cell; nobody changes it."""

    metrics: dict[str, Metric] = {}  # noqa: RUF012
    invariants: tuple[Invariant, ...] = ()
    notes: dict[str, Any] = {}  # noqa: RUF012


def same_checksums(of: str, checksums: Sequence[int], expected: int) -> Invariant:
    """Return the invariant that each is the serial twin's; raises `FtbenchError` if one is not."""
    if set(checksums) != {expected}:
        raise FtbenchError(
            f"{of}: checksums {sorted(set(checksums))} are not {expected}, as they must be: "
            "nothing is recorded.",
            hint="The interpreter computes wrongly or the work is not what it says; report it.",
        )
    return Invariant(
        name="checksum",
        checked=f"{len(checksums)} checksums of {of} were {expected}, as that of the serial twin",
    )


def percentile(samples: list[float], percent: float) -> float:
    """Return the `percent` percentile, linearly interpolated (numpy's and scipy's default)."""
    ordered = sorted(samples)
    place = (len(ordered) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


# Of fewer samples a percentile says less of the tail than of how many there were.
LEAST_SAMPLES = {50: 1, 95: 100, 99: 500, 99.9: 5_000}
LACKS = "lacks"  # the note that says metric → why it is not there


def percentiles(samples: list[float], *percents: float) -> dict[float, float]:
    """Return percent → its percentile, for each of `percents` of which there are enough samples."""
    return {
        percent: percentile(samples, percent)
        for percent in percents
        if len(samples) >= LEAST_SAMPLES[percent]
    }


def too_few(count: int, **percents: float) -> dict[str, str]:
    """Return metric → why it is not there: its percentile is of too few samples."""
    return {
        name: f"{count} samples are too few for it, which needs {LEAST_SAMPLES[percent]}"
        for name, percent in percents.items()
        if count < LEAST_SAMPLES[percent]
    }


def weighted_percentile(weighted: list[tuple[float, float]], percent: float) -> float:
    """Return the least value that `percent` of the weight of (value, weight) does not exceed."""
    ordered = sorted(weighted)
    wanted = sum(weight for _value, weight in ordered) * percent / 100
    passed = 0.0
    for value, weight in ordered:
        passed += weight
        if passed >= wanted:
            return value
    return ordered[-1][0]


MEMORY_KINDS = ("rss", "uss", "pss")
Look = Mapping[str, Any]  # what the observer saw at one moment, see `ftbench.observer`


def totals(looks: Sequence[Look], kind: str) -> tuple[float, ...]:
    """Return the tree's bytes in each look; empty where the system has no such figure."""
    return tuple(
        float(sum(process[kind] for process in look["processes"]))
        for look in looks
        if all(process[kind] is not None for process in look["processes"])
    )


def roles(look: Look) -> dict[str, dict[str, int]]:
    """Return role → kind → bytes: who weighs what."""
    sums_of: dict[str, dict[str, int]] = {}
    for process in look["processes"]:
        sums = sums_of.setdefault(process["role"], {"processes": 0})
        sums["processes"] += 1
        for kind in MEMORY_KINDS:
            if process[kind] is not None:
                sums[kind] = sums.get(kind, 0) + process[kind]
    return sums_of


def memory(seen: Mapping[str, Any]) -> Outcome:
    """Return `pss`, `uss` and `rss` of the whole tree, a sample per look, and who weighs what."""
    looks = seen["samples"]
    samples = {kind: totals(looks, kind) for kind in MEMORY_KINDS}
    return Outcome(
        metrics={
            kind: Metric(unit="bytes", samples=sizes) for kind, sizes in samples.items() if sizes
        },
        notes={
            "roles": roles(looks[-1]),
            "observer": {name: seen[name] for name in ("reader", "interval", "duty")},
        },
    )
