"""Runs a command to its end or its deadline, and never leaves a child of it behind.

Nor does SIGKILL: a watchdog beside each command hears that we are gone, and ends its group.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from ftbench.errors import DeadlineError

_WATCHDOG: Final = """
import os, signal, subprocess, sys
pid = sys.stdin.readline().strip()
sys.stdin.read()  # ended here, unless we are
if not pid:
    pass
elif sys.platform == "win32":
    subprocess.run(["taskkill", "/F", "/T", "/PID", pid], stdin=subprocess.DEVNULL)
else:
    os.killpg(int(pid), signal.SIGKILL)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a command ended, and what it printed (nothing where that went to a log)."""

    code: int
    out: str
    err: str


def run(
    command: Sequence[str | os.PathLike[str]],
    *,
    environ: Mapping[str, str],
    deadline: float,
    folder: Path | None = None,
    log: IO[bytes] | None = None,
) -> Finished:
    """Run for up to `deadline` seconds, then kill its group; raises `DeadlineError`, `OSError`."""
    # Not by pipes: a grandchild that holds one open could keep us waiting after the deadline.
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        _watchdog() as watchdog,
    ):
        process = subprocess.Popen(
            [os.fspath(word) for word in command],
            env=dict(environ),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log or out,
            stderr=subprocess.STDOUT if log else err,
            start_new_session=True,
        )
        try:
            watchdog.write(b"%d\n" % process.pid)
            code = process.wait(deadline)
        except subprocess.TimeoutExpired as error:
            raise DeadlineError(
                f"'{Path(command[0]).name}' did not end within {deadline:g} s and was killed."
            ) from error
        finally:
            _kill_group(process)
        return Finished(code=code, out=_text(out), err=_text(err))


@contextmanager
def _watchdog() -> Iterator[IO[bytes]]:
    """Yield where one is told of a command's process: ends with the body, or ends it after us."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _WATCHDOG],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdin is not None
    try:
        yield process.stdin
    finally:
        process.kill()
        process.communicate()


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


_TURN_SECONDS: Final = 0.1


def wait_in_turns(wait: Callable[[float], object], seconds: float = math.inf) -> bool:
    """Call `wait` with how long to wait until it says yes; tell whether it did in so many seconds.

    A Ctrl-C just before a wait is seen when that ends, so a long one would not be ended by it.
    """
    end = time.monotonic() + seconds
    while not wait(max(0.0, min(_TURN_SECONDS, end - time.monotonic()))):
        if time.monotonic() >= end:
            return False
    return True
