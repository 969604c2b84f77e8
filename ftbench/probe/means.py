"""What members share by: sets, locks, queues and buffers, as each kind of mode has them.

One class per kind; a strategy asks for what it needs and does not care which.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from ftbench.errors import NotAvailableError
from ftbench.facts.modes import Mode
from ftbench.probe.teams import NANO, Helper, ended

_PIECE = 4_096
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - where Linux keeps it


class Means(Protocol):
    """What a kind of mode offers.  `helper` is the process that serves it, once there is one."""

    helper: Helper | None

    def shared_set(self) -> Any:
        """Return an empty set (or a dict that stands for one) that every member can use."""

    def shared_dict(self) -> Any:
        """Return an empty dict that every member can use."""

    def lock(self) -> Any:
        """Return a lock, free."""

    def queue(self) -> Any:
        """Return the mode's simplest queue: `put` and a `get` that blocks."""

    def buffer(self, size: int) -> Any:
        """Return `size` bytes of zeros that every member can view; see `shared_set.table.view`."""

    def close(self) -> None:
        """Free all that was made."""


class ThreadMeans:
    """The heap of this process."""

    helper = None

    def __init__(self, _mode: Mode) -> None:
        """Nothing to make."""

    def shared_set(self) -> set[int]:
        return set()

    def shared_dict(self) -> dict[int, int]:
        return {}

    def lock(self) -> Any:
        import threading  # noqa: PLC0415

        return threading.Lock()

    def queue(self) -> Any:
        import queue  # noqa: PLC0415

        return queue.SimpleQueue()

    def buffer(self, size: int) -> Any:
        return bytearray(size)

    def close(self) -> None:
        """Leave it to the collector."""


class InterpreterMeans(ThreadMeans):
    """What subinterpreters can be handed: queues, memoryviews, and pipes for locks."""

    def __init__(self, mode: Mode) -> None:
        super().__init__(mode)
        import importlib  # noqa: PLC0415

        self._interpreters = importlib.import_module("concurrent.interpreters")
        self._pipes: list[int] = []

    def lock(self) -> tuple[int, int]:
        ends = os.pipe()
        self._pipes += ends
        os.write(ends[1], b".")
        return ends

    def queue(self) -> Any:
        return self._interpreters.create_queue()

    def buffer(self, size: int) -> Any:
        return memoryview(bytearray(size))

    def close(self) -> None:
        for end in self._pipes:
            os.close(end)


class ProcessMeans:
    """multiprocessing: its locks, pipes and shared memory, and a manager once one is asked for."""

    def __init__(self, mode: Mode) -> None:
        import multiprocessing  # noqa: PLC0415

        self._context: Any = multiprocessing.get_context(mode.start_method)
        self._manager: Any = None
        self._memory: list[Any] = []
        self.helper: Helper | None = None

    def _served(self) -> Any:
        """Return the manager, started at the first call."""
        if self._manager is None:
            from ftbench.probe.workloads.manager import Manager  # noqa: PLC0415

            self._manager = Manager(ctx=self._context)
            self._manager.start()
            clock = self._manager.clock()
            self.helper = Helper(
                role="manager",
                process=self._manager._process,  # noqa: SLF001 - nothing public tells of its end
                cpu=lambda: clock.cpu_ns() * NANO,
            )
        return self._manager

    def shared_set(self) -> Any:
        return self._served().dict()

    shared_dict = shared_set

    def lock(self) -> Any:
        return self._context.Lock()

    def queue(self) -> Any:
        return self._context.SimpleQueue()

    def buffer(self, size: int) -> Any:
        from multiprocessing import shared_memory  # noqa: PLC0415

        _check_room(size)
        memory = shared_memory.SharedMemory(create=True, size=size)
        self._memory.append(memory)
        return memory

    def close(self) -> None:
        for memory in self._memory:
            memory.close()
            memory.unlink()
        if self._manager is not None:
            self._manager.shutdown()


def _check_room(size: int) -> None:
    """Raise `NotAvailableError` if Linux has no room for so much shared memory.

    It would be given all the same, and whoever writes to what is not there gets a SIGBUS: a
    container has 64 MiB unless it was asked for more.
    """
    try:
        room = os.statvfs(_SHARED_MEMORY)
    except (OSError, AttributeError):
        return  # another system
    free = room.f_bavail * room.f_frsize
    if free < size:
        raise NotAvailableError(
            f"Shared memory of {size >> 20} MiB is needed; {_SHARED_MEMORY} has room for "
            f"{free >> 20} MiB."
        )


_MEANS: dict[str, Any] = {
    "threads": ThreadMeans,
    "processes": ProcessMeans,
    "interpreters": InterpreterMeans,
}


def means_of(mode: Mode) -> Means:
    """Return what members of `mode` share by; nothing of it is made yet."""
    means: Means = _MEANS[mode.kind](mode)
    return means


@contextmanager
def helper_blamed(means: Means, mode: Mode) -> Iterator[None]:
    """Raise `WorkerFailedError` if the parent falls over the end of the helper.

    Members tell their team of it; this is for the parent's own calls, between the rounds.
    """
    try:
        yield
    except (EOFError, OSError) as error:
        blamed = ended(means.helper, mode, f"The parent: {error!r}.")
        if blamed is None:
            raise
        raise blamed from error


def refill(shared: Any, uids: Sequence[int]) -> None:
    """Make a set, a dict or a manager's dict hold just `uids`.

    A dict is filled in pieces: one message of them all would leave its traces in the memory of
    the parent and of the manager, which is looked at later.
    """
    shared.clear()
    if hasattr(shared, "add"):
        shared.update(uids)
        return
    for first in range(0, len(uids), _PIECE):
        shared.update(dict.fromkeys(uids[first : first + _PIECE], 0))
