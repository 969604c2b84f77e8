"""The costs that synthetic results are made of: their names, parameters, units and sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter

from probing import ROOT

from ftbench.experiments import suite
from ftbench.facts.arms import Arm
from ftbench.facts.modes import mode_named
from ftbench.probe.scenarios.base import scenario_named
from ftbench.probe.scenarios.crossover import PAYLOADS
from ftbench.probe.scenarios.grain import SIZES
from ftbench.probe.scenarios.must_scale import KNOWN_NOT, LEDGER
from ftbench.releases import Release

# Benchmark classes; their parameters and units are their own.
CLASSES = {
    f"{cls.__module__.rpartition('.')[2]}.{cls.__name__}": cls for cls in suite.classes(ROOT)
}
LIFECYCLE = "lifecycle.Lifecycle"
FOOTPRINT = "footprint.Footprint"
SHARED_SET = "shared_set.SharedSet"
SHARDED_WRITERS = "sharded_writers.ShardedWriters"
MUST_SCALE = "must_scale.MustScale"
SINGLE_THREAD = "single_thread.SingleThread"
CROSSOVER = "crossover.Crossover"
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
# Seconds to hand a task to a worker of a warm pool.
_HANDING_OVER = {
    "threads": 40e-6,
    "processes": 140e-6,
    "interpreters": 230e-6,
    "asyncio": 25e-6,
    "asyncio-per-thread": 30e-6,
    "loky": 310e-6,
}


def _handing_over(mode: str) -> float:
    """A mode that nobody has a figure for costs what processes do."""
    return _HANDING_OVER.get(mode_named(mode).kind, _HANDING_OVER["processes"])


_HAND_OVERS = {"dispatch": 1.0, "map_1": 1.0, "map_64": 0.1, "recover": 300.0, "full": 200.0}
_SIZES = {size.name: size.nominal for size in SIZES}
_PAYLOADS = {payload.name: payload.size for payload in PAYLOADS}
# Seconds to read a byte of a payload, and to get it to a worker.
_READING = 0.17e-9
_CARRYING = {"processes": 2e-9, "interpreters": 0.3e-9}
_ONE_THREAD = {"gil": 1.0, "ft": 1.19, "ft-gil1": 1.24}
_ARM_FACTOR = {"gil": 1.12, "ft": 1.0, "ft-gil1": 1.21}


def ladders() -> dict[str, dict[str, Sequence[object]]]:
    """Return the values of each class's parameters as figures have them, the mode first."""
    return {name: {"mode": cls.modes, **dict(cls.ladders)} for name, cls in CLASSES.items()}


def asv_ladders() -> dict[str, dict[str, Sequence[object]]]:
    """Return the values of each class's parameters as asv has them, the mode in two."""
    return {
        name: dict(zip(cls.param_names, cls.params, strict=True)) for name, cls in CLASSES.items()
    }


def units() -> dict[str, dict[str, str]]:
    """Return the benchmarks of each class ("track_round") with their units."""
    return {
        name: {
            f"{suite.TRACK}{each.name}": each.unit
            for each in sorted(scenario_named(cls.scenario).metrics, key=attrgetter("name"))
            if each.tracked
        }
        for name, cls in CLASSES.items()
    }


def hole(group: str, params: Mapping[str, str]) -> str | None:
    """Return why there is no such cell on any build, None if there is one."""
    if "mode" not in params:
        return None
    scenario = scenario_named(CLASSES[group].scenario)
    rest = {name: value for name, value in params.items() if name != "mode"}
    return scenario.why_not(mode_named(params["mode"]), scenario.parse(rest))


def lacks(name: str, params: Mapping[str, str]) -> bool:
    """Tell whether a cell that was measured has no such metric: no lock, no wait for it."""
    if name.startswith("failure."):
        return name.endswith(("detect", "cancel")) and params["pool"] == "multiprocessing"
    return "lock_wait" in name and params["strategy"] not in _WITH_LOCK


def middle(name: str, params: Mapping[str, str], release: Release, arm: Arm) -> float:
    """Return the median of a benchmark in a cell, in its unit."""
    factor = _ARM_FACTOR[arm.name] * (1 - 0.01 * (release.minor - 13) - 0.002 * release.micro)
    group, _, method = name.rpartition(".")
    metric = method.partition("_")[2]
    if metric in {"pss", "uss", "rss", "per_worker", "peak", "left", "held"}:
        return _memory(params, factor)
    if metric == "fairness":
        return 1 + factor / 20
    if metric.startswith(("relative", "control", "idle")):
        return _scaling(metric, params, arm) * (0.97 + factor / 40)
    if metric == "instructions":
        return 1e6 * _ONE_THREAD[arm.name] * (1 + len(params.get("kernel", "")) / 40)
    if group == SINGLE_THREAD:
        return 250e-6 * _ONE_THREAD[arm.name] * (1 + len(params["kernel"]) / 40)
    return _seconds(group, metric, params, arm) * factor


def _memory(params: Mapping[str, str], factor: float) -> float:
    workers = int(params.get("workers", 8))
    mebibytes = _MEBIBYTES.get(params["mode"], _MEBIBYTES["threads"])
    return float(round(mebibytes * factor * (0.3 + 0.7 * workers / 8) * 2**20))


def _seconds(group: str, metric: str, params: Mapping[str, str], arm: Arm) -> float:
    """Return a time before the factor of its arm, or a number of tasks."""
    if group == LIFECYCLE:
        return _round(params, arm)
    if group in {SHARED_SET, SHARDED_WRITERS}:
        return _operation(params) * _SHARE_OF_OP.get(metric, 1.0)
    if group == CROSSOVER:
        return _carried(metric, params, arm)
    if metric in {"lost", "uncancelled"}:
        return 4.0
    size = 1.0 + sum(map(len, params.values())) / 50
    return _handing_over(params["mode"]) * size * _HAND_OVERS.get(metric, 10.0)


def _scaling(metric: str, params: Mapping[str, str], arm: Arm) -> float:
    """Return a time over another: N workers on two cores over one, or a pool over a loop."""
    name, _, rest = metric.partition("_")
    turns = arm.gil and params["mode"] == "threads" and "work" not in params
    if rest in _SIZES:
        own, handed = _SIZES[rest], _handing_over(params["mode"])
        task = (own + handed) * (1.0 if turns else 0.5)
        return task / own if name == "relative" else max(0.0, 1 - own / (2 * task))
    cpu, workers = rest.startswith("cpu_"), int(rest.removeprefix("cpu_"))
    ideal = float(workers) if turns else max(1.0, workers / 2)
    entry = LEDGER.get(params.get("pattern", ""))
    meet = name == "relative" and entry is not None and entry.ledger == KNOWN_NOT
    if cpu:
        return 2.8 if meet and not turns else 1.0
    if name == "control":  # processes
        return max(1.0, workers / 2)
    return workers * 1.4 if meet and not turns else ideal


def _carried(metric: str, params: Mapping[str, str], arm: Arm) -> float:
    """Return a cost of a task with a payload: `task_10us_1kib`, on two cores."""
    cost, size, payload = metric.split("_")
    kind, workers = mode_named(params["mode"]).kind, int(params["workers"])
    own = _SIZES[size] + _PAYLOADS[payload] * _READING
    handed = _HANDING_OVER.get(kind, 0.0) + _PAYLOADS[payload] * _CARRYING.get(kind, 0.0)
    at_a_time = 1 if arm.gil and kind == "threads" else min(2, workers)
    task = (own + handed) / at_a_time
    return {"task": task, "cpu": own + handed}[cost]


def _round(params: Mapping[str, str], arm: Arm) -> float:
    payload = 13.8 if params["task"] == "article" else 0.0
    spread = payload * (1.9 if params["mode"] == "threads" and arm.gil else 1.0)
    return (_MILLISECONDS[params["mode"]] + spread) * int(params["workers"]) / 8 * 1e-3


def _operation(params: Mapping[str, str]) -> float:
    kind = mode_named(params["mode"]).kind
    if "strategy" in params:
        growing = 1.4 if params["fill"] == "cold" else 1.0
        return _INSERTING[kind][params["strategy"]] * growing * 1e-6
    shared = 0.6 + 0.4 / int(params["writers"])
    batched = 1.0 if params["window"] == "1" else 0.04
    return _SENDING[kind] * shared * batched * 1e-6
