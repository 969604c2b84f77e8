"""Processes, by each start method of multiprocessing."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import connection
from typing import Any

from ftbench.errors import DeadlineError, NotAvailableError
from ftbench.facts.modes import Mode
from ftbench.probe import entry_points
from ftbench.probe.entry_points import FAILED, member_main
from ftbench.probe.instruments.clocks import NANO, CpuClock
from ftbench.probe.run.observing import helper_pids
from ftbench.probe.workers import Workers
from ftbench.probe.workers.base import (
    LAST_WORDS_SECONDS,
    Crew,
    Deadline,
    Helper,
    Report,
    Team,
    end_of,
    failed,
)
from ftbench.probe.workers.shared_state import Channel, SharedState, areas, queues

_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - where Linux keeps it


def _context(mode: Mode) -> Any:
    return multiprocessing.get_context(mode.start_method)


def _unavailable(mode: Mode) -> str | None:
    if mode.start_method not in multiprocessing.get_all_start_methods():
        return f"{sys.platform} has no start method {mode.start_method!r}"
    return None


def _fork_server_seconds() -> float:
    # Of the server and of the workers it has waited for; 0.0 where the kernel does not say.
    # Source: proc(5), `/proc/PID/stat` fields 14 to 17, in ticks of 10 ms: enough for many rounds.
    pid = next((pid for pid, role in helper_pids().items() if role == "fork server"), None)
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


class ProcessClock(CpuClock):
    """Counts worker processes: children by the kernel, and a fork server by its own accounting."""

    def __init__(self, mode: Mode) -> None:
        super().__init__(mode)
        self._server = mode.start_method == "forkserver"
        # Where the kernel gives neither, the workers' own clocks are summed.
        without_proc = self._server and not os.path.exists("/proc/self/stat")
        self._workers = without_proc or sys.platform == "win32"
        if self._workers:
            self.method = "the workers' own clocks, without teardown"

    def _now(self) -> float:
        seconds = super()._now()
        if self._server and not self._workers:
            seconds += _fork_server_seconds()
        return seconds

    def stop(self, workers_ns: int) -> float:
        return super().stop(workers_ns) + (workers_ns * NANO if self._workers else 0.0)


class ProcessCrew(Crew):
    """Processes by one start method; all report through one pipe, read when they are gone."""

    # Reports are smaller than an atomic write, so they never mix.

    cpu_clock = ProcessClock

    def __init__(self, mode: Mode, deadline: Deadline) -> None:
        super().__init__(mode, deadline)
        self._context = _context(mode)
        self._inbox, self._outbox = self._context.Pipe(duplex=False)
        self._processes: list[Any] = []
        self._messages: dict[int, tuple[str, str]] = {}

    def _start(self, function: Callable[..., Report], args: tuple[Any, ...]) -> None:
        process = self._context.Process(
            target=entry_points.worker_main,
            args=(self._outbox, len(self._processes), function, args),
            daemon=True,
        )
        self._processes.append(process)
        process.start()

    def start_once(self, task: str) -> None:
        self._start(entry_points.run_once, (task,))

    def _receive(self) -> list[tuple[int, str]]:
        received = []
        while self._inbox.poll():
            message = self._inbox.recv_bytes().decode("utf-8", "replace")
            number, word, *rest = message.split(" ", 2)
            self._messages[int(number)] = (word, rest[0] if rest else "")
            received.append((int(number), word))
        return received

    def join(self) -> None:
        try:
            self.deadline.join(self._processes, "workers")
        except DeadlineError:
            # Perhaps they wait for room in the pipe, to say what went wrong.
            self._receive()
            self._raise_failure()
            raise

    def _raise_failure(self) -> None:
        """Raise the error of a worker that reported its failure, else of one that just ended."""
        count = len(self._processes)
        for index, (word, rest) in self._messages.items():
            if word == "failed":
                raise failed(f"Worker {index} of {count}", self.mode, rest)
        for index, process in enumerate(self._processes):
            reported = self._messages.get(index, ("",))[0] == "ok"
            if process.exitcode is not None and not (reported and process.exitcode == 0):
                raise failed(f"Worker {index} of {count}", self.mode, end_of(process.exitcode))

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

    def close(self) -> None:
        self._inbox.close()
        self._outbox.close()


class ProcessTeam(Team):
    """Processes by one start method, each with a line of its own to the parent."""

    def _make(self) -> None:
        context = _context(self.mode)
        self._lines = []
        self._processes = []
        for steps in self._steps:
            line, end = context.Pipe()
            process = context.Process(target=member_main, args=(end, steps), daemon=True)
            process.start()
            end.close()
            self._lines.append(line)
            self._processes.append(process)

    def _tell(self, index: int, word: int) -> None:
        try:
            self._lines[index].send(word)
        except OSError:
            raise self._failed(index, self._story(index)) from None

    def _hear(self, seconds: float) -> list[tuple[int, str, Any, float]]:
        ends = [process.sentinel for process in self._processes]
        helper = [self.helper.process.sentinel] if self.helper else []
        readable = connection.wait([*self._lines, *ends, *helper], seconds)
        messages = [
            (index, *self._read(index))
            for index, line in enumerate(self._lines)
            if line in readable
        ]
        if readable and not messages:
            # A member is gone without a word, or else the helper.
            index = next((i for i, end in enumerate(ends) if end in readable), 0)
            raise self._failed(index, self._story(index))
        return messages

    def _read(self, index: int) -> tuple[str, Any, float]:
        try:
            word, content, cpu = self._lines[index].recv()
        except (EOFError, OSError):
            return FAILED, self._story(index), 0.0
        return word, content, cpu * NANO

    def _story(self, index: int) -> str:
        # The exit code can come a moment after the end of the line.
        process = self._processes[index]
        process.join(LAST_WORDS_SECONDS)
        if process.exitcode is None:
            return "It says nothing more, and is still there."
        return end_of(process.exitcode)

    def _join(self) -> None:
        self.deadline.join(self._processes, "members")
        for index, process in enumerate(self._processes):
            if process.exitcode != 0:
                raise self._failed(index, self._story(index))
        for line in self._lines:
            line.close()
        self._processes.clear()

    def roles(self) -> dict[int, str]:
        # Once they have left there is none.
        members = zip(self._processes, self.members, strict=False)
        return super().roles() | {process.pid: member.role for process, member in members}


class ProcessState(SharedState):
    """multiprocessing: its locks, pipes and shared memory, and a manager once one is asked for."""

    def __init__(self, mode: Mode) -> None:
        super().__init__(mode)
        self._context = _context(mode)
        self._manager: Any = None
        self._memory: list[Any] = []

    def _served(self) -> Any:
        if self._manager is None:
            from multiprocessing.managers import SyncManager  # noqa: PLC0415 - few share by one

            # So that its CPU is counted everywhere: the `time` of the manager's own process.
            SyncManager.register("clock", __import__, exposed=("process_time_ns",))
            self._manager = SyncManager(ctx=self._context)
            self._manager.start()
            clock = self._manager.clock("time")
            self.helper = Helper(
                role="manager",
                process=self._manager._process,  # noqa: SLF001 - nothing public tells of its end
                cpu=lambda: clock.process_time_ns() * NANO,
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
        from multiprocessing import shared_memory  # noqa: PLC0415 - few share by it

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
    # Linux would promise it all the same, and a write to what is not there is a SIGBUS: a container
    # has 64 MiB by default.
    try:
        room = os.statvfs(_SHARED_MEMORY)
    except (OSError, AttributeError):
        return  # another system
    free = room.f_bavail * room.f_frsize
    if free < size:
        from ftbench.probe.run.document import quantity  # noqa: PLC0415 - only a failure needs it

        raise NotAvailableError(
            f"Shared memory of {quantity(size, 'bytes')} is needed; {_SHARED_MEMORY} has room for "
            f"{quantity(free, 'bytes')}.",
            hint="A container's grows by --shm-size, a system's by mount -o remount,size=.",
        )


def pipe(name: str, mode: Mode, _size: int) -> Channel:
    """Return a two-way pipe."""
    near, far = _context(mode).Pipe()

    def close() -> None:
        near.close()
        far.close()

    return Channel(near=(name, near, near), far=(name, far, far), close=close)


def shared_memory_channel(name: str, mode: Mode, size: int) -> Channel:
    """Return a channel through a block of shared memory, with a semaphore for each way."""
    state, context = ProcessState(mode), _context(mode)
    memory = state.buffer(2 * size)
    signals = [context.Semaphore(0) for _ in range(2)]
    return areas(name, memory, size, signals, close=state.close)


def mapped_file(name: str, mode: Mode, size: int) -> Channel:
    """Return a channel through a file that both sides map, with a semaphore for each way."""
    from ftbench.probe.workloads.trips import Mapped  # noqa: PLC0415 - only data needs it

    context = _context(mode)
    mapped = Mapped(_file(2 * size))

    def unlink() -> None:
        # Once both sides have it, so that none stays behind; Windows keeps it while it is mapped.
        with suppress(PermissionError, FileNotFoundError):
            os.unlink(mapped.path)

    def close() -> None:
        mapped.close()
        unlink()

    signals = [context.Semaphore(0) for _ in range(2)]
    return areas(name, mapped, size, signals, close=close, settled=unlink)


def _file(size: int) -> str:
    import tempfile  # noqa: PLC0415 - only cells of data need it

    number, path = tempfile.mkstemp(prefix="ftbench-")
    try:
        os.truncate(number, size)
        if hasattr(os, "posix_fallocate"):
            # Without it, whoever writes to a page that has no room gets a SIGBUS.
            os.posix_fallocate(number, 0, size)
    except OSError as error:
        os.unlink(path)
        from ftbench.probe.run.document import quantity  # noqa: PLC0415 - only a failure needs it

        raise NotAvailableError(
            f"No file of {quantity(size, 'bytes')} can be had: {error}.",
            hint="Another temporary folder: TMPDIR",
        ) from error
    finally:
        os.close(number)
    return path


def _executor(mode: Mode, workers: int) -> Any:
    # Only a cell that has a pool loads it: logging comes with it.
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415

    return ProcessPoolExecutor(workers, _context(mode))


WORKERS = Workers(
    crew=ProcessCrew,
    team=ProcessTeam,
    shared_state=ProcessState,
    pools={
        "executor": _executor,
        "multiprocessing": lambda mode, workers: _context(mode).Pool(workers),
    },
    channels={
        "queue": lambda name, mode, _size: queues(name, _context(mode).Queue),
        "pipe": pipe,
        "shared_memory": shared_memory_channel,
        "mmap": mapped_file,
    },
    no_channels={
        "handover": "no reference of one process means anything to another",
        "simple_queue": "multiprocessing's SimpleQueue is a pipe with two locks: channel pipe",
    },
    unavailable=_unavailable,
)
