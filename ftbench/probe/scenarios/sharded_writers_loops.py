"""The loops of sharded_writers: producers route ids to the writers that own them.

Reports are those of `inserting`, of a producer with `more` = (puts, acks): array('q') as bytes,
in nanoseconds, of the timed operations; `attempts` of a writer are the ids that came to it.
"""

from __future__ import annotations

from array import array
from itertools import islice
from time import perf_counter, perf_counter_ns, thread_time_ns

from ftbench.probe.workloads.ids import draw, drawn, turns
from ftbench.probe.workloads.inserting import HELD
from ftbench.probe.workloads.locks import NO_WAITS, packed

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ftbench.probe.workloads.ids import Plan
    from ftbench.probe.workloads.inserting import Report


def producing(index: int, plan: Plan, window: int, queues: Sequence[Any], acks: Any) -> Report:
    """Send each id to its writer, with up to `window` under way, each of them acknowledged.

    When so many are, the next is sent when one has been acknowledged: an ack time is the wait for
    that.
    """
    operations, seconds, every, _id_space = plan
    ids = drawn(index)
    puts = [queue.put for queue in queues]
    writers = len(puts)
    acknowledged = acks.get
    under_way = 0
    put_times: list[int] = []
    ack_times: list[int] = []
    put_took, ack_took = put_times.append, ack_times.append
    cpu, begin = thread_time_ns(), perf_counter_ns()
    for _ in turns(operations, seconds, every):
        uid = next(ids)
        start = perf_counter_ns()
        puts[uid % writers]((index, uid))
        sent = perf_counter_ns()
        put_took(sent - start)
        under_way += 1
        if under_way == window:
            acknowledged()
            ack_took(perf_counter_ns() - sent)
            under_way -= 1
        for uid in islice(ids, every - 1):
            puts[uid % writers]((index, uid))
            under_way += 1
            if under_way == window:
                acknowledged()
                under_way -= 1
    for _ in range(under_way):
        acknowledged()
    end = perf_counter_ns()
    cpu = thread_time_ns() - cpu
    for put in puts:
        put((index, None))
    return begin, end, cpu, len(put_times) * every, 0, NO_WAITS, packed(put_times, ack_times)


def producing_batches(index: int, plan: Plan, queues: Sequence[Any], acks: Any) -> Report:
    """Send a batch of ids, in a message to each writer that owns some, then wait for all answers.

    The batch is the plan's stride.  A put time is that of a batch's messages over its ids, an ack
    time the wait for all of the batch's acknowledgements.
    """
    operations, seconds, size, _id_space = plan
    ids = drawn(index)
    puts = [queue.put for queue in queues]
    writers = len(puts)
    acknowledged = acks.get
    put_times: list[int] = []
    ack_times: list[int] = []
    put_took, ack_took = put_times.append, ack_times.append
    cpu, begin = thread_time_ns(), perf_counter_ns()
    for _ in turns(operations, seconds, size):
        parts: list[list[int]] = [[] for _ in puts]
        for uid in islice(ids, size):
            parts[uid % writers].append(uid)
        start = perf_counter_ns()
        expected = 0
        for put, part in zip(puts, parts, strict=True):
            if part:
                put((index, tuple(part)))
                expected += 1
        sent = perf_counter_ns()
        for _ in range(expected):
            acknowledged()
        ack_took(perf_counter_ns() - sent)
        put_took((sent - start) // size)
    end = perf_counter_ns()
    cpu = thread_time_ns() - cpu
    for put in puts:
        put((index, None))
    return begin, end, cpu, len(put_times) * size, 0, NO_WAITS, packed(put_times, ack_times)


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


def writing(index: int, producers: int, queue: Any, acks: Sequence[Any]) -> Report:
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


def writing_batches(index: int, producers: int, queue: Any, acks: Sequence[Any]) -> Report:
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
