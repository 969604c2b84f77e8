"""Imports asv, before any other module does: as it is loaded it makes a lock, for conda alone.

Where a system has no semaphores there is none to make, and asv is loaded with one of threads.
"""

import multiprocessing
import threading
from typing import Final


def _are_there() -> bool:
    try:
        multiprocessing.Lock()
    except (ImportError, OSError):
        return False
    return True


SEMAPHORES: Final = _are_there()
_LOCK: Final = multiprocessing.Lock
if not SEMAPHORES:
    vars(multiprocessing)["Lock"] = threading.Lock
import asv  # noqa: E402, F401

vars(multiprocessing)["Lock"] = _LOCK
