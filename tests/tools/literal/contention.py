"""What a thread loses to one more thread that does the same work; imports nothing of the harness.

    python contention.py --work list --share nothing

Slices in which one thread works alone alternate with slices in which two do, each on a core of its
own, begun at a common instant.  CPU seconds of a thread per slice: a thread that waits for its core
spends none.  Slices in which a thread lost its core (CPU below 95 % of wall) do not count.
Prints JSON: the median ratio of neighbouring slices, and how many counted.
"""

import argparse
import dataclasses
import gc
import json
import os
import statistics
import sys
import threading
import time


def fill_list(own, turns):
    """Append to a list and clear it."""
    for _ in range(turns):
        for number in range(100):
            own.append(number)
        own.clear()


def read_dict(own, turns):
    """Look keys up."""
    for _ in range(turns):
        for key in own:
            own[key]


def call(own, turns):
    """Call a function."""
    for _ in range(turns * 50):
        own(3)


def add(number):
    """Return one more."""
    return number + 1


def load_constants(_own, turns):
    """Load constants that are no small integers."""
    for _ in range(turns * 50):
        row = (1_000_003, "a constant", 2.5)
        row[0] + len(row)


@dataclasses.dataclass
class Point:
    """A point."""

    x: int
    y: int


def make_points(own, turns):
    """Make objects of a dataclass and read them."""
    for number in range(turns * 20):
        point = own(number, y=1)
        point.x + point.y


def read_strings(own, turns):
    """Look up strings, which no build keeps for ever."""
    for number in range(turns * 50):
        len(own[number & 63])


def set_locals(own, turns):
    """Write and read what each thread has of its own."""
    for number in range(turns * 50):
        own.value = number
        len((own.value,))


WORKS = {
    "list": (fill_list, list),
    "dict": (read_dict, lambda: dict.fromkeys(range(100))),
    "call": (call, lambda: add),
    "constants": (load_constants, lambda: None),
    "dataclass": (make_points, lambda: Point),
    "strings": (read_strings, lambda: {number: f"value {number}" for number in range(64)}),
    "locals": (set_locals, threading.local),
}


def member(index, work, own, turns, gates, slices, ended):
    """Work on a core of one's own whenever asked; note (wall, CPU) of the slice."""
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpus[index % len(cpus)]})
    work(own, turns)
    while True:
        start_at = gates[index].get()
        if start_at is None:
            return
        while time.perf_counter() < start_at:
            pass
        wall, cpu = time.perf_counter(), time.thread_time()
        work(own, turns)
        slices[index] = time.perf_counter() - wall, time.thread_time() - cpu
        ended.put(index)


# Seconds after which a thread of a few milliseconds is not awaited any more.
PATIENCE = 60


def turns_for(work, own, seconds):
    """Return how many turns of a work last about that long."""
    turns = 8
    while True:
        begin = time.perf_counter()
        work(own, turns)
        if time.perf_counter() - begin > seconds:
            return turns
        turns *= 2


def main():
    """Alternate, compare, print."""
    import queue

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", choices=WORKS, required=True)
    parser.add_argument("--share", choices=("nothing", "object"), default="nothing")
    parser.add_argument("--slices", type=int, default=200)
    args = parser.parse_args()
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        print("Two threads need a CPU each that they may choose.", file=sys.stderr)
        sys.exit(3)
    work, make = WORKS[args.work]
    gc.disable()
    first = make()
    own = [first, first if args.share == "object" else make()]
    turns = turns_for(work, first, 0.004)
    gates, slices, ended = [queue.Queue(), queue.Queue()], [None, None], queue.Queue()
    threads = [
        threading.Thread(
            target=member,
            args=(index, work, own[index], turns, gates, slices, ended),
            daemon=True,
        )
        for index in range(2)
    ]
    for thread in threads:
        thread.start()

    def taken(count):
        start_at = time.perf_counter() + 0.0005
        for gate in gates[:count]:
            gate.put(start_at)
        for _ in range(count):
            ended.get(timeout=PATIENCE)
        sound = all(cpu > 0.95 * wall for wall, cpu in slices[:count])
        return statistics.mean(cpu for _, cpu in slices[:count]) if sound else None

    pairs = [(taken(1), taken(2)) for _ in range(args.slices)]
    for gate in gates:
        gate.put(None)
    for thread in threads:
        thread.join()
    ratios = [beside / alone for alone, beside in pairs if alone and beside]
    ratio = statistics.median(ratios) if ratios else None
    result = {"ratio": ratio, "counted": len(ratios), "of": args.slices}
    print(json.dumps({"python": sys.version.split()[0], **vars(args), **result}))


if __name__ == "__main__":
    main()
