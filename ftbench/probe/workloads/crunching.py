"""Arithmetic on what came: with a pool's task (crossover), or through a queue (hybrid)."""

from __future__ import annotations

from array import array
from binascii import crc32
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
    """Crunch what comes until None; return (items, sum of checksums, end of the last, waits)."""
    waits: list[int] = []  # from before an item was put until it was had, in ns
    total = end = 0
    while (item := queue.get()) is not None:
        put_at, payload = item
        waits.append(perf_counter_ns() - put_at)
        total += crunch(payload, steps)
        end = perf_counter_ns()
    return len(waits), total, end, array("q", waits).tobytes()


def errand(steps: int, payload: bytes) -> int:
    """Read all of `payload`, then do that many steps of the generator from its checksum."""
    return grind((crc32(payload), steps))
