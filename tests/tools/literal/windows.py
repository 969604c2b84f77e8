"""Producers send ids to one writer who acknowledges each; imports nothing of the harness.

    python windows.py --mode fork --producers 2 --window 64 [--batch]

A window of 1 waits for each acknowledgement; one of 64 has 64 messages under way, the next put when
the oldest is acknowledged.  `--batch` sends the window as one message with one acknowledgement.
Prints JSON: CPU and wall microseconds per id over all who took part, and whether the writer's set
is what all ids together hold.
"""

import argparse
import json
import multiprocessing
import queue
import sys
import threading
import time


def ids_of(index, count):
    """Return the ids that a producer sends."""
    return [(index * 7919 + number * 31) % 50_000 for number in range(count)]


def send_one_by_one(index, ids, asks, acks, window):
    """Have up to `window` messages under way, each acknowledged."""
    under_way = 0
    for number in ids:
        if under_way == window:
            acks.get()
            under_way -= 1
        asks.put((index, number))
        under_way += 1
    for _ in range(under_way):
        acks.get()


def send_in_batches(index, ids, asks, acks, window):
    """Send `window` ids in one message, wait for its acknowledgement."""
    for first in range(0, len(ids), window):
        asks.put((index, ids[first : first + window]))
        acks.get()


def cpu_clock():
    """Return the CPU clock of a worker: of its process where it has one, its feeder included."""
    main_thread = threading.current_thread() is threading.main_thread()
    return time.process_time if main_thread else time.thread_time


def produce(send, index, count, asks, acks, window, gate, costs):
    """Send all ids after the gate; report the CPU seconds that it took."""
    ids, clock = ids_of(index, count), cpu_clock()
    gate.wait()
    cpu = clock()
    send(index, ids, asks, acks, window)
    costs.put(("cpu", clock() - cpu))
    asks.put((index, None))


def write(producers, asks, acks, gate, costs):
    """Insert what comes, acknowledge it; report the CPU seconds and what the set holds."""
    seen, clock = set(), cpu_clock()
    gate.wait()
    cpu = clock()
    while producers:
        index, what = asks.get()
        if what is None:
            producers -= 1
            continue
        if isinstance(what, list):
            seen.update(what)
        else:
            seen.add(what)
        acks[index].put(True)
    costs.put(("cpu", clock() - cpu))
    costs.put(("seen", len(seen)))


def means(mode):
    """Return what makes a queue, a barrier and a worker."""
    if mode == "threads":
        return queue.SimpleQueue, threading.Barrier, threading.Thread
    context = multiprocessing.get_context(mode)
    return context.SimpleQueue, context.Barrier, context.Process


def main():
    """Measure once, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", choices=("threads", "fork", "forkserver", "spawn"), required=True)
    parser.add_argument("--producers", type=int, default=2)
    parser.add_argument("--window", type=int, default=64)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--batch", action="store_true")
    args = parser.parse_args()
    new_queue, barrier, worker = means(args.mode)
    asks, costs = new_queue(), new_queue()
    acks = [new_queue() for _ in range(args.producers)]
    gate = barrier(args.producers + 2)
    send = send_in_batches if args.batch else send_one_by_one
    members = [worker(target=write, args=(args.producers, asks, acks, gate, costs))] + [
        worker(target=produce, args=(send, index, args.count, asks, ack, args.window, gate, costs))
        for index, ack in enumerate(acks)
    ]
    for member in members:
        member.start()
    gate.wait()
    begin = time.perf_counter()
    reports = [costs.get() for _ in range(args.producers + 2)]
    wall = time.perf_counter() - begin
    for member in members:
        member.join()
    sent = args.producers * args.count
    expected = set().union(*(ids_of(index, args.count) for index in range(args.producers)))
    sound = [size for name, size in reports if name == "seen"] == [len(expected)]
    cpu = sum(seconds for name, seconds in reports if name == "cpu")
    result = {"cpu_us": cpu / sent * 1e6, "wall_us": wall / sent * 1e6, "sound": sound}
    print(json.dumps({"python": sys.version.split()[0], **vars(args), **result}))
    sys.exit(not sound)


if __name__ == "__main__":
    main()
