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
    from collections.abc import Iterator, Sequence
    from typing import Any

    Side = tuple[str, Any, Any]
    Ladder = Sequence[tuple[int, int]]  # (bytes, trips) of each size
    Report = tuple[int, int, int, list[int], bytes, bytes]

NEAR, FAR = "near side", "far side"

# The near side's payloads, by kind and size: a module is one per process, and one per
# subinterpreter.
PAYLOADS: dict[tuple[str, int], Any] = {}


def ready(kind: str, ladder: Ladder) -> None:
    """Build the largest payload for the first round, and all from then on; before a round."""
    sizes = [size for size, _trips in ladder]
    largest = max(sizes)
    for size in sizes if (kind, largest) in PAYLOADS else [largest]:
        if (kind, size) not in PAYLOADS:
            PAYLOADS[kind, size] = build(kind, size)


def near_side(side: Side, kind: str, ladder: Ladder) -> Iterator[int | Report]:
    """Give the largest payload away and return its checksum; then make trips, round by round."""
    yield give(side, PAYLOADS[kind, max(size for size, _trips in ladder)], kind)
    while True:
        yield near(side, kind, ladder)


def far_side(side: Side, kind: str, ladder: Ladder) -> Iterator[int | Report]:
    """Keep a payload and return its checksum; then let go of it and answer, round by round."""
    kept, total = keep(side, kind)
    yield total
    del kept
    while True:
        yield far(side, kind, ladder)


def near(side: Side, kind: str, ladder: Ladder) -> Report:
    """Send the payloads of each size and wait for each answer before the next."""
    send, receive, close = opened(side, kind)
    left, arrived = array("q"), array("q")
    sums = []
    cpu, begin = thread_time_ns(), perf_counter_ns()
    for size, trips in ladder:
        payload = PAYLOADS[kind, size]
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


def give(side: Side, payload: Any, kind: str) -> int:
    """Send one payload; return its checksum."""
    send, _receive, close = opened(side, kind)
    send(payload)
    close()
    return checksum(payload)


def keep(side: Side, kind: str) -> tuple[Any, int]:
    """Receive one payload; return it and its checksum."""
    _send, receive, close = opened(side, kind)
    got = receive()
    total = checksum(got)
    if isinstance(got, memoryview):
        got.release()  # what is shared stays where it is, a view of it must not
        got = None
    close()
    return got, total
