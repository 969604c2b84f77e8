"""The modes of `ftbench try`: how a program would spread calls of one function, and its code."""

from __future__ import annotations

from typing import NamedTuple

from ftbench.facts.modes import START_METHODS


class TrialMode(NamedTuple):
    """A mode of workers, and the library that hands them calls."""

    name: str
    title: str
    mode: str  # of EVERY_MODE
    # What is written for it; {f} stands for the function, {n} for workers, {c} for the chunk size.
    code: str
    pool: str | None = None  # of POOL_TABLE; without one, threads or a loop of its own
    coroutine: bool = False  # whether it takes coroutine functions, and these alone
    default: bool = True  # else it is tried where it is named


def _of_processes(start_method: str) -> tuple[TrialMode, TrialMode]:
    context = f"get_context({start_method!r})"
    return (
        TrialMode(
            name=f"processpool-{start_method}",
            title=f"ProcessPoolExecutor, {start_method}",
            mode=f"processes-{start_method}",
            pool="executor",
            code=f"ProcessPoolExecutor({{n}}, mp_context={context}).map({{f}}, inputs, "
            "chunksize={c})",
        ),
        TrialMode(
            name=f"pool-{start_method}",
            title=f"multiprocessing.Pool, {start_method}",
            mode=f"processes-{start_method}",
            pool="multiprocessing",
            code=f"{context}.Pool({{n}}).map({{f}}, inputs, chunksize={{c}})",
            default=False,
        ),
    )


_PROCESSES = [_of_processes(start_method) for start_method in START_METHODS]

TRIAL_MODES = (
    TrialMode(name="serial", title="plain loop", mode="serial", code="[{f}(i) for i in inputs]"),
    TrialMode(
        name="threads",
        title="threads",
        mode="threads",
        code="threading.Thread(target=worker, args=({f}, queue)) for each of {n}",
        default=False,
    ),
    TrialMode(
        name="threadpool",
        title="ThreadPoolExecutor",
        mode="threads",
        pool="executor",
        code="ThreadPoolExecutor({n}).map({f}, inputs)",
    ),
    *(executor for executor, _pool in _PROCESSES),
    *(pool for _executor, pool in _PROCESSES),
    TrialMode(
        name="interpreterpool",
        title="InterpreterPoolExecutor",
        mode="interpreters",
        pool="executor",
        code="InterpreterPoolExecutor({n}).map({f}, inputs)",
    ),
    TrialMode(
        name="to-thread",
        title="asyncio.to_thread",
        mode="asyncio",
        code="loop.set_default_executor(ThreadPoolExecutor({n})); "
        "await asyncio.gather(*(asyncio.to_thread({f}, i) for i in inputs))",
    ),
    TrialMode(
        name="loky",
        title="joblib, loky",
        mode="loky",
        pool="joblib",
        code="Parallel(n_jobs={n}, batch_size={c})(delayed({f})(i) for i in inputs)",
    ),
    TrialMode(
        name="dask-threads",
        title="Dask, threads",
        mode="dask-threads",
        pool="dask",
        code="dask.compute(*map(delayed({f}), inputs), pool=ThreadPoolExecutor({n}), "
        "scheduler='threads', chunksize={c})",
        default=False,
    ),
    TrialMode(
        name="dask-processes",
        title="Dask, processes",
        mode="dask-processes",
        pool="dask",
        code="dask.compute(*map(delayed({f}), inputs), scheduler='processes', chunksize={c}, "
        "pool=ProcessPoolExecutor({n}, get_context('spawn')))",
        default=False,
    ),
    TrialMode(
        name="dask",
        title="Dask, distributed",
        mode="dask",
        pool="executor",
        code="client = Client(LocalCluster(n_workers={n}, threads_per_worker=1)); "
        "client.gather(client.map({f}, inputs, pure=False, batch_size={c}))",
        default=False,
    ),
    TrialMode(
        name="mpire",
        title="mpire",
        mode="mpire",
        pool="multiprocessing",
        code="WorkerPool({n}, keep_alive=True).map({f}, [(i,) for i in inputs], chunk_size={c})",
        default=False,
    ),
    TrialMode(
        name="ray",
        title="Ray",
        mode="ray",
        pool="executor",
        code="ray.init(num_cpus={n}); ray.get([ray.remote({f}).remote(i) for i in inputs])",
        default=False,
    ),
    TrialMode(
        name="asyncio",
        title="asyncio",
        mode="asyncio",
        coroutine=True,
        code="asyncio.run(...): at most {n} of {f}(i) in flight, by asyncio.Semaphore({n})",
    ),
    TrialMode(
        name="asyncio-per-thread",
        title="asyncio, a loop per thread",
        mode="asyncio-per-thread",
        coroutine=True,
        code="asyncio.run(...) in each thread, {n} of {f}(i) in flight in all",
    ),
)
# What `--executor MODULE:FACTORY` makes: anything with `submit` or `map` and `shutdown`.
CUSTOM = TrialMode(
    name="custom",
    title="your executor",
    mode="threads",
    code="{e}({n}).map({f}, inputs)",
    default=False,
)
TRIAL_MODE_NAMES = tuple(mode.name for mode in TRIAL_MODES)


def trial_mode_named(name: str) -> TrialMode:
    """Return the mode called `name`; raises `UsageError` if there is none."""
    for mode in (*TRIAL_MODES, CUSTOM):
        if mode.name == name:
            return mode
    from ftbench.errors import unknown  # noqa: PLC0415 - spawned workers never come here

    raise unknown("mode", name, TRIAL_MODE_NAMES)
