"""Where a cell may run: all CPUs that it is given, or one of each physical core.

`FTBENCH_PIN=core` holds a cell, with everything that it starts, to one logical CPU of each core.
So no two of its threads share a core's two halves, and each still goes where there is room: with
more workers than cores, a thread tied to one CPU would wait behind its neighbour while another
core is idle.  CPUs that the kernel keeps out of its balancing (`isolcpus`) are left out: threads
that are put there together stay on one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ftbench.errors import UsageError, unknown

SYSTEM = Path("/sys/devices/system/cpu")
VARIABLE = "FTBENCH_PIN"
CORE = "core"
SAID = "one thread per core"


def numbers_of(text: str) -> set[int]:
    """Return the CPUs that a list of the kernel's names (`0-3,8`); raises `ValueError`."""
    found: set[int] = set()
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


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
    return _list_at(SYSTEM / "isolated")


def _list_at(path: Path) -> set[int]:
    try:
        return numbers_of(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return set()


def one_per_core(numbers: Iterable[int]) -> list[int]:
    """Return the first CPU of each physical core among these; one of which nothing is said is one.

    Source: the kernel's `topology/core_cpus_list`, until 5.4 `thread_siblings_list`.
    """
    chosen: list[int] = []
    taken: set[int] = set()
    for number in sorted(numbers):
        topology = SYSTEM / f"cpu{number}" / "topology"
        siblings = _list_at(topology / "core_cpus_list")
        siblings = siblings or _list_at(topology / "thread_siblings_list")
        if number not in taken:
            chosen.append(number)
        taken |= siblings
    return chosen


def placed(environ: Mapping[str, str]) -> list[int] | None:
    """Return the CPUs that `FTBENCH_PIN` holds a cell to, None where it is not set.

    Raises `UsageError` for another word than `core`, and where it cannot be done.
    """
    word = environ.get(VARIABLE)
    if not word:
        return None
    if word != CORE:
        raise unknown(VARIABLE, word, [CORE])
    numbers = usable()
    if numbers is None:
        raise UsageError(f"{VARIABLE}: this system does not let a program choose its CPUs.")
    chosen = one_per_core(numbers - isolated())
    if not chosen:
        raise UsageError(
            f"{VARIABLE}: all CPUs that this process may use ({text_of(numbers)}) are isolated; "
            "threads that are put there together stay on one.",
            hint="Start it without isolated CPUs: taskset says which ones it gets.",
        )
    return chosen
