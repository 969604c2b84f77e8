"""The memory that is added on purpose where a known growth is asked for: held to be seen alone.

It is loaded into what is looked at, so it is small, and reads as bytes, which loads nothing else.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Iterable

ROLLUP = "smaps_rollup"
_MOST = 4096  # bytes of one, which has less than 1 KiB


def weight(pids: Iterable[int], proc: str = "/proc") -> int:
    """Return the PSS of these processes, this one and multiprocessing's helpers, in bytes."""
    from ftbench.probe.run.observing import helper_pids  # noqa: PLC0415 - loaded where it counts

    total = 0
    for pid in {os.getpid(), *helper_pids(), *pids}:
        try:
            file = os.open(f"{proc}/{pid}/{ROLLUP}", os.O_RDONLY)
        except OSError as error:
            from ftbench.errors import NotAvailableError  # noqa: PLC0415 - it weighs something

            raise NotAvailableError(
                f"A share of the memory cannot be added: {error.strerror} ({ROLLUP})."
            ) from error
        total += int(os.read(file, _MOST).partition(b"\nPss:")[2].split(None, 1)[0]) * 1024
        os.close(file)
    return total


def ballast(share: float, pids: Iterable[int]) -> bytearray:
    """Return so large a share of what all weigh, every page of it written."""
    return bytearray(b"\1") * round(share * weight(pids))
