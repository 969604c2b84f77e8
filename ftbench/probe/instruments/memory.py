"""What the observer saw of a process tree, as metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ftbench.probe.run.document import Metric, Outcome

KINDS = ("rss", "uss", "pss")

Look = Mapping[str, Any]


def totals(looks: Sequence[Look], kind: str) -> tuple[float, ...]:
    """Return the tree's bytes in each look; empty where the system has no such figure."""
    return tuple(
        float(sum(process[kind] for process in look["processes"]))
        for look in looks
        if all(process[kind] is not None for process in look["processes"])
    )


def roles(look: Look) -> dict[str, dict[str, int]]:
    """Return role → kind → bytes: who weighs what."""
    found: dict[str, dict[str, int]] = {}
    for process in look["processes"]:
        sums = found.setdefault(process["role"], {"processes": 0})
        sums["processes"] += 1
        for kind in KINDS:
            if process[kind] is not None:
                sums[kind] = sums.get(kind, 0) + process[kind]
    return found


def memory(seen: Mapping[str, Any]) -> Outcome:
    """Return `pss`, `uss` and `rss` of the whole tree in bytes, a sample per look, and the roles.

    What the system has no figure for is left out.
    """
    looks = seen["samples"]
    samples = {kind: totals(looks, kind) for kind in KINDS}
    return Outcome(
        metrics={
            name: Metric(unit="bytes", samples=each) for name, each in samples.items() if each
        },
        notes={
            "roles": roles(looks[-1]),
            "observer": {name: seen[name] for name in ("reader", "interval", "duty")},
        },
    )
