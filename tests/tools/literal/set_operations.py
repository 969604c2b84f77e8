"""One set of ids that N workers, or one, insert into; ids drawn beforehand; nothing of the harness.

    python set_operations.py --strategy lock --workers 1 --mode threads

Prints JSON: CPU nanoseconds per operation over all workers and what serves them (Linux), drawing
excluded; and whether the set holds what all ids together hold, and the workers counted it.
By threads the set is a set or a dict, by processes a manager's dict; the strategies are those of
tasks.py, and `actor` sends 64 ids a message.
"""

import argparse
import json
import multiprocessing
import os
import queue
import random
import sys
import threading
import time

STRIPES, BATCH = 16, 64


def insert_locked(ids, seen, locks, _index):
    """Insert under one lock, as most people write it; count what was there."""
    there, lock = 0, locks[0]
    for number in ids:
        with lock:
            if number in seen:
                there += 1
            else:
                add(seen, number)
    return there


def insert_atomic(ids, seen, _locks, index):
    """Insert by one call that is atomic by itself; who gets another's ticket back came too late."""
    there, ticket = 0, index << 40
    for number in ids:
        ticket += 1
        if seen.setdefault(number, ticket) != ticket:
            there += 1
    return there


def insert_striped(ids, parts, locks, _index):
    """Insert into the part that the number belongs to, under its lock."""
    there = 0
    for number in ids:
        mine = parts[number % STRIPES]
        with locks[number % STRIPES]:
            if number in mine:
                there += 1
            else:
                add(mine, number)
    return there


def insert_locally(ids, _seen, _locks, _index):
    """Insert into a set of one's own, merged when all is over."""
    own = set()
    for number in ids:
        if number not in own:
            own.add(number)
    return own


def add(seen, number):
    """Insert into a set, or a manager's dict that stands for one."""
    if isinstance(seen, set):
        seen.add(number)
    else:
        seen[number] = 1


def send(ids, asks, _locks, _index):
    """Send ids to the owner of the set, a batch a message."""
    for first in range(0, len(ids), BATCH):
        asks.put(tuple(ids[first : first + BATCH]))
    asks.put(None)
    return 0


def own(asks, senders, seen):
    """Insert what comes until every sender has said None."""
    while senders:
        ids = asks.get()
        if ids is None:
            senders -= 1
            continue
        for number in ids:
            if number not in seen:
                seen.add(number)


def insert_in_table(ids, table, locks, _index):
    """Insert into an open-addressing table in memory that all see, a lock for each part of it."""
    there, slots = 0, memoryview(getattr(table, "buf", table)).cast("B").cast("Q")
    size = len(slots) // STRIPES
    for number in ids:
        first, key = number % STRIPES * size, number + 1
        with locks[number % STRIPES]:
            for step in range(size):
                at = first + (number // STRIPES + step) % size
                if slots[at] == key:
                    there += 1
                    break
                if not slots[at]:
                    slots[at] = key
                    break
    slots.release()
    return there


STRATEGIES = {
    "lock": insert_locked,
    "atomic": insert_atomic,
    "striped": insert_striped,
    "shared_memory": insert_in_table,
    "local": insert_locally,
    "actor": send,
}


def clock():
    """Return the CPU seconds of a worker: of its process, or its thread where it has none."""
    alone = threading.current_thread() is threading.main_thread()
    return time.process_time() if alone else time.thread_time()


def work(strategy, ids, seen, locks, index, gate, reports):
    """Insert after the gate; report the CPU seconds and what the strategy returns."""
    gate.wait()
    cpu = clock()
    found = STRATEGIES[strategy](ids, seen, locks, index)
    reports.put((clock() - cpu, found))


def cpu_of(pid):
    """Return the CPU seconds of a process, to ten milliseconds (Linux)."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Means:
    """What makes workers and what they share, by mode."""

    def __init__(self, mode):
        """Know the mode."""
        self.context = None if mode == "threads" else multiprocessing.get_context(mode)
        self.manager = None
        self.worker = self.context.Process if self.context else threading.Thread
        self.queue = self.context.SimpleQueue if self.context else queue.SimpleQueue
        self.gate = self.context.Barrier if self.context else threading.Barrier
        self.lock = self.context.Lock if self.context else threading.Lock

    def shared(self, strategy, room):
        """Return what the workers of a strategy share, for so many numbers."""
        if strategy == "shared_memory":
            size = 8 * STRIPES * max(64, 1 << (2 * room // STRIPES - 1).bit_length())
            if not self.context:
                return bytearray(size)
            from multiprocessing import shared_memory

            return shared_memory.SharedMemory(create=True, size=size)
        if strategy == "local":
            return None
        if strategy == "actor":
            return self.queue()
        make = dict if strategy == "atomic" else set
        if self.context:
            self.manager = self.manager or self.context.Manager()
            make = self.manager.dict
        return [make() for _ in range(STRIPES)] if strategy == "striped" else make()

    def helper_cpu(self):
        """Return the CPU seconds of the manager so far, 0 where there is none."""
        return cpu_of(self.manager._process.pid) if self.manager else 0.0


def once(means, strategy, drawn):
    """Run a round; return its CPU seconds, and whether the set was right."""
    workers, held, everything = len(drawn), set(), sum(map(len, drawn))
    seen = means.shared(strategy, everything)
    locks, reports = [means.lock() for _ in range(STRIPES)], means.queue()
    gate = means.gate(workers + 1)
    members = [
        means.worker(target=work, args=(strategy, ids, seen, locks, index, gate, reports))
        for index, ids in enumerate(drawn)
    ]
    for member in members:
        member.start()
    before = means.helper_cpu()
    gate.wait()
    own_cpu = time.thread_time()
    if strategy == "actor":
        own(seen, workers, held)
    said = [reports.get() for _ in members]
    if strategy == "local":
        for _, found in said:
            held |= found
    cpu = time.thread_time() - own_cpu + sum(seconds for seconds, _ in said)
    cpu += means.helper_cpu() - before
    for member in members:
        member.join()
    new = len(set().union(*drawn))
    if strategy in {"local", "actor"}:
        return cpu, len(held) == new
    if strategy == "striped":
        size = sum(map(len, seen))
    elif strategy != "shared_memory":
        size = len(seen)
    else:
        with memoryview(getattr(seen, "buf", seen)).cast("B") as view:
            size = sum(map(bool, view.cast("Q").tolist()))
        if means.context:
            seen.close()
            seen.unlink()
    return cpu, size == new == everything - sum(found for _, found in said)


def main():
    """Measure a number of rounds, print the median."""
    parser = argparse.ArgumentParser(description=__doc__)
    modes = ("threads", "fork", "forkserver", "spawn")
    parser.add_argument("--mode", choices=modes, default="threads")
    parser.add_argument("--strategy", choices=STRATEGIES, required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--operations", type=int, default=8_000, help="of each worker")
    parser.add_argument("--space", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    means = Means(args.mode)
    streams = [random.Random(index) for index in range(args.workers)]
    drawn = [[stream.randrange(args.space) for _ in range(args.operations)] for stream in streams]
    rounds = [once(means, args.strategy, drawn) for _ in range(args.rounds)]
    costs = sorted(cpu / (args.operations * args.workers) * 1e9 for cpu, _ in rounds)
    result = {"cpu_ns": costs[len(costs) // 2], "sound": all(sound for _, sound in rounds)}
    print(json.dumps({"python": sys.version.split()[0], **vars(args), **result}))
    if means.manager:
        means.manager.shutdown()
    sys.exit(not result["sound"])


if __name__ == "__main__":
    main()
