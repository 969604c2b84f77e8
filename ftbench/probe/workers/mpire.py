"""mpire's `WorkerPool`: forked processes that stay, called as `multiprocessing.Pool` is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ftbench.facts.modes import Mode
from ftbench.probe.workers import Workers, engines
from ftbench.probe.workers.base import Deadline
from ftbench.probe.workers.pools import MultiprocessingPool, Task


class MpirePool(MultiprocessingPool):
    """`mpire.WorkerPool`."""

    def __init__(self, mode: Mode, workers: int, deadline: Deadline, library: Any) -> None:
        super().__init__(mode, workers, deadline, library)
        self.goes_on = False

    def _map(self, function: Task, items: Sequence[Any], chunk: int, seconds: float) -> list[Any]:
        results: list[Any] = self._library.map(
            function,
            [(item,) for item in items],  # else a tuple would be several arguments
            chunk_size=chunk,
            task_timeout=seconds,
            concatenate_numpy_output=False,
        )
        return results

    def _end(self) -> None:
        self._library.stop_and_join()

    def _stop(self) -> None:
        self._library.terminate()


WORKERS = Workers(
    pools={
        "multiprocessing": lambda _mode, workers: engines.load("mpire").WorkerPool(
            workers, keep_alive=True, start_method="fork"
        )
    },
    pool_types={"multiprocessing": MpirePool},
    unavailable=engines.unavailable,
)
