"""single_thread: small kernels, one at a time, in a process that has no other thread.

Shows what the free-threaded build asks of a program that does not use it, corner by corner of the
language, with the garbage collector on.  Does not show a whole program, which has more memory and
less of a loop.  Source: the articles' claim that the free-threaded 3.13 is some 40 % slower.
"""

from __future__ import annotations

from functools import partial

from ftbench.probe.instruments.clocks import NANO, clock_cost
from ftbench.probe.run.outcome import Outcome, same_checksums
from ftbench.probe.scenarios.base import Cell, MetricSpec, Param, Scenario, costs, in_seconds
from ftbench.probe.workloads.injected import with_more
from ftbench.probe.workloads.kernels import SMALL, timed

# Runs of a kernel in a sample: some 5 ms, ten thousand times what reading the clock takes.
RUNS = 20

PARAMS = {"kernel": Param(default="calls", choices=tuple(SMALL))}

METRICS = (
    *in_seconds(kernel="Time of one run; with the garbage collector on."),
    MetricSpec("cpu", "seconds", "CPU time of one run.", tracked=False),
)


def run(cell: Cell) -> Outcome:
    """Measure one cell; the first sample, in which bytecode is specialized, is left out."""
    kernel = cell.params["kernel"]
    work, checksum = SMALL[kernel]
    timed(work, RUNS)
    do = with_more(partial(timed, work, RUNS), cell.extra)
    reports = [do() for _ in cell.rounds()]
    begins, ends, cpu, checksums = zip(*reports, strict=True)
    samples = [(end - begin) * NANO / RUNS for begin, end in zip(begins, ends, strict=True)]
    on_cpu = [each * NANO / RUNS for each in cpu]
    whole = sum(ends) - sum(begins)
    return Outcome(
        metrics=costs(METRICS, {"kernel": samples, "cpu": on_cpu}),
        invariants=(same_checksums(f"{RUNS} runs of {kernel}", checksums, RUNS * checksum),),
        notes={
            "rounds": len(samples),
            "runs": RUNS,
            "on_cpu": round(min(1.0, sum(cpu) / whole), 3),
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
    computes=True,
)
