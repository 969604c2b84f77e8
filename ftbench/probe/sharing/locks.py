"""A lock for subinterpreters, which have none: a pipe with one byte in it.

Source: the token pipe of GNU make's job server.  Taking the byte blocks in the kernel and lets go
of the GIL; the queues of `concurrent.interpreters` would sleep 10 ms at a time instead.
"""

from __future__ import annotations

from os import read, write

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from typing import Any


class PipeLock:
    """A lock out of the two ends of a pipe, `(read, write)`; it is free while a byte is in it."""

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
