"""What a measured process has from its caller or system and cannot be freed of, without paths.

Figures that differ in it are not compared (`CONDITIONS` in results).  Only Linux tells it all.
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

# sched(7)
_POLICIES = {"0": "other", "1": "fifo", "2": "rr", "3": "batch", "5": "idle", "6": "deadline"}


def inherited(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return what is known of this process, None for what the system does not say."""
    own = kernel.PROC / "self"  # proc(5)
    status = _found(own / "status", r"^(\w+):\t(.*)$")
    stat = (text_at(own / "stat") or "").rpartition(")")[2].split() or None  # from its third field
    libraries = {name: environ.get(name) for name in KEPT} | {PRELOADS.name: text_at(PRELOADS)}
    return {
        "huge_pages": _told({**_huge_pages(), "here": status.get("THP_enabled")}),
        "scheduling": stat
        and f"{_POLICIES.get(stat[38], stat[38])}, nice {stat[16]}, priority {stat[37]}",
        # Not its share: that counts only beside others, and what others take is on record.
        "cgroup": f"CPU quota {quota_cores() or 'none'}, memory limit {memory_limit() or 'none'}",
        # Of each thread's stack, of what an allocator may take.
        "limits": _told(
            _found(own / "limits", r"^Max (stack size|data size|address space) +(\w+)")
        ),
        # What makes system calls, branches and sleeps dearer.
        "process": _told(
            {
                "seccomp": status.get("Seccomp"),
                "store bypass": status.get("Speculation_Store_Bypass"),
                "indirect branches": status.get("SpeculationIndirectBranch"),
                "traced": None if status.get("TracerPid", "0") == "0" else "yes",
                "timer slack": text_at(own / "timerslack_ns"),
                "personality": text_at(own / "personality"),
            }
        ),
        "libraries": _told({name: _sum(text) for name, text in libraries.items() if text})
        or "the build's own",
    }


def _told(facts: Mapping[str, object]) -> str | None:
    return ", ".join(f"{name} {fact}" for name, fact in facts.items() if fact is not None) or None


def _found(path: Path, pattern: str) -> dict[str, str]:
    return dict(re.findall(pattern, text_at(path) or "", re.MULTILINE))


def _huge_pages() -> dict[str, str]:
    """Return the kernel's choices, of single sizes those that say otherwise."""
    files = HUGE_PAGES / "enabled", HUGE_PAGES / "defrag", *sorted(HUGE_PAGES.glob("*/enabled"))
    chosen = {path: re.search(r"\[(.+)\]", text_at(path) or "") for path in files}
    return {
        str(path.relative_to(HUGE_PAGES)).removesuffix("/enabled"): match[1]
        for path, match in chosen.items()
        if match and (path.parent == HUGE_PAGES or match[1] not in {"never", "inherit"})
    }


def _sum(text: str) -> str:
    import binascii  # noqa: PLC0415

    return f"{binascii.crc32(os.fsencode(text)):08x}"
