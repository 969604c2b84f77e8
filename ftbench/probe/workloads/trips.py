"""The two sides of data: the near side sends a payload, the far side answers with what it got.

A trip's time is the way there and the way back, without checking and freeing.

A side is `(channel, out, back)` with what its mode has for a way out and a way back:

    handover              a list of one item and a lock that is held while it is empty
    queue, simple_queue   a queue with `put` and `get`
    pipe                  a `multiprocessing.Connection`, the same for both ways
    task                  what has a pool run a task; and a list, for what `answered` says besides
    later                 another side, and by how many busy nanoseconds it sends everything later
    shared_memory, mmap   an area: memory (what has a buffer, itself or in `buf`), where it begins
                          there, and its signal: a semaphore, or the ends of a pipe
"""

from __future__ import annotations

from array import array
from time import perf_counter_ns, thread_time_ns

from ftbench.probe.workloads.locks import usable
from ftbench.probe.workloads.payloads import build, checksum

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    Send = Callable[[Any], None]
    Receive = Callable[[], Any]
    Side = tuple[str, Any, Any]
    Area = tuple[Any, int, Any]
    Ladder = Sequence[tuple[int, int]]  # (bytes, trips) of each size
    # (begin, end, cpu, checksums, left, arrived): begin and end of a loop and the CPU of its thread
    # in ns; the last two are array('q') of ns as bytes: when each payload was sent off, and when it
    # was there on this side.
    Report = tuple[int, int, int, list[int], bytes, bytes]

NEAR, FAR = "near side", "far side"
LATER = "later"

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


# What a task was given to hold.
HELD: list[Any] = []


def answered(payload: Any) -> tuple[Any, int, int, int]:
    """Return a task's argument and its checksum, when it was there and when it was sent back."""
    there = perf_counter_ns()
    total = checksum(payload)
    return payload, total, there, perf_counter_ns()


def hold(payload: Any) -> int:
    """Keep a task's argument; return its checksum."""
    HELD.append(payload)
    return checksum(payload)


def let_go(_nothing: int) -> None:
    """Keep it no longer."""
    HELD.clear()


HEADER = 8  # bytes at the start of an area: how many follow
PROTOCOL = 5


def opened(side: Side, kind: str) -> tuple[Send, Receive, Callable[[], None]]:
    """Return `send`, `receive` and what frees them again; `kind` is that of the payload."""
    channel, out, back = side
    if channel == LATER:
        return _later(back, *opened(out, kind))
    if channel == "handover":
        return _putting(*out), _taking(*back), _nothing
    if channel in {"queue", "simple_queue"}:
        return out.put, back.get, _nothing
    if channel == "task":
        return _asking(out, back)
    if channel == "pipe":
        raw = kind == "bytes"
        return *((out.send_bytes, back.recv_bytes) if raw else (out.send, back.recv)), _nothing
    return _areas(out, back, kind)


def _nothing() -> None:
    """Free nothing."""


def _putting(slot: list[Any], full: Any) -> Send:
    release = full.release

    def send(payload: Any) -> None:
        slot[0] = payload
        release()

    return send


def _taking(slot: list[Any], full: Any) -> Receive:
    acquire = full.acquire

    def receive() -> Any:
        acquire()
        return slot[0]

    return receive


def _asking(call: Callable[..., Any], answers: list[Any]) -> tuple[Send, Receive, Any]:
    def send(payload: Any) -> None:
        answers.append(call(answered, payload))

    def receive() -> Any:
        got, *answers[-1] = answers[-1]
        return got

    return send, receive, _nothing


def _later(
    nanoseconds: int, send: Send, receive: Receive, close: Callable[[], None]
) -> tuple[Send, Receive, Callable[[], None]]:
    def send_later(payload: Any) -> None:
        due = perf_counter_ns() + nanoseconds
        while perf_counter_ns() < due:
            pass
        send(payload)

    return send_later, receive, close


def _areas(out: Area, back: Area, kind: str) -> tuple[Send, Receive, Callable[[], None]]:
    written, read = _view(out), _view(back)
    release, acquire = usable(out[2]).release, usable(back[2]).acquire
    dumps, loads = _pickling(kind)

    def send(payload: Any) -> None:
        data = dumps(payload)
        size = len(data)
        written[:HEADER] = size.to_bytes(HEADER, "little")
        written[HEADER : HEADER + size] = data
        release()

    def receive() -> Any:
        acquire()
        size = int.from_bytes(read[:HEADER], "little")
        return loads(read[HEADER : HEADER + size])

    def close() -> None:
        # Shared memory cannot be closed under a view.
        written.release()
        read.release()

    return send, receive, close


def _view(area: Area) -> memoryview:
    memory, start, _signal = area
    whole: Any = getattr(memory, "buf", memory)
    with memoryview(whole) as view:
        return view[start:]


def _pickling(kind: str) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    if kind == "bytes":
        return _as_it_is, _as_it_is
    import pickle  # noqa: PLC0415 - where bytes travel as they are, nobody needs it

    return (lambda payload: pickle.dumps(payload, PROTOCOL)), pickle.loads


def _as_it_is(data: Any) -> Any:
    return data


class Mapped:
    """A file of this machine, mapped: a process to which it is sent maps it too."""

    def __init__(self, path: str) -> None:
        """Map the whole file, shared and writable."""
        from mmap import mmap  # noqa: PLC0415 - only this channel needs it

        self.path = path
        with open(path, "r+b") as file:  # noqa: PTH123 - pathlib would be luggage
            self.buf = mmap(file.fileno(), 0)

    def __reduce__(self) -> tuple[type[Mapped], tuple[str]]:
        return Mapped, (self.path,)

    def close(self) -> None:
        """Unmap it."""
        self.buf.close()
