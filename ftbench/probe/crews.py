"""Crews: N workers of one mode, started and joined with a deadline on every wait.

A crew runs one of the functions of `workers` in each of its workers.  Comments are dense here
and nowhere else: this is where threads, processes and interpreters meet.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from ftbench.errors import DeadlineError, WorkerFailedError
from ftbench.facts.modes import Mode
from ftbench.probe import entry_points

Report = tuple[int, ...]

# How often a parent looks whether all its workers are busy; only for workers that share memory,
# and only before the measured interval.
_POLL_SECONDS = 0.002


class Deadline:
    """A point in time that every wait of a cell shares."""

    def __init__(self, seconds: float) -> None:
        """Start the clock: the deadline is `seconds` from now."""
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left, never less than zero."""
        return max(0.0, self._end - time.monotonic())

    def passed(self, what: str) -> DeadlineError:
        """Return the error that says what was waited for."""
        return DeadlineError(
            f"The deadline of {self.seconds:g} s passed while waiting for {what}.",
            hint="The run is thrown away. A slower machine can have more: --deadline SECONDS.",
        )


class Crew:
    """N workers of one mode; a subclass knows how one is made, started and ended."""

    def __init__(self, mode: Mode, deadline: Deadline) -> None:
        """Make what the workers report through; no worker exists yet."""
        self.mode = mode
        self.deadline = deadline

    def start_once(self, task: str) -> None:
        """Create and start one more worker that runs `task` once and ends."""
        raise NotImplementedError

    def start_busy(self, count: int, task: str) -> None:
        """Start `count` workers that run `task` until `stop`; returns when all are busy."""
        raise NotImplementedError

    def stop(self) -> None:
        """Tell busy workers to end."""
        raise NotImplementedError

    def join(self) -> None:
        """Wait until every worker is gone, and free what it held."""
        raise NotImplementedError

    def reports(self) -> list[Report]:
        """Return what each worker reported, in the order of their indices; forget the workers.

        Raises `WorkerFailedError` with the worker's story if one did not report.
        """
        raise NotImplementedError

    def pids(self) -> list[int]:
        """Return the process ids of the workers; none for workers that are no processes."""
        return []

    def close(self) -> None:
        """Free what the crew itself holds."""


class ThreadCrew(Crew):
    """Threads of this process; workers share two bytearrays with their parent."""

    def __init__(self, mode: Mode, deadline: Deadline) -> None:
        super().__init__(mode, deadline)
        self._threads: list[threading.Thread] = []
        self._said: dict[int, Report] = {}
        self._failures: dict[int, BaseException] = {}
        self._stop = bytearray(1)

    def _body(self, index: int, function: Callable[..., Report], args: tuple[Any, ...]) -> None:
        # A list or dict item assignment is atomic on every build: each worker has its own key.
        try:
            self._said[index] = function(*args)
        except BaseException as error:  # noqa: BLE001 - every end of a worker must be reported
            self._failures[index] = error

    def _start(self, function: Callable[..., Report], args: tuple[Any, ...]) -> None:
        # Daemon: after a deadline the process must be able to end without its hung threads.
        thread = threading.Thread(
            target=self._body, args=(len(self._threads), function, args), daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def start_once(self, task: str) -> None:
        self._start(entry_points.run_once, (task,))

    def start_busy(self, count: int, task: str) -> None:
        ready = bytearray(count)
        self._stop = bytearray(1)
        for index in range(count):
            self._start(entry_points.busy_beside_flags, (index, ready, self._stop, task))
        self._await(ready)

    def _await(self, ready: bytearray) -> None:
        while not all(ready):
            for index, thread in enumerate(self._threads):
                # A worker that ended before it was ready will never be.
                if not ready[index] and not thread.is_alive():
                    self.reports()
            if not self.deadline.left():
                raise self.deadline.passed(f"{ready.count(0)} of {len(ready)} workers to be busy")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        self._stop[0] = 1

    def join(self) -> None:
        for thread in self._threads:
            thread.join(self.deadline.left())
        alive = sum(thread.is_alive() for thread in self._threads)
        if alive:
            raise self.deadline.passed(f"{alive} of {len(self._threads)} workers to end")

    def reports(self) -> list[Report]:
        # Whoever failed is to blame, not who comes first and is still at work.
        for index, error in list(self._failures.items()):
            raise _failed(index, len(self._threads), self.mode, error)
        reports = [self._said[index] for index in range(len(self._threads))]
        self._threads.clear()
        self._said.clear()
        return reports


class InterpreterCrew(ThreadCrew):
    """Subinterpreters, each called in a thread of its own (PEP 734, CPython 3.14).

    Functions go by name (the interpreter imports `workers`), flags as memoryviews of shared
    bytearrays.  Ending a worker includes closing its interpreter.
    """

    def __init__(self, mode: Mode, deadline: Deadline) -> None:
        super().__init__(mode, deadline)
        import importlib  # noqa: PLC0415 - only this mode needs it

        # By name: the module is not there in the releases that the host and mypy know.
        self._create = importlib.import_module("concurrent.interpreters").create
        self._interpreters: list[Any] = []

    def _start(self, function: Callable[..., Report], args: tuple[Any, ...]) -> None:
        interpreter = self._create()
        self._interpreters.append(interpreter)
        shared = (memoryview(arg) if isinstance(arg, bytearray) else arg for arg in args)
        super()._start(interpreter.call, (function, *shared))

    def join(self) -> None:
        super().join()
        for interpreter in self._interpreters:
            interpreter.close()
        self._interpreters.clear()


class ProcessCrew(Crew):
    """Processes by one start method; all workers report through one pipe.

    The pipe is the instrument: it is made once, outside every timed interval, and is read when
    the workers are gone.  Reports are smaller than an atomic write, so they never mix.
    """

    def __init__(self, mode: Mode, deadline: Deadline) -> None:
        super().__init__(mode, deadline)
        import multiprocessing  # noqa: PLC0415 - threads and interpreters must not pay for it
        from multiprocessing import connection  # noqa: PLC0415

        self._context: Any = multiprocessing.get_context(mode.start_method)
        self._wait = connection.wait
        self._inbox, self._outbox = self._context.Pipe(duplex=False)
        self._stop_seen, self._stop_said = self._context.Pipe(duplex=False)
        self._processes: list[Any] = []
        self._messages: dict[int, tuple[str, str]] = {}

    def _start(
        self, function: Callable[..., Report], args: tuple[Any, ...], *, connected: bool
    ) -> None:
        process = self._context.Process(
            target=entry_points.worker_main,
            args=(self._outbox, len(self._processes), function, args, connected),
            daemon=True,
        )
        self._processes.append(process)
        process.start()

    def start_once(self, task: str) -> None:
        self._start(entry_points.run_once, (task,), connected=False)

    def start_busy(self, count: int, task: str) -> None:
        for _ in range(count):
            self._start(entry_points.busy_behind_pipes, (self._stop_seen, task), connected=True)
        busy: set[int] = set()
        while len(busy) < count:
            sentinels = [process.sentinel for process in self._processes]
            readable = self._wait([self._inbox, *sentinels], self.deadline.left())
            if not readable:
                raise self.deadline.passed(f"{count - len(busy)} of {count} workers to be busy")
            if self._inbox in readable:
                busy.update(index for index, word in self._receive() if word == "ready")
            else:
                # A worker is gone. Its exit code can come a moment after its sentinel.
                for process in self._processes:
                    if process.sentinel in readable:
                        process.join(self.deadline.left())
                self._receive()
                self._raise_failure()

    def _receive(self) -> list[tuple[int, str]]:
        """Read all messages that have arrived; return (index, first word) of each."""
        heard = []
        while self._inbox.poll():
            message = self._inbox.recv_bytes().decode("utf-8", "replace")
            number, word, *rest = message.split(" ", 2)
            self._messages[int(number)] = (word, rest[0] if rest else "")
            heard.append((int(number), word))
        return heard

    def stop(self) -> None:
        # Nobody ever reads this message, so it is there for every worker that polls.
        self._stop_said.send_bytes(b"stop")

    def join(self) -> None:
        for process in self._processes:
            process.join(self.deadline.left())
        alive = sum(process.is_alive() for process in self._processes)
        if alive:
            # Perhaps they wait for room in the pipe, to say what went wrong.
            self._receive()
            self._raise_failure()
            raise self.deadline.passed(f"{alive} of {len(self._processes)} workers to end")

    def _raise_failure(self) -> None:
        """Raise the story of the worker that failed first to tell, else of one that just ended."""
        count = len(self._processes)
        for index, (word, rest) in self._messages.items():
            if word == "failed":
                raise _failed(index, count, self.mode, rest)
        for index, process in enumerate(self._processes):
            said_ok = self._messages.get(index, ("",))[0] == "ok"
            if process.exitcode is not None and not (said_ok and process.exitcode == 0):
                raise _failed(index, count, self.mode, end_of(process.exitcode))

    def reports(self) -> list[Report]:
        self._receive()
        self._raise_failure()
        words = [self._messages[index][1] for index in range(len(self._processes))]
        reports = [tuple(map(int, numbers.split())) for numbers in words]
        for process in self._processes:
            process.close()
        self._processes.clear()
        self._messages.clear()
        return reports

    def pids(self) -> list[int]:
        return [process.pid for process in self._processes]

    def close(self) -> None:
        for end in (self._inbox, self._outbox, self._stop_seen, self._stop_said):
            end.close()


def end_of(exitcode: int) -> str:
    """Say how a process ended that left no report."""
    if exitcode >= 0:
        return f"It exited with code {exitcode} before it reported."
    import signal  # noqa: PLC0415

    try:
        name = signal.Signals(-exitcode).name
    except ValueError:
        name = f"signal {-exitcode}"
    return f"It was killed by {name}."


def _failed(index: int, count: int, mode: Mode, story: BaseException | str) -> WorkerFailedError:
    """Return the error for worker `index` with its story."""
    if isinstance(story, BaseException):
        import traceback  # noqa: PLC0415

        story = "".join(traceback.format_exception(story))
    return WorkerFailedError(
        f"Worker {index} of {count} ({mode.title}) failed; nothing is recorded.",
        story=story,
    )


_CREWS: dict[str, type[Crew]] = {
    "threads": ThreadCrew,
    "processes": ProcessCrew,
    "interpreters": InterpreterCrew,
}


def crew_of(mode: Mode, deadline: Deadline) -> Crew:
    """Return an empty crew of `mode`, whose every wait ends at `deadline`."""
    return _CREWS[mode.kind](mode, deadline)


def helper_pids() -> dict[int, str]:
    """Return process id → role of multiprocessing's own helpers that run for this process.

    Source: the private singletons `multiprocessing.forkserver._forkserver` and
    `multiprocessing.resource_tracker._resource_tracker`, there in CPython 3.11 to 3.15.
    """
    import sys  # noqa: PLC0415

    found = {}
    for role, module, holder, attribute in (
        ("fork server", "forkserver", "_forkserver", "_forkserver_pid"),
        ("resource tracker", "resource_tracker", "_resource_tracker", "_pid"),
    ):
        loaded = sys.modules.get(f"multiprocessing.{module}")
        pid = getattr(getattr(loaded, holder, None), attribute, None)
        if pid:
            found[int(pid)] = role
    return found
