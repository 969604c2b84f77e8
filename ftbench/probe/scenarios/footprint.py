"""footprint: the memory of N workers that are alive and busy.

The cell holds its workers busy while the observer samples the whole process tree from outside.
Shows what a mode's workers weigh, by role; does not show the memory of a program's own data.
Source: scenario 1, profile "memory", of the article, with the fork server, the resource tracker
and the parent counted, and samples only between "all busy" and "stop".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftbench.errors import FtbenchError
from ftbench.probe.crews import crew_of
from ftbench.probe.document import Invariant, Metric, Outcome
from ftbench.probe.scenarios.base import Cell, Param, Scenario
from ftbench.probe.tasks import TASKS

PARAMS = {"workers": Param(default=8)}
TASK = "article"

BASELINE, BUSY, LEFT = "baseline", "busy", "left"
KINDS = ("rss", "uss", "pss")


def run(cell: Cell) -> Outcome:
    """Sample before any worker exists, while all are busy, and when all are gone."""
    workers = cell.params["workers"]
    crew = crew_of(cell.mode, cell.deadline)
    cell.observe(BASELINE, 0.0, [])
    crew.start_busy(workers, TASK)
    cell.observe(BUSY, cell.profile.hold, crew.pids())
    crew.stop()
    crew.join()
    reports = crew.reports()
    cell.observe(LEFT, 0.0, [])
    crew.close()
    return Outcome(invariants=(check(reports),), notes={"runs": [report[0] for report in reports]})


def check(reports: list[tuple[int, ...]]) -> Invariant:
    """Return the invariant: every worker was busy, with the serial twin's checksum."""
    expected = TASKS[TASK]()
    if {report[1] for report in reports} != {expected}:
        raise FtbenchError("A worker's checksum is not the serial twin's: nothing is recorded.")
    return Invariant(
        name="checksum",
        checked=f"{len(reports)} workers ran {sum(r[0] for r in reports)} tasks, last checksums "
        f"are the serial twin's {expected}",
    )


def _totals(samples: list[dict[str, Any]], kind: str) -> tuple[float, ...]:
    """Return the tree's bytes in each sample; empty where the system has no such figure."""
    return tuple(
        float(sum(process[kind] for process in sample["processes"]))
        for sample in samples
        if all(process[kind] is not None for process in sample["processes"])
    )


def metrics(phases: Mapping[str, Any], workers: int) -> dict[str, Metric]:
    """Make the metrics of what the observer saw, all in bytes of the whole process tree.

    `rss`, `uss`, `pss`: while busy, a sample per look.  The dearest kind that the system knows
    (PSS, else USS, else RSS) gives `per_worker` ((busy - baseline) / workers), `peak` (the
    largest look) and `left` (after the workers are gone).
    """
    samples = {kind: _totals(phases[BUSY]["samples"], kind) for kind in KINDS}
    best = next(kind for kind in ("pss", "uss", "rss") if samples[kind])
    before = _totals(phases[BASELINE]["samples"], best)[0]
    samples["per_worker"] = tuple((total - before) / workers for total in samples[best])
    samples["peak"] = (max(samples[best]),)
    samples["left"] = _totals(phases[LEFT]["samples"], best)
    return {name: Metric(unit="bytes", samples=each) for name, each in samples.items() if each}


def roles(phases: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Return role → kind → bytes in the last look while busy: who weighs what."""
    found: dict[str, dict[str, int]] = {}
    for process in phases[BUSY]["samples"][-1]["processes"]:
        sums = found.setdefault(process["role"], {"processes": 0})
        sums["processes"] += 1
        for kind in KINDS:
            if process[kind] is not None:
                sums[kind] = sums.get(kind, 0) + process[kind]
    return found


def from_observation(phases: Mapping[str, Any], workers: int) -> Outcome:
    """Return the metrics, who weighs what, and what the looking itself took."""
    busy = phases[BUSY]
    return Outcome(
        metrics=metrics(phases, workers),
        notes={
            "looks": len(busy["samples"]),
            "roles": roles(phases),
            "observer": {name: busy[name] for name in ("reader", "interval", "duty")},
        },
    )


FOOTPRINT = Scenario(
    name="footprint",
    version="1",
    title="Memory of N busy workers, the whole process tree",
    params=PARAMS,
    run=run,
    observed=True,
    from_observation=from_observation,
)
