"""Threads that fetch: each waits a fixed time for an item, and puts it where workers take it.

The wait is a sleep, which lets go of the GIL as a socket does that has nothing yet.
"""

from __future__ import annotations

import time
from threading import Thread
from typing import Any, NamedTuple

from ftbench.errors import WorkerFailedError
from ftbench.facts.modes import Mode
from ftbench.probe.crews import Deadline
from ftbench.probe.crunching import payload_of
from ftbench.probe.instruments.clocks import NANO


class Plan(NamedTuple):
    """How many `fetchers` fetch how many items `each`, in how many `seconds` an item."""

    fetchers: int
    each: int
    seconds: float

    @property
    def items(self) -> int:
        """Items of all fetchers."""
        return self.fetchers * self.each


def bounded_queue(mode: Mode, room: int) -> Any:
    """Return a mode's queue that holds at most `room` items: `put` waits for room."""
    if mode.kind == "processes":
        import multiprocessing  # noqa: PLC0415 - threads and interpreters must not pay for it

        return multiprocessing.get_context(mode.start_method).Queue(room)
    if mode.kind == "interpreters":
        import importlib  # noqa: PLC0415

        # By name: the module is not there in the releases that the host and mypy know.
        return importlib.import_module("concurrent.interpreters").create_queue(room)
    import queue  # noqa: PLC0415

    return queue.Queue(room)


class Fetching:
    """One round of fetching into `queue`, for `workers` that each take one end mark."""

    def __init__(self, queue: Any, plan: Plan, workers: int) -> None:
        """Nothing is fetched before `start`."""
        self.begin = 0
        self._queue = queue
        self._plan = plan
        self._workers = workers
        self._took: list[int] = []
        self._failed: list[BaseException] = []
        # Daemon: after a deadline the process must be able to end without its hung threads.
        self._threads = [
            Thread(target=self._body, args=(index,), daemon=True) for index in range(plan.fetchers)
        ]
        self._closer = Thread(target=self._close, daemon=True)

    def start(self) -> None:
        """Let all fetchers begin."""
        self.begin = time.perf_counter_ns()
        for thread in self._threads:
            thread.start()
        self._closer.start()

    def _body(self, index: int) -> None:
        try:
            self._fetch(index)
        except BaseException as error:  # noqa: BLE001 - every end of a thread must be told
            self._failed.append(error)

    def _fetch(self, index: int) -> None:
        plan = self._plan
        put, clock = self._queue.put, time.perf_counter_ns
        for number in range(index, plan.items, plan.fetchers):
            begin = clock()
            time.sleep(plan.seconds)
            payload = payload_of(number)
            end = clock()
            put((end, payload))
            self._took.append(end - begin)

    def _close(self) -> None:
        for thread in self._threads:
            thread.join()
        # Whether they succeeded or not: the workers must come to an end.
        for _ in range(self._workers):
            self._queue.put(None)

    def finish(self, deadline: Deadline) -> list[float]:
        """Wait for the end; return the seconds that each fetch took.

        Raises `WorkerFailedError` with the story of a fetcher that failed.
        """
        self._closer.join(deadline.left())
        if self._failed:
            import traceback  # noqa: PLC0415

            raise WorkerFailedError(
                f"A fetcher ({len(self._failed)} of {self._plan.fetchers}) failed; nothing is "
                "recorded.",
                story="".join(traceback.format_exception(self._failed[0])),
            )
        if self._closer.is_alive():
            raise deadline.passed("the fetchers to end")
        return [took * NANO for took in self._took]
