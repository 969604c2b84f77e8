"""The two calls of a side, `send` and `receive`, for every channel.

A side is `(channel, out, back)` with what its mode has for a way out and a way back:

    handover                      a list of one item and a lock that is held while it is empty
    queue, simple_queue           a queue with `put` and `get`
    pipe                          a `multiprocessing.Connection`, the same for both ways
    shared_memory, mmap           an area: memory (anything with a buffer, or with one in `buf`),
                                  where it begins there, and its signal: a semaphore, or the ends
                                  of a pipe

Each is used as its documentation has it: a pipe sends bytes as they are and pickles objects; what
is written to an area is read where it stands, an object has to be unpickled from there.
"""

from __future__ import annotations

from ftbench.probe.sharing.locks import usable

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Send = Callable[[Any], None]
    Receive = Callable[[], Any]
    Side = tuple[str, Any, Any]
    Area = tuple[Any, int, Any]

HEADER = 8  # bytes at the start of an area: how many follow
PROTOCOL = 5


def opened(side: Side, kind: str) -> tuple[Send, Receive, Callable[[], None]]:
    """Return `send`, `receive` and what frees them again; `kind` is that of the payload."""
    channel, out, back = side
    if channel == "handover":
        return _putting(*out), _taking(*back), _nothing
    if channel in {"queue", "simple_queue"}:
        return out.put, back.get, _nothing
    if channel == "pipe":
        if kind == "bytes":
            return out.send_bytes, back.recv_bytes, _nothing
        return out.send, back.recv, _nothing
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
