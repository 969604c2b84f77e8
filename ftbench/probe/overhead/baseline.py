"""Bare loops that do the harness's work, and the same loops in the article's shape.

A bare loop has a clock at both ends only, counts nothing and guards against nothing.  A loop in the
article's shape carries the article's instrument: a method of an object draws each id, a clock is
read at every turn and around every wait, everything is counted.

Side by side: `locked` with `shared_set.inserting.locked`; `producing` and `writing` with
`producing_one_by_one` and `writing_one_by_one` of `sharded_writers.routing`; `threads` and
`processes` with `scenarios.lifecycle.one_round` and `workers.run_once`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import islice, repeat
from threading import Thread
from time import perf_counter_ns
from typing import Any

from ftbench.probe.scenarios.reports import ID_SPACE
from ftbench.probe.workloads.ids import GAMMA, MASK, draw, seed_of
from ftbench.probe.workloads.inserting import adder

# The article's loops are time-boxed; ours, to do the same work, have a box that never ends.
_NEVER = 1e12

Span = tuple[int, int]
"""The begin and the end of a worker's loop, in ns."""


def threads(workers: int, task: Callable[[], int]) -> tuple[int, list[int]]:
    """Create, start and join threads; return the time in ns, and what the task returned in each."""
    returned: list[int] = []
    begin = perf_counter_ns()
    running = []
    for _ in range(workers):
        thread = Thread(target=lambda: returned.append(task()))
        running.append(thread)
        thread.start()
    for thread in running:
        thread.join()
    return perf_counter_ns() - begin, returned


def processes(context: Any, workers: int, task: Callable[[], int]) -> tuple[int, list[int]]:
    """Create, start and join processes; return the time in ns, and what the task returned in each.

    A process has only its exit code to say that it was the same as here; one that was not is left
    out.
    """
    here = task()
    begin = perf_counter_ns()
    running = []
    for _ in range(workers):
        process = context.Process(target=_agree, args=(task, here))
        running.append(process)
        process.start()
    for process in running:
        process.join()
    took = perf_counter_ns() - begin
    returned = [here for process in running if process.exitcode == 0]
    for process in running:
        process.close()
    return took, returned


def _agree(task: Callable[[], int], there: int) -> None:
    if task() != there:
        raise SystemExit(1)


def locked(index: int, operations: int, shared: Any, lock: Any) -> Span:
    """shared_set: check and insert under the lock."""
    ids = islice(draw(index, ID_SPACE), operations)
    add = adder(shared)
    begin = perf_counter_ns()
    for uid in ids:
        with lock:
            if uid not in shared:
                add(uid)
    return begin, perf_counter_ns()


def producing(index: int, operations: int, queues: Sequence[Any], acks: Any) -> Span:
    """sharded_writers: send an id to its writer, wait for the answer."""
    ids = islice(draw(index, ID_SPACE), operations)
    puts = [queue.put for queue in queues]
    writers = len(puts)
    acknowledged = acks.get
    begin = perf_counter_ns()
    for uid in ids:
        puts[uid % writers]((index, uid))
        acknowledged()
    end = perf_counter_ns()
    for put in puts:
        put((index, None))
    return begin, end


def writing(producers: int, queue: Any, acks: Sequence[Any]) -> int:
    """sharded_writers: insert what comes, answer whether it was new; return how many were."""
    shared: set[int] = set()
    add = shared.add
    replies = [each.put for each in acks]
    while producers:
        producer, uid = queue.get()
        if uid is None:
            producers -= 1
        elif uid not in shared:
            add(uid)
            replies[producer](True)
        else:
            replies[producer](False)
    return len(shared)


# Loops in the article's shape.


class Ids:
    """The ids of `workloads.ids.draw`, by an object: its state in an attribute, a call per id."""

    def __init__(self, index: int) -> None:
        """Begin the stream of worker `index`."""
        self.state = seed_of(index)

    def following(self) -> int:
        """Return the next id."""
        self.state = (self.state + GAMMA) & MASK
        z = self.state
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9 & MASK
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB & MASK
        return (z ^ (z >> 31)) % ID_SPACE


def locked_as_in_the_article(index: int, operations: int, shared: Any, lock: Any) -> Span:
    """shared_set: a clock at every turn and around every acquire, everything counted."""
    ids = Ids(index)
    add = adder(shared)
    attempts = inserts = duplicates = waited = 0
    begin = perf_counter_ns()
    for _ in repeat(None, operations):
        if time.perf_counter() > _NEVER:
            break
        uid = ids.following()
        asked = time.perf_counter_ns()
        lock.acquire()
        waited += time.perf_counter_ns() - asked
        try:
            if uid in shared:
                duplicates += 1
            else:
                add(uid)
                inserts += 1
        finally:
            lock.release()
        attempts += 1  # noqa: SIM113 - as the article counts
    return begin, perf_counter_ns()


def producing_as_in_the_article(
    index: int, operations: int, queues: Sequence[Any], acks: Any
) -> Span:
    """sharded_writers: a clock at every turn, around every put and around every wait."""
    ids = Ids(index)
    attempts = put_took = ack_took = 0
    begin = perf_counter_ns()
    for _ in repeat(None, operations):
        if time.perf_counter() > _NEVER:
            break
        uid = ids.following()
        queue = queues[uid % len(queues)]
        start = time.perf_counter_ns()
        queue.put((index, uid))
        put_took += time.perf_counter_ns() - start
        start = time.perf_counter_ns()
        acks.get()
        ack_took += time.perf_counter_ns() - start
        attempts += 1  # noqa: SIM113 - as the article counts
    end = perf_counter_ns()
    for queue in queues:
        queue.put((index, None))
    return begin, end
