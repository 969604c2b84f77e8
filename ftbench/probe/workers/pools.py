"""Pools, each library's behind one interface; `POOL_TABLE` says which there are in which mode."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Thread
from typing import Any

from ftbench.errors import FtbenchError
from ftbench.facts.modes import USUAL_POOL, Mode
from ftbench.probe.pool_tasks import nap
from ftbench.probe.workers import workers_of
from ftbench.probe.workers.base import Deadline, failed

Task = Callable[..., Any]

# How long a task holds a worker that must leave the next task to another.
NAP_SECONDS = 0.005


class Pool:
    """Workers of one mode that take tasks; raises `DeadlineError` and `WorkerFailedError`."""

    cancels = True  # tasks that wait
    goes_on = False  # replaces a worker that has died, without reporting the task that is lost
    nap = NAP_SECONDS

    def __init__(self, mode: Mode, workers: int, deadline: Deadline, library: Any) -> None:
        self.mode = mode
        self.workers = workers
        self.deadline = deadline
        self._library = library

    def submit(self, function: Task, *args: Any) -> Any:
        """Hand over one task; return what `result` takes."""
        raise NotImplementedError

    def submit_then(self, call: Callable[[], None], function: Task, *args: Any) -> Any:
        """Hand over one task; `call` at once when the library knows how it ended, well or badly."""
        try:
            return self._submit_then(call, function, *args)
        except BaseException as error:  # the pool knows already that a worker has died
            raise self._as_ours(error) from error

    def cancel(self, handle: Any) -> bool:
        """Return whether a task was still waiting, and is now never run."""
        raise NotImplementedError

    def _submit_then(self, call: Callable[[], None], function: Task, *args: Any) -> Any:
        raise NotImplementedError

    def _get(self, handle: Any, seconds: float) -> Any:
        raise NotImplementedError

    def _map(self, function: Task, items: Sequence[Any], chunk: int, seconds: float) -> list[Any]:
        """Run a task per item, `chunk` of them at a time, within `seconds`; return the results."""
        raise NotImplementedError

    def _end(self) -> None:
        raise NotImplementedError

    def _stop(self) -> None:
        """Drop what waits, and end by the library's fastest way."""
        raise NotImplementedError

    def result(self, handle: Any) -> Any:
        """Wait for a task's result and return it."""
        try:
            return self._get(handle, self.deadline.left())
        except BaseException as error:
            raise self._as_ours(error) from error

    def came_back(self, handle: Any, seconds: float) -> bool:
        """Wait up to `seconds` for a task; return whether it has a result, whatever it is."""
        try:
            self._get(handle, min(seconds, self.deadline.left()))
        except BaseException:  # noqa: BLE001 - a dead worker's task fails in many ways
            return False
        return True

    def call(self, function: Task, *args: Any) -> Any:
        """Run one task and return its result."""
        try:
            return self._get(self.submit(function, *args), self.deadline.left())
        except BaseException as error:
            raise self._as_ours(error) from error

    def map(self, function: Task, items: Sequence[Any], chunk: int) -> list[Any]:
        """Run a task per item, `chunk` of them at a time; return the results in order."""
        try:
            return self._map(function, items, chunk, self.deadline.left())
        except BaseException as error:
            raise self._as_ours(error) from error

    def fill(self) -> float:
        """Have every worker take a task; return `perf_counter()` when the last began its first."""
        seen: dict[tuple[int, int], float] = {}
        while len(seen) < self.workers:
            if not self.deadline.left():
                missing = self.workers - len(seen)
                raise self.deadline.passed(f"{missing} of {self.workers} workers to take a task")
            for pid, thread, begin in self.map(nap, [self.nap] * self.workers, 1):
                seen[pid, thread] = min(begin, seen.get((pid, thread), begin))
        return max(seen.values())

    def shutdown(self) -> float:
        """End the pool; return the seconds until its last worker was gone."""
        return self._within(self._end, "the pool to shut down")

    def stop(self) -> float:
        """End the pool without what waits; return the seconds until the library says it is over."""
        return self._within(self._stop, "the pool to stop")

    def _within(self, function: Callable[[], None], what: str) -> float:
        errors: list[BaseException] = []
        took: list[float] = []

        def body() -> None:
            begin = time.perf_counter()
            try:
                function()
            except BaseException as error:  # noqa: BLE001 - raised below
                errors.append(error)
            took.append(time.perf_counter() - begin)

        # Libraries know no deadline here; daemon, so that the process can end after one.
        thread = Thread(target=body, daemon=True)
        thread.start()
        thread.join(self.deadline.left())
        if errors:
            raise self._as_ours(errors[0]) from errors[0]
        if not took:
            raise self.deadline.passed(what)
        return took[0]

    def _as_ours(self, error: BaseException) -> FtbenchError:
        if isinstance(error, FtbenchError):
            return error
        if not self.deadline.left():
            return self.deadline.passed("a task of the pool to end")
        return failed("A task or a worker of the pool", self.mode, error)


class ExecutorPool(Pool):
    """An executor of `concurrent.futures`, or one with its interface."""

    def submit(self, function: Task, *args: Any) -> Any:
        return self._library.submit(function, *args)

    def _submit_then(self, call: Callable[[], None], function: Task, *args: Any) -> Any:
        future = self._library.submit(function, *args)
        future.add_done_callback(lambda _future: call())
        return future

    def cancel(self, handle: Any) -> bool:
        cancelled: bool = handle.cancel()
        return cancelled

    def _get(self, handle: Any, seconds: float) -> Any:
        return handle.result(seconds)

    def _map(self, function: Task, items: Sequence[Any], chunk: int, seconds: float) -> list[Any]:
        return list(self._library.map(function, items, timeout=seconds, chunksize=chunk))

    def _end(self) -> None:
        self._library.shutdown(wait=True)

    def _stop(self) -> None:
        self._library.shutdown(wait=True, cancel_futures=True)


class CallingPool(Pool):
    """A library that is called anew for every task or map, as programs do; it has no futures."""

    def call(self, function: Task, *args: Any) -> Any:
        return self.map(function, args, 1)[0]


class MultiprocessingPool(Pool):
    """`multiprocessing.Pool`, and its twin `multiprocessing.pool.ThreadPool`."""

    cancels = False

    def __init__(self, mode: Mode, workers: int, deadline: Deadline, library: Any) -> None:
        super().__init__(mode, workers, deadline, library)
        self.goes_on = mode.processes

    def submit(self, function: Task, *args: Any) -> Any:
        return self._library.apply_async(function, args)

    def _submit_then(self, call: Callable[[], None], function: Task, *args: Any) -> Any:
        def ended(_answer: Any) -> None:
            call()

        return self._library.apply_async(function, args, callback=ended, error_callback=ended)

    def _get(self, handle: Any, seconds: float) -> Any:
        return handle.get(seconds)

    def _map(self, function: Task, items: Sequence[Any], chunk: int, seconds: float) -> list[Any]:
        results: list[Any] = self._library.map_async(function, items, chunk).get(seconds)
        return results

    def _end(self) -> None:
        self._library.close()
        self._library.join()

    def _stop(self) -> None:
        self._library.terminate()
        self._library.join()


def pool_of(name: str, mode: Mode, workers: int, deadline: Deadline) -> Pool:
    """Return a new pool whose every wait ends at `deadline`."""
    makers = workers_of(mode)
    name = mode.pools[0] if name == USUAL_POOL else name
    kinds = {"executor": ExecutorPool, "multiprocessing": MultiprocessingPool, **makers.pool_types}
    pool: Pool = kinds[name](mode, workers, deadline, makers.pools[name](mode, workers))
    return pool


def check(answers: Sequence[Any], expected: Sequence[Any]) -> None:
    """Raise `FtbenchError` unless every result is the serial twin's."""
    if list(answers) != list(expected):
        wrong = sum(a != b for a, b in zip(answers, expected, strict=False))
        raise FtbenchError(
            f"{wrong} of {len(answers)} results are not the serial twin's {len(expected)}: "
            "nothing is recorded.",
            hint="The pool loses or mixes results; report it.",
        )
