"""What the operating system counts of a cell's whole process tree, once all of it is measured.

The kernel's own accounting, read once and outside of every timed interval: it covers the cell's
process from its start, its threads, and every process that it or its helpers have waited for.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

PROC = Path("/proc")
_END_SECONDS = 0.5  # for a fork server that has nothing left to do
_POLL_SECONDS = 0.002


def tree_effort() -> dict[str, float]:
    """Return CPU seconds, context switches and minor faults of this process and all below it.

    Empty where the system does not count (Windows).  Called last: it ends the fork server.
    """
    if sys.platform == "win32":
        return {}
    import resource  # noqa: PLC0415 - POSIX only

    end_fork_server()
    counted = dict.fromkeys(_FIELDS, 0.0)
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        for name, fields in _FIELDS.items():
            counted[name] += sum(getattr(usage, field) for field in fields)
    for pid in others_of_session(os.getpid()):
        with suppress(OSError, ValueError, IndexError):  # it ends at this moment
            for name, value in _of_process(PROC / str(pid)).items():
                counted[name] += value
    seconds = counted.pop("cpu_seconds")
    return {"cpu_seconds": round(seconds, 6), **{name: int(n) for name, n in counted.items()}}


_FIELDS = {
    "cpu_seconds": ("ru_utime", "ru_stime"),
    "voluntary_switches": ("ru_nvcsw",),
    "involuntary_switches": ("ru_nivcsw",),
    "minor_faults": ("ru_minflt",),
}


def end_fork_server() -> None:
    """End multiprocessing's fork server, if there is one, and wait for it.

    It has waited for the workers; what they did is counted as ours once we have waited for it.
    It ends when the last descriptor that tells it of clients is closed (`multiprocessing.
    forkserver`, private names, there in CPython 3.11 to 3.15).  One that does not is left alone.
    """
    module = sys.modules.get("multiprocessing.forkserver")
    server: Any = getattr(module, "_forkserver", None)
    pid = getattr(server, "_forkserver_pid", None)
    descriptor = getattr(server, "_forkserver_alive_fd", None)
    if pid is None or descriptor is None:
        return
    server._forkserver_alive_fd = None  # noqa: SLF001 - see above
    with suppress(OSError):
        os.close(descriptor)
        end = time.monotonic() + _END_SECONDS
        while os.waitpid(pid, os.WNOHANG) == (0, 0) and time.monotonic() < end:
            time.sleep(_POLL_SECONDS)


def others_of_session(leader: int) -> list[int]:
    """Return the processes of the cell's session but the leader, [] where /proc has none.

    The guard makes every cell the leader of a session of its own.
    """
    found = []
    with suppress(OSError):
        for entry in os.scandir(PROC):
            if entry.name.isdecimal() and int(entry.name) != leader:
                with suppress(OSError):
                    if os.getsid(int(entry.name)) == leader:
                        found.append(int(entry.name))
    return found


def _of_process(folder: Path) -> dict[str, float]:
    """Return what a process that still lives has used, and the children it has waited for.

    Source: proc(5).  The switches are those of its living threads: the kernel tells no others.
    """
    fields = (folder / "stat").read_text(encoding="utf-8", errors="replace")
    numbers = fields.rpartition(")")[2].split()
    counted = {
        "minor_faults": float(int(numbers[7]) + int(numbers[8])),
        "cpu_seconds": sum(map(int, numbers[11:15])) / os.sysconf("SC_CLK_TCK"),
        "voluntary_switches": 0.0,
        "involuntary_switches": 0.0,
    }
    for status in (folder / "task").glob("*/status"):
        with suppress(OSError):
            for line in status.read_text(encoding="utf-8", errors="replace").splitlines():
                name, _, value = line.partition(":")
                if name == "voluntary_ctxt_switches":
                    counted["voluntary_switches"] += int(value)
                elif name == "nonvoluntary_ctxt_switches":
                    counted["involuntary_switches"] += int(value)
    return counted


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
