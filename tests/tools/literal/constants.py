"""What one more thread costs a function whose constants are mortal; imports nothing of the harness.

    python constants.py

A free-threaded build makes the constants of code immortal when it is compiled for the first time
by an import or from a file, but not those of `compile` (importlib without a .pyc).  Mortal
integers above 256 are then counted by every thread that loads them.
Prints JSON: CPU of a thread beside another over CPU alone, for both kinds of constants, and whether
their reference counts say that they are immortal.
"""

import importlib.util
import json
import os
import statistics
import sys
import tempfile
import threading
import time

SOURCE = """
def work(turns):
    state = 1
    for _ in range(turns):
        state = state * 1103515 % 2147483647 ^ 305419896
    return state
"""


def module(folder, name):
    """Import the work from a file of that name."""
    path = os.path.join(folder, f"{name}.py")
    if not os.path.exists(path):
        with open(path, "w") as file:
            file.write(SOURCE)
    spec = importlib.util.spec_from_file_location(name, path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made.work


def slice_of(work, turns, index, start_at, out):
    """Work on a core of one's own from a common instant on; note the CPU seconds."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[index % len(cores)]})
    while time.perf_counter() < start_at:
        pass
    begin, cpu = time.perf_counter(), time.thread_time()
    work(turns)
    cpu = time.thread_time() - cpu
    out.append((cpu, cpu > 0.9 * (time.perf_counter() - begin)))


def beside(work, turns, slices):
    """Return the median of CPU beside another thread over CPU alone, and how many slices counted.

    A slice in which a thread lost its core does not count.
    """
    ratios = []
    for _ in range(slices):
        times = []
        for count in (1, 2):
            start_at, out = time.perf_counter() + 0.001, []
            threads = [
                threading.Thread(target=slice_of, args=(work, turns, index, start_at, out))
                for index in range(count)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if all(sound for _, sound in out):
                times.append(statistics.mean(cpu for cpu, _ in out))
        if len(times) == 2:
            ratios.append(times[1] / times[0])
    return (statistics.median(ratios) if ratios else None), len(ratios)


def immortal(work):
    """Return whether the work's large constants are immortal: their reference count says so."""
    constants = [each for each in work.__code__.co_consts if isinstance(each, int) and each > 256]
    return all(sys.getrefcount(each) > 1 << 28 for each in constants)


def main():
    """Compare the two, print."""
    result = {}
    with tempfile.TemporaryDirectory() as folder:
        sys.dont_write_bytecode = False
        module(folder, "cached")  # writes the .pyc that the second import reads
        kinds = {"from a .pyc": module(folder, "cached")}
        sys.dont_write_bytecode = True
        kinds["without a .pyc"] = module(folder, "uncached")
        for name, work in kinds.items():
            work(1000)
            ratio, counted = beside(work, 40_000, 100)
            result[name] = {"ratio": ratio, "counted": counted, "immortal": immortal(work)}
    print(json.dumps({"python": sys.version.split()[0], **result}))


if __name__ == "__main__":
    main()
