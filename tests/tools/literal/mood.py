"""How the speed of a core comes and goes, and what alternating slices make of it.

    python mood.py PYTHON [--processes 40] [--pairs 20] > mood.json

Imports nothing of ftbench.  Four experiments, each of fresh processes pinned to one core:

- mood: each process runs five kernels in turn, round after round.  If the noise is the core's, all
  kernels of a process are slow at the same moments, and kernel / integers, slice by slice, is not.
- alone and together: pairs of processes that do the same, one after the other, and in alternate
  slices in drawn order; with 5 % more work on one side; with addresses drawn and fixed (setarch).
- threads: alternate slices, each by two threads that begin together.
- busy: the same beside two processes that compute, by wall clock and by CPU time.
"""

import argparse
import json
import math
import os
import random
import statistics
import subprocess
import sys
import threading
import time

SLICE_SECONDS = 0.003
MORE = 0.05


class Point:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y

    def add(self, other):
        return Point(self.x + other.x, self.y + other.y)


def objects(n):
    a, b = Point(1, 2), Point(3, 4)
    for _ in range(n):
        a = a.add(b)


def attributes(n):
    point, total = Point(1, 2), 0
    for _ in range(n):
        total += point.x + point.y
        point.x = total & 255


def dicts(n):
    numbers = {}
    for i in range(n):
        numbers[i & 1023] = i


def integers(n):
    x = 0x12345678
    for _ in range(n):
        x = (x * 1103515245 + 12345) & 0xFFFFFFFF


def calls(n):
    def same(a):
        return a

    for i in range(n):
        same(i)


KERNELS = {each.__name__: each for each in (objects, attributes, dicts, integers, calls)}


def side(name, work, count):
    """For each byte do a slice in `count` threads; answer with its nanoseconds, wall and CPU."""
    kernel = KERNELS[name]
    gates = [threading.Semaphore(0) for _ in range(count)]
    done, gate = threading.Semaphore(0), threading.Barrier(count)
    took = [(0, 0, 0)] * count

    def body(index):
        if count > 1:
            os.sched_setaffinity(0, {index % os.cpu_count()})
        for _ in range(4):
            kernel(work)
        while True:
            gates[index].acquire()
            gate.wait()
            cpu, begin = time.thread_time_ns(), time.perf_counter_ns()
            kernel(work)
            took[index] = begin, time.perf_counter_ns(), time.thread_time_ns() - cpu
            done.release()

    for index in range(count):
        threading.Thread(target=body, args=(index,), daemon=True).start()
    while os.read(0, 1) == b"g":
        for each in gates:
            each.release()
        for _ in range(count):
            done.acquire()
        wall = max(end for _, end, _ in took) - min(begin for begin, _, _ in took)
        os.write(1, b"%d %d\n" % (wall, sum(cpu for _, _, cpu in took)))
    os._exit(0)


def turns(works, rounds):
    """Run the kernels in turn; print [[begin, seconds of each kernel], ...]."""
    for name, work in works.items():
        KERNELS[name](work)
    told = []
    for _ in range(rounds):
        row = [round(time.time(), 6)]
        for name, work in works.items():
            begin = time.perf_counter()
            KERNELS[name](work)
            row.append(round(time.perf_counter() - begin, 6))
        told.append(row)
    print(json.dumps(told))


def work_of(python):
    """Return how often each kernel fits into a slice, by one fresh process."""
    code = (
        "import sys, time, json; sys.argv = ['']; import mood\n"
        "def least(f): return min(-time.perf_counter() + (f(20_000), time.perf_counter())[1]"
        " for _ in range(30))\n"
        "print(json.dumps({n: least(f) for n, f in mood.KERNELS.items()}))"
    )
    here = os.path.dirname(os.path.abspath(__file__))
    seconds = json.loads(subprocess.check_output([python, "-c", code], cwd=here))
    return {name: round(20_000 * SLICE_SECONDS / each) for name, each in seconds.items()}


def command(python, words, core=None, *, fixed=True):
    wrap = ["setarch", "-R"] if fixed else []
    wrap += ["taskset", "-c", str(core)] if core is not None else []
    return [*wrap, python, os.path.abspath(__file__), *words]


class Side:
    def __init__(self, python, name, work, threads, core, fixed):
        words = ["--side", name, str(work), str(threads)]
        place = core if threads == 1 else None
        self.process = subprocess.Popen(
            command(python, words, place, fixed=fixed), stdin=-1, stdout=-1, bufsize=0
        )

    def slice(self):
        self.process.stdin.write(b"g")
        told = b""
        while not told.endswith(b"\n"):
            told += self.process.stdout.read(64)
        return tuple(map(int, told.split()))

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def pair(python, name, works, *, threads, core, fixed, slices, draw):
    """Return the slices of both sides, (wall, CPU) each, taken in turn in drawn order."""
    sides = [Side(python, name, work, threads, core, fixed) for work in works]
    for each in sides:
        each.slice()
    rows = []
    for _ in range(slices):
        order = draw.sample((0, 1), 2)
        row = {number: sides[number].slice() for number in order}
        rows.append((row[0], row[1]))
    for each in sides:
        each.end()
    return rows


def summed(rows, clock):
    """Return of a pair: log ratio by slices in turn, and log of each side's median alone."""
    logs = [math.log(b[clock] / a[clock]) for a, b in rows]
    sides = [math.log(statistics.median(row[number][clock] for row in rows)) for number in (0, 1)]
    return [round(each, 6) for each in (statistics.median(logs), *sides)]


def duel(python, name, work, draw, pairs, **more):
    rows = []
    begin = time.time()
    for number in range(pairs):
        options = {"threads": 1, "fixed": True, "slices": 30, "core": number % os.cpu_count()}
        rows.append(pair(python, name, work, draw=draw, **{**options, **more}))
    return {
        "kernel": name,
        "seconds": round(time.time() - begin, 1),
        "wall": [summed(each, 0) for each in rows],
        "cpu": [summed(each, 1) for each in rows],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python")
    parser.add_argument("--processes", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    draw = random.Random(given.seed)
    python, works = given.python, work_of(given.python)
    version = subprocess.check_output([python, "-VV"], text=True).strip()
    said = {"python": version, "slice": SLICE_SECONDS, "cores": os.cpu_count(), "works": works}
    said["mood"] = []
    for number in range(given.processes):
        words = ["--turns", json.dumps(works), str(given.rounds)]
        out = subprocess.check_output(command(python, words, number % os.cpu_count()))
        said["mood"].append(json.loads(out))
    said["duels"] = []

    def take(what, name, **more):
        print(what, name, file=sys.stderr, flush=True)
        extra = round(works[name] * (1 + more.pop("extra", 0)))
        pairs = given.pairs // 2 if "beside" in what else given.pairs  # each takes long there
        found = duel(python, name, (works[name], extra), draw, pairs, **more)
        said["duels"].append({"what": what, **found})

    for name in works:
        take("the same", name)
        take("the same, addresses drawn", name, fixed=False)
        take("5 % more work", name, extra=MORE)
    for name in ("objects", "integers"):
        take("the same, two threads", name, threads=2)
        take("5 % more work, two threads", name, threads=2, extra=MORE)
    busy = [
        subprocess.Popen([python, "-c", "while True: pass"], stdin=subprocess.DEVNULL)
        for _ in range(os.cpu_count())
    ]
    try:
        take("the same, beside two that compute", "objects")
        take("5 % more work, beside two that compute", "objects", extra=MORE)
    finally:
        for each in busy:
            each.kill()
            each.wait()
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    if sys.argv[1] == "--side":
        side(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    elif sys.argv[1] == "--turns":
        turns(json.loads(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
