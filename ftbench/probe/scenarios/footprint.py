"""footprint: the memory of N workers that are alive and busy.

The observer samples the whole process tree from outside, fork server, resource tracker and parent
included.  Shows what a mode's workers weigh, by role; does not show a program's own data.
Source: scenario 1, profile "memory", of "Free-Threading Python vs Multiprocessing".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftbench.facts.profiles import Profile
from ftbench.probe.entry_points import TASKS
from ftbench.probe.run.outcome import (
    MEMORY_KINDS,
    Metric,
    Outcome,
    memory,
    same_checksums,
    totals,
)
from ftbench.probe.scenarios import footprint_workers as workers
from ftbench.probe.scenarios.base import Cell, MetricSpec, Param, Scenario, costs
from ftbench.probe.scenarios.footprint_workers import BUSY, HALF, LEFT

PARAMS = {"workers": Param(default=8)}

METRICS = (
    MetricSpec(
        "pss",
        "bytes",
        "Memory of the process tree, PSS; shared pages are split between processes (Linux).",
        always=False,
    ),
    MetricSpec(
        "uss",
        "bytes",
        "Memory of the process tree, USS; what would be free if the tree ended.",
        always=False,
    ),
    MetricSpec(
        "rss", "bytes", "Memory of the process tree, RSS; shared pages count once per process."
    ),
    MetricSpec(
        "per_worker",
        "bytes",
        "Memory per added worker; each beyond the first half, PSS where the system has it.",
        always=False,
    ),
    MetricSpec(
        "peak", "bytes", "Peak memory of the process tree; the largest sample while all were busy."
    ),
    MetricSpec("left", "bytes", "Memory of the process tree when the workers are gone."),
)


def run(cell: Cell) -> Outcome:  # noqa: ARG001 - what the cell did first was given the same
    """Return what came of the workers, which were held before the rest of the probe was loaded."""
    for error in workers.FAILED:
        raise error
    runs, checksums = zip(*workers.HELD, strict=True)
    return Outcome(
        invariants=(same_checksums("workers' last runs", checksums, TASKS[workers.TASK]()),),
        notes={"runs": list(runs)},
    )


def words(request: Mapping[str, Any], profile: Profile) -> tuple[str, ...]:
    """Return what `footprint_workers.begin` is given."""
    values = (
        *(request["mode"], request["params"]["workers"], request["deadline"], request["extra"]),
        ",".join(map(str, request["cpus"] or ())),
        *(profile.holds, profile.hold, profile.interval),
    )
    return tuple(map(str, values))


def _busy(phases: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what was seen of each hold, in their order."""
    return [seen for phase, seen in phases.items() if phase.startswith(BUSY)]


def metrics(phases: Mapping[str, Any], workers: int) -> dict[str, Metric]:
    """Return the metrics of what the observer saw of the tree, a sample per look while busy.

    `per_worker`, `peak` and `left` are PSS, else USS, else RSS.  A single worker has no half.
    """
    looks = [look for seen in _busy(phases) for look in seen["samples"]]
    samples = {kind: totals(looks, kind) for kind in MEMORY_KINDS}
    best = next(kind for kind in ("pss", "uss", "rss") if samples[kind])
    samples["per_worker"] = tuple(
        (total - half) / (workers - workers // 2)
        for phase, seen in phases.items()
        if phase.startswith(HALF)
        for half in totals(seen["samples"], best)
        for total in totals(phases[phase.replace(HALF, BUSY)]["samples"], best)
    )
    samples["peak"] = (max(samples[best]),)
    samples["left"] = totals(phases[LEFT]["samples"], best)
    return costs(METRICS, {name: sizes for name, sizes in samples.items() if sizes})


def without_helpers(phases: Mapping[str, Any]) -> dict[str, float]:
    """Return kind → mean bytes of parent and workers alone, in the last hold, the article's way."""
    own = [
        {"processes": [p for p in look["processes"] if p["role"] in ("parent", "worker")]}
        for look in _busy(phases)[-1]["samples"]
    ]
    sums = {kind: totals(own, kind) for kind in MEMORY_KINDS}
    return {kind: sum(sizes) / len(sizes) for kind, sizes in sums.items() if sizes}


def from_observation(phases: Mapping[str, Any], workers: int) -> Outcome:
    """Return the metrics, who weighs what, and what the looking itself took in the last hold."""
    busy = _busy(phases)
    return Outcome(
        metrics=metrics(phases, workers),
        notes={
            "holds": len(busy),
            "looks": sum(len(seen["samples"]) for seen in busy),
            "without_helpers": without_helpers(phases),
            **memory(busy[-1]).notes,
        },
    )


FOOTPRINT = Scenario(
    name="footprint",
    version="2",
    title="Memory of N busy workers, the whole process tree",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    from_observation=from_observation,
    program=("footprint_program.py", words),
    slowed=("pss", "uss", "per_worker", "peak"),
)
