"""What we read asv's files with, which nobody imports but from here: loading asv makes a lock.

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
from asv import util  # noqa: E402
from asv.benchmarks import Benchmarks  # noqa: E402
from asv.console import log  # noqa: E402
from asv.environment import get_env_name  # noqa: E402
from asv.machine import Machine as AsvMachine  # noqa: E402
from asv.results import Results as AsvResults  # noqa: E402
from asv.results import get_filename  # noqa: E402

vars(multiprocessing)["Lock"] = _LOCK

__all__ = [
    "SEMAPHORES",
    "AsvMachine",
    "AsvResults",
    "Benchmarks",
    "get_env_name",
    "get_filename",
    "log",
    "util",
]
