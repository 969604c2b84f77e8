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


def insert_locked(ids, seen, lock):
    """Insert under one lock, as most people write it."""
    for number in ids:
        with lock:
            if number not in seen:
                seen.add(number)


def insert_atomic(ids, seen, _lock):
    """Insert by one call that is atomic by itself."""
    for number in ids:
        seen.setdefault(number, 1)


def insert_locally(ids, seen, lock):
    """Insert into a set of one's own, merged when all is over."""
    own = set()
    for number in ids:
        if number not in own:
            own.add(number)
    with lock:
        seen |= own


STRATEGIES = {"lock": insert_locked, "atomic": insert_atomic, "local": insert_locally}


def main():
    """Measure a number of rounds, print the median."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strategy", choices=STRATEGIES, required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--operations", type=int, default=64_000)
    parser.add_argument("--space", type=int, default=180_000)
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    run, costs, sound = STRATEGIES[args.strategy], [], True
    each = args.operations // args.workers
    streams = [random.Random(index) for index in range(args.workers)]
    drawn = [[stream.randrange(args.space) for _ in range(each)] for stream in streams]
    for _ in range(args.rounds):
        lock, seen = threading.Lock(), {} if args.strategy == "atomic" else set()
        threads = [threading.Thread(target=run, args=(ids, seen, lock)) for ids in drawn]
        begin = time.process_time_ns()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        costs.append((time.process_time_ns() - begin) / args.operations)
        sound = sound and len(seen) == len(set().union(*drawn))
    result = {"cpu_ns": sorted(costs)[len(costs) // 2], "sound": sound}
    print(json.dumps({"python": sys.version.split()[0], **vars(args), **result}))
    sys.exit(not sound)


if __name__ == "__main__":
    main()
