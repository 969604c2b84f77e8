"""What a worker of hybrid runs: it takes what others have fetched, and crunches it.

Imported by every spawned worker and inside subinterpreters: no imports but of the standard
library's lightest modules.
"""

from __future__ import annotations

from array import array
from time import perf_counter_ns

from ftbench.probe.pool_tasks import grind

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from typing import Any


def payload_of(number: int) -> bytes:
    """Return what is fetched as item `number`: 1 KiB that begins with the seed of its work."""
    return bytes((number % 16,)) * 1024


def crunch(payload: bytes, steps: int) -> int:
    """Return the checksum of an item: that many steps of the generator from its seed."""
    return grind((payload[0], steps))


def crunching(queue: Any, steps: int) -> tuple[int, int, int, bytes]:
    """Crunch what comes until None comes.

    Returns (items, sum of their checksums, end of the last one, waits): the end is in nanoseconds,
    and so is each item's wait, from before it was put until it was had, an array('q') as bytes.
    """
    waits: list[int] = []
    total = end = 0
    while (item := queue.get()) is not None:
        put_at, payload = item
        waits.append(perf_counter_ns() - put_at)
        total += crunch(payload, steps)
        end = perf_counter_ns()
    return len(waits), total, end, array("q", waits).tobytes()
