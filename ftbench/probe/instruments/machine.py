"""Tells which machine this is and how busy it is, with the standard library alone.

No host name, no user, no path: the record is published beside every figure.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ftbench.probe.instruments.affinity import isolated, numbers_of, text_of, usable

_CPU = Path("/sys/devices/system/cpu")

# A load above this share of the cores, before a run made one of its own, is somebody else's.
BUSY = 0.25


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def _cpuinfo(key: str) -> str | None:
    for line in (_text(Path("/proc/cpuinfo")) or "").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return None


def _cpu_model() -> str:
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _affinity() -> set[int]:
    """Return the CPUs that this process may run on; all where the system does not say."""
    return usable() or set(range(os.cpu_count() or 1))


def _quota() -> float | None:
    """Return the cgroup's CPU quota in cores, None where there is none (cgroup v2)."""
    quota, _, period = (_text(Path("/sys/fs/cgroup/cpu.max")) or "max").partition(" ")
    return None if quota == "max" else int(quota) / int(period or 100_000)


def _turbo() -> bool | None:
    no_turbo = _text(_CPU / "intel_pstate/no_turbo")
    if no_turbo is not None:
        return no_turbo == "0"
    boost = _text(_CPU / "cpufreq/boost")
    return None if boost is None else boost == "1"


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def _smt() -> bool | None:
    active = _text(_CPU / "smt/active")
    return None if active is None else active == "1"


def machine_record() -> dict[str, Any]:
    """Return what is known of this machine; None stands for "the system does not say"."""
    flags = _cpuinfo("flags")
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "usable_cores": len(_affinity()),
        "affinity": text_of(_affinity()),
        "isolated": text_of(isolated()),
        "quota_cores": _quota(),
        "smt": _smt(),
        "governor": _text(_CPU / "cpu0/cpufreq/scaling_governor"),
        "turbo": _turbo(),
        "virtual": None if flags is None else "hypervisor" in flags.split(),
        "memory_bytes": _memory_bytes(),
        "arch": platform.machine(),
        "system": platform.system(),
        "kernel": platform.release(),
    }


def advice(record: Mapping[str, Any], queue: float | None) -> tuple[str, ...]:
    """Return what would make figures steadier on this machine, a sentence each.

    `record` is a machine's record, `queue` the run queue's average before anything is measured.
    What cannot be changed from inside (a virtual machine) is on record and no advice.
    """
    said = []
    if record.get("governor") not in (None, "performance"):
        said.append(
            f"The CPU's governor is {record['governor']}: its clock follows the load. "
            "`sudo pyperf system tune` sets it for as long as you measure."
        )
    if record.get("turbo"):
        said.append(
            "Turbo is on: the clock depends on heat and on how many cores are at work. "
            "`sudo pyperf system tune` switches it off."
        )
    if record.get("smt"):
        said.append(
            "SMT is on: two workers may share a core. FTBENCH_PIN=core keeps to one thread per "
            "physical core, and is recorded."
        )
    if record.get("quota_cores"):
        said.append(
            f"A cgroup grants {record['quota_cores']:g} cores' time: workers that need more are "
            "stopped at times. Measure without a quota."
        )
    places = numbers_of(str(record.get("affinity") or ""))
    if places and places <= numbers_of(str(record.get("isolated") or "")):
        said.append(
            f"All CPUs that may be used ({record['affinity']}) are isolated: the kernel does not "
            "spread threads over them, and they pile up on one. Measure without isolated CPUs."
        )
    if queue is not None and queue > BUSY * (record.get("usable_cores") or 1):
        said.append(
            f"The load is {queue:g} already: something else runs. Runs that it disturbs are "
            "repeated and marked; a quiet machine is better."
        )
    return tuple(said)


def load() -> float | None:
    """Return the run queue's one-minute average, None on systems without one (Windows)."""
    if sys.platform == "win32":
        return None
    return round(os.getloadavg()[0], 2)
