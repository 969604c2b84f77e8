"""The servers of io: processes of their own, started by the cell and gone with it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ftbench.errors import FtbenchError, WorkerFailedError
from ftbench.probe.run.child import Lines, Tail
from ftbench.probe.scenarios import io_server
from ftbench.probe.scenarios.io_requests import FIGURES, FIGURES_FORM, REQUEST, ask, connected
from ftbench.probe.workers.base import Deadline, Helper

NANO = 1e-9
SERVER = "server"
# Two, so that clients on many cores need not wait for one; more would only take turns on two.
SERVERS = 2
_END_SECONDS = 2.0
_POLL_SECONDS = 0.01
_PACKAGE_PARENT = str(Path(__file__).resolve().parents[3])


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a server says of itself since it was asked last.

    `late` is how late its answers were, in seconds: the median, the 99th percentile, the most.
    """

    answers: int
    cpu: float
    seconds: float
    late: tuple[float, float, float]

    @property
    def busy(self) -> float:
        """The share of the time that it was on a CPU."""
        return self.cpu / self.seconds


class Servers:
    """Server processes; as a team's helper they are told apart from a process by nobody."""

    def __init__(self, delay: int, deadline: Deadline) -> None:
        """Start them, with a `delay` in milliseconds; returns when they listen.

        Raises `WorkerFailedError` if one ends before, `DeadlineError` if one takes too long.
        """
        self._deadline = deadline
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-P", "-m", io_server.__name__, str(delay)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": _PACKAGE_PARENT},
            )
            for _ in range(SERVERS)
        ]
        self._words = [Tail(process.stderr) for process in self._processes]
        self._lines = [Lines(process.stdout) for process in self._processes]
        self._asking: list[socket.socket] = []
        try:
            self.ports = tuple(self._port(index) for index in range(SERVERS))
        except FtbenchError:
            self.close()
            raise
        self._asking += [connected(port) for port in self.ports]

    def _port(self, index: int) -> int:
        try:
            line = self._lines[index].following(self._deadline.left())
        except TimeoutError:
            raise self._deadline.passed("a server to listen") from None
        if not line:
            raise WorkerFailedError(
                "A server ended before it listened; nothing is recorded.",
                story=self._words[index].text(),
            )
        return int(line)

    def figures(self) -> list[Figures]:
        """Return what each server says of itself since the last time.

        Raises `WorkerFailedError` if one is gone, `DeadlineError` if one does not answer.
        """
        try:
            return [self._figures(connection) for connection in self._asking]
        except TimeoutError:
            raise self._deadline.passed("a server's own figures") from None
        except OSError as error:
            raise WorkerFailedError(
                "A server ended during the measurement; nothing is recorded.",
                story=f"{error!r}\n{''.join(words.text() for words in self._words)}",
            ) from error

    def _figures(self, connection: socket.socket) -> Figures:
        connection.settimeout(self._deadline.left() or _POLL_SECONDS)
        answer = ask(connection, FIGURES)
        answers, cpu, passed, *late = FIGURES_FORM.unpack_from(answer, REQUEST.size)
        middle, most, longest = (each * NANO for each in late)
        return Figures(
            answers=answers, cpu=cpu * NANO, seconds=passed * NANO, late=(middle, most, longest)
        )

    def helper(self) -> Helper:
        """Return them as a team's helper, whose CPU is not the clients'."""
        return Helper(role=SERVER, process=self, cpu=lambda: 0.0)

    @property
    def pid(self) -> int:
        """The process id of the first."""
        return self._processes[0].pid

    def roles(self) -> dict[int, str]:
        """Return process id → role of all of them."""
        return {process.pid: SERVER for process in self._processes}

    @property
    def exitcode(self) -> int | None:
        """The exit code of the first that has ended, None if all live."""
        codes = (process.poll() for process in self._processes)
        return next((code for code in codes if code is not None), None)

    @property
    def sentinel(self) -> int:
        """What can be read, or waited for on Windows, once the first has ended."""
        process = self._processes[0]
        if sys.platform == "win32":
            return int(process._handle)  # noqa: SLF001 - as multiprocessing itself does
        assert process.stdout is not None
        return process.stdout.fileno()

    def join(self, seconds: float) -> None:
        """Wait until one has ended, for so many seconds at most."""
        end = time.monotonic() + seconds
        while self.exitcode is None and time.monotonic() < end:
            time.sleep(_POLL_SECONDS)

    def close(self) -> None:
        """End them."""
        for connection in self._asking:
            connection.close()
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
        for process, lines, words in zip(self._processes, self._lines, self._words, strict=True):
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(_END_SECONDS)
            lines.close()
            words.close()
