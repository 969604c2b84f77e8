"""Reads the kernel's files: one, and those of the cgroups above this process; only Linux has them.

A limit may be set at any place on the way up, by version 1 or 2 of cgroups; the tightest holds.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple

PROC = Path("/proc")
# Version 2 is also looked for where it usually is: a container may see no mount of it.
USUAL = Path("/sys/fs/cgroup")


def text_at(path: Path) -> str | None:
    """Return what a file of the kernel says, None where there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except (OSError, ValueError):  # no file can have such a name
        return None


def cgroups(controller: str) -> list[Path]:
    """Return the folders of the cgroups above this process that may have `controller`."""
    own: dict[bool, PurePosixPath] = {}  # whether it is of version 2 → where we are in it
    for line in (text_at(PROC / "self" / "cgroup") or "").splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        if not controllers or controller in controllers.split(","):
            own[not controllers] = PurePosixPath(path)
    found: dict[Path, None] = {}
    for unified, root, place in [(True, "/", USUAL), *_mounts(controller)]:
        if unified in own:
            # Of what is mounted elsewhere than above us, the top is all that can be seen.
            us = own[unified]
            inside = us.relative_to(root) if us.is_relative_to(root) else PurePosixPath()
            if ".." in inside.parts:
                inside = PurePosixPath()
            found |= dict.fromkeys(place / each for each in (inside, *inside.parents))
    return list(found)


def _mounts(controller: str) -> Iterator[tuple[bool, str, Path]]:
    """Yield the hierarchies that are mounted: whether of version 2, from which cgroup on, where."""
    for line in (text_at(PROC / "self" / "mountinfo") or "").splitlines():
        before, _, after = line.partition(" - ")
        with suppress(ValueError):
            root, place = before.split()[3:5]
            kind, _source, options = after.split(maxsplit=2)
            if kind == "cgroup2" or (kind == "cgroup" and controller in options.split(",")):
                yield kind == "cgroup2", root, Path(place.replace(r"\040", " "))


def quota_cores() -> float | None:
    """Return how many cores' time the tightest quota above this process grants, None without."""
    texts = [
        text_at(folder / "cpu.max")
        or f"{text_at(folder / 'cpu.cfs_quota_us')} {text_at(folder / 'cpu.cfs_period_us')}"
        for folder in cgroups("cpu")
    ]
    quotas = [text.split() for text in texts if re.fullmatch(r"[1-9]\d{,17} [1-9]\d{,17}", text)]
    return min((int(quota) / int(period) for quota, period in quotas), default=None)


def memory_limit() -> int | None:
    """Return the bytes that the tightest cgroup above this process grants, None without."""
    files = "memory.max", "memory.high", "memory.limit_in_bytes"
    texts = [text_at(folder / each) or "" for folder in cgroups("memory") for each in files]
    # Version 1 writes the largest number of pages that there is for none.
    limits = [int(text) for text in texts if re.fullmatch(r"\d{1,18}", text)]
    return min(limits, default=None)


class Throttled(NamedTuple):
    """How often quotas above this process have stopped it since they were set, and for how long."""

    times: int = 0
    seconds: float = 0.0


def throttled() -> Throttled:
    """Return what the kernel has counted by now."""
    counts = Counter[str]()
    for folder in cgroups("cpu"):
        for name, number in re.findall(r"(\w+) (\d{1,18})\b", text_at(folder / "cpu.stat") or ""):
            counts[name] += int(number)
    seconds = counts["throttled_usec"] / 1e6 + counts["throttled_time"] / 1e9
    return Throttled(counts["nr_throttled"], seconds)
