"""A function of a file, its calls spread by concurrent.futures the way a user would write it.

    python trial.py --file examples/shop.py --function waiting --inputs examples/shop.jsonl
        --kwargs --mode fork --workers 2 --calls 320 --chunk 4

Prints JSON: seconds of a call in each warm round, and in a plain loop right before and after it,
for the machine's mood changes; and whether every result was a plain loop's.  A mode that the
interpreter lacks is exit code 3.  Imports nothing of the harness: what
`tests/tools/confirm_try.py` holds `ftbench try` against.
"""

import argparse
import importlib
import json
import os
import sys
import time
from concurrent import futures
from functools import partial

MODES = ("serial", "threads", "fork", "forkserver", "spawn", "interpreters")


def unpacked(function, keywords):
    """Call a function with named arguments."""
    return function(**keywords)


def prepare(folder, module, setup):
    """Get a worker ready: find the module, call its set-up."""
    if folder not in sys.path:
        sys.path.insert(0, folder)
    loaded = importlib.import_module(module)
    if setup:
        getattr(loaded, setup)()


def pool_of(mode, workers, ready):
    """Return the executor of a mode."""
    if mode == "threads":
        return futures.ThreadPoolExecutor(workers, initializer=ready)
    if mode == "interpreters":
        if not hasattr(futures, "InterpreterPoolExecutor"):
            sys.exit(3)
        return futures.InterpreterPoolExecutor(workers, initializer=ready)
    import multiprocessing

    context = multiprocessing.get_context(mode)
    return futures.ProcessPoolExecutor(workers, context, ready)


def inputs_of(asked, module):
    """Return the inputs: a file's lines, what a function of the module yields, or those given."""
    if asked.inputs:
        with open(asked.inputs, encoding="utf-8") as file:
            return [json.loads(line) for line in file]
    if asked.inputs_from:
        return list(getattr(module, asked.inputs_from)())
    return [json.loads(each) for each in asked.input]


def asked_by_words():
    """Return what is asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", required=True)
    parser.add_argument("--function", required=True)
    parser.add_argument("--input", action="append", default=[])
    parser.add_argument("--inputs")
    parser.add_argument("--inputs-from")
    parser.add_argument("--kwargs", action="store_true")
    parser.add_argument("--setup")
    parser.add_argument("--before")
    parser.add_argument("--mode", choices=MODES, default="threads")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--chunk", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.3)
    return parser.parse_args()


def main():
    """Measure warm rounds and compare all results with a plain loop's."""
    asked = asked_by_words()
    folder, name = os.path.split(os.path.abspath(asked.file))
    name = name.removesuffix(".py")
    prepare(folder, name, None)
    module = importlib.import_module(name)
    inputs = inputs_of(asked, module)
    if asked.before:
        getattr(module, asked.before)()
    ready = partial(prepare, folder, name, asked.setup)
    ready()
    work = [inputs[number % len(inputs)] for number in range(asked.calls)]
    one = getattr(module, asked.function)
    if asked.kwargs:
        one = partial(unpacked, one)
    # A third of the calls, in whole passes over the inputs, half before a round and half after it.
    beside = work[: len(inputs) * -(-len(work) // (3 * len(inputs)))]
    half = len(beside) // 2

    def plain(values):
        begin = time.perf_counter()
        results = [one(value) for value in values]
        return results, time.perf_counter() - begin

    def rounds(run):
        run()  # the cold one
        expected, _ = plain(beside)
        seconds, loops, right = [], [], True
        while not seconds or sum(seconds) * len(work) < asked.seconds:
            before, took_before = plain(beside[:half])
            begin = time.perf_counter()
            results = run()
            seconds.append((time.perf_counter() - begin) / len(work))
            after, took_after = plain(beside[half:])
            loops.append((took_before + took_after) / len(beside))
            wanted = [expected[number % len(inputs)] for number in range(len(work))]
            right &= results == wanted and before + after == expected
        return {"seconds": seconds, "loop": loops, "right": right}

    if asked.mode == "serial":
        answer = rounds(lambda: [one(value) for value in work])
    else:
        with pool_of(asked.mode, asked.workers, ready) as pool:
            answer = rounds(lambda: list(pool.map(one, work, chunksize=asked.chunk)))
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
