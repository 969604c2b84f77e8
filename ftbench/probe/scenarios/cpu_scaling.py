"""cpu_scaling: N workers crunch as much each as the main thread alone, in turn with it.

The metrics are those of `scaling`.  Shows how far each mode scales for six kinds of work, what
sharing an interpreter costs, and what more workers than cores cost.  Does not show what starting
workers or sending them work costs: they stand at a gate and hold all that they need.

Source: the articles on threads against processes, whose tasks are the sum of squares and
`is_prime`; the LCG is the task of "Free-Threading Python vs Multiprocessing".
"""

from __future__ import annotations

from typing import Any

from ftbench.probe.run.outcome import Outcome
from ftbench.probe.scenarios.base import Cell, Param, Scenario
from ftbench.probe.scenarios.scaling import COUNTS, PER_COUNT, WORKER, metrics_of, scaled
from ftbench.probe.workloads.kernels import KERNELS, crunch

# What a worker does in a slice: some 2 ms.
UNITS = 1

PARAMS = {
    "kernel": Param(default="sum_of_squares", choices=tuple(KERNELS)),
    "workers": Param(default=8),
}


def run(cell: Cell) -> Outcome:
    """Measure one cell; `workers` are the most that it has."""
    kernel = cell.params["kernel"]
    _work, checksum = KERNELS[kernel]
    work: tuple[Any, tuple[Any, ...]] = (crunch, (kernel, UNITS))
    if cell.extra:
        from ftbench.probe.workloads.injected import (  # noqa: PLC0415 - luggage of no other cell
            crunch_more,
            crunching_time,
            steps_for,
        )

        steps = steps_for(cell.extra * crunching_time(kernel, UNITS))
        work = (crunch_more, (kernel, UNITS, steps))
    return scaled(
        cell,
        of=kernel,
        run=work,
        units=UNITS,
        expected=UNITS * checksum,
    )


CPU_SCALING = Scenario(
    name="cpu_scaling",
    version="2",
    title="1 to N workers compute, each as much as one alone",
    params=PARAMS,
    metrics=metrics_of(COUNTS, WORKER),
    per_count=PER_COUNT,
    run=run,
    slowed=("serial", "unit_1", "unit_2", "unit_4", "unit_8", "cpu"),
    computes=True,
)
