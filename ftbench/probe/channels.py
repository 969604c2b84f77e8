"""The channels of data, made for a mode: what each of two sides holds, see `data.trips`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ftbench.errors import NotAvailableError
from ftbench.facts.modes import Mode
from ftbench.probe.means import means_of
from ftbench.probe.scenarios.data.trips import HEADER, Mapped

Side = tuple[str, Any, Any]
Free = Callable[[], None]
_FEW_MORE = 16  # an object takes up to a 16th more than its size when it is pickled


def _nothing() -> None:
    """Leave it to the collector."""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One channel between two members: what the near side holds and what the far side.

    `settled` is to be called once both members stand, `close` when they are gone.
    """

    near: Side
    far: Side
    settled: Free = _nothing
    close: Free = _nothing


def _handover(name: str, _mode: Mode, _size: int) -> Channel:
    import threading  # noqa: PLC0415

    slots = [([None], threading.Lock()) for _ in range(2)]
    for _slot, full in slots:
        full.acquire()
    there, back = slots
    return Channel(near=(name, there, back), far=(name, back, there))


def _simple_queue(name: str, _mode: Mode, _size: int) -> Channel:
    import queue  # noqa: PLC0415

    return _queues(name, queue.SimpleQueue)


def _queue(name: str, mode: Mode, _size: int) -> Channel:
    if mode.kind == "processes":
        return _queues(name, _context(mode).Queue)
    if mode.kind == "interpreters":
        import importlib  # noqa: PLC0415

        return _queues(name, importlib.import_module("concurrent.interpreters").create_queue)
    import queue  # noqa: PLC0415

    return _queues(name, queue.Queue)


def _queues(name: str, make: Callable[[], Any]) -> Channel:
    there, back = make(), make()

    def close() -> None:
        for each in (there, back):
            # The queues of processes alone have something to free.
            getattr(each, "close", _nothing)()

    return Channel(near=(name, there, back), far=(name, back, there), close=close)


def _pipe(name: str, mode: Mode, _size: int) -> Channel:
    near, far = _context(mode).Pipe()

    def close() -> None:
        near.close()
        far.close()

    return Channel(near=(name, near, near), far=(name, far, far), close=close)


def _shared_memory(name: str, mode: Mode, size: int) -> Channel:
    if mode.kind == "interpreters":
        return _in_one_process(name, size)
    means, context = means_of(mode), _context(mode)
    memory = means.buffer(2 * size)
    signals = [context.Semaphore(0) for _ in range(2)]
    return _areas(name, memory, size, signals, close=means.close)


def _in_one_process(name: str, size: int) -> Channel:
    """Return memory of this process as subinterpreters share it; pipes are their signals."""
    from mmap import mmap  # noqa: PLC0415

    signals = [os.pipe() for _ in range(2)]

    def close() -> None:
        for end in (*signals[0], *signals[1]):
            os.close(end)

    # Anonymous: a page that nobody has written to takes no memory, a bytearray's all would.
    return _areas(name, memoryview(mmap(-1, 2 * size)), size, signals, close=close)


def _mmap(name: str, mode: Mode, size: int) -> Channel:
    from pathlib import Path  # noqa: PLC0415

    context = _context(mode)
    mapped = Mapped(_file(2 * size))
    file = Path(mapped.path)

    def close() -> None:
        mapped.close()
        file.unlink(missing_ok=True)

    def settled() -> None:
        # Both sides have it: whatever happens from now on, no file stays behind.  Windows keeps
        # a file while it is mapped; there it goes at the end.
        with suppress(PermissionError):
            file.unlink()

    signals = [context.Semaphore(0) for _ in range(2)]
    return _areas(name, mapped, size, signals, close=close, settled=settled)


def _file(size: int) -> str:
    """Return the path of a new file of `size` bytes that the disk has room for."""
    import tempfile  # noqa: PLC0415

    number, path = tempfile.mkstemp(prefix="ftbench-")
    try:
        os.truncate(number, size)
        if hasattr(os, "posix_fallocate"):
            # Without it, whoever writes to a page that has no room gets a SIGBUS.
            os.posix_fallocate(number, 0, size)
    except OSError as error:
        os.unlink(path)  # noqa: PTH108 - as it came
        raise NotAvailableError(f"No file of {size >> 20} MiB can be had: {error}.") from error
    finally:
        os.close(number)
    return path


def _areas(
    name: str,
    memory: Any,
    size: int,
    signals: Sequence[Any],
    *,
    close: Free,
    settled: Free = _nothing,
) -> Channel:
    """Return a channel of two areas, one after the other in `memory`, each with its signal."""
    there, back = (
        (memory, start, signal) for start, signal in zip((0, size), signals, strict=True)
    )
    return Channel(near=(name, there, back), far=(name, back, there), settled=settled, close=close)


def _context(mode: Mode) -> Any:
    import multiprocessing  # noqa: PLC0415 - threads and interpreters must not pay for it

    return multiprocessing.get_context(mode.start_method)


_MAKERS: Mapping[str, Callable[[str, Mode, int], Channel]] = {
    "handover": _handover,
    "simple_queue": _simple_queue,
    "queue": _queue,
    "pipe": _pipe,
    "shared_memory": _shared_memory,
    "mmap": _mmap,
}
CHANNELS = tuple(_MAKERS)

_SHARED = "threads share all memory: channel handover"
_ONE_SPACE = "subinterpreters share the memory of one process: channel shared_memory"
_HOLES = {
    ("handover", "processes"): "no reference of one process means anything to another",
    ("handover", "interpreters"): "no reference of one interpreter means anything to another",
    ("simple_queue", "processes"): "multiprocessing's SimpleQueue is a pipe with two locks: "
    "channel pipe",
    ("simple_queue", "interpreters"): "subinterpreters have one kind of queue: channel queue",
    ("pipe", "threads"): _SHARED,
    ("pipe", "interpreters"): _ONE_SPACE,
    ("shared_memory", "threads"): _SHARED,
    ("mmap", "threads"): _SHARED,
    ("mmap", "interpreters"): _ONE_SPACE,
}


def hole(channel: str, mode: Mode) -> str | None:
    """Return why `channel` makes no sense in `mode`, None if it does."""
    return _HOLES.get((channel, mode.kind))


def channel_of(channel: str, mode: Mode, largest: int) -> Channel:
    """Return `channel` for payloads of up to `largest` bytes; there must be no hole."""
    return _MAKERS[channel](channel, mode, HEADER + largest + largest // _FEW_MORE)
