"""The memory of a process tree, read at a fixed interval, and the observer's own cost.

There are two readers: psutil's portable call costs more CPU per look than the kernel file that it
reads on Linux (`python -m ftbench.observer --cost` shows both), and an observer must not be a load.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from ftbench.errors import NotAvailableError
from ftbench.facts.profiles import INTERVAL_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes of one process: resident, unique, proportional; None where the system has none."""

    rss: int
    uss: int | None
    pss: int | None


class Reader(Protocol):
    """Reads processes; a process that is gone is `ProcessLookupError`."""

    name: str

    def group(self, root: int) -> list[int]:
        """Return the pids of the cell's whole tree, `root` among them."""

    def read(self, pid: int) -> Memory:
        """Return the memory of a process now."""

    def close(self) -> None:
        """Let go of what is open."""


_KEYS = (b"Rss:", b"Pss:", b"Private_Clean:", b"Private_Dirty:", b"Private_Hugetlb:")
_PAGE = 4096  # bytes read at once; the whole of smaps_rollup is below 1 KiB


class KernelReader:
    """Linux: `/proc/PID/smaps_rollup` (proc(5), kernel 4.14), kept open between looks."""

    name = "smaps_rollup"

    def __init__(self) -> None:
        """Nothing is open yet."""
        self._open: dict[int, int] = {}

    def group(self, root: int) -> list[int]:
        """Return every process of the process group that `root` leads, as the guard made it."""
        return [pid for pid in _processes() if _group_of(pid) == root]

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
        """Close all files."""
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()


def _processes() -> Iterable[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except OSError:
        return None


class PsutilReader:
    """Every system: `psutil.Process.memory_full_info`."""

    name = "psutil"

    def __init__(self) -> None:
        """Raise `ImportError` where there is no psutil."""
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
                known = process.memory_full_info()._asdict()
            except self._psutil.AccessDenied:
                known = process.memory_info()._asdict()
        except self._psutil.NoSuchProcess:
            raise ProcessLookupError(pid) from None
        if not known["rss"]:  # ended, but not yet waited for
            raise ProcessLookupError(pid)
        return Memory(rss=known["rss"], uss=known.get("uss"), pss=known.get("pss") or None)

    def close(self) -> None:
        """Nothing is kept open."""


def kernel_can() -> bool:
    """Return whether this system has `smaps_rollup`."""
    return sys.platform == "linux" and Path("/proc/self/smaps_rollup").exists()


def best_reader() -> Reader:
    """Return the cheapest reader of this system; raises `NotAvailableError` if there is none."""
    if kernel_can():
        return KernelReader()
    try:
        return PsutilReader()
    except ImportError:
        raise NotAvailableError(f"{sys.executable} has no psutil") from None


# What the measured program does not notice when it ends.
MAY_END = ("fork server", "resource tracker", "other")


class WorkerGoneError(Exception):
    """A worker that was to be there is gone; `pid` says which."""

    def __init__(self, pid: int) -> None:
        """Remember the process."""
        super().__init__(pid)
        self.pid = pid


def look(reader: Reader, pids: Mapping[int, str]) -> list[dict[str, Any]]:
    """Return the memory of every process of pid → role that is still there.

    Raises `WorkerGoneError` when a worker is not.
    """
    seen = []
    for pid, role in pids.items():
        try:
            memory = reader.read(pid)
        except ProcessLookupError:
            if role not in MAY_END:
                raise WorkerGoneError(pid) from None
            continue
        seen.append({"role": role, **asdict(memory)})
    return seen


def watch(
    reader: Reader,
    roles: Mapping[int, str],
    seconds: float,
    interval: float = INTERVAL_SECONDS,
) -> dict[str, Any]:
    """Look at the tree for `seconds`, at least once; return the samples and the duty cycle.

    `interval` is from the beginning of one look to that of the next, in seconds.  `roles` is
    pid → role as the cell knows them; what else is in the tree is "other".  The duty cycle is the
    observer's CPU time over the time that passed.
    """
    root = next(pid for pid, role in roles.items() if role == "parent")
    pids = dict.fromkeys(reader.group(root), "other") | dict(roles)
    # A helper of an earlier phase may be gone; the tree is what is there now.
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
        "duty": round(cpu / passed, 5),
        "samples": samples,
    }
