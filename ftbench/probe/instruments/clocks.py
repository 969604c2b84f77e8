"""CPU time of a cell: of its own process, of its workers and of the fork server."""

from __future__ import annotations

import os
import sys
import time

from ftbench.facts.modes import Mode
from ftbench.probe.crews import helper_pids

NANO = 1e-9


def _children_seconds() -> float:
    """Return the CPU seconds of all children that were waited for; 0.0 where unknown."""
    if sys.platform == "win32":
        return 0.0
    import resource  # noqa: PLC0415 - POSIX only

    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _fork_server_seconds() -> float | None:
    """Return the CPU seconds of the fork server and of the workers it has waited for.

    Source: proc(5), `/proc/PID/stat` fields 14 to 17, in clock ticks (10 ms): good enough for
    the sum over many rounds.  None where the kernel does not say.
    """
    pid = next((pid for pid, role in helper_pids().items() if role == "fork server"), None)
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return None
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


class CpuClock:
    """Counts the CPU seconds of everything a crew does between `start` and `stop`.

    Threads, interpreters, fork and spawn: kernel accounting of this process and of the children
    it has waited for, teardown included.  Fork server: the server's own accounting.  Where the
    kernel gives neither (Windows; a fork server without /proc), the workers' own clocks are
    summed, and `method` says so.
    """

    def __init__(self, mode: Mode) -> None:
        """Nothing is counted before `start`."""
        by_server = mode.start_method == "forkserver"
        kernel = sys.platform != "win32" or mode.kind != "processes"
        self._server = by_server
        self._workers = (by_server and not os.path.exists("/proc/self/stat")) or not kernel
        self.method = "the workers' own clocks, without teardown" if self._workers else "kernel"
        self._before = 0.0

    def _now(self) -> float:
        seconds = time.process_time() + _children_seconds()
        if self._server and not self._workers:
            seconds += _fork_server_seconds() or 0.0
        return seconds

    def start(self) -> None:
        """Begin to count."""
        self._before = self._now()

    def stop(self, workers_ns: int) -> float:
        """Return the seconds since `start`; `workers_ns` is what the workers say of theirs."""
        return self._now() - self._before + (workers_ns * NANO if self._workers else 0.0)


def clock_cost(calls: int = 2_000) -> float:
    """Return what a call of `perf_counter_ns` costs here, in seconds: the instrument's own load."""
    from itertools import repeat  # noqa: PLC0415

    begin = time.perf_counter_ns()
    for _ in repeat(None, calls):
        time.perf_counter_ns()
    return (time.perf_counter_ns() - begin) * NANO / calls
