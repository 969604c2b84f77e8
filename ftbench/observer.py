"""The observer: watches the memory of a cell's process tree from outside, on the host's Python.

`python -m ftbench.observer` says hello, `{"reader": …, "cpu": …}` or `{"unavailable": reason}`, and
answers "observe" requests, a JSON line each, in answers behind `MARK`.  psutil's portable call
costs more CPU than the kernel file that it reads on Linux, and an observer must not be a load.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ftbench.errors import NotAvailableError
from ftbench.facts.profiles import INTERVAL_SECONDS
from ftbench.probe.run import MARK, streams
from ftbench.probe.run.child import session_of


class Memory(NamedTuple):
    """Bytes of one process: resident, unique, proportional; None where the system has none."""

    rss: int
    uss: int | None
    pss: int | None


_KEYS = (b"Rss:", b"Pss:", b"Private_Clean:", b"Private_Dirty:", b"Private_Hugetlb:")
_PAGE = 4096  # bytes read at once; the whole of smaps_rollup is below 1 KiB


class KernelReader:
    """Linux: `/proc/PID/smaps_rollup` (proc(5), kernel 4.14), kept open between looks."""

    name = "smaps_rollup"

    def __init__(self) -> None:
        self._open: dict[int, int] = {}

    def group(self, root: int) -> list[int]:
        """Return every process of the session that `root` leads, as the guard made it."""
        return session_of(root)

    def read(self, pid: int) -> Memory:
        """Return the memory of a process; one read of one file."""
        try:
            if pid not in self._open:
                self._open[pid] = os.open(f"/proc/{pid}/smaps_rollup", os.O_RDONLY)
            text = os.pread(self._open[pid], _PAGE, 0)
        except (FileNotFoundError, ProcessLookupError):
            raise ProcessLookupError(pid) from None
        sizes = dict.fromkeys(_KEYS, 0)
        for line in text.splitlines()[1:]:
            key, value = line.split()[:2]
            if key in sizes:
                sizes[key] = int(value) * 1024
        rss, pss, *private = sizes.values()
        if not rss:
            # A process that has ended but was not waited for has no memory left.
            raise ProcessLookupError(pid)
        return Memory(rss=rss, uss=sum(private), pss=pss)

    def close(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()


class PsutilReader:
    """Every system: `psutil.Process.memory_full_info`."""

    name = "psutil"

    def __init__(self) -> None:
        import psutil  # noqa: PLC0415 - the kernel reader does without

        self._psutil = psutil

    def group(self, root: int) -> list[int]:
        """Return `root` and all its descendants."""
        try:
            children = self._psutil.Process(root).children(recursive=True)
        except self._psutil.NoSuchProcess:
            return []
        return [root, *(child.pid for child in children)]

    def read(self, pid: int) -> Memory:
        """Return the memory of a process; macOS tells an ordinary user no more than `rss`."""
        try:
            process = self._psutil.Process(pid)
            try:
                sizes = process.memory_full_info()._asdict()
            except self._psutil.AccessDenied:
                sizes = process.memory_info()._asdict()
        except self._psutil.NoSuchProcess:
            raise ProcessLookupError(pid) from None
        except self._psutil.Error as error:
            raise PermissionError(str(error)) from error
        if not sizes["rss"]:  # ended, but not yet waited for
            raise ProcessLookupError(pid)
        return Memory(rss=sizes["rss"], uss=sizes.get("uss"), pss=sizes.get("pss") or None)

    def close(self) -> None:
        """Nothing is kept open."""


# Reads processes; one that is gone is `ProcessLookupError`, one that may not be read an `OSError`.
Reader = KernelReader | PsutilReader


def kernel_can() -> bool:
    """Return whether this system has `smaps_rollup`."""
    return sys.platform == "linux" and Path("/proc/self/smaps_rollup").exists()


def best_reader() -> Reader:
    """Return the cheapest reader of this system; raises `NotAvailableError` if there is none."""
    try:
        reader: Reader = KernelReader() if kernel_can() else PsutilReader()
        reader.read(os.getpid())
    except ImportError:
        raise NotAvailableError(f"{sys.executable} has no psutil") from None
    except OSError as error:
        raise NotAvailableError(f"not even its own memory can be read ({error})") from None
    return reader


# What the measured program does not notice when it ends.
MAY_END = ("fork server", "resource tracker", "other")


class WorkerGoneError(Exception):
    """A worker that was to be there is gone; its argument says which process that was."""


def look(reader: Reader, pids: Mapping[int, str]) -> list[dict[str, Any]]:
    """Return the memory of every process of pid → role; raises `WorkerGoneError` for a worker."""
    processes = []
    for pid, role in pids.items():
        try:
            memory = reader.read(pid)
        except ProcessLookupError:
            if role not in MAY_END:
                raise WorkerGoneError(pid) from None
            continue
        processes.append({"role": role, **memory._asdict()})
    return processes


def watch(
    reader: Reader,
    roles: Mapping[int, str],
    seconds: float,
    interval: float = INTERVAL_SECONDS,
) -> dict[str, Any]:
    """Look at the tree of pid → role for `seconds`, at least once, every `interval` seconds.

    Return the samples and the duty cycle.
    """
    root = next(pid for pid, role in roles.items() if role == "parent")
    # What the cell does not know of is there too; a helper of an earlier phase may be gone.
    pids = dict.fromkeys(reader.group(root), "other") | dict(roles)
    begin, cpu = time.monotonic(), time.process_time()
    samples = []
    while True:
        at = time.monotonic() - begin
        samples.append({"at": round(at, 4), "processes": look(reader, pids)})
        following = len(samples) * interval
        if following > seconds:
            break
        time.sleep(max(0.0, begin + following - time.monotonic()))
    cpu = time.process_time() - cpu
    passed = max(time.monotonic() - begin, len(samples) * interval)
    reader.close()
    return {
        "reader": reader.name,
        "interval": interval,
        "duty": round(cpu / passed, 5),  # CPU seconds of the observer over the time that passed
        "samples": samples,
    }


def _say(answer: dict[str, Any]) -> None:
    print(f"{MARK}{json.dumps(answer)}", flush=True)


def serve() -> int:
    """Answer requests until standard input closes."""
    try:
        reader = best_reader()
    except NotAvailableError as error:
        _say({"unavailable": error.message})
        return error.exit_code
    _say({"reader": reader.name, "cpu": time.process_time()})
    for line in sys.stdin:
        request = json.loads(line)
        roles = {int(pid): role for pid, role in request["roles"].items()}
        try:
            interval = request.get("interval", INTERVAL_SECONDS)
            _say(watch(reader, roles, request["seconds"], interval))
        except WorkerGoneError as error:
            _say({"gone": error.args[0]})
        except OSError as error:
            _say({"unreadable": f"{type(error).__name__}: {error}"})
    return 0


if __name__ == "__main__":
    streams.take()
    sys.exit(serve())
