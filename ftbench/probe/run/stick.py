"""The measuring stick: work like an interpreter's, always the same, by which cells tell the speed.

    python -I -S stick.py

It needs nothing but a Python, best one that is not measured: the same binary beside every CPython,
whose pages no cell shares.  It waits without a CPU; a line on standard input names the CPU to be
on, or none, and the answer is a slice's seconds of CPU and of wall.
"""

import binascii
import os
import sys
import time

WORK, TURNS = 1, 40_000  # slices of two works are never compared; some 2 ms


def work(turns: int) -> int:
    """Do the work: one digit of an int, no allocation that lasts."""
    total = 0
    for number in range(turns):
        total = (total * 31 + number) & 0xFFFFFF
    return total


if __name__ == "__main__":
    work(TURNS)  # from here on its bytecode is specialised
    print(f"{WORK}-{sys.version.split()[0]}-{binascii.crc32(sys.version.encode()):08x}", flush=True)
    for line in sys.stdin:
        try:  # noqa: SIM105 - contextlib would be half of its start
            os.sched_setaffinity(0, {int(line)})
        except (AttributeError, ValueError, OSError):
            pass  # it stays where it was
        begin, cpu = time.perf_counter(), time.thread_time()
        work(TURNS)
        print(time.thread_time() - cpu, time.perf_counter() - begin, flush=True)
