"""Tasks handed to a warm pool, written the way a user would; imports nothing of the harness.

    python tasks.py --mode fork --workers 8 --steps 1000 --payload 0 --writes 0.05 --share atomic

Prints JSON: wall and CPU seconds per task, the latter of the whole tree, managers and owners
included (Linux); and whether every answer and every shared write was as a plain loop has them.
A task reads its payload and does `--steps` steps of arithmetic.  A share of the tasks (`--writes`)
records its number, and `--share` says how:

lock           a set (of a manager's process: a dict) under one lock
atomic         a dict (a manager's), by `setdefault` alone
striped        sixteen sets (a manager's dicts), each under a lock of its own
shared_memory  a table in memory that all see, sixteen parts of it under a lock of their own
local          with the answer, into a set of the main thread's
actor          by a message for each to a thread of the main process that owns the set

The mode or the way to share that an interpreter lacks is exit code 3.  `ftbench advise --verify`
runs this program.
"""

import argparse
import json
import os
import queue
import sys
import threading
import time
import zlib
from concurrent import futures

MODES = ("loop", "threads", "fork", "forkserver", "spawn", "subinterpreters")
SHARES = ("lock", "atomic", "striped", "shared_memory", "local", "actor")
STRIPES = 16
# What a worker knows: how to record a number.
KNOWN = {}


def work(payload, steps):
    """Read a payload and do that many steps of arithmetic from it; return what comes out."""
    state = zlib.crc32(payload)
    for _ in range(steps):
        state = (state * 1103515245 + 12345) & 0xFFFFFFFF
    return state


def writes(number, share):
    """Tell whether a task is of the share of those that record their number."""
    return int((number + 1) * share) > int(number * share)


def task(number, payload, steps, share):
    """Do the work and perhaps record the number; return it where it is merged at the end."""
    answer = work(payload, steps)
    return answer, KNOWN["record"](number) if writes(number, share) else None


class PipeLock:
    """A lock for subinterpreters, which have none: a byte in a pipe."""

    def __init__(self, ends):
        """Be the lock of these two ends."""
        self.ends = ends

    def __enter__(self):
        """Take the byte."""
        os.read(self.ends[0], 1)

    def __exit__(self, *_error):
        """Put the byte back."""
        os.write(self.ends[1], b".")


def insert(slots, number):
    """Insert a number into its part of an open-addressing table; 0 is an empty slot."""
    size = len(slots) // STRIPES
    first, key = number % STRIPES * size, number + 1
    for step in range(size):
        at = first + (number // STRIPES + step) % size
        if slots[at] in {0, key}:
            slots[at] = key
            return
    raise OverflowError("the table is full")


def receive(share, things, locks):
    """Learn how to record a number: in every worker once, before the first task."""
    locks = [PipeLock(each) if isinstance(each, tuple) else each for each in locks]
    if share == "shared_memory":
        KNOWN["memory"] = things  # which ends with its last user
        slots = memoryview(getattr(things, "buf", things)).cast("B").cast("Q")

    def by_lock(number):
        with locks[0]:
            if number not in things:
                add(things, number)

    def by_setdefault(number):
        things.setdefault(number, 1)

    def by_stripe(number):
        mine = things[number % STRIPES]
        with locks[number % STRIPES]:
            if number not in mine:
                add(mine, number)

    def by_table(number):
        with locks[number % STRIPES]:
            insert(slots, number)

    def by_answer(number):
        return number

    def by_message(number):
        things.put(number)

    ways = by_lock, by_setdefault, by_stripe, by_table, by_answer, by_message
    KNOWN["record"] = ways[SHARES.index(share)]


def add(shared, number):
    """Insert into a set, or a manager's dict that stands for one."""
    if isinstance(shared, set):
        shared.add(number)
    else:
        shared[number] = 1


def own(asks, seen):
    """Keep the set whose writes come as messages, until None does."""
    while (number := asks.get()) is not None:
        seen.add(number)


class Sharing:
    """What the workers of a mode share; `ends` are called when all is over."""

    def __init__(self, mode, share, room):
        """Make it, for so many numbers."""
        self.seen, self.things, self.locks, self.ends = set(), None, [], []
        self.context = None
        if mode in {"fork", "forkserver", "spawn"}:
            import multiprocessing

            self.context = multiprocessing.get_context(mode)
        # A loop writes to a plain set, for there is nobody to share it with.
        self.share = "lock" if mode == "loop" else share
        self.interpreters = mode == "subinterpreters"
        if self.share in {"lock", "atomic", "striped"}:
            self.share_objects()
        elif self.share == "shared_memory":
            self.share_memory(room)
        elif self.share == "actor":
            self.share_messages()

    def share_objects(self):
        """Share sets or dicts: the process's own, or those of a manager."""
        if self.interpreters:
            lacking("Subinterpreters share no set and no dict.")
        make = dict if self.share == "atomic" else set
        if self.context:
            manager = self.context.Manager()
            make = manager.dict
            self.ends.append(manager.shutdown)
        self.things = [make() for _ in range(STRIPES)] if self.share == "striped" else make()
        self.make_locks()

    def share_memory(self, room):
        """Share a table, at most half full."""
        size = STRIPES * max(64, 2 * -(-room // STRIPES)) * 8
        self.things = bytearray(size)
        if self.interpreters:
            self.things = memoryview(self.things)
        if self.context:
            from multiprocessing import shared_memory

            self.things = shared_memory.SharedMemory(create=True, size=size)
            self.ends += [KNOWN.clear, self.things.close, self.things.unlink]
        self.make_locks()

    def make_locks(self):
        """Make the locks that the mode has."""
        make = self.context.Lock if self.context else pipe if self.interpreters else threading.Lock
        self.locks = [make() for _ in range(STRIPES)]

    def share_messages(self):
        """Share a queue, whose owner is a thread of this process."""
        if self.interpreters:
            from concurrent import interpreters

            self.things = interpreters.create_queue()
        else:
            self.things = self.context.SimpleQueue() if self.context else queue.SimpleQueue()
        self.owner = threading.Thread(target=own, args=(self.things, self.seen), daemon=True)
        self.owner.start()

    def settle(self):
        """Wait for the writes that are under way."""
        if self.share == "actor":
            self.things.put(None)
            self.owner.join()

    def recorded(self):
        """Return how many numbers are recorded."""
        if self.share in {"local", "actor"}:
            return len(self.seen)
        if self.share == "shared_memory":
            with memoryview(getattr(self.things, "buf", self.things)) as view:
                slots = bytes(view)
            return sum(any(slots[at : at + 8]) for at in range(0, len(slots), 8))
        return sum(map(len, self.things)) if self.share == "striped" else len(self.things)


def lacking(what):
    """End with what the mode or the interpreter lacks."""
    print(what, file=sys.stderr)
    sys.exit(3)


def pipe():
    """Return the two ends of a pipe with a byte in it."""
    ends = os.pipe()
    os.write(ends[1], b".")
    return ends


def pool_of(mode, workers, sharing):
    """Return a pool of a mode whose workers know what is shared; None for a loop."""
    first = {"initializer": receive, "initargs": (sharing.share, sharing.things, sharing.locks)}
    if mode == "loop":
        receive(*first["initargs"])
        return None
    if mode == "threads":
        return futures.ThreadPoolExecutor(workers, **first)
    if mode == "subinterpreters":
        return futures.InterpreterPoolExecutor(workers, **first)
    return futures.ProcessPoolExecutor(workers, mp_context=sharing.context, **first)


def cpu_of_tree():
    """Return the CPU seconds of this process and of all below it, alive or not (Linux)."""
    if not os.path.isdir("/proc/self"):
        return time.process_time()
    ticks = os.sysconf("SC_CLK_TCK")
    parents, used = {}, {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry)] = int(fields[1])
            used[int(entry)] = sum(map(int, fields[11:15])) / ticks
    mine, wider = {os.getpid()}, True
    while wider:
        more = {pid for pid, parent in parents.items() if parent in mine} - mine
        wider = bool(more)
        mine |= more
    return sum(used.get(pid, 0.0) for pid in mine)


def run(pool, workers, numbers, *args):
    """Run all tasks, in a pool with as many under way as there are workers; return the answers."""
    if pool is None:
        return [task(number, *args) for number in numbers]
    answers, pending, rest = {}, {}, iter(numbers)
    for number in rest:
        pending[pool.submit(task, number, *args)] = number
        if len(pending) == workers:
            break
    while pending:
        done, _ = futures.wait(pending, return_when=futures.FIRST_COMPLETED)
        for future in done:
            answers[pending.pop(future)] = future.result()
            number = next(rest, None)
            if number is not None:
                pending[pool.submit(task, number, *args)] = number
    return [answers[number] for number in numbers]


def measure(args):
    """Measure; return what is printed."""
    numbers, payload = range(args.tasks), bytes(args.payload)
    sharing = Sharing(args.mode, args.share, args.tasks)
    pool = pool_of(args.mode, args.workers, sharing)
    warm = range(20 * args.workers if pool else 1)
    run(pool, args.workers, warm, payload, min(args.steps, 10_000), 0.0)
    cpu, begin = cpu_of_tree(), time.perf_counter()
    answers = run(pool, args.workers, numbers, payload, args.steps, args.writes)
    # What is merged at the end, or comes as a message, is part of the work.
    sharing.seen.update(number for _, number in answers if number is not None)
    sharing.settle()
    wall, cpu = time.perf_counter() - begin, cpu_of_tree() - cpu
    recorded = sharing.recorded()
    if pool:
        pool.shutdown()
    for end in sharing.ends:
        end()
    expected = work(payload, args.steps)
    sound = all(answer == expected for answer, _ in answers)
    sound = sound and recorded == sum(writes(number, args.writes) for number in numbers)
    return {"task": wall / args.tasks, "cpu": cpu / args.tasks, "sound": sound}


def main():
    """Measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mode", choices=MODES, required=True)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--payload", type=int, default=0, help="bytes")
    parser.add_argument("--tasks", type=int, default=4000)
    parser.add_argument("--writes", type=float, default=0.0)
    parser.add_argument("--share", choices=SHARES, default="atomic")
    args = parser.parse_args()
    lacks = args.mode == "subinterpreters" and not hasattr(futures, "InterpreterPoolExecutor")
    if lacks or (args.mode == "fork" and not hasattr(os, "fork")):
        lacking(f"This interpreter has no {args.mode}.")
    result = measure(args)
    print(json.dumps({"python": sys.version.split()[0], **vars(args), **result}))
    sys.exit(not result["sound"])


if __name__ == "__main__":
    main()
