"""The manager whose process holds a shared dict; imported by it alone when it is spawned."""

from __future__ import annotations

from multiprocessing.managers import SyncManager
from time import process_time_ns


class Clock:
    """Lives in the manager's process and tells its CPU time."""

    def cpu_ns(self) -> int:
        """Return it in nanoseconds."""
        return process_time_ns()


class Manager(SyncManager):
    """`multiprocessing.Manager()` with one more type, so that its CPU is counted everywhere."""


Manager.register("clock", Clock)
