"""The memory of N workers that compute, of a bare program; imports nothing of the harness (Linux).

    python footprint.py --mode spawn --workers 8

Prints JSON: bytes of PSS, USS and RSS of the program and everything it started, which the program
reads from /proc itself with no import that its mode does not need; and whether they were steady.
Run it by a copy of the interpreter (`cp python3 /somewhere/python3`), else PSS gives away what
other processes of the same file share.
"""

import os
import sys
import time

MOST_LOOKS = 20  # one a second


def busy(end):
    """Compute until then, with pauses: on a busy machine the program that looks needs a core."""
    state = 1
    while time.time() < end:
        for _ in range(1000):
            state = state * 1103515245 + 12345 & 0x7FFFFFFF
        time.sleep(0.005)
    return state


def start(mode, workers, end):
    """Start workers that compute until then; return those that are processes."""
    if mode == "threads":
        import threading

        started = [threading.Thread(target=busy, args=(end,)) for _ in range(workers)]
    elif mode == "subinterpreters":
        import threading
        from concurrent import interpreters

        code = f"import time\nwhile time.time() < {end}: sum(range(1000)), time.sleep(0.005)"
        made = [interpreters.create() for _ in range(workers)]
        started = [threading.Thread(target=each.exec, args=(code,)) for each in made]
    else:
        import multiprocessing

        context = multiprocessing.get_context(mode)
        started = [context.Process(target=busy, args=(end,)) for _ in range(workers)]
    for worker in started:
        worker.daemon = True
        worker.start()
    return [worker for worker in started if hasattr(worker, "terminate")]


def tree(pid):
    """Return the children of every thread of a process, and theirs."""
    found = [pid]
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children") as file:
            for child in file.read().split():
                found += tree(int(child))
    return found


def memory(pids):
    """Return name → bytes of PSS, USS and RSS, summed over processes."""
    sums = dict.fromkeys(("Pss", "Private_Clean", "Private_Dirty", "Rss"), 0)
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            for line in file:
                name, _, rest = line.partition(":")
                if name in sums:
                    sums[name] += int(rest.split()[0]) * 1024
    uss = sums["Private_Clean"] + sums["Private_Dirty"]
    return {"pss": sums["Pss"], "uss": uss, "rss": sums["Rss"]}


def main():
    """Start, look until two looks are alike or too many were not, print, end all."""
    mode, workers = sys.argv[sys.argv.index("--mode") + 1], int(sys.argv[-1])
    processes = start(mode, workers, time.time() + 120)
    before, now, looks = 0, 1, 0
    while abs(now - before) > 0.002 * now and looks < MOST_LOOKS:
        time.sleep(1)
        looks += 1
        pids = tree(os.getpid())
        seen = memory(pids)
        before, now = now, seen["pss"]
    # By hand: json is 0.3 MiB that the program itself would not have.
    print('{"mode": "%s", "workers": %d, "processes": %d' % (mode, workers, len(pids)), end="")
    for name, size in seen.items():
        print(', "%s": %d' % (name, size), end="")
    steady = abs(now - before) <= 0.002 * now
    print(', "sound": %s}' % ("true" if steady else "false"), flush=True)
    for process in processes:
        process.terminate()
        process.join()
    os._exit(not steady)


if __name__ == "__main__":
    main()
