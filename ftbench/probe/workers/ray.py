"""Ray on this machine: a head of its own, and worker processes that it starts when they are needed.

Files and tokens of it lie in the cell's folder.  There is no dashboard, no report of usage, no
driver's log, and nothing is killed for its memory.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

from ftbench.facts.modes import Mode
from ftbench.probe.workers import Workers, engines
from ftbench.probe.workers.base import Deadline
from ftbench.probe.workers.pools import Pool, Task

_STORE_BYTES = 256 * 2**20


def _call(function: Task, *args: Any) -> Any:
    return function(*args)


class RayPool(Pool):
    """Remote functions; a worker that has died is replaced, and its task tried again."""

    cancels = False  # whether a task was still waiting nobody is told

    def __init__(self, mode: Mode, workers: int, deadline: Deadline, library: Any) -> None:
        super().__init__(mode, workers, deadline, library)
        self._remote: dict[Task, Any] = {}

    def _task(self, function: Task) -> Callable[..., Any]:
        known = function if isinstance(function, FunctionType) else _call
        if known not in self._remote:
            self._remote[known] = self._library.remote(known)
        remote = self._remote[known].remote
        return remote if known is function else lambda *args: remote(function, *args)

    def submit(self, function: Task, *args: Any) -> Any:
        return self._task(function)(*args)

    def _submit_then(self, call: Callable[[], None], function: Task, *args: Any) -> Any:
        handle = self.submit(function, *args)
        handle.future().add_done_callback(lambda _future: call())
        return handle

    def _get(self, handle: Any, seconds: float) -> Any:
        return self._library.get(handle, timeout=seconds)

    def _map(self, function: Task, items: Sequence[Any], _chunk: int, seconds: float) -> list[Any]:
        task = self._task(function)
        results: list[Any] = self._library.get([task(item) for item in items], timeout=seconds)
        return results

    def _end(self) -> None:
        self._library.shutdown()

    def _stop(self) -> None:
        self._end()


def _head(_mode: Mode, workers: int) -> Any:
    folder = tempfile.gettempdir()
    os.environ |= {"HOME": folder, "RAY_TMPDIR": folder, "RAY_USAGE_STATS_ENABLED": "0"}
    ray = engines.load("ray")
    ray.init(
        num_cpus=workers,
        include_dashboard=False,
        configure_logging=False,
        log_to_driver=False,
        object_store_memory=_STORE_BYTES,
        _system_config={"memory_monitor_refresh_ms": 0},
        _temp_dir=folder,
    )
    return ray


WORKERS = Workers(
    pools={"executor": _head}, pool_types={"executor": RayPool}, unavailable=engines.unavailable
)
