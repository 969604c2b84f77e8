"""One set of ids that N threads, or one, insert into; ids drawn beforehand; nothing of the harness.

    python set_operations.py --strategy lock --workers 1

Prints JSON: CPU nanoseconds per operation over all threads, drawing excluded; whether the set holds
what all ids together hold.
"""

import argparse
import json
import random
import sys
import threading
import time


def insert_locked(ids, seen, lock, _index):
    """Insert under one lock, as most people write it; count what was there."""
    there = 0
    for number in ids:
        with lock:
            if number not in seen:
                seen.add(number)
            else:
                there += 1
    return there


def insert_atomic(ids, seen, _lock, index):
    """Insert by one call that is atomic by itself; who gets another's ticket back came too late."""
    there, ticket = 0, index << 40
    for number in ids:
        ticket += 1
        if seen.setdefault(number, ticket) != ticket:
            there += 1
    return there


def insert_locally(ids, seen, lock, _index):
    """Insert into a set of one's own, merged when all is over."""
    own = set()
    for number in ids:
        if number not in own:
            own.add(number)
    with lock:
        seen |= own
    return 0


STRATEGIES = {"lock": insert_locked, "atomic": insert_atomic, "local": insert_locally}


def main():
    """Measure a number of rounds, print the median."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strategy", choices=STRATEGIES, required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--operations", type=int, default=8_000, help="of each thread")
    parser.add_argument("--space", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    run, costs, sound = STRATEGIES[args.strategy], [], True
    streams = [random.Random(index) for index in range(args.workers)]
    drawn = [[stream.randrange(args.space) for _ in range(args.operations)] for stream in streams]
    everything = args.operations * args.workers
    for _ in range(args.rounds):
        lock, seen = threading.Lock(), {} if args.strategy == "atomic" else set()
        there = [0] * args.workers

        def insert(index, there=there, seen=seen, lock=lock):
            there[index] = run(drawn[index], seen, lock, index)

        threads = [threading.Thread(target=insert, args=(index,)) for index in range(args.workers)]
        begin = time.process_time_ns()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        costs.append((time.process_time_ns() - begin) / everything)
        new = len(set().union(*drawn))
        counted = args.strategy == "local" or everything - sum(there) == new
        sound = sound and counted and len(seen) == new
    result = {"cpu_ns": sorted(costs)[len(costs) // 2], "sound": sound}
    print(json.dumps({"python": sys.version.split()[0], **vars(args), **result}))
    sys.exit(not sound)


if __name__ == "__main__":
    main()
