"""A child's output: read all the time, kept within bounds, waited for with a deadline.

By threads, because a child blocks on a pipe that nobody reads, and because a pipe has no
deadline of its own (nor `select`, on Windows).
"""

from __future__ import annotations

import os
import queue
import threading
from contextlib import suppress
from typing import IO

TAIL_BYTES = 16_384
_CHUNK_BYTES = 65_536
_LAST_WORDS_SECONDS = 1.0


class _Pipe:
    """A pipe with a thread that reads it to its end."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        """Begin to read `stream`, which belongs to this object from now on."""
        assert stream is not None
        self._stream = stream
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the pipe.

        One that somebody still holds open stays, with its thread: closing would wait for ever.
        """
        self._thread.join(_LAST_WORDS_SECONDS)
        if not self._thread.is_alive():
            self._stream.close()


class Lines(_Pipe):
    """The lines of a child, one after the other."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        super().__init__(stream)

    def _read(self) -> None:
        with suppress(OSError):
            for line in self._stream:
                self._lines.put(line)
        self._lines.put(b"")

    def following(self, seconds: float) -> bytes:
        """Return the next line, b"" at the end; raises `TimeoutError` after `seconds`."""
        try:
            return self._lines.get(timeout=max(0.0, seconds))
        except queue.Empty:
            raise TimeoutError from None


class Tail(_Pipe):
    """The last `TAIL_BYTES` that a child wrote: a talkative one must not fill our memory."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._bytes = b""
        super().__init__(stream)

    def _read(self) -> None:
        with suppress(OSError):
            while chunk := os.read(self._stream.fileno(), _CHUNK_BYTES):
                self._bytes = (self._bytes + chunk)[-TAIL_BYTES:]

    def text(self) -> str:
        """Return what there is, once the child has ended or a moment has passed."""
        self._thread.join(_LAST_WORDS_SECONDS)
        return self._bytes.decode("utf-8", "replace")
