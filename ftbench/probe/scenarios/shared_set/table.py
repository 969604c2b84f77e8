"""Strategy `shared_memory`: an open-addressing table in a buffer that all workers see.

A slot is 8 bytes and holds an id plus one, 0 is an empty slot.  The table is divided into as many
stripes as there are locks; probing is linear and stays in the stripe, so a stripe's lock is all
that an insertion needs.
"""

from __future__ import annotations

from itertools import islice
from time import perf_counter_ns, thread_time_ns

from ftbench.probe.workloads.ids import draw, turns
from ftbench.probe.workloads.locks import packed, usable

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    Plan = tuple[int, float, int, int]
    from ftbench.probe.workloads.locks import Waits

    Report = tuple[int, int, int, int, int, Waits, Any]

SLOT_BYTES = 8


def insert(slots: memoryview[int], uid: int, stripes: int, size: int) -> int:
    """Insert `uid`; return 1 if it was new, else 0.

    `slots` is a memoryview of format "Q" with `stripes * size` items.  The caller holds the lock
    of stripe `uid % stripes`.  Raises OverflowError if the stripe is full.
    """
    stripe = uid % stripes
    first = stripe * size
    place = first + uid // stripes % size
    key = uid + 1
    for at in range(place, first + size):
        found = slots[at]
        if not found:
            slots[at] = key
            return 1
        if found == key:
            return 0
    for at in range(first, place):
        found = slots[at]
        if not found:
            slots[at] = key
            return 1
        if found == key:
            return 0
    raise OverflowError(f"Stripe {stripe} of the table is full: {size} ids.")


def view(buffer: Any) -> memoryview[int]:
    """Return a buffer (bytes-like, or a SharedMemory) as a memoryview of slots."""
    return memoryview(getattr(buffer, "buf", buffer)).cast("Q")


def fill(buffer: Any, uids: Iterable[int], stripes: int) -> int:
    """Insert all `uids`; return how many were new."""
    with view(buffer) as slots:
        size = len(slots) // stripes
        return sum(insert(slots, uid, stripes, size) for uid in uids)


def tabled(index: int, plan: Plan, buffer: Any, locks: Sequence[Any]) -> Report:
    """Run the loop of one worker; see `inserting` for what comes in and what is returned."""
    operations, seconds, every, id_space = plan
    ids = draw(index, id_space)
    stripes = len(locks)
    calls = [(lock.acquire, lock.release) for lock in map(usable, locks)]
    quicks: list[int] = []
    waits: list[int] = []
    quick, wait = quicks.append, waits.append
    attempts = inserts = 0
    # Released at the end: shared memory cannot be closed under a view.
    with view(buffer) as slots:
        size = len(slots) // stripes
        cpu, begin = thread_time_ns(), perf_counter_ns()
        for _ in turns(operations, seconds, every):
            uid = next(ids)
            acquire, release = calls[uid % stripes]
            asked = perf_counter_ns()
            if acquire(False):
                quick(perf_counter_ns() - asked)
            else:
                acquire()
                wait(perf_counter_ns() - asked)
            inserts += insert(slots, uid, stripes, size)
            release()
            for uid in islice(ids, every - 1):
                acquire, release = calls[uid % stripes]
                if not acquire(False):
                    asked = perf_counter_ns()
                    acquire()
                    wait(perf_counter_ns() - asked)
                inserts += insert(slots, uid, stripes, size)
                release()
            attempts += every
        end = perf_counter_ns()
        cpu = thread_time_ns() - cpu
    return begin, end, cpu, attempts, inserts, packed(quicks, waits), None
