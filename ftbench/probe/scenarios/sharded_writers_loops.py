"""The loops of sharded_writers: producers route ids to the writers that own them.

Reports are those of `inserting`, of a producer with `more` = (puts, acks): array('q') as bytes,
in nanoseconds, of the timed operations; `attempts` of a writer are the ids that came to it.
"""

from __future__ import annotations

from array import array
from itertools import islice
from time import perf_counter, perf_counter_ns, thread_time_ns

from ftbench.probe.workloads.ids import draw, turns
from ftbench.probe.workloads.inserting import HELD
from ftbench.probe.workloads.locks import NO_WAITS, packed

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ftbench.probe.workloads.inserting import Plan, Report


def producing_one_by_one(index: int, plan: Plan, queues: Sequence[Any], acks: Any) -> Report:
    """Send each id to its writer and wait for the acknowledgement before the next."""
    operations, seconds, every, id_space = plan
    ids = draw(index, id_space)
    puts = [queue.put for queue in queues]
    writers = len(puts)
    acknowledged = acks.get
    put_times: list[int] = []
    ack_times: list[int] = []
    put_took, ack_took = put_times.append, ack_times.append
    cpu, begin = thread_time_ns(), perf_counter_ns()
    for _ in turns(operations, seconds, every):
        uid = next(ids)
        start = perf_counter_ns()
        puts[uid % writers]((index, uid))
        sent = perf_counter_ns()
        acknowledged()
        ack_took(perf_counter_ns() - sent)
        put_took(sent - start)
        for uid in islice(ids, every - 1):
            puts[uid % writers]((index, uid))
            acknowledged()
    end = perf_counter_ns()
    cpu = thread_time_ns() - cpu
    for put in puts:
        put((index, None))
    return begin, end, cpu, len(put_times) * every, 0, NO_WAITS, packed(put_times, ack_times)


def producing_by_windows(index: int, plan: Plan, queues: Sequence[Any], acks: Any) -> Report:
    """Send a window of ids, a batch to each writer that owns some, then wait for all batches.

    The window is the plan's stride.  A put time is that of a window's batches over its ids, an
    ack time the wait for all of the window's acknowledgements.
    """
    operations, seconds, window, id_space = plan
    ids = draw(index, id_space)
    puts = [queue.put for queue in queues]
    writers = len(puts)
    acknowledged = acks.get
    put_times: list[int] = []
    ack_times: list[int] = []
    put_took, ack_took = put_times.append, ack_times.append
    cpu, begin = thread_time_ns(), perf_counter_ns()
    for _ in turns(operations, seconds, window):
        batches: list[list[int]] = [[] for _ in puts]
        for uid in islice(ids, window):
            batches[uid % writers].append(uid)
        start = perf_counter_ns()
        expected = 0
        for put, batch in zip(puts, batches, strict=True):
            if batch:
                put((index, tuple(batch)))
                expected += 1
        sent = perf_counter_ns()
        for _ in range(expected):
            acknowledged()
        ack_took(perf_counter_ns() - sent)
        put_took((sent - start) // window)
    end = perf_counter_ns()
    cpu = thread_time_ns() - cpu
    for put in puts:
        put((index, None))
    return begin, end, cpu, len(put_times) * window, 0, NO_WAITS, packed(put_times, ack_times)


def producing_as_in_the_article(index: int, plan: Plan, queues: Sequence[Any], acks: Any) -> Report:
    """Send one by one with the article's instrument: a clock at every turn and around each call."""
    _operations, seconds, _every, id_space = plan
    ids = draw(index, id_space)
    writers = len(queues)
    put_times, ack_times = array("q"), array("q")
    cpu, begin = thread_time_ns(), perf_counter_ns()
    over = perf_counter() + seconds
    while perf_counter() < over:
        uid = next(ids)
        shard = uid % writers
        start = perf_counter_ns()
        queues[shard].put((index, uid))
        sent = perf_counter_ns()
        put_times.append(sent - start)
        sent = perf_counter_ns()
        acks.get()
        ack_times.append(perf_counter_ns() - sent)
    end = perf_counter_ns()
    cpu = thread_time_ns() - cpu
    for queue in queues:
        queue.put((index, None))
    return begin, end, cpu, len(put_times), 0, NO_WAITS, packed(put_times, ack_times)


def clear(index: int) -> None:
    """Give a writer an empty set, before the round."""
    HELD["writer", index] = set()


def writing_one_by_one(index: int, producers: int, queue: Any, acks: Sequence[Any]) -> Report:
    """Insert each id that comes and tell its producer whether it was new."""
    shared = HELD["writer", index]
    add = shared.add
    replies = [each.put for each in acks]
    attempts = inserts = 0
    cpu, begin = thread_time_ns(), perf_counter_ns()
    while producers:
        producer, uid = queue.get()
        if uid is None:
            producers -= 1
            continue
        attempts += 1
        if uid not in shared:
            add(uid)
            inserts += 1
            replies[producer](True)
        else:
            replies[producer](False)
    end = perf_counter_ns()
    cpu = thread_time_ns() - cpu
    return begin, end, cpu, attempts, inserts, NO_WAITS, len(shared)


def writing_by_windows(index: int, producers: int, queue: Any, acks: Sequence[Any]) -> Report:
    """Insert each batch that comes and tell its producer how many of its ids were new."""
    shared = HELD["writer", index]
    add = shared.add
    replies = [each.put for each in acks]
    attempts = inserts = 0
    cpu, begin = thread_time_ns(), perf_counter_ns()
    while producers:
        producer, uids = queue.get()
        if uids is None:
            producers -= 1
            continue
        attempts += len(uids)
        before = inserts
        for uid in uids:
            if uid not in shared:
                add(uid)
                inserts += 1
        replies[producer](inserts - before)
    end = perf_counter_ns()
    cpu = thread_time_ns() - cpu
    return begin, end, cpu, attempts, inserts, NO_WAITS, len(shared)
