"""The loops of shared_set: check whether an id is in the set, insert it if not.

One function per strategy, whatever the mode: `shared` and `locks` are what the mode has.  Each
takes its worker's `index` and a plan `(operations, seconds, every, id_space)`, see `ids.turns`,
has its ids from `get_ready`, and returns a report

    (begin, end, cpu, attempts, inserts, waits, more)

with times in nanoseconds: `begin` and `end` of the loop, `cpu` of its thread, `waits` as
`locks.packed` has them, `more` what a strategy adds.
"""

from __future__ import annotations

from array import array
from itertools import count, islice
from time import perf_counter, perf_counter_ns, sleep, thread_time_ns

from ftbench.probe.pool_tasks import grind
from ftbench.probe.workloads.ids import draw, drawn, give, prepare, swiftly, turns
from ftbench.probe.workloads.locks import NO_WAITS, packed, usable

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from ftbench.probe.workloads.ids import Plan
    from ftbench.probe.workloads.locks import Waits

    Report = tuple[int, int, int, int, int, Waits, Any]

# What a member holds beyond a round, so that memory is looked at while all of it is there.
# Keyed by role and index: a module is one per process, and one per subinterpreter.
HELD: dict[tuple[str, int], set[int]] = {}

# Tickets of two workers never meet: a run has fewer operations than this per worker.
TICKETS = 1 << 40

# A worker of a pool sleeps until its next task comes, works, and writes: so many writes in a round.
NAP, STEPS, WRITES = 0.0002, 1_000, 64


def get_ready(index: int, plan: Plan | None, proxies: Sequence[Any]) -> None:
    """Get a worker ready before the round: free what it held of the one before, draw its ids.

    Without a plan its loop draws them itself; the use of `proxies` connects it to their manager.
    """
    HELD.pop(("local", index), None)
    for each in proxies:
        len(each)
    if plan:
        prepare(index, plan)


def adder(shared: Any) -> Callable[[int], Any]:
    """Return the call that inserts into a set, a dict or a manager's dict."""
    if hasattr(shared, "add"):
        add: Callable[[int], Any] = shared.add
        return add
    return lambda uid: shared.__setitem__(uid, 1)


def locked(index: int, plan: Plan, shared: Any, lock: Any) -> Report:
    """Strategy `lock`: one set, one lock; behind a manager two proxy calls under the lock."""
    operations, seconds, every, _id_space = plan
    ids = drawn(index)
    lock = usable(lock)
    add, acquire, release = adder(shared), lock.acquire, lock.release
    quicks: list[int] = []
    waits: list[int] = []
    quick, wait = quicks.append, waits.append
    attempts = duplicates = 0
    cpu, begin = thread_time_ns(), perf_counter_ns()
    for _ in turns(operations, seconds, every):
        uid = next(ids)
        asked = perf_counter_ns()
        if acquire(False):
            quick(perf_counter_ns() - asked)
        else:
            acquire()
            wait(perf_counter_ns() - asked)
        if uid not in shared:
            add(uid)
        else:
            duplicates += 1
        release()
        for uid in islice(ids, every - 1):
            if not acquire(False):
                asked = perf_counter_ns()
                acquire()
                wait(perf_counter_ns() - asked)
            if uid not in shared:
                add(uid)
            else:
                duplicates += 1
            release()
        attempts += every
    end = perf_counter_ns()
    cpu = thread_time_ns() - cpu
    return begin, end, cpu, attempts, attempts - duplicates, packed(quicks, waits), None


def with_pauses(
    loop: Callable[..., Report], index: int, plan: Plan, workers: int, rest: Sequence[Any]
) -> Iterator[Report]:
    """Yield a worker's reports: of `loop`, of work between writes of its own, of shared ones."""
    fresh = count(plan[3] + index, workers)  # of which each is new to the set
    while True:
        yield loop(index, plan, *rest)
        yield _amid_work(index, fresh, atomic, ({},))
        yield _amid_work(index, fresh, loop, rest)


def _amid_work(
    index: int, fresh: Iterator[int], loop: Callable[..., Report], rest: Sequence[Any]
) -> Report:
    inserts = 0
    cpu, begin = thread_time_ns(), perf_counter_ns()
    for uid in islice(fresh, WRITES):
        sleep(NAP)
        grind((uid, STEPS))
        give(index, uid)
        inserts += loop(index, (1, 0.0, 1, 1), *rest)[4]
    end = perf_counter_ns()
    cpu = thread_time_ns() - cpu
    return begin, end, cpu, WRITES, inserts, NO_WAITS, None


def as_in_the_article(index: int, plan: Plan, shared: Any, lock: Any) -> Report:
    """Strategy `lock` as the article measures it, with clock calls around every acquire.

    `more` is the sum of the waits.
    """
    _operations, seconds, _every, id_space = plan
    ids = draw(index, id_space)
    add = adder(shared)
    attempts = inserts = waited = 0
    cpu, begin = thread_time_ns(), perf_counter_ns()
    over = perf_counter() + seconds
    while perf_counter() < over:
        uid = next(ids)
        asked = perf_counter_ns()
        lock.acquire()
        try:
            waited += perf_counter_ns() - asked
            if uid not in shared:
                add(uid)
                inserts += 1
        finally:
            lock.release()
        attempts += 1
    end = perf_counter_ns()
    cpu = thread_time_ns() - cpu
    return begin, end, cpu, attempts, inserts, NO_WAITS, waited


def atomic(index: int, plan: Plan, shared: Any) -> Report:
    """Strategy `atomic`: one `setdefault`; the id was new if the ticket offered comes back."""
    operations, seconds, every, _id_space = plan
    ids = drawn(index)
    setdefault = shared.setdefault
    first = ticket = (index + 1) * TICKETS
    duplicates = 0
    cpu, begin = thread_time_ns(), perf_counter_ns()
    for _ in turns(operations, seconds, every):
        for uid in islice(ids, every):
            ticket += 1
            if setdefault(uid, ticket) != ticket:
                duplicates += 1
    end = perf_counter_ns()
    cpu = thread_time_ns() - cpu
    return begin, end, cpu, ticket - first, ticket - first - duplicates, NO_WAITS, None


def striped(index: int, plan: Plan, shards: Sequence[Any], locks: Sequence[Any]) -> Report:
    """Strategy `striped`: as many sets as locks, an id belongs to one of them."""
    operations, seconds, every, _id_space = plan
    ids = drawn(index)
    count = len(locks)
    stripes = [
        (lock.acquire, lock.release, each, adder(each))
        for lock, each in zip(map(usable, locks), shards, strict=True)
    ]
    quicks: list[int] = []
    waits: list[int] = []
    quick, wait = quicks.append, waits.append
    attempts = duplicates = 0
    cpu, begin = thread_time_ns(), perf_counter_ns()
    for _ in turns(operations, seconds, every):
        uid = next(ids)
        acquire, release, shared, add = stripes[uid % count]
        asked = perf_counter_ns()
        if acquire(False):
            quick(perf_counter_ns() - asked)
        else:
            acquire()
            wait(perf_counter_ns() - asked)
        if uid not in shared:
            add(uid)
        else:
            duplicates += 1
        release()
        for uid in islice(ids, every - 1):
            acquire, release, shared, add = stripes[uid % count]
            if not acquire(False):
                asked = perf_counter_ns()
                acquire()
                wait(perf_counter_ns() - asked)
            if uid not in shared:
                add(uid)
            else:
                duplicates += 1
            release()
        attempts += every
    end = perf_counter_ns()
    cpu = thread_time_ns() - cpu
    return begin, end, cpu, attempts, attempts - duplicates, packed(quicks, waits), None


def local(index: int, plan: Plan, travels: bool) -> Report:  # noqa: FBT001 - all come by position
    """Strategy `local`: a set of its own; `more` is the set, as bytes where it has to travel."""
    operations, seconds, every, _id_space = plan
    ids = drawn(index)
    own: set[int] = set()
    HELD["local", index] = own
    add = own.add
    attempts = 0
    cpu, begin = thread_time_ns(), perf_counter_ns()
    for _ in turns(operations, seconds, every):
        for uid in islice(ids, every):
            if uid not in own:
                add(uid)
        attempts += every
    found: Any = array("q", own).tobytes() if travels else own
    end = perf_counter_ns()
    cpu = thread_time_ns() - cpu
    return begin, end, cpu, attempts, len(own), NO_WAITS, found


def sending(index: int, plan: Plan, queue: Any) -> Report:
    """Strategy `actor`, its senders: ids go to the owner of the set, a turn's ids per message."""
    operations, seconds, every, _id_space = plan
    ids = drawn(index)
    attempts = 0
    cpu, begin = thread_time_ns(), perf_counter_ns()
    for _ in turns(operations, seconds, every):
        queue.put(tuple(islice(ids, every)))
        attempts += every
    queue.put(None)
    end = perf_counter_ns()
    cpu = thread_time_ns() - cpu
    return begin, end, cpu, attempts, 0, NO_WAITS, None


def grow(index: int, stream: int, count: int, id_space: int) -> None:
    """Give the owner of the set `count` ids of a stream that no worker draws; before the round."""
    HELD["owner", index] = set(islice(swiftly(stream, id_space), count))


def owning(index: int, senders: int, queue: Any) -> Report:
    """Strategy `actor`, the owner: insert what comes until every sender has said None.

    `more` is how many ids are in the set at the end.
    """
    shared = HELD["owner", index]
    add = shared.add
    attempts = inserts = 0
    cpu, begin = thread_time_ns(), perf_counter_ns()
    while senders:
        uids = queue.get()
        if uids is None:
            senders -= 1
            continue
        attempts += len(uids)
        for uid in uids:
            if uid not in shared:
                add(uid)
                inserts += 1
    end = perf_counter_ns()
    cpu = thread_time_ns() - cpu
    return begin, end, cpu, attempts, inserts, NO_WAITS, len(shared)


# -- strategy `shared_memory`: an open-addressing table in a buffer that all workers see

# A slot holds an id plus one, 0 is an empty slot.  The table is divided into as many stripes as
# there are locks; probing is linear and stays in the stripe, whose lock is all an insertion needs.
SLOT_BYTES = 8


def insert(slots: memoryview[int], uid: int, stripes: int, size: int) -> int:
    """Insert `uid`; return 1 if it was new, else 0.

    `slots` is a memoryview of format "Q" with `stripes * size` items.  The caller holds the lock
    of stripe `uid % stripes`.  Raises OverflowError if the stripe is full.
    """
    stripe = uid % stripes
    first = stripe * size
    place = first + uid // stripes % size
    key = uid + 1
    for at in range(place, first + size):
        found = slots[at]
        if not found:
            slots[at] = key
            return 1
        if found == key:
            return 0
    for at in range(first, place):
        found = slots[at]
        if not found:
            slots[at] = key
            return 1
        if found == key:
            return 0
    raise OverflowError(f"Stripe {stripe} of the table is full: {size} ids.")


def view(buffer: Any) -> memoryview[int]:
    """Return a buffer (bytes-like, or a SharedMemory) as a memoryview of slots."""
    return memoryview(getattr(buffer, "buf", buffer)).cast("Q")


def fill(buffer: Any, uids: Iterable[int], stripes: int) -> int:
    """Insert all `uids`; return how many were new."""
    with view(buffer) as slots:
        size = len(slots) // stripes
        return sum(insert(slots, uid, stripes, size) for uid in uids)


def tabled(index: int, plan: Plan, buffer: Any, locks: Sequence[Any]) -> Report:
    """Run the loop of one worker; see `inserting` for what comes in and what is returned."""
    operations, seconds, every, _id_space = plan
    ids = drawn(index)
    stripes = len(locks)
    calls = [(lock.acquire, lock.release) for lock in map(usable, locks)]
    quicks: list[int] = []
    waits: list[int] = []
    quick, wait = quicks.append, waits.append
    attempts = inserts = 0
    # Released at the end: shared memory cannot be closed under a view.
    with view(buffer) as slots:
        size = len(slots) // stripes
        cpu, begin = thread_time_ns(), perf_counter_ns()
        for _ in turns(operations, seconds, every):
            uid = next(ids)
            acquire, release = calls[uid % stripes]
            asked = perf_counter_ns()
            if acquire(False):
                quick(perf_counter_ns() - asked)
            else:
                acquire()
                wait(perf_counter_ns() - asked)
            inserts += insert(slots, uid, stripes, size)
            release()
            for uid in islice(ids, every - 1):
                acquire, release = calls[uid % stripes]
                if not acquire(False):
                    asked = perf_counter_ns()
                    acquire()
                    wait(perf_counter_ns() - asked)
                inserts += insert(slots, uid, stripes, size)
                release()
            attempts += every
        end = perf_counter_ns()
        cpu = thread_time_ns() - cpu
    return begin, end, cpu, attempts, inserts, packed(quicks, waits), None
