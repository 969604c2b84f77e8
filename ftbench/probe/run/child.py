"""A child process: its environment, its output, and what is left of its session."""

from __future__ import annotations

import os
import queue
import threading
import time
from contextlib import suppress

from ftbench.facts.variables import is_cleared
from ftbench.probe.run import MARK

TYPE_CHECKING = False  # as in `errors`
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import IO

PROC = "/proc"
TAIL_BYTES = 16_384
_CHUNK_BYTES = 65_536
_LAST_WORDS_SECONDS = 1.0


def clean_environment(
    environ: Mapping[str, str], extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return `environ` as a new dict without what `variables` clears, with `extra` added last."""
    kept = {name: value for name, value in environ.items() if not is_cleared(name)}
    return {**kept, **(extra or {})}


def reset_signals() -> None:
    """Block no signal and hear of children's ends, whatever the caller ignores."""
    import signal  # noqa: PLC0415 - few programs need it

    if hasattr(signal, "SIGCHLD"):  # not on Windows
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def session_of(leader: int) -> list[int]:
    """Return the processes of a session, its leader too; [] where there is no /proc."""
    pids = []
    with suppress(OSError):
        for entry in os.scandir(PROC):
            with suppress(OSError, ValueError):
                if os.getsid(int(entry.name)) == leader:
                    pids.append(int(entry.name))
    return pids


def stat_fields(pid: int) -> list[str]:
    """Return `/proc/PID/stat` from its third field on (proc(5)); raises `OSError`."""
    with open(f"{PROC}/{pid}/stat", encoding="utf-8", errors="replace") as stat:
        return stat.read().rpartition(")")[2].split()


class _Pipe:
    """A pipe with a thread that reads it to its end: a pipe has no deadline of its own."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        assert stream is not None
        self._stream = stream
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the pipe."""
        # One that somebody still holds open stays, with its thread: closing would wait for ever.
        self._thread.join(_LAST_WORDS_SECONDS)
        if not self._thread.is_alive():
            self._stream.close()


class Lines(_Pipe):
    """The lines of a child, one after the other."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.others = b""  # the last of what is no answer
        super().__init__(stream)

    def _read(self) -> None:
        with suppress(OSError):
            for line in self._stream:
                self._lines.put(line)
        self._lines.put(b"")

    def following(self, seconds: float) -> bytes:
        """Return the next line, b"" at the end; raises `TimeoutError` after `seconds`."""
        try:
            line = self._lines.get(timeout=max(0.0, seconds))
        except queue.Empty:
            raise TimeoutError from None
        if not line:
            self._lines.put(line)  # it stays at its end
        return line

    def answer(self, seconds: float) -> bytes:
        """Return the next answer, b"" at the end; raises `TimeoutError` after `seconds`."""
        end = time.monotonic() + seconds
        while line := self.following(end - time.monotonic()):
            _before, mark, answer = line.rpartition(MARK.encode())
            if mark:
                return answer
            self.others = (self.others + answer)[-TAIL_BYTES:]
        return b""


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
