"""One measurement at a time: two would disturb each other and change each other's environments.

asv's environments keep on disk which release is selected, so a second run, even a mere
`asv check`, would put another interpreter under the benchmarks of the first.
"""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from ftbench.errors import FtbenchError
from ftbench.files import cache_folder

# Names another file: for what an agent of a fleet starts while it holds the machine's, and for
# tests, which must not meet a measurement on the same machine.
VARIABLE: Final = "FTBENCH_MEASURING_LOCK"


def place() -> Path:
    """Return the file that is locked."""
    return Path(os.environ.get(VARIABLE) or cache_folder() / "measuring.lock")


class MeasuringLock:
    """A machine-wide lock, held until this process ends or releases it."""

    _lock: FileLock | None = None

    def acquire(self) -> None:
        """Take the lock; raises `FtbenchError` if another process has it."""
        # The children that asv starts with `-j` work under their parent's.
        if self._lock is not None or multiprocessing.parent_process() is not None:
            return
        path = place()
        lock = FileLock(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout:
            raise FtbenchError(
                "Something of ftbench or asv is measuring on this machine; two would disturb each "
                "other and write the same files.",
                hint="Wait until it is done, then run this again.",
            ) from None
        except OSError as error:
            raise FtbenchError(f"{path}, which keeps two runs apart: {error}") from error
        self._lock = lock

    def release(self) -> None:
        """Let others measure, where this process does something else for long."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None


MEASURING_LOCK: Final = MeasuringLock()
