"""Clocks: the CPU time of a cell and its workers, and what looking at a clock costs."""

from __future__ import annotations

import sys
import time

from ftbench.facts.modes import Mode

NANO = 1e-9


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and (not on Windows) of children it waited for."""
    if sys.platform == "win32":
        return time.process_time()
    import resource  # noqa: PLC0415 - POSIX only

    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


class CpuClock:
    """Counts the CPU seconds of everything a crew does between `start` and `stop`."""

    method = "kernel"  # of this process and the children it has waited for, teardown included

    def __init__(self, _mode: Mode) -> None:
        self._before = 0.0

    def _now(self) -> float:
        return cpu_seconds()

    def start(self) -> None:
        """Begin to count."""
        self._before = self._now()

    def stop(self, workers_ns: int) -> float:  # noqa: ARG002 - for modes without such accounting
        """Return the seconds since `start`; `workers_ns` is what the workers say of theirs."""
        return self._now() - self._before


def clock_cost(calls: int = 2_000) -> float:
    """Return what a call of `perf_counter_ns` costs here, in seconds."""
    from itertools import repeat  # noqa: PLC0415

    begin = time.perf_counter_ns()
    for _ in repeat(None, calls):
        time.perf_counter_ns()
    return (time.perf_counter_ns() - begin) * NANO / calls
