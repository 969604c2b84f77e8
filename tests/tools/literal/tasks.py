"""Tasks handed to a warm pool, written the way a user would; imports nothing of the harness.

    python tasks.py --mode fork --workers 8 --steps 1000 --tasks 4000 --writes 0.05

Prints JSON: wall and CPU seconds per task, the latter of the whole tree, managers and owners
included; and whether every answer and every shared write was as a plain loop has them.
A share of the tasks (`--writes`) records its number where all workers see it at once: threads in a
set behind a lock, processes in a manager's dict by `setdefault` (`--locked`: behind a manager's
lock as well), subinterpreters by a message to an owner who answers.
"""

import argparse
import json
import os
import sys
import threading
import time
from concurrent import futures

MASK = (1 << 64) - 1
SHARED = {}


def work(number, steps):
    """Do that many steps of arithmetic from a number; return what comes out."""
    state = number
    for _ in range(steps):
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
    return state


def every(share):
    """Return after how many tasks one writes; 0 for none."""
    return round(1 / share) if share else 0


def task(number, steps, period):
    """Do the work, and in one of `period` tasks record it where all see it."""
    answer = work(number, steps)
    if period and number % period == 0:
        SHARED["record"](number)
    return answer


def share_with_threads(_locked):
    """Return how threads record a number, and how many are recorded."""
    lock, seen = threading.Lock(), set()

    def record(number):
        with lock:
            if number not in seen:
                seen.add(number)

    return record, lambda: len(seen)


def receive(seen, lock):
    """Have a worker process record numbers in the manager's dict."""

    def record(number):
        if lock is None:
            seen.setdefault(number, 1)
            return
        with lock:
            if number not in seen:
                seen[number] = 1

    SHARED["record"] = record


def receive_queues(asks, answers):
    """Have a subinterpreter record numbers by a message to their owner, who answers."""

    def record(number):
        mine = answers[number % len(answers)]
        asks.put((number, number % len(answers)))
        mine.get()

    SHARED["record"] = record


def own(asks, answers, seen):
    """Keep the set that subinterpreters write to, until None comes."""
    while (ask := asks.get()) is not None:
        number, back = ask
        seen.add(number)
        answers[back].put(True)


def pool_of(mode, workers, locked):
    """Return a pool, how many numbers are recorded, and what ends the sharing."""
    if mode == "threads":
        SHARED["record"], size = share_with_threads(locked)
        return futures.ThreadPoolExecutor(workers), size, lambda: None
    if mode == "subinterpreters":
        from concurrent import interpreters

        asks = interpreters.create_queue()
        answers = [interpreters.create_queue() for _ in range(workers)]
        seen = set()
        owner = threading.Thread(target=own, args=(asks, answers, seen))
        owner.start()

        def end():
            asks.put(None)
            owner.join()

        pool = futures.InterpreterPoolExecutor(
            workers, initializer=receive_queues, initargs=(asks, answers)
        )
        return pool, lambda: len(seen), end
    import multiprocessing

    context = multiprocessing.get_context(mode)
    manager = multiprocessing.Manager()
    seen = manager.dict()
    lock = manager.Lock() if locked else None
    pool = futures.ProcessPoolExecutor(
        workers, mp_context=context, initializer=receive, initargs=(seen, lock)
    )
    return pool, lambda: len(seen), manager.shutdown


def cpu_of_tree():
    """Return the CPU seconds of this process and of all below it, alive or not (Linux)."""
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


def in_a_loop(numbers, steps, period):
    """Run all tasks one after the other; what is shared is a plain set."""
    seen = set()
    SHARED["record"] = seen.add
    answers = [task(number, steps, period) for number in numbers]
    return answers, len(seen)


def by_pool(pool, workers, numbers, steps, period):
    """Run all tasks with as many under way as there are workers, as a server under load has."""
    answers, pending, rest = {}, {}, iter(numbers)
    for number in rest:
        pending[pool.submit(task, number, steps, period)] = number
        if len(pending) == workers:
            break
    while pending:
        done, _ = futures.wait(pending, return_when=futures.FIRST_COMPLETED)
        for future in done:
            answers[pending.pop(future)] = future.result()
            number = next(rest, None)
            if number is not None:
                pending[pool.submit(task, number, steps, period)] = number
    return [answers[number] for number in numbers]


def main():
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    modes = ("loop", "threads", "fork", "forkserver", "spawn", "subinterpreters")
    parser.add_argument("--mode", choices=modes, required=True)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--tasks", type=int, default=4000)
    parser.add_argument("--writes", type=float, default=0.0)
    parser.add_argument("--locked", action="store_true")
    args = parser.parse_args()
    period, numbers = every(args.writes), range(args.tasks)
    if args.mode == "loop":
        work(1, args.steps * 100)
        cpu, begin = time.process_time(), time.perf_counter()
        answers, recorded = in_a_loop(numbers, args.steps, period)
        wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
    else:
        pool, size, end = pool_of(args.mode, args.workers, args.locked)
        warm = range(args.tasks, args.tasks + 20 * args.workers)
        by_pool(pool, args.workers, warm, args.steps, 0)
        cpu, begin = cpu_of_tree(), time.perf_counter()
        answers = by_pool(pool, args.workers, numbers, args.steps, period)
        wall, cpu = time.perf_counter() - begin, cpu_of_tree() - cpu
        recorded = size()
        pool.shutdown()
        end()
    sound = answers == [work(number, args.steps) for number in numbers]
    sound = sound and recorded == (len(range(0, args.tasks, period)) if period else 0)
    result = {"task": wall / args.tasks, "cpu": cpu / args.tasks, "sound": sound}
    print(json.dumps({"python": sys.version.split()[0], **vars(args), **result}))
    sys.exit(not sound)


if __name__ == "__main__":
    main()
