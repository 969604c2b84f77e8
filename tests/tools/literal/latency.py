"""How long a request takes under one offered load, by a loop or a pool; nothing of the harness.

    python latency.py --mode threads --workers 8 --steps 1000 --rate 500

Requests arrive at random (Poisson, a fixed seed), whether the ones before have ended or not; a
request's time runs from when it was due.  A loop takes them one after the other.
Prints JSON: seconds at the median, the 99th percentile and the slowest of `--requests`; and whether
every answer was as a plain loop has it.
"""

import argparse
import json
import random
import sys
import time
from concurrent import futures

MASK = 0xFFFFFFFF


def work(number, steps):
    """Do that many steps of arithmetic from a number; return what comes out."""
    state = number
    for _ in range(steps):
        state = (state * 1103515245 + 12345) & MASK
    return state


def pool_of(mode, workers):
    """Return a pool of a mode, None for a loop."""
    if mode == "loop":
        return None
    if mode == "threads":
        return futures.ThreadPoolExecutor(workers)
    if mode == "subinterpreters":
        return futures.InterpreterPoolExecutor(workers)
    import multiprocessing

    return futures.ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context(mode))


def main():
    """Offer the load, print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    modes = ("loop", "threads", "fork", "forkserver", "spawn", "subinterpreters")
    parser.add_argument("--mode", choices=modes, required=True)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=500.0)
    parser.add_argument("--requests", type=int, default=1000)
    args = parser.parse_args()
    pool, arrivals = pool_of(args.mode, args.workers), random.Random(1)
    if pool:
        list(pool.map(work, range(20 * args.workers), [args.steps] * 20 * args.workers))
    due, ended, pending = time.perf_counter() + 0.01, [0.0] * args.requests, []
    schedule, answers = [], []
    for number in range(args.requests):
        due += arrivals.expovariate(args.rate)
        schedule.append(due)
        time.sleep(max(0.0, due - time.perf_counter()))
        if pool:
            future = pool.submit(work, number, args.steps)
            # The answer counts when it is here, not when the work was done.
            future.add_done_callback(
                lambda _future, at=number: ended.__setitem__(at, time.perf_counter())
            )
            pending.append(future)
        else:
            answers.append(work(number, args.steps))
            ended[number] = time.perf_counter()
    answers += [future.result() for future in pending]
    if pool:
        pool.shutdown()
    took = sorted(end - start for start, end in zip(schedule, ended, strict=True))
    result = {
        "p50": took[len(took) // 2],
        "p99": took[int(len(took) * 0.99)] if len(took) >= 500 else None,
        "slowest": took[-1],
        "sound": answers == [work(number, args.steps) for number in range(args.requests)],
    }
    print(json.dumps({"python": sys.version.split()[0], **vars(args), **result}))
    sys.exit(not result["sound"])


if __name__ == "__main__":
    main()
