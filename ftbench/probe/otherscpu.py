"""CPU time of processes that are still at work: what a pool's workers have used so far."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

# How Linux names the CPU clock of another process, all of its threads together, in nanoseconds.
# Source: MAKE_PROCESS_CPUCLOCK and CPUCLOCK_SCHED of the kernel's posix-timers.h, which is what
# clock_getcpuclockid(3) returns.
_SHIFT, _SCHEDULED = 3, 2


def told() -> bool:
    """Return whether this system tells one process of another's CPU time."""
    return sys.platform == "linux"


def used(pids: Iterable[int]) -> float:
    """Return the CPU seconds that these processes have used; raises `OSError` for one that ended.

    Call it only where they are `told`.
    """
    return sum(time.clock_gettime(~pid << _SHIFT | _SCHEDULED) for pid in pids)
