"""Reads the kernel's files: one, and those of the cgroups above this process.

A cgroup's limit may be set at any place on the way up, by version 1 or 2; the tightest holds.  Only
Linux has such files; elsewhere nothing is limited and nothing is counted.
"""

from __future__ import annotations

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
    except OSError:
        return None


def _lines(name: str) -> list[str]:
    return (text_at(PROC / "self" / name) or "").splitlines()


def cgroups(controller: str) -> list[Path]:
    """Return the folders of the cgroups above this process that may have `controller`.

    Sources: cgroups(7) for `/proc/self/cgroup`, proc(5) for `mountinfo`.
    """
    own: dict[bool, str] = {}  # whether it is of version 2 → where we are in the hierarchy
    for line in _lines("cgroup"):
        _number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers or controller in controllers.split(","):
            own[not controllers] = path
    places = [(True, "/", USUAL), *_mounts(controller)]
    return list(
        dict.fromkeys(
            folder
            for unified, root, place in places
            if unified in own
            for folder in _upwards(own[unified], root, place)
        )
    )


def _mounts(controller: str) -> Iterator[tuple[bool, str, Path]]:
    """Yield the hierarchies that are mounted: whether of version 2, from which cgroup on, where."""
    for line in _lines("mountinfo"):
        before, _, after = line.partition(" - ")
        with suppress(ValueError):
            root, place = before.split()[3:5]
            kind, _source, options = after.split(maxsplit=2)
            if kind == "cgroup2" or (kind == "cgroup" and controller in options.split(",")):
                yield kind == "cgroup2", root, Path(place.replace(r"\040", " "))


def _upwards(path: str, root: str, place: Path) -> Iterator[Path]:
    try:
        folder = place / PurePosixPath(path).relative_to(root)
    except ValueError:  # we are outside of what is mounted there: its top is all that can be seen
        folder = place
    yield folder
    while folder != place:
        folder = folder.parent
        yield folder


def quota_cores() -> float | None:
    """Return how many cores' time the tightest quota above this process grants, None without."""
    quotas = [quota for folder in cgroups("cpu") if (quota := _quota(folder)) is not None]
    return min(quotas, default=None)


def _quota(folder: Path) -> float | None:
    files = "cpu.cfs_quota_us", "cpu.cfs_period_us"
    words = (text_at(folder / "cpu.max") or "").split()
    words = words or [text_at(folder / each) or "" for each in files]
    with suppress(ValueError, ZeroDivisionError):
        quota, period = map(float, words)  # `max` is none, as is -1
        return quota / period if quota > 0 else None
    return None


def memory_limit() -> int | None:
    """Return the bytes that the tightest cgroup above this process grants, None without."""
    files = "memory.max", "memory.high", "memory.limit_in_bytes"
    texts = [text_at(folder / each) for folder in cgroups("memory") for each in files]
    limits = [int(text) for text in texts if text and text.isdecimal()]
    # Version 1 writes the largest number of pages that there is for none.
    return min((limit for limit in limits if limit < 2**62), default=None)


class Throttled(NamedTuple):
    """How often quotas above this process have stopped it since they were set, and for how long."""

    times: int = 0
    seconds: float = 0.0


def throttled() -> Throttled:
    """Return what the kernel has counted by now."""
    times, seconds = 0, 0.0
    for folder in cgroups("cpu"):
        words = (text_at(folder / "cpu.stat") or "").split()
        with suppress(ValueError):
            counts = {name: int(count) for name, count in zip(words[::2], words[1::2], strict=True)}
            times += counts.get("nr_throttled", 0)
            seconds += counts.get("throttled_usec", 0) / 1e6 + counts.get("throttled_time", 0) / 1e9
    return Throttled(times, seconds)
