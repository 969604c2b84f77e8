"""Says of each work of `native` whether it lets go of the GIL: another thread gets it meanwhile.

    PYTHONPATH=. python tests/tools/lets_go.py [WORK]...

It is run by an interpreter with a GIL that has the libraries installed.  Nobody is made to hand the
GIL over here, for the switch interval is longer than the whole: whoever gets it, was let.
"""

from __future__ import annotations

import os
import sys
import threading

from ftbench.errors import NotAvailableError
from ftbench.facts.variables import NATIVE_THREADS
from ftbench.probe.scenarios.native import WORK, library

UNITS = 200


def lets_go(work: str) -> int:
    """Return in how many of `UNITS` units another thread, which waits for the GIL, got it."""
    unit = WORK[work].unit()
    unit()  # once for what is compiled or learnt
    ended = False
    turns = 0

    def wait() -> None:
        nonlocal turns
        while not ended:
            turns += 1
            os.sched_yield()  # lets go, and waits for it again

    other = threading.Thread(target=wait)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1_000)
    other.start()
    seen = 0
    for _ in range(UNITS):
        before = turns
        unit()
        seen += turns > before
    ended = True
    sys.setswitchinterval(interval)
    other.join()
    return seen


def main() -> None:
    """Print a line for each work that is asked for."""
    os.environ.update(dict.fromkeys(NATIVE_THREADS, "1"))
    for work in sys.argv[1:] or WORK:
        try:
            behind = library(work)
        except NotAvailableError as error:
            print(error.message)
        else:
            count = lets_go(work)
            print(f"{work}, {behind}: {f'in {count} of {UNITS} units' if count else 'never'}")


if __name__ == "__main__":
    main()
