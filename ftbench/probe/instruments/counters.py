"""What the operating system, and a build with pystats, count of a cell, once all is measured."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ftbench.probe.run import child
from ftbench.probe.run.child import session_of, stat_fields

_END_SECONDS = 0.5  # for a fork server that has nothing left to do
_POLL_SECONDS = 0.002

_FIELDS = {
    "cpu_seconds": ("ru_utime", "ru_stime"),
    "voluntary_switches": ("ru_nvcsw",),
    "involuntary_switches": ("ru_nivcsw",),
    "minor_faults": ("ru_minflt",),
}
_SWITCHES = {
    "voluntary_ctxt_switches": "voluntary_switches",
    "nonvoluntary_ctxt_switches": "involuntary_switches",
}


def tree_counters() -> dict[str, float]:
    """Return what this process and all below it used, {} on Windows; ends the fork server."""
    if sys.platform == "win32":
        return {}
    import resource  # noqa: PLC0415 - POSIX only

    end_fork_server()
    counted = dict.fromkeys(_FIELDS, 0.0)
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        for name, fields in _FIELDS.items():
            counted[name] += sum(getattr(usage, field) for field in fields)
    # The guard makes every cell the leader of a session of its own.
    for pid in session_of(os.getpid()):
        if pid != os.getpid():
            with suppress(OSError, ValueError, IndexError):  # it ends at this moment
                for name, value in _of_process(pid).items():
                    counted[name] += value
    seconds = counted.pop("cpu_seconds")
    return {"cpu_seconds": round(seconds, 6), **{name: int(n) for name, n in counted.items()}}


def end_fork_server() -> None:
    """End multiprocessing's fork server, if there is one; one that does not end is left alone."""
    # It ends when the last descriptor for its clients is closed; private names of 3.11 to 3.15.
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


def _of_process(pid: int) -> dict[str, float]:
    # Of a process that lives and the children it has waited for; see proc(5).
    numbers = stat_fields(pid)
    counted = {
        "minor_faults": float(int(numbers[7]) + int(numbers[8])),
        "cpu_seconds": sum(map(int, numbers[11:15])) / os.sysconf("SC_CLK_TCK"),
        "voluntary_switches": 0.0,
        "involuntary_switches": 0.0,
    }
    # The kernel has the switches of living threads alone.
    for status in Path(child.PROC, str(pid), "task").glob("*/status"):
        with suppress(OSError):
            text = status.read_text(encoding="utf-8", errors="replace")
            for name, value in re.findall(r"(?m)^(\w+_ctxt_switches):\s+(\d+)$", text):
                counted[_SWITCHES[name]] += int(value)
    return counted


# How Linux names the CPU clock of another process, all threads together (clock_getcpuclockid(3)):
# MAKE_PROCESS_CPUCLOCK and CPUCLOCK_SCHED of the kernel's posix-timers.h.
_SHIFT, _SCHEDULED = 3, 2


def knows_cpu_of_others() -> bool:
    """Return whether this system tells one process of another's CPU time: `cpu_seconds_of`."""
    return sys.platform == "linux"


def cpu_seconds_of(pids: Iterable[int]) -> float:
    """Return the CPU seconds that these processes have used; raises `OSError` if one ended."""
    return sum(time.clock_gettime(~pid << _SHIFT | _SCHEDULED) for pid in pids)


# The dump is text, "name: number" a line, of this process alone, into a file of a random name in
# this folder, or to standard error where there is none.
# Source: CPython, `Python/pystats.c`; `Python/specialize.c` before 3.15.
PYSTATS_FOLDER = Path("c:/temp/py_stats" if sys.platform == "win32" else "/tmp/py_stats")  # noqa: S108

# Our name → the line of the dump: totals that say why a program became slower.
_PYSTATS = {
    "instructions": r"\s*opcode\[\w+\]\.execution_count : (\d+)",
    "specialization_misses": r"\s*opcode\[\w+\]\.specialization\.miss : (\d+)",
    "deopts": r"\s*opcode\[\w+\]\.specialization\.deopt : (\d+)",
    "frames_pushed": r"Frames pushed: (\d+)",
    "allocations": r"Object allocations: (\d+)",
    "collections": r"GC\[\d\] collections: (\d+)",
    "mutex_sleeps": r"Mutex sleeps \(mutex_sleeps\): (\d+)",
    "world_stops": r"World stops \(world_stops\): (\d+)",
    "traces_executed": r"Optimization traces executed: (\d+)",
}


def begin_pystats() -> None:
    """Count from zero, where the build can."""
    for name in ("_stats_clear", "_stats_on"):
        call = getattr(sys, name, None)
        if call is not None:
            call()


def pystats_totals() -> dict[str, int]:
    """Stop counting and return the totals, {} where the build counts nothing."""
    stop, dump = getattr(sys, "_stats_off", None), getattr(sys, "_stats_dump", None)
    if stop is None or dump is None:
        return {}
    stop()
    import tempfile  # noqa: PLC0415 - for these builds alone

    before = _files()
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as heard:
        os.dup2(heard.fileno(), 2)
        try:
            dump()
            sys.stderr.flush()
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        heard.seek(0)
        text = heard.read().decode("utf-8", "replace")
    for file in _files() - before:  # the one that we have just written, but for a neighbour's
        if not text:
            with suppress(OSError):
                text = file.read_text(encoding="utf-8", errors="replace")
    return parse_pystats(text)


def _files() -> set[Path]:
    return set(PYSTATS_FOLDER.glob("*.txt"))


def parse_pystats(text: str) -> dict[str, int]:
    """Return the totals of a dump, without those that it does not have."""
    totals: dict[str, int] = {}
    for line in text.splitlines():
        for name, pattern in _PYSTATS.items():
            match = re.fullmatch(pattern, line.rstrip())
            if match:
                totals[name] = totals.get(name, 0) + int(match[1])
    return totals
