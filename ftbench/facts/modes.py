"""The modes: every way of running workers that ftbench compares, as one table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

# The benchmarks' `start_method` of a mode that has none.
NO_START_METHOD = "none"


class Mode(NamedTuple):
    """One concurrency model."""

    name: str  # in figures and records
    # The parameter `mode` of the benchmarks and of the probe's command line, as is `start_method`.
    kind: str
    title: str
    # The module of `ftbench.probe.workers` that says how its workers are made, if it has any.
    workers: str | None = None
    # The pools that there are of them, by their names in POOL_TABLE.
    pools: tuple[str, ...] = ()
    # Whether they are processes, so that one can be killed alone.
    processes: bool = False
    start_method: str | None = None
    # The package that it needs beside the standard library.
    engine: str | None = None
    since: tuple[int, int] = (3, 13)  # the first series of CPython that has it

    @property
    def own_gil(self) -> bool:
        """Whether each worker has a GIL, where there is one, for itself."""
        return self.processes or self.kind == "interpreters"

    @property
    def params(self) -> tuple[str, str]:
        """The values of the benchmarks' parameters `mode` and `start_method`."""
        return self.kind, self.start_method or NO_START_METHOD


def _processes(start_method: str) -> Mode:
    return Mode(
        name=f"processes-{start_method}",
        kind="processes",
        title=f"processes, {start_method}",
        workers="processes",
        pools=("executor", "multiprocessing"),
        processes=True,
        start_method=start_method,
    )


def _alone(
    name: str, title: str, workers: str | None = None, pools: tuple[str, ...] = (), **more: Any
) -> Mode:
    # The one mode of its kind, which has its name.
    return Mode(name, name, title, workers, pools, **more)


MODES = (
    _alone("threads", "threads", "threads", ("executor", "multiprocessing")),
    _processes("fork"),
    _processes("forkserver"),
    _processes("spawn"),
    _alone("interpreters", "subinterpreters", "interpreters", ("executor",), since=(3, 14)),
)

# What only some scenarios have: those name them.
FURTHER = (
    _alone("serial", "plain loop"),
    # The loops run in threads.
    _alone("asyncio", "asyncio", "threads"),
    _alone("asyncio-per-thread", "asyncio, a loop per thread", "threads"),
    _alone("loky", "joblib, loky", "loky", ("executor", "joblib"), processes=True, engine="joblib"),
    _alone("dask-threads", "Dask, threads", "dask", ("dask",), engine="dask"),
    _alone("dask-processes", "Dask, processes", "dask", ("dask",), processes=True, engine="dask"),
    _alone("dask", "Dask, distributed", "dask", ("executor",), processes=True, engine="dask"),
    _alone("mpire", "mpire", "mpire", ("multiprocessing",), processes=True, engine="mpire"),
    _alone("ray", "Ray", "ray", ("executor",), processes=True, engine="ray"),
    _alone("spark", "Spark, local", "spark", ("spark",), processes=True, engine="spark"),
)
EVERY_MODE = (*MODES, *FURTHER)
# Those of engines, whose workers stand when asked for.
ENGINE_MODES = tuple(mode.name for mode in FURTHER if mode.engine)
# Of Spark a job's start is measured, and no more: it is for other work than tasks of a function.
TASK_ENGINES = tuple(name for name in ENGINE_MODES if name != "spark")

MODE_NAMES = tuple(mode.name for mode in MODES)
# Once a process stands, how it was started tells in its memory, not in time and CPU: where workers
# stand before the clock runs, the start method that every system has is measured for all.
STANDING_PROCESSES = "processes-spawn"
STANDING = ("threads", STANDING_PROCESSES, "interpreters")
KINDS = tuple(dict.fromkeys(mode.kind for mode in EVERY_MODE))
START_METHODS = tuple(mode.start_method for mode in MODES if mode.start_method)
_BY_PARAMS = {mode.params: mode for mode in EVERY_MODE}


def mode_named(name: str) -> Mode:
    """Return the mode whose `mode` parameter is `name`; raises `UsageError` if there is none."""
    for mode in EVERY_MODE:
        if mode.name == name:
            return mode
    from ftbench.errors import unknown  # noqa: PLC0415 - spawned workers never come here

    raise unknown("mode", name, [mode.name for mode in EVERY_MODE])


def mode_of(kind: str, start_method: str = NO_START_METHOD) -> Mode | None:
    """Return the mode that the benchmarks' two parameters name, None where there cannot be one."""
    return _BY_PARAMS.get((kind, start_method))


def mode_ladders(modes: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the values of the benchmarks' parameters that name these modes.

    There is a `start_method` only where one of the modes has one.
    """
    params = [mode_named(name).params for name in modes]
    kinds = tuple(dict.fromkeys(kind for kind, _ in params))
    start_methods = tuple(dict.fromkeys(start_method for _, start_method in params))
    if start_methods == (NO_START_METHOD,):
        return {"mode": kinds}
    return {"mode": kinds, "start_method": start_methods}


class PoolKind(NamedTuple):
    """One library's pool: its name in a scenario's `pool` parameter, and what it is called."""

    name: str
    title: str
    futures: bool = True  # whether tasks can be handed over without waiting for each
    maps: bool = True  # whether small tasks are what it is for: else only one by one

    @property
    def modes(self) -> tuple[str, ...]:
        """The names of the modes that have it."""
        return tuple(mode.name for mode in EVERY_MODE if self.name in mode.pools)


POOL_TABLE = {
    kind.name: kind
    for kind in (
        PoolKind(name="executor", title="concurrent.futures"),
        PoolKind(name="multiprocessing", title="multiprocessing.Pool"),
        PoolKind(name="joblib", title="joblib.Parallel", futures=False),
        PoolKind(name="dask", title="dask.compute", futures=False),
        PoolKind(name="spark", title="Spark's RDD", futures=False, maps=False),
    )
}
# A mode's first pool, where a scenario asks for no other.
USUAL_POOL = "usual"
POOL_MODES = tuple(mode.name for mode in EVERY_MODE if mode.pools)


def no_such_pool(name: str, mode: Mode) -> str | None:
    """Return why there is no pool `name` of `mode` on any build, None if there is one."""
    if name in (USUAL_POOL, *mode.pools):
        return None
    kind = POOL_TABLE[name]
    return f"{kind.title} has {', '.join(kind.modes)}"
