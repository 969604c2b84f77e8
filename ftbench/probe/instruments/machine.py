"""This machine, without names and paths: what it is, how busy, on which CPUs a cell may run."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ftbench.errors import UsageError, unknown
from ftbench.probe.instruments.inherited import inherited
from ftbench.probe.instruments.kernel import quota_cores, text_at

SYSTEM_CPUS = Path("/sys/devices/system/cpu")

# `FTBENCH_PIN=core` holds a cell, with all that it starts, to one logical CPU of each core.  With
# one CPU for each thread, one would wait behind its neighbour while another core is idle.
PIN_VARIABLE = "FTBENCH_PIN"
PIN_TO_CORES = "core"
PINNED = "one thread per core"

# A load above this share of the cores, before a run made one of its own, is somebody else's.
BUSY = 0.25


def numbers_of(text: str) -> set[int]:
    """Return the CPUs that a list of the kernel's names (`0-3,8`); raises `ValueError`."""
    cpus: set[int] = set()
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        cpus.update(range(int(first), int(last or first) + 1))
    return cpus


def text_of(numbers: Iterable[int]) -> str:
    """Return CPUs as the kernel lists them."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(f"{a}" if a == b else f"{a}-{b}" for a, b in runs)


def usable() -> set[int] | None:
    """Return the CPUs that this process may run on, None where the system does not say."""
    return set(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def isolated() -> set[int]:
    """Return the CPUs that the kernel's scheduler does not balance over."""
    return _list_at(SYSTEM_CPUS / "isolated")


def _list_at(path: Path) -> set[int]:
    try:
        return numbers_of(text_at(path) or "")
    except ValueError:
        return set()


def one_per_core(numbers: Iterable[int]) -> list[int]:
    """Return the first CPU of each physical core among these; one without siblings is a core."""
    chosen: list[int] = []
    taken: set[int] = set()
    for number in sorted(numbers):
        topology = SYSTEM_CPUS / f"cpu{number}" / "topology"
        siblings = _list_at(topology / "core_cpus_list")
        siblings = siblings or _list_at(topology / "thread_siblings_list")  # until Linux 5.4
        if number not in taken:
            chosen.append(number)
        taken |= siblings
    return chosen


def placed(environ: Mapping[str, str]) -> list[int] | None:
    """Return the CPUs that `FTBENCH_PIN` holds a cell to, None where unset; raises `UsageError`."""
    word = environ.get(PIN_VARIABLE)
    if not word:
        return None
    if word != PIN_TO_CORES:
        raise unknown(PIN_VARIABLE, word, [PIN_TO_CORES])
    numbers = usable()
    if numbers is None:
        raise UsageError(f"{PIN_VARIABLE}: this system does not let a program choose its CPUs.")
    chosen = one_per_core(numbers - isolated())
    if not chosen:
        # The kernel's scheduler does not balance over isolated CPUs (`isolcpus`).
        raise UsageError(
            f"{PIN_VARIABLE}: all CPUs that this process may use ({text_of(numbers)}) are "
            "isolated; threads that are put there together stay on one.",
            hint="Start it without isolated CPUs: taskset says which ones it gets.",
        )
    return chosen


def _cpuinfo(key: str) -> str | None:
    match = re.search(rf"^{key}\s*: *(.*)$", text_at(Path("/proc/cpuinfo")) or "", re.MULTILINE)
    return match and match[1].strip()


def _switch(name: str, on: str = "1") -> bool | None:
    text = text_at(SYSTEM_CPUS / name)
    return None if text is None else text == on


def _turbo() -> bool | None:
    intel = _switch("intel_pstate/no_turbo", on="0")
    return _switch("cpufreq/boost") if intel is None else intel


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


# What tells processors apart, on x86 and on ARM.
_PROCESSOR = (
    *("vendor_id", "cpu family", "model", "stepping", "model name"),
    *(f"CPU {word}" for word in ("implementer", "part", "variant", "revision")),
)


def lasting() -> list[object]:
    """Return what a machine, virtual or not, keeps over restarts, updates of its kernel and pins.

    Of memory its class, for a kernel keeps some for itself: the next of 16, 24, 32, 48 GiB...
    """
    memory = (_memory_bytes() or 0) / 2**30
    classes = (size / 4 for power in range(1, 30) for size in (2**power, 3 * 2 ** (power - 1)))
    return [
        *map(_cpuinfo, _PROCESSOR),
        *(platform.machine(), platform.system(), _cores()),
        next(size for size in classes if size >= memory),
        text_at(Path("/etc/machine-id")),  # tells hosts apart that share their users' homes
    ]


def _cores() -> int | None:
    # Not os.cpu_count: PYTHON_CPU_COUNT is the caller's word, some systems' answer the affinity.
    return len(_list_at(SYSTEM_CPUS / "online")) or os.cpu_count()


def machine_record() -> dict[str, Any]:
    """Return what is known of this machine, None for what the system does not say."""
    flags = _cpuinfo("flags")
    cores = _cores()
    affinity = usable() or range(cores or 1)
    return {
        "cpu": _cpuinfo("model name") or platform.processor() or platform.machine(),
        "cores": cores,
        "usable_cores": len(affinity),
        "affinity": text_of(affinity),
        "isolated": text_of(isolated()),
        "quota_cores": quota_cores(),
        "smt": _switch("smt/active"),
        "governor": text_at(SYSTEM_CPUS / "cpu0/cpufreq/scaling_governor"),
        "turbo": _turbo(),
        "virtual": None if flags is None else "hypervisor" in flags.split(),
        "memory_bytes": _memory_bytes(),
        "arch": platform.machine(),
        "system": platform.system(),
        "kernel": platform.release(),
        **inherited(),
    }


def advice(record: Mapping[str, Any], queue: float | None) -> tuple[str, ...]:
    """Return what would make figures steadier here, a sentence each; `queue` is of before."""
    sentences = []
    if record.get("governor") not in (None, "performance"):
        sentences.append(
            f"The CPU's governor is {record['governor']}: its clock follows the load. "
            "`sudo pyperf system tune` sets it for as long as you measure."
        )
    if record.get("turbo"):
        sentences.append(
            "Turbo is on: the clock depends on heat and on how many cores are at work. "
            "`sudo pyperf system tune` switches it off."
        )
    if record.get("smt"):
        sentences.append(
            "SMT is on: two workers may share a core. FTBENCH_PIN=core keeps to one thread per "
            "physical core, and is recorded."
        )
    if record.get("quota_cores"):
        sentences.append(
            f"A cgroup grants {record['quota_cores']:g} cores' time: workers that need more are "
            "stopped at times. Measure without a quota."
        )
    places = numbers_of(str(record.get("affinity") or ""))
    if places and places <= numbers_of(str(record.get("isolated") or "")):
        sentences.append(
            f"All CPUs that may be used ({record['affinity']}) are isolated: the kernel does not "
            "spread threads over them, and they pile up on one. Measure without isolated CPUs."
        )
    if queue is not None and queue > BUSY * (record.get("usable_cores") or 1):
        sentences.append(
            f"The load is {queue:g} already: something else runs. What it disturbs is "
            "marked; a quiet machine is better."
        )
    return tuple(sentences)


def load() -> float | None:
    """Return the run queue's one-minute average, None on systems without one (Windows)."""
    if sys.platform == "win32":
        return None
    return round(os.getloadavg()[0], 2)
