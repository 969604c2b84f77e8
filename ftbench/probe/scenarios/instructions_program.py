"""What `instructions` counts: a program that loads its work, does it and tells its checksums."""

from __future__ import annotations

import sys

from ftbench.probe.run import MARK

TYPE_CHECKING = False  # as in `kernels`
if TYPE_CHECKING:
    from collections.abc import Callable

# So long that a thread lets go of a GIL when it has to wait or has ended, never by the clock.
_SWITCH_SECONDS = 3600.0


def work_of(kernel: str, pattern: str) -> Callable[[int], int]:
    """Return what does a pattern, or without one a kernel, so many times; it returns a checksum."""
    if pattern:
        from ftbench.probe.scenarios import must_scale_patterns  # noqa: PLC0415 - not of a kernel

        return must_scale_patterns.work_of(pattern)
    from ftbench.probe.workloads.kernels import KERNELS, SMALL, timed  # noqa: PLC0415

    work, _checksum = KERNELS.get(kernel) or SMALL[kernel]
    return lambda turns: timed(work, turns)[3]


def main(kernel: str, pattern: str, *numbers: str) -> None:
    """Have so many threads do so many turns so many times; one is the main thread."""
    threads, turns, times = map(int, numbers)
    work = work_of(kernel, pattern)
    checksums: list[int] = []

    def share() -> None:
        checksums.extend([work(turns) for _ in range(times)])

    if threads == 1:
        share()
    else:
        import threading  # noqa: PLC0415

        sys.setswitchinterval(_SWITCH_SECONDS)
        workers = [threading.Thread(target=share) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    print(f"{MARK}{int(gil)}", *checksums)


if __name__ == "__main__":
    main(*sys.argv[1:])
