"""The loops of data: the near side sends a payload, the far side answers with what it got.

A trip's time is the way there and the way back: what the far side needs to check what it got lies
between the two and is not in it, nor is freeing anything.  Each loop returns a report

    (begin, end, cpu, checksums, left, arrived)

with times in nanoseconds: `begin` and `end` of the loop, `cpu` of its thread; the others have an
item per trip, the last two as array('q') in bytes: when a payload was sent off and when it was
there, as this side sees it.
"""

from __future__ import annotations

from array import array
from time import perf_counter_ns, thread_time_ns

from ftbench.probe.transport.payloads import build, checksum
from ftbench.probe.transport.sides import opened

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Side = tuple[str, Any, Any]
    Ladder = Sequence[tuple[int, int]]  # (bytes, trips) of each size
    Report = tuple[int, int, int, list[int], bytes, bytes]

NEAR, FAR = "near side", "far side"

# What a side keeps beyond a round: payloads that are built once, and what is looked at.
# Keyed by role and more: a module is one per process, and one per subinterpreter.
HELD: dict[tuple[Any, ...], Any] = {}


def build_all(kind: str, sizes: Sequence[int]) -> None:
    """Have the near side's payloads of `sizes` ready, and forget what was kept; before a round."""
    HELD.pop((FAR,), None)
    for size in sizes:
        if (NEAR, kind, size) not in HELD:
            HELD[NEAR, kind, size] = build(kind, size)


def near(side: Side, kind: str, ladder: Ladder) -> Report:
    """Send the payloads of each size and wait for each answer before the next."""
    send, receive, close = opened(side, kind)
    left, arrived = array("q"), array("q")
    sums = []
    cpu, begin = thread_time_ns(), perf_counter_ns()
    for size, trips in ladder:
        payload = HELD[NEAR, kind, size]
        for _ in range(trips):
            asked = perf_counter_ns()
            send(payload)
            got = receive()
            arrived.append(perf_counter_ns())
            left.append(asked)
            sums.append(checksum(got))
            del got  # or it would be freed within the next trip's time
    end = perf_counter_ns()
    cpu = thread_time_ns() - cpu
    close()
    return begin, end, cpu, sums, left.tobytes(), arrived.tobytes()


def far(side: Side, kind: str, ladder: Ladder) -> Report:
    """Answer each payload with what was got, checked."""
    send, receive, close = opened(side, kind)
    left, arrived = array("q"), array("q")
    sums = []
    cpu, begin = thread_time_ns(), perf_counter_ns()
    for _ in range(sum(trips for _size, trips in ladder)):
        got = receive()
        arrived.append(perf_counter_ns())
        sums.append(checksum(got))
        left.append(perf_counter_ns())
        send(got)
        del got
    end = perf_counter_ns()
    cpu = thread_time_ns() - cpu
    close()
    return begin, end, cpu, sums, left.tobytes(), arrived.tobytes()


def give(side: Side, kind: str, size: int) -> int:
    """Send one payload and keep it; return its checksum."""
    send, _receive, close = opened(side, kind)
    payload = HELD[NEAR, kind, size]
    send(payload)
    close()
    return checksum(payload)


def keep(side: Side, kind: str) -> int:
    """Receive one payload and keep it; return its checksum."""
    _send, receive, close = opened(side, kind)
    got = receive()
    total = checksum(got)
    if isinstance(got, memoryview):
        got.release()  # what is shared stays where it is, and so does its view
    else:
        HELD[FAR,] = got
    close()
    return total
