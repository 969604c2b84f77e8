"""footprint: the memory of N workers that are alive and busy.

The observer samples the whole process tree from outside, fork server, resource tracker and parent
included.  Shows what a mode's workers weigh, by role; does not show a program's own data.
Source: scenario 1, profile "memory", of "Free-Threading Python vs Multiprocessing".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftbench.probe.entry_points import TASKS
from ftbench.probe.run.outcome import (
    MEMORY_KINDS,
    Metric,
    Outcome,
    roles,
    same_checksums,
    totals,
)
from ftbench.probe.scenarios.base import Cell, MetricSpec, Param, Scenario, costs
from ftbench.probe.workers import crew_of
from ftbench.probe.workers.base import Crew, Report

PARAMS = {"workers": Param(default=8)}

METRICS = (
    MetricSpec(
        "pss",
        "bytes",
        "Proportional set size: shared pages split between those who share them (Linux).",
        always=False,
    ),
    MetricSpec(
        "uss", "bytes", "Unique set size: what would be free if the tree ended.", always=False
    ),
    MetricSpec("rss", "bytes", "Resident set size, summed: shared pages count once per process."),
    MetricSpec(
        "per_worker", "bytes", "What each worker added to the tree (PSS where the system has it)."
    ),
    MetricSpec("peak", "bytes", "The largest look at the tree while the workers were busy."),
    MetricSpec("left", "bytes", "The tree when the workers are gone."),
)
TASK = "article"

BASELINE, BUSY, LEFT = "baseline", "busy", "left"
WORKER = "worker"


def run(cell: Cell) -> Outcome:
    """Sample before any worker exists, while all are busy, and when all are gone."""
    cell.observe(BASELINE, 0.0, {})
    crew, reports = _hold(cell, BUSY)
    for number in range(2, cell.profile.holds + 1):
        crew.close()
        crew, more = _hold(cell, f"{BUSY} {number}")
        reports += more
    cell.observe(LEFT, 0.0, {})
    crew.close()
    runs, checksums, *_cpu = zip(*reports, strict=True)
    return Outcome(
        invariants=(same_checksums("workers' last runs", checksums, TASKS[TASK]()),),
        notes={"runs": list(runs)},
    )


def _hold(cell: Cell, phase: str) -> tuple[Crew, list[Report]]:
    """Have fresh workers sampled as `phase` while they are busy; return what they reported."""
    crew = crew_of(cell.mode, cell.deadline)
    crew.start_busy(cell.params["workers"], TASK)
    held = None
    if cell.extra:
        from ftbench.probe.workloads.injected import ballast  # noqa: PLC0415 - it weighs something

        held = ballast(cell.extra, crew.pids())
    cell.observe(phase, cell.profile.hold, dict.fromkeys(crew.pids(), WORKER))
    del held
    crew.stop()
    crew.join()
    return crew, crew.reports()


def _busy(phases: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what was seen of each hold, in their order."""
    return [seen for phase, seen in phases.items() if phase.startswith(BUSY)]


def metrics(phases: Mapping[str, Any], workers: int) -> dict[str, Metric]:
    """Return the metrics of what the observer saw of the tree, a sample per look while busy.

    `per_worker` ((busy - baseline) / workers), `peak` and `left` are PSS, else USS, else RSS.
    """
    looks = [look for seen in _busy(phases) for look in seen["samples"]]
    samples = {kind: totals(looks, kind) for kind in MEMORY_KINDS}
    best = next(kind for kind in ("pss", "uss", "rss") if samples[kind])
    before = totals(phases[BASELINE]["samples"], best)[0]
    samples["per_worker"] = tuple((total - before) / workers for total in samples[best])
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
    """Return the metrics, who weighs what, and what the looking itself took."""
    busy = _busy(phases)
    duty = sum(seen["duty"] for seen in busy) / len(busy)
    return Outcome(
        metrics=metrics(phases, workers),
        notes={
            "holds": len(busy),
            "looks": sum(len(seen["samples"]) for seen in busy),
            "roles": roles(busy[-1]["samples"][-1]),
            "without_helpers": without_helpers(phases),
            "observer": {
                "reader": busy[0]["reader"],
                "interval": busy[0]["interval"],
                "duty": round(duty, 5),
            },
        },
    )


FOOTPRINT = Scenario(
    name="footprint",
    version="1",
    title="Memory of N busy workers, the whole process tree",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    from_observation=from_observation,
    slowed=("pss", "uss", "per_worker", "peak"),
)
