"""What is added on purpose where a known slowdown is asked for (`Cell.extra`), and how much.

Time is added as steps of the generator, counted out once per process, so that every round has the
same.  Memory is added by `ballast`.
"""

from __future__ import annotations

from time import perf_counter_ns, thread_time_ns

from ftbench.probe.pool_tasks import grind

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ftbench.probe.workloads.kernels import Report, SliceReport

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
    from ftbench.probe.workloads.kernels import crunch  # noqa: PLC0415

    return _least(crunch(kernel, units) for _ in range(_TRIES))


def _least(reports: Iterable[tuple[int, ...]]) -> int:
    """Return the shortest by CPU time, which others do not lengthen, where its clock is fine."""
    return min(cpu or end - begin for begin, end, cpu, *_ in reports)


def crunch_more(
    kernel: str, units: int, steps: int, cpus: tuple[int, ...] = (), at: int = 0
) -> SliceReport:
    """`kernels.crunch`, and in each slice so many steps more."""
    from ftbench.probe.workloads.kernels import KERNELS, in_turn  # noqa: PLC0415

    work, _checksum = KERNELS[kernel]

    def more() -> int:
        total = sum(work() for _ in range(units))
        grind((1, steps))
        return total

    return in_turn(more, 1, cpus, at)


def with_more(do: Callable[[], Report], share: float) -> Callable[[], Report]:
    """Return what does the same, and steps for such a share of its time besides."""
    if not share:
        return do
    steps = steps_for(share * _least(do() for _ in range(_TRIES)))

    def both() -> Report:
        begin, end, cpu, checksum = do()
        before = thread_time_ns()
        end += spin(steps)
        return begin, end, cpu + thread_time_ns() - before, checksum

    return both
