"""joblib's loky: processes that stay from call to call; an engine beside the standard library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ftbench.probe.workers import Workers, engines
from ftbench.probe.workers.pools import CallingPool, ExecutorPool, Task


def _joblib() -> Any:
    joblib = engines.load("joblib")
    if joblib.parallel.mp is None:  # it would work serially, and say so in a warning alone
        raise OSError("joblib has no POSIX semaphores")
    return joblib


class LokyPool(ExecutorPool):
    """`loky.ProcessPoolExecutor`, which has the interface of `concurrent.futures`."""

    def _stop(self) -> None:
        # It does not drop what waits in any other way.
        self._library.shutdown(wait=True, kill_workers=True)


class JoblibPool(CallingPool):
    """`joblib.Parallel`."""

    def _map(self, function: Task, items: Sequence[Any], chunk: int, seconds: float) -> list[Any]:
        parallel = self._library.Parallel(
            n_jobs=self.workers, backend=self.mode.name, batch_size=chunk, timeout=seconds
        )
        task = self._library.delayed(function)
        results: list[Any] = parallel(task(item) for item in items)
        return results

    def _end(self) -> None:
        # The processes stay from call to call until they are told to end.
        self._library.externals.loky.get_reusable_executor(reuse=True).shutdown(wait=True)


WORKERS = Workers(
    pools={
        "executor": lambda _mode, workers: _joblib().externals.loky.ProcessPoolExecutor(workers),
        "joblib": lambda _mode, _workers: _joblib(),
    },
    pool_types={"executor": LokyPool, "joblib": JoblibPool},
    unavailable=engines.unavailable,
)
