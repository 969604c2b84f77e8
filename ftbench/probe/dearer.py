"""What a worker does besides where a known slowdown is asked for (`Cell.extra`), and how much.

Steps of the generator, as many as take the time that is to be added: counted out once per process,
so that every round has the same.

Imported by workers: no imports but of what is light.
"""

from __future__ import annotations

from time import perf_counter_ns, thread_time_ns

from ftbench.probe.kernels import crunch
from ftbench.probe.pool_tasks import grind

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from ftbench.probe.kernels import Report

_STEPS, _TRIES = 20_000, 5


def steps_for(nanoseconds: float) -> int:
    """Return how many steps take so long in this thread, by the fastest of a few tries."""
    return round(nanoseconds / min(spin(_STEPS) for _ in range(_TRIES)) * _STEPS)


def spin(steps: int) -> int:
    """Do so many steps; return the nanoseconds that they took."""
    begin = perf_counter_ns()
    grind((1, steps))
    return perf_counter_ns() - begin


def crunching_time(kernel: str, units: int) -> int:
    """Return the nanoseconds that a kernel's units take in this thread, the fastest of a few."""
    reports = [crunch(kernel, units) for _ in range(_TRIES)]
    return min(end - begin for begin, end, _cpu, _checksum in reports)


def crunch_more(kernel: str, units: int, steps: int) -> Report:
    """`kernels.crunch`, and then so many steps in the same time."""
    begin, _end, cpu, checksum = crunch(kernel, units)
    more = thread_time_ns()
    grind((1, steps))
    return begin, perf_counter_ns(), cpu + thread_time_ns() - more, checksum
