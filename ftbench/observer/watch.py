"""Watches a process tree: looks at every process at a fixed interval, and at its own cost."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ftbench.facts.profiles import INTERVAL_SECONDS
from ftbench.observer.readers import Reader

__all__ = ["INTERVAL_SECONDS", "WorkerGoneError", "look", "watch"]


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
