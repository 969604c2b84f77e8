"""What spreads calls of a user's function: libraries' pools, and what programs do by themselves."""

from __future__ import annotations

import os
from _queue import Empty, SimpleQueue
from collections.abc import Mapping, Sequence
from functools import partial
from inspect import iscoroutinefunction
from threading import Thread, local
from typing import Any

from ftbench.errors import NotAvailableError, UsageError
from ftbench.facts.modes import Mode
from ftbench.facts.trial_modes import CUSTOM, TrialMode
from ftbench.probe.trial import target
from ftbench.probe.workers.base import Deadline
from ftbench.probe.workers.pools import NAP_SECONDS, Pool, Task, pool_of


class Loop(Pool):
    """A plain loop."""

    def _map(self, function: Task, items: Sequence[Any], _chunk: int, _seconds: float) -> list[Any]:
        return [function(item) for item in items]

    def _end(self) -> None:
        """Nothing is left of it."""


class Threads(Pool):
    """Threads that take calls from a queue; with queues of their `own`, each from its own."""

    own = False

    def __init__(self, mode: Mode, workers: int, deadline: Deadline, library: Any) -> None:
        super().__init__(mode, workers, deadline, library)
        self._done: SimpleQueue[tuple[int, Any, BaseException | None]] = SimpleQueue()
        shared: SimpleQueue[Any] = SimpleQueue()
        self._tasks = [SimpleQueue() if self.own else shared for _ in range(workers)]
        # Daemon: after a deadline the process must be able to end without its hung threads.
        self._threads = [
            Thread(target=self._body, args=(tasks,), daemon=True) for tasks in self._tasks
        ]
        for thread in self._threads:
            thread.start()

    def _body(self, tasks: SimpleQueue[Any]) -> None:
        for number, function, item in iter(tasks.get, None):
            try:
                self._done.put((number, function(item), None))
            except BaseException as error:  # noqa: BLE001 - every end of a call must be told
                self._done.put((number, None, error))

    def _map(self, function: Task, items: Sequence[Any], _chunk: int, seconds: float) -> list[Any]:
        for number, item in enumerate(items):
            self._tasks[number % self.workers].put((number, function, item))
        answers: list[Any] = [None] * len(items)
        for _ in items:
            try:
                number, answers[number], error = self._done.get(timeout=seconds)
            except Empty:
                raise self.deadline.passed("a call to end") from None
            if error:
                raise error
        return answers

    def _end(self) -> None:
        for tasks in self._tasks:
            tasks.put(None)
        for thread in self._threads:
            thread.join()


async def _at_most(limit: int, items: Sequence[Any]) -> list[Any]:
    import asyncio  # noqa: PLC0415 - its cells alone have it

    gate = asyncio.Semaphore(limit)

    async def one(item: Any) -> Any:
        async with gate:
            return await target.call_in_loop(item)

    return await asyncio.gather(*map(one, items))


def _runner() -> Any:
    import asyncio  # noqa: PLC0415

    return asyncio.Runner()


class Coroutines(Pool):
    """One loop, with at most so many calls under way."""

    def __init__(self, mode: Mode, workers: int, deadline: Deadline, library: Any) -> None:
        super().__init__(mode, workers, deadline, library or _runner())

    def one_by_one(self) -> Pool:
        """Return a plain loop in this one."""
        return OneByOne(self.mode, 1, self.deadline, self._library)

    def _map(self, _task: Task, items: Sequence[Any], _chunk: int, _seconds: float) -> list[Any]:
        results: list[Any] = self._library.run(_at_most(self.workers, items))
        return results

    def arrive(self, gil: bool) -> float:  # noqa: FBT001
        """Set up in the loop; return when that was done."""
        ready: float = self._library.run(target.arrive_in_loop(gil))
        return ready

    def _end(self) -> None:
        self._library.close()


class OneByOne(Coroutines):
    """A plain loop that awaits each call."""

    def _map(self, _task: Task, items: Sequence[Any], _chunk: int, _seconds: float) -> list[Any]:
        async def each() -> list[Any]:
            return [await target.call_in_loop(item) for item in items]

        results: list[Any] = self._library.run(each())
        return results


class ToThread(Coroutines):
    """`asyncio.to_thread`, by a default executor of so many threads."""

    def __init__(self, mode: Mode, workers: int, deadline: Deadline, library: Any) -> None:
        super().__init__(mode, workers, deadline, library)
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

        self._library.get_loop().set_default_executor(ThreadPoolExecutor(workers))

    def _map(self, function: Task, items: Sequence[Any], _chunk: int, _seconds: float) -> list[Any]:
        import asyncio  # noqa: PLC0415

        async def spread() -> list[Any]:
            return await asyncio.gather(*(asyncio.to_thread(function, item) for item in items))

        results: list[Any] = self._library.run(spread())
        return results


class CoroutinesPerThread(Threads):
    """A loop in each of as many threads as there are cores, at most so many calls in all."""

    own = True

    def __init__(self, mode: Mode, workers: int, deadline: Deadline, library: Any) -> None:
        self._of_thread = local()
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        threads = min(workers, cores or 1)
        self._limits = [len(range(each, workers, threads)) for each in range(threads)]
        super().__init__(mode, threads, deadline, library)

    def _run(self, make: Any) -> Any:
        if not hasattr(self._of_thread, "runner"):
            self._of_thread.runner = _runner()
        return self._of_thread.runner.run(make())

    def _map(self, _task: Task, items: Sequence[Any], chunk: int, seconds: float) -> list[Any]:
        shares = [
            partial(_at_most, limit, items[number :: self.workers])
            for number, limit in enumerate(self._limits)
        ]
        answers: list[Any] = [None] * len(items)
        for number, share in enumerate(super()._map(self._run, shares, chunk, seconds)):
            answers[number :: self.workers] = share
        return answers

    def arrive(self, gil: bool) -> float:  # noqa: FBT001
        """Set up in every loop; return when that was done."""
        arrivals = [partial(target.arrive_in_loop, gil)] * self.workers
        ready: list[float] = super()._map(self._run, arrivals, 1, self.deadline.left())
        return max(ready)

    def _end(self) -> None:
        super()._map(lambda _: self._of_thread.runner.close(), self._tasks, 1, self.deadline.left())
        super()._end()


class Custom(Pool):
    """What a user's factory has made: anything with `map`, or `submit`, and `shutdown`."""

    def _map(self, function: Task, items: Sequence[Any], _chunk: int, _seconds: float) -> list[Any]:
        if hasattr(self._library, "map"):
            return list(self._library.map(function, items))
        futures = [self._library.submit(function, item) for item in items]
        return [future.result() for future in futures]

    def _end(self) -> None:
        self._library.shutdown()


_OWN = {
    "serial": Loop,
    "threads": Threads,
    "to-thread": ToThread,
    "asyncio": Coroutines,
    "asyncio-per-thread": CoroutinesPerThread,
}


def pool_for(
    way: TrialMode, mode: Mode, workers: int, deadline: Deadline, asked: Mapping[str, Any]
) -> Pool:
    """Return what spreads calls in this way, with no worker ready yet."""
    if way is CUSTOM:
        if not asked["executor"]:
            raise UsageError("Your own executor is named by --executor MODULE:FACTORY.")
        return Custom(mode, workers, deadline, target.found(asked["executor"])(workers))
    coroutine = iscoroutinefunction(target.function())
    if coroutine and way.name == "serial":
        return OneByOne(mode, 1, deadline, None)
    if coroutine != way.coroutine:
        takes = "coroutine functions alone" if way.coroutine else "no coroutine functions"
        raise NotAvailableError(f"{way.title} takes {takes}.")
    if mode.start_method == "forkserver":
        import multiprocessing  # noqa: PLC0415 - its cells alone need it

        # As the server of a program has its main module, with all that it imports.
        module = target.module_of(asked["target"])
        multiprocessing.set_forkserver_preload([target.__name__, module])
    if way.pool:
        return pool_of(way.pool, mode, workers, deadline)
    return _OWN[way.name](mode, workers, deadline, None)


def loop_beside(pool: Pool) -> Pool:
    """Return a plain loop in this thread, beside workers."""
    if not iscoroutinefunction(target.function()):
        return Loop(pool.mode, 1, pool.deadline, None)
    if isinstance(pool, Coroutines):  # it is set up in that loop
        return pool.one_by_one()
    return OneByOne(pool.mode, 1, pool.deadline, None)


def arrived(pool: Pool, gil: bool) -> float:  # noqa: FBT001
    """Have every worker set up, its GIL as it was; return when the last was ready."""
    if isinstance(pool, (Coroutines, CoroutinesPerThread)) and not isinstance(pool, ToThread):
        return pool.arrive(gil)
    seen: dict[tuple[int, int], float] = {}
    while len(seen) < pool.workers:
        if not pool.deadline.left():
            raise pool.deadline.passed(f"{pool.workers - len(seen)} workers to be set up")
        naps = [NAP_SECONDS] * pool.workers
        for pid, thread, ready in pool.map(partial(target.arrive, gil), naps, 1):
            seen[pid, thread] = min(ready, seen.get((pid, thread), ready))
        if isinstance(pool, Custom):  # nobody knows of how many workers it is made
            break
    return max(seen.values())
