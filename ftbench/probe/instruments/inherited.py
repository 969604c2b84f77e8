"""What a measured process has from its caller or its system, and cannot be freed of: on record.

A figure under other circumstances is no other release's (`CONDITIONS` in analysis).  No path and no
name of a cgroup is in it; only Linux tells all of it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ftbench.facts.variables import KEPT
from ftbench.probe.instruments import kernel
from ftbench.probe.instruments.kernel import memory_limit, quota_cores, text_at

HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage")
PRELOADS = Path("/etc/ld.so.preload")

# Those that change figures: of each thread's stack, of what an allocator may take.
_LIMITS = {"stack": "RLIMIT_STACK", "data": "RLIMIT_DATA", "address space": "RLIMIT_AS"}
# proc(5), `/proc/self/status`: what makes system calls or branches dearer.
_STATE = {
    "Seccomp": "seccomp",
    "Speculation_Store_Bypass": "store bypass",
    "SpeculationIndirectBranch": "indirect branches",
}

# proc(5), `/proc/PID/stat`, counted from its third field; sched(7).
_NICE, _POLICY = 16, 38
_POLICIES = {"0": "other", "1": "fifo", "2": "rr", "3": "batch", "5": "idle", "6": "deadline"}


def inherited(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return what is known of this process, None for what the system does not say."""
    status = dict(
        line.split(":\t", 1)
        for line in (text_at(kernel.PROC / "self" / "status") or "").splitlines()
        if ":\t" in line
    )
    return {
        "huge_pages": _huge_pages(status),
        "scheduling": _scheduling(),
        "cgroup": _cgroup(),
        "limits": _limits(),
        "process": _process(status),
        "libraries": _libraries(environ),
    }


def _huge_pages(status: Mapping[str, str]) -> str | None:
    """Return the kernel's choice, and those of single sizes that say otherwise."""
    chosen = _chosen(HUGE_PAGES / "enabled")
    if chosen is None:
        return None
    words = [chosen, f"defrag {_chosen(HUGE_PAGES / 'defrag')}"]
    for folder in sorted(HUGE_PAGES.glob("hugepages-*")):
        of_size = _chosen(folder / "enabled")
        if of_size not in {None, "never", "inherit"}:
            words.append(f"{folder.name.removeprefix('hugepages-')} {of_size}")
    if status.get("THP_enabled") == "0":  # prctl(2), PR_SET_THP_DISABLE
        words.append("off for this process")
    return ", ".join(words)


def _chosen(path: Path) -> str | None:
    match = re.search(r"\[([\w+]+)\]", text_at(path) or "")
    return match and match[1]


def _scheduling() -> str | None:
    fields = (text_at(kernel.PROC / "self" / "stat") or "").rpartition(")")[2].split()
    if len(fields) < _POLICY + 1:  # from the third field on
        return f"nice {os.getpriority(os.PRIO_PROCESS, 0)}" if hasattr(os, "getpriority") else None
    policy, priority, nice = (fields[place] for place in (_POLICY, _POLICY - 1, _NICE))
    name = _POLICIES.get(policy, f"policy {policy}")
    return f"{name}, nice {nice}" + (f", priority {priority}" if priority != "0" else "")


def _cgroup() -> str | None:
    if not (kernel.PROC / "self" / "cgroup").exists():
        return None
    # Not its share: that counts only beside others, and what others take is on record.
    return f"CPU quota {quota_cores() or 'none'}, memory limit {memory_limit() or 'none'}"


def _limits() -> str | None:
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return None
    limits = {
        title: resource.getrlimit(getattr(resource, name))[0]
        for title, name in _LIMITS.items()
        if hasattr(resource, name)
    }
    return ", ".join(
        f"{title} {'none' if limit == resource.RLIM_INFINITY else limit}"
        for title, limit in limits.items()
    )


def _process(status: Mapping[str, str]) -> str | None:
    words = [f"{title} {status[name]}" for name, title in _STATE.items() if name in status]
    words += ["traced"] if status.get("TracerPid", "0") != "0" else []
    for name, title in (("timerslack_ns", "timer slack"), ("personality", "personality")):
        text = text_at(kernel.PROC / "self" / name)
        words += [f"{title} {text}"] if text else []
    return ", ".join(words) or None


def _libraries(environ: Mapping[str, str]) -> str:
    """Return what leads to other libraries than the build's own, by a checksum each."""
    import binascii  # noqa: PLC0415

    texts = {name: environ.get(name) for name in KEPT} | {PRELOADS.name: text_at(PRELOADS)}
    sums = {name: binascii.crc32(os.fsencode(text)) for name, text in texts.items() if text}
    return ", ".join(f"{name} {number:08x}" for name, number in sums.items()) or "the build's own"
