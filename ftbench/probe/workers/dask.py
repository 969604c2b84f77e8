"""Dask: `dask.compute` by its own schedulers, and `distributed` with a cluster on this machine.

Its schedulers over threads and processes have standing workers (`pool=`), for by itself that over
processes starts anew at each call.  A cluster's workers are processes of one thread, each behind a
nanny, as `LocalCluster` makes them; there is no dashboard, no limit of memory and no profiler.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

from ftbench.facts.modes import Mode
from ftbench.probe.workers import Workers, engines
from ftbench.probe.workers.base import Deadline
from ftbench.probe.workers.pools import CallingPool, ExecutorPool, Task

_QUIET = 50  # logging.CRITICAL: workers tell at length that their scheduler is gone
_TUNED = {
    "distributed.admin.tick.interval": "5s",
    "distributed.admin.system-monitor.interval": "60s",
    "distributed.worker.profile.enabled": False,
}


def _loaded(module: str) -> Any:
    # Else it reads the user's settings, and writes its own beside them.
    for variable in ("DASK_CONFIG", "DASK_ROOT_CONFIG"):
        os.environ[variable] = f"{tempfile.gettempdir()}/dask-config"
    return engines.load("dask", module)


class ComputePool(CallingPool):
    """`dask.compute`, called anew for every task or map; it has no futures."""

    def __init__(self, mode: Mode, workers: int, deadline: Deadline, library: Any) -> None:
        super().__init__(mode, workers, deadline, _loaded("dask"))
        self._executor: Executor = library

    def _map(self, function: Task, items: Sequence[Any], chunk: int, _seconds: float) -> list[Any]:
        task = self._library.delayed(function)
        scheduler = self.mode.kind.removeprefix("dask-")
        tasks = [task(item) for item in items]
        return list(
            self._library.compute(*tasks, scheduler=scheduler, pool=self._executor, chunksize=chunk)
        )

    def _end(self) -> None:
        self._executor.shutdown()


class ClusterPool(ExecutorPool):
    """A client of `distributed`, with its cluster."""

    def submit(self, function: Task, *args: Any) -> Any:
        return self._library.submit(function, *args, pure=False)

    def _submit_then(self, call: Any, function: Task, *args: Any) -> Any:
        future = self.submit(function, *args)
        future.add_done_callback(lambda _future: call())
        return future

    def cancel(self, handle: Any) -> bool:
        handle.cancel()
        cancelled: bool = handle.cancelled()
        return cancelled

    def _map(self, function: Task, items: Sequence[Any], chunk: int, _seconds: float) -> list[Any]:
        futures = self._library.map(function, items, pure=False, batch_size=chunk)
        results: list[Any] = self._library.gather(futures)
        return results

    def _end(self) -> None:
        cluster = self._library.cluster
        self._library.close()
        cluster.close()

    def _stop(self) -> None:
        self._end()


def _threads(_mode: Mode, workers: int) -> Executor:
    return ThreadPoolExecutor(workers)


def _processes(_mode: Mode, workers: int) -> Executor:
    # As Dask makes its own.
    context = multiprocessing.get_context("spawn")
    ready = _loaded("dask.multiprocessing").initialize_worker_process
    return ProcessPoolExecutor(workers, mp_context=context, initializer=ready)


def _cluster(_mode: Mode, workers: int) -> Any:
    distributed = _loaded("distributed")
    _loaded("dask").config.set(_TUNED)
    cluster = distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        memory_limit=0,
        silence_logs=_QUIET,
        local_directory=tempfile.gettempdir(),
    )
    return distributed.Client(cluster)


WORKERS = Workers(
    pools={
        "executor": _cluster,
        "dask": lambda mode, workers: (_processes if mode.processes else _threads)(mode, workers),
    },
    pool_types={"executor": ClusterPool, "dask": ComputePool},
    unavailable=engines.unavailable,
)
