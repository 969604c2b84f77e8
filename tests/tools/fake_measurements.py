"""Measurements of cells, and reproductions made of them, that nobody ran."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fake_builds import RECORD

from ftbench.experiments.reproduce.plan import ARTICLE_KNOBS, PARTS, Step, plan
from ftbench.experiments.reproduce.record import Python, Reproduction, StepState, Taken
from ftbench.experiments.suite import SuiteCell
from ftbench.probe.run.document import Measurement, Switch
from ftbench.probe.run.outcome import Invariant, Metric

BUILD: dict[str, Any] = {**RECORD, "free_threaded": True, "code_flags": []}


def measurement(cell: SuiteCell, **samples: tuple[float, ...]) -> Measurement:
    """Return a measurement of `cell` that has these samples by metric."""
    return Measurement(
        scenario=cell.scenario,
        mode=cell.mode,
        params=dict(cell.params),
        profile="quick",
        metrics={name: Metric(unit="seconds", samples=each) for name, each in samples.items()},
        invariants=(),
        gil=Switch(asked=False, before=False, after=False),
        build=BUILD,
        machine={"cpu": "a CPU", "cores": 2},
        load=(0.5, 0.5),
        started_at="2026-11-21T12:00:00Z",
        elapsed=1.0,
        notes={},
    )


MIB = 2**20
ROUND = {"threads": 0.002, "fork": 0.004, "forkserver": 0.006, "spawn": 0.040}
TASK = 0.002
OP = {"threads": 1e-6, "fork": 20e-6, "forkserver": 20.4e-6, "spawn": 21e-6}
WEIGHT = {"threads": 20, "fork": 28, "forkserver": 48, "spawn": 100}


def around(middle: float, count: int = 11) -> tuple[float, ...]:
    """Return samples with this median, up to a hundredth of it away."""
    return tuple(middle * (1 + (index - count // 2) * 0.002) for index in range(count))


def _seconds(**samples: Sequence[float]) -> dict[str, Metric]:
    return {name: Metric(unit="seconds", samples=tuple(each)) for name, each in samples.items()}


def _bytes(**samples: Sequence[float]) -> dict[str, Metric]:
    return {name: Metric(unit="bytes", samples=tuple(each)) for name, each in samples.items()}


def _lifecycle(row: str, step: Step) -> tuple[dict[str, Metric], dict[str, object]]:
    task = TASK if step.params["task"] == "article" else 0.0
    return _seconds(round=around(ROUND[row] + task)), {}


def _memory(row: str, _step: Step) -> tuple[dict[str, Metric], dict[str, object]]:
    pss = WEIGHT[row] * MIB
    without = {"rss": 3.0 * pss, "uss": 0.5 * pss, "pss": 0.9 * pss}
    metrics = _bytes(rss=around(4 * pss), uss=around(0.6 * pss), pss=around(pss))
    return metrics, {"without_helpers": without, "observer": {"interval": 0.05}}


def _boxed(op: float, step: Step) -> tuple[dict[str, Metric], dict[str, object]]:
    window = int(str(step.params["duration"])) / 1000
    operations = round(window / op)
    metrics = _seconds(
        op=[op],
        lock_wait=[op * 4],
        lock_wait_p50=[op],
        lock_wait_p99=[op * 40],
        cpu=[op * 1.5],
        put=[op / 4],
        ack_p50=[op * 6],
        ack_p95=[op * 9],
        ack_p99=[op * 12],
    ) | _bytes(pss=[100 * MIB * op * 1e6], rss=[120 * MIB * op * 1e6])
    notes: dict[str, object] = {
        "operations": operations,
        "attempts": operations,
        "inserts": round(operations * 0.8),
        "wall": window * 1.1,
        "put_mean": op / 3,
        "ack_mean": op * 7,
    }
    return metrics, notes


def measured(step: Step) -> Measurement:
    """Return what a step would measure."""
    part, _, rest = step.key.partition("/")
    row = rest.partition("/")[0]
    if part == "lifecycle":
        metrics, notes = _lifecycle(row, step)
    elif part == "memory":
        metrics, notes = _memory(row, step)
    elif part == "native":
        metrics, notes = _boxed(0.75e-6, step)
    elif part == "sharded_writers":
        metrics, notes = _boxed(3.2e-6 / int(str(step.params["writers"])) ** 0.5, step)
    else:
        metrics, notes = _boxed(OP[row], step)
    return Measurement(
        scenario=step.scenario,
        mode=step.mode,
        params=dict(step.params),
        profile=step.profile,
        metrics=metrics,
        invariants=(Invariant(name="synthetic", checked="nothing"),),
        gil=Switch(asked=step.arm == "gil", before=step.arm == "gil", after=step.arm == "gil"),
        build={},
        machine={},
        load=(0.1, 1.0),
        started_at="2026-11-21T12:00:00Z",
        elapsed=1.0,
        notes=notes,
    )


# How much dearer everything is in each process.
APART = (1.0, 1.01, 0.99)


def taken(step: Step, process: int = 0, **instead: object) -> Taken:
    """Return a step that a process has taken, with other fields `instead`."""
    whole = measured(step)
    for name, metric in whole.metrics.items():
        samples = tuple(APART[process] * sample for sample in metric.samples)
        whole.metrics[name] = Metric(unit=metric.unit, samples=samples)
    fields = {"state": StepState.MEASURED, "measurement": whole, "process": process} | instead
    return Taken(key=step.key, title=step.title, elapsed=1.5, **fields)  # type: ignore[arg-type]


def made(
    *,
    parts: Sequence[str] = PARTS,
    cores: int = 16,
    scale: float = 1.0,
    broken: Mapping[str, Mapping[str, object]] | None = None,
    without: Sequence[str] = (),
    cpu: str = "Imaginary 9000",
    processes: int = 1,
) -> Reproduction:
    """Return a reproduction of `parts`, on `cores`, without some steps.

    `broken` maps a step's key to the fields that its `Taken` has instead.
    """
    knobs = ARTICLE_KNOBS.scaled(scale)
    steps = [step for step in plan(knobs.shared(processes), parts) if step.key not in without]
    return Reproduction(
        ftbench="0.1.0",
        started_at="2026-11-21T12:00:00Z",
        elapsed=1234.5,
        scale=scale,
        parts=tuple(parts),
        knobs=knobs,
        interpreters={
            arm: Python(
                name=name,
                origin="source",
                flavour="source-gcc12",
                digest="0123456789ab",
                build={"compiler": "GCC 12.2.0"},
            )
            for arm, name in (("gil", "3.14.7"), ("ft", "3.14.7t"))
        },
        machine={"cpu": cpu, "cores": cores, "usable_cores": cores, "quota_cores": None},
        steps=tuple(
            taken(step, process, **(broken or {}).get(step.key, {}))
            for process in range(processes)
            for step in steps
        ),
        processes=processes,
    )


FAILED: Final[Mapping[str, object]] = {
    "state": StepState.FAILED,
    "measurement": None,
    "reason": "Worker 3 of 8 (processes, spawn) failed; nothing is recorded.",
    "story": "Traceback: it was killed",
    "exit_code": 4,
}
UNAVAILABLE: Final[Mapping[str, object]] = {
    "state": StepState.UNAVAILABLE,
    "measurement": None,
    "reason": "There is no rustc.",
    "exit_code": 3,
}
