"""Locks: one for subinterpreters, which have none, and how waits for a lock are reported.

A lock is first asked whether it is free.  If it is not, the wait is timed, always: long waits are
few, and a sample of the operations would miss most of what they add up to.  If it is, the first
operation of each turn says what taking a free lock took.
"""

from __future__ import annotations

from array import array
from os import read, write

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Waits = tuple[bytes, bytes]  # two array('q') of nanoseconds


class PipeLock:
    """A lock out of the two ends of a pipe, `(read, write)`; it is free while a byte is in it."""

    # As GNU make's job server.  Taking the byte blocks in the kernel and lets go of the GIL; the
    # queues of `concurrent.interpreters` would sleep 10 ms at a time instead.

    def __init__(self, ends: tuple[int, int]) -> None:
        self._read, self._write = ends

    def acquire(self, *_blocking: object) -> bool:
        """Wait for the byte and take it; there is no way to ask beforehand."""
        read(self._read, 1)
        return True

    def release(self) -> None:
        """Put the byte back."""
        write(self._write, b".")


def usable(lock: Any) -> Any:
    """Return `lock`, made of the ends of a pipe if that is what it is."""
    return PipeLock(lock) if type(lock) is tuple else lock


# Of loops that have no lock to wait for.
NO_WAITS = (b"", b"")


def packed(first: Iterable[int], second: Iterable[int]) -> Waits:
    """Return the times to take a free lock, sampled, and all waits for one that was not, packed."""
    return array("q", first).tobytes(), array("q", second).tobytes()
