"""single_thread: small kernels, one at a time, in a process that has no other thread.

Shows what the free-threaded build asks of a program that does not use it, corner by corner of the
language, with the garbage collector on.  Does not show a whole program, which has more memory and
less of a loop.  Source: the articles' claim that the free-threaded 3.13 is some 40 % slower.
"""

from __future__ import annotations

import time

from ftbench.errors import FtbenchError
from ftbench.probe.instruments.clocks import NANO, clock_cost
from ftbench.probe.run.outcome import Invariant, Outcome
from ftbench.probe.scenarios.base import Cell, MetricSpec, Param, Scenario, costs, dearer
from ftbench.probe.workloads.kernels import CHECKSUMS, SMALL, timed

# Runs of a kernel in a sample: some 5 ms, ten thousand times what reading the clock takes.
RUNS = 20

PARAMS = {"kernel": Param(default="calls", choices=tuple(SMALL))}

METRICS = (
    MetricSpec("kernel", "seconds", "One run of the kernel, with the garbage collector on."),
)


def run(cell: Cell) -> Outcome:
    """Measure one cell; the first sample, in which bytecode is specialized, is left out."""
    kernel = cell.params["kernel"]
    work, expected, runs = SMALL[kernel], CHECKSUMS[kernel], cell.more(RUNS)
    samples: list[float] = []
    on_cpu = 0
    profile = cell.profile
    timed(work, RUNS)
    start = time.perf_counter()
    while len(samples) < profile.least_rounds or (
        len(samples) < profile.most_rounds and time.perf_counter() - start < profile.seconds
    ):
        begin, end, cpu, checksum = timed(work, runs)
        if checksum != runs * expected:
            raise FtbenchError(
                f"{kernel}: the checksums of {runs} runs add up to {checksum}, not to "
                f"{runs * expected}: nothing is recorded.",
                hint="The interpreter computes wrongly or the kernel is not what it says.",
            )
        samples.append((end - begin) * NANO / runs)
        on_cpu += cpu
    whole = sum(samples) * runs / NANO
    metrics = costs(METRICS, {"kernel": samples})
    return Outcome(
        metrics=dearer(metrics, ("kernel",), runs / RUNS),
        invariants=(
            Invariant(
                name="checksum",
                checked=f"every run of {kernel} yields {expected}, {runs} runs a sample",
            ),
        ),
        notes={
            "rounds": len(samples),
            "runs": runs,
            "on_cpu": round(min(1.0, on_cpu / whole), 3),
            "clock": clock_cost(),
        },
    )


SINGLE_THREAD = Scenario(
    name="single_thread",
    version="1",
    title="Small kernels in a process of one thread",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    modes=("serial",),
    slowed=("kernel",),
)
