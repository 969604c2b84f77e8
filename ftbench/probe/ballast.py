"""Memory that is held for nothing but to be seen: a known growth (`Cell.extra`)."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ftbench.errors import NotAvailableError
from ftbench.probe.crews import helper_pids

ROLLUP = "smaps_rollup"


def weight(pids: Iterable[int], proc: str = "/proc") -> int:
    """Return the bytes of processes by PSS, of this one and of multiprocessing's helpers too.

    Raises `NotAvailableError` where the system does not tell.
    """
    total = 0
    for pid in {os.getpid(), *helper_pids(), *pids}:
        try:
            # Not by pathlib, which would weigh more than what is to be added.
            with open(f"{proc}/{pid}/{ROLLUP}", encoding="ascii") as file:  # noqa: PTH123
                lines = list(file)
        except OSError as error:
            raise NotAvailableError(
                f"A share of the memory cannot be added: {error.strerror} ({ROLLUP})."
            ) from error
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


def ballast(share: float, pids: Iterable[int]) -> bytearray:
    """Return so large a share of what all weigh, every page of it written."""
    return bytearray(b"\1") * round(share * weight(pids))
