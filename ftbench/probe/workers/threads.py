"""Threads: what they share is the heap of this process."""

from __future__ import annotations

import threading

# Of `queue` itself: the rest of it would weigh 50 KiB where a set that threads share is weighed.
from _queue import Empty, SimpleQueue
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from ftbench.facts.modes import Mode
from ftbench.probe import entry_points
from ftbench.probe.entry_points import FAILED, SETTLE, obey
from ftbench.probe.workers import Workers
from ftbench.probe.workers.base import Crew, Deadline, Report, Step, Team, failed, nothing
from ftbench.probe.workers.shared_state import Channel, SharedState, queues


class ThreadCrew(Crew):
    """Threads of this process."""

    def __init__(self, mode: Mode, deadline: Deadline) -> None:
        super().__init__(mode, deadline)
        self._threads: list[threading.Thread] = []
        self._reports: dict[int, Report] = {}
        self._failures: dict[int, BaseException] = {}

    def _body(self, index: int, function: Callable[..., Report], args: tuple[Any, ...]) -> None:
        # A list or dict item assignment is atomic on every build: each worker has its own key.
        try:
            self._reports[index] = function(*args)
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

    def join(self) -> None:
        self.deadline.join(self._threads, "workers")

    def reports(self) -> list[Report]:
        # Whoever failed is to blame, not who comes first and is still at work.
        for index, error in list(self._failures.items()):
            raise failed(f"Worker {index} of {len(self._threads)}", self.mode, error)
        reports = [self._reports[index] for index in range(len(self._threads))]
        self._threads.clear()
        self._reports.clear()
        return reports


class ThreadTeam(Team):
    """Threads of this process; their CPU time is in the parent's already."""

    def _make(self) -> None:
        self._messages: SimpleQueue[tuple[int, str, Any, float]] = SimpleQueue()
        self._gates: list[SimpleQueue[int]] = [SimpleQueue() for _ in self.members]
        # Daemon: after a deadline the process must be able to end without its hung threads.
        self._threads = [
            threading.Thread(target=self._body, args=(index,), daemon=True)
            for index in range(len(self.members))
        ]
        for thread in self._threads:
            thread.start()

    def _body(self, index: int) -> None:
        def say(word: str, content: Any) -> None:
            self._messages.put((index, word, content, 0.0))

        try:
            steps = {SETTLE: (nothing, ()), **self._steps_of(index)}
            obey(self._gates[index].get, say, steps)
        except BaseException as error:  # noqa: BLE001 - every end of a member must be reported
            say(FAILED, error)

    def _settle(self) -> None:
        # On a free-threaded build an object that another thread was the last to let go of waits for
        # the thread that made it (`_Py_brc_queue_object`), which frees it when it runs next.
        self._all(SETTLE)

    def _steps_of(self, index: int) -> Mapping[int, Step]:
        return self._steps[index]

    def _tell(self, index: int, word: int) -> None:
        self._gates[index].put(word)

    def _hear(self, seconds: float) -> list[tuple[int, str, Any, float]]:
        try:
            return [self._messages.get(timeout=seconds)]
        except Empty:
            return []

    def _join(self) -> None:
        self.deadline.join(self._threads, "members")


class ThreadState(SharedState):
    """The heap of this process."""

    def shared_set(self) -> set[int]:
        return set()

    def shared_dict(self) -> dict[int, int]:
        return {}

    def lock(self) -> Any:
        return threading.Lock()

    def queue(self) -> Any:
        return SimpleQueue()

    def buffer(self, size: int) -> Any:
        return bytearray(size)


def handover(name: str, _mode: Mode, _size: int) -> Channel:
    """Return two slots, each with a lock that is held while it is empty."""
    slots = [([None], threading.Lock()) for _ in range(2)]
    for _slot, full in slots:
        full.acquire()
    there, back = slots
    return Channel(near=(name, there, back), far=(name, back, there))


_SHARED = "threads share all memory: channel handover"

WORKERS = Workers(
    crew=ThreadCrew,
    team=ThreadTeam,
    shared_state=ThreadState,
    # Only a cell that has a pool loads its library: logging comes with `concurrent.futures`.
    pools={
        "executor": lambda _mode, n: import_module("concurrent.futures").ThreadPoolExecutor(n),
        "multiprocessing": lambda _mode, n: import_module("multiprocessing.pool").ThreadPool(n),
    },
    channels={
        "handover": handover,
        "simple_queue": lambda name, _mode, _size: queues(name, SimpleQueue),
        "queue": lambda name, _mode, _size: queues(name, import_module("queue").Queue),
    },
    no_channels={"pipe": _SHARED, "shared_memory": _SHARED, "mmap": _SHARED},
)
