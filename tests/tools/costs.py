"""The costs that synthetic results are made of: their names, parameters, units and sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ftbench.arms import Arm
from ftbench.probe.modes import MODES, mode_named
from ftbench.probe.strategies import STRATEGIES
from ftbench.releases import Release

MODE_NAMES = [mode.name for mode in MODES]
LIFECYCLE = "lifecycle.Lifecycle"
FOOTPRINT = "footprint.Footprint"
_LIFECYCLE_METRICS = ["round", "first_round", "start", "first_line", "task", "teardown", "cpu"]
_FOOTPRINT_METRICS = ["pss", "uss", "rss", "per_worker", "peak", "left"]
# Milliseconds of a round of 8 workers with an empty task, and MiB of its tree, as on a small VM.
_MILLISECONDS = {
    "threads": 0.74,
    "processes-fork": 4.6,
    "processes-forkserver": 12.9,
    "processes-spawn": 291.0,
    "interpreters": 88.0,
}
_MEBIBYTES = {
    "threads": 12.6,
    "processes-fork": 31.3,
    "processes-forkserver": 44.9,
    "processes-spawn": 103.2,
    "interpreters": 61.4,
}
SHARED_SET = "shared_set.SharedSet"
SHARDED_WRITERS = "sharded_writers.ShardedWriters"

_SHARED_SET_UNITS = {
    "op": "seconds",
    "lock_wait": "seconds",
    "lock_wait_p50": "seconds",
    "lock_wait_p99": "seconds",
    "lock_wait_max": "seconds",
    "fairness": "ratio",
    "cpu": "seconds",
    "pss": "bytes",
}
_SHARDED_WRITERS_METRICS = ["op", "put", "ack_p50", "ack_p95", "ack_p99", "cpu"]
_WITH_LOCK = ("lock", "striped", "shared_memory")
# Microseconds of an operation, by kind of mode.
_INSERTING = {
    "threads": {
        "lock": 1.3,
        "atomic": 0.6,
        "striped": 1.1,
        "local": 0.2,
        "actor": 0.3,
        "shared_memory": 1.6,
    },
    "processes": {
        "lock": 170.0,
        "atomic": 80.0,
        "striped": 150.0,
        "local": 0.4,
        "actor": 1.0,
        "shared_memory": 4.4,
    },
    "interpreters": {"local": 0.5, "actor": 2.0, "shared_memory": 7.0},
}
_SENDING = {"threads": 5.0, "processes": 21.0, "interpreters": 10_000.0}
# What the other times of an operation are to it.
_SHARE_OF_OP = {
    "lock_wait": 6.0,
    "lock_wait_p50": 0.4,
    "lock_wait_p99": 60.0,
    "lock_wait_max": 900.0,
    "put": 0.3,
    "ack_p50": 7.0,
    "ack_p95": 20.0,
    "ack_p99": 40.0,
    "cpu": 1.7,
}
_ARM_FACTOR = {"gil": 1.12, "ft": 1.0, "ft-gil1": 1.21}


def ladders() -> dict[str, dict[str, Sequence[object]]]:
    """Return the parameters of each class, the mode first, and the values of each."""
    return {
        LIFECYCLE: {"mode": MODE_NAMES, "workers": [1, 8], "task": ["empty", "article"]},
        FOOTPRINT: {"mode": MODE_NAMES, "workers": [1, 2, 4, 8]},
        SHARED_SET: {
            "mode": MODE_NAMES,
            "strategy": list(STRATEGIES),
            "fill": ["cold", "grown"],
        },
        SHARDED_WRITERS: {"mode": MODE_NAMES, "writers": [1, 2, 4, 8], "window": [1, 64]},
    }


def units() -> dict[str, dict[str, str]]:
    """Return the metrics of each class with their units."""
    return {
        LIFECYCLE: dict.fromkeys(_LIFECYCLE_METRICS, "seconds"),
        FOOTPRINT: dict.fromkeys(_FOOTPRINT_METRICS, "bytes"),
        SHARED_SET: _SHARED_SET_UNITS,
        SHARDED_WRITERS: dict.fromkeys(_SHARDED_WRITERS_METRICS, "seconds"),
    }


def lacks(name: str, params: Mapping[str, str]) -> bool:
    """Tell whether a cell that was measured has no such metric: no lock, no wait for it."""
    return "lock_wait" in name and params["strategy"] not in _WITH_LOCK


def middle(name: str, params: Mapping[str, str], release: Release, arm: Arm) -> float:
    """Return the median of a metric in a cell, in the metric's unit."""
    factor = _ARM_FACTOR[arm.name] * (1 - 0.01 * (release.minor - 13) - 0.002 * release.micro)
    group, _, metric = name.rpartition(".track_")
    if group == LIFECYCLE:
        return _round(params, arm, factor)
    if group == FOOTPRINT:
        workers = int(params["workers"])
        return float(round(_MEBIBYTES[params["mode"]] * factor * (0.3 + 0.7 * workers / 8) * 2**20))
    if metric == "pss":
        return float(round(_MEBIBYTES[params["mode"]] * factor * 1.6 * 2**20))
    if metric == "fairness":
        return 1 + factor / 20
    return _operation(params, factor) * _SHARE_OF_OP.get(metric, 1.0)


def _round(params: Mapping[str, str], arm: Arm, factor: float) -> float:
    payload = 13.8 if params["task"] == "article" else 0.0
    spread = payload * (1.9 if params["mode"] == "threads" and arm.gil else 1.0)
    return (_MILLISECONDS[params["mode"]] * factor + spread) * int(params["workers"]) / 8 * 1e-3


def _operation(params: Mapping[str, str], factor: float) -> float:
    kind = mode_named(params["mode"]).kind
    if "strategy" in params:
        growing = 1.4 if params["fill"] == "cold" else 1.0
        return _INSERTING[kind][params["strategy"]] * growing * factor * 1e-6
    shared = 0.6 + 0.4 / int(params["writers"])
    batched = 1.0 if params["window"] == "1" else 0.04
    return _SENDING[kind] * factor * shared * batched * 1e-6
