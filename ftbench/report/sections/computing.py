"""Which mode wins, what workers buy for work that computes, what one thread pays for a build."""

from __future__ import annotations

from typing import Final

from ftbench.analysis.grid import Against, Ladder
from ftbench.probe.scenarios.grain import SIZES
from ftbench.probe.scenarios.latency import LOADS, LONG_SECONDS
from ftbench.probe.scenarios.latency import SIZES as REQUESTS
from ftbench.probe.scenarios.must_scale import LEDGER
from ftbench.probe.scenarios.native import STANDARD, WORK
from ftbench.probe.workloads.kernels import KERNELS, SMALL
from ftbench.report.sections.view import (
    TASK_SIZE_NAMES,
    BenchmarkClass,
    Beside,
    Crossing,
    Crossings,
    GridView,
    Group,
    Rungs,
    Section,
    View,
    numbers,
    with_units,
)
from ftbench.statistics.crossover import BEATS_SERIAL, KEEPS_BUSY

_PAYLOAD: Final = "64kib"
_BY_TASK: Final = Rungs(
    ladder=Ladder(
        param="",
        values=tuple(f"{size}_{_PAYLOAD}" for size in TASK_SIZE_NAMES),
        against=Against.NOTHING,
    ),
    every="every size",
    names={f"{size}_{_PAYLOAD}": words for size, words in TASK_SIZE_NAMES.items()},
)
_CROSSOVER: Final = BenchmarkClass("crossover.Crossover", workers="8")
_CROSSOVER_SECTION: Final = Section(
    name="crossover",
    title="Which mode wins",
    question="For a task of this size with a payload of that size: a plain loop, threads, "
    "subinterpreters or processes?",
    shows="Tasks that read a payload, compute and answer with a number, through warm pools, as "
    "many under way as there are workers, against a plain loop. A place's winner takes the least "
    "time per task. A size is nominal: its work is a fixed number of steps. Between measured "
    "places a cost is on a straight line of the work, and of the bytes.",
    hides="Tasks that share what they change, that wait, or that come in chunks; large results, "
    "objects that are dear to pickle, what starting a pool costs. Of processes the cheapest start "
    "method stands for all: once they stand they cost alike.",
    mapped=True,
    views=(
        GridView(
            metric=_CROSSOVER.metric("task", "time per task with 64 KiB, 8 workers"),
            rungs=_BY_TASK,
            beside=_CROSSOVER.beside(cpu="CPU per task"),
            key="CPU is that of the parent and all workers.",
            folded=True,
        ),
        View(
            metric=_CROSSOVER.memory("memory of the tree with a warm pool of 8, {}"),
            folded=True,
        ),
    ),
)
_LATENCY: Final = BenchmarkClass("latency.Latency", workers="8")
_LOADS: Final = [
    # Those of every profile.
    (f"{size.name}_{percent}", f"{TASK_SIZE_NAMES[size.name]}, {percent}\N{NO-BREAK SPACE}%")
    for percent in LOADS
    for size in REQUESTS
    if size.nominal < LONG_SECONDS
]
_BY_LOAD: Final = Rungs(
    ladder=Ladder(param="", values=tuple(name for name, _ in _LOADS), against=Against.NOTHING),
    every="every load",
    names=dict(_LOADS),
)
_LATENCY_SECTION: Final = Section(
    name="latency",
    title="How long a request takes",
    question="Requests arrive whether the last has ended or not: what do they take, the slowest of "
    "a hundred too, and who keeps up?",
    shows="The same schedule in every mode, Poisson, at half of what one core can do and at a "
    "quarter more than it can: a plain loop that takes requests in order, and warm pools of eight. "
    "A request's time runs from when it was due until its answer is there. A size, and the share "
    "of a core that is offered, are nominal: its work is a fixed number of steps.",
    hides="Payloads, which the map of tasks has; requests that wait for something else. Whoever "
    "cannot keep up has no figure: it would be the length of the run. Of processes those that are "
    "spawned stand for all.",
    views=(
        GridView(
            metric=_LATENCY.metric("p99", "99th percentile of a request's time, 8 workers"),
            rungs=_BY_LOAD,
            beside=_LATENCY.beside(p50="the median"),
        ),
    ),
)
CHOOSING: Final = Group(title="Choosing", sections=(_CROSSOVER_SECTION, _LATENCY_SECTION))


_PER_WORKER: Final = (
    "1 is ideal as long as there is a core for each worker; beyond the cores N / cores is, and N "
    "is what taking turns yields."
)
_CPU_TIME: Final = "2, CPU time"
_ON_CPU: Final = (
    "CPU time is that of each of two over that of one alone: what its core pays because the other "
    "works. The share after a ratio is how long its workers had a CPU. "
)
_COUNTED: Final = (
    "Instructions, which valgrind counts where they are asked for, tell whether a build does more "
    "work, whatever the machine's noise; not what caches, branch misses and waiting cost."
)
_OF_TWO: Final = f"{_COUNTED} They are those of each of two threads."


def _instructions(group: str, per: str) -> tuple[Beside, ...]:
    return BenchmarkClass(f"instructions.{group}").beside(instructions=f"work of {per}")


_CPU_SCALING: Final = BenchmarkClass("cpu_scaling.CpuScaling")
_BY_KERNEL: Final = Rungs(
    ladder=Ladder(param="kernel", values=tuple(KERNELS), against=Against.NOTHING),
    every="every kernel",
    names={
        "is_prime": "primes",
        "lcg": "LCG",
        "words": "dict and strings",
        "mandelbrot": "floats, Mandelbrot",
    },
)
# Of one kernel: a metric for each number of workers.
_BY_WORKERS: Final = numbers(
    Ladder(param="", values=("1", "2", "4", "8"), against=Against.NOTHING), "worker"
)
_CPU_SCALING_SECTION: Final = Section(
    name="cpu_scaling",
    title="Crunching with more workers",
    question="How much of each further worker is left for work that only computes?",
    shows="1, 2, 4 and 8 workers do as much each as the main thread alone, in turn with it. Six "
    "kinds of work: integers, a loop, the LCG of the articles, strings and dicts, objects that "
    "come and go, floats. More workers than cores are there on purpose.",
    hides="What starting workers, or sending them work and results, costs: they stand at a gate "
    "and hold all that they need.",
    views=(
        GridView(
            metric=_CPU_SCALING.metric(
                "relative_2", "time of 2 workers over one alone, same work each"
            ),
            rungs=_BY_KERNEL,
            reading=_PER_WORKER,
            beside=(
                *_CPU_SCALING.ratios(
                    relative_cpu_2=_CPU_TIME, relative_4="4 workers", relative_8="8 workers"
                ),
                *_CPU_SCALING.beside(unit_8="a unit, 8 w.", cpu="its CPU"),
                *_instructions("CpuScaling", "a unit"),
            ),
            key=f"{_ON_CPU}A unit is some 2 ms of work by one thread: the time of eight workers "
            f"over the units of all, and the CPU that one takes then. {_OF_TWO}",
        ),
        GridView(
            metric=_CPU_SCALING.at(kernel="sum_of_squares").metric(
                "relative", "time of N workers over one alone, sum of squares"
            ),
            rungs=_BY_WORKERS,
            reading=_PER_WORKER,
            folded=True,
        ),
    ),
)


_BY_SIZE: Final = Rungs(
    ladder=Ladder(param="", values=tuple(size.name for size in SIZES), against=Against.NOTHING),
    every="every size",
    names=with_units(size.name for size in SIZES),
)


def _grain() -> GridView:
    grain = BenchmarkClass("grain.Grain", workers="2")
    relative = grain.metric("relative", "time of the same tasks over a plain loop's, 2 workers")
    idle = grain.metric("idle", "idle share")
    return GridView(
        metric=relative,
        rungs=_BY_SIZE,
        reading="Below 1 the pool is faster than a plain loop; with N cores 1 / N is ideal.",
        beside=(
            *grain.beside(overhead="a task's overhead"),
            Beside(metric=idle, heading="idle share", share=True),
        ),
        key="A task's overhead is what it takes of a worker's time beside its own work; the idle "
        "share is what of the workers' time, as far as there are cores, does no work of a task.",
        crossings=Crossings(
            every=(
                Crossing(heading="beats a plain loop from", metric=relative, limit=BEATS_SERIAL),
                Crossing(
                    heading="keeps workers busy from", metric=idle, limit=KEEPS_BUSY, idle=True
                ),
            ),
            sizes={size.name: size.nominal for size in SIZES},
            key="The smallest task that pays: where a constant for a hand-over and a part of the "
            "task come to the limit, between two sizes whose intervals clear it. Threads that take "
            "turns at a GIL never do. Busy is 80 % of the workers' time, as far as there are "
            "cores.",
        ),
    )


_GRAIN_SECTION: Final = Section(
    name="grain",
    title="How small may a task be?",
    question="From which size of task on does a pool pay?",
    shows="The same work is handed to warm executors task by task, from some 10 µs to some 100 ms "
    "of arithmetic each, and right before that to a plain loop. A size's name is nominal: its work "
    "is a fixed number of steps.",
    hides="Large arguments, and chunks, which make one task of many.",
    views=(_grain(),),
)
_NATIVE: Final = BenchmarkClass("native.Native")
_BY_WORK: Final = Rungs(
    ladder=Ladder(param="work", values=tuple(WORK), against=Against.NOTHING),
    every="all work",
    names={
        "compress": "zlib.compress",
        "query": "sqlite3 query",
        "numpy_large": "NumPy, large arrays",
        "numpy_small": "NumPy, small arrays",
        "numpy_matmul": "NumPy matmul",
        "numba_nogil": "Numba nogil",
        "sklearn_predict": "scikit-learn forest",
        "torch_matmul": "PyTorch matmul",
        "opencv_filter": "OpenCV boxFilter",
    },
    groups={
        "the standard library": STANDARD,
        "other libraries": tuple(work for work in WORK if work not in STANDARD),
    },
)
_NATIVE_SECTION: Final = Section(
    name="native",
    title="Native code that lets go of the GIL",
    question="Do threads scale when the work is native code: hashing, a query, NumPy, Numba?",
    shows="1, 2, 4 and 8 threads do as much each as the main thread alone, in turn with it. The "
    "work is one long call at a time into OpenSSL, zlib or SQLite, each thread with data, and a "
    "database, of its own: every build should scale. Other libraries have one native thread each, "
    "BLAS too. Arrays are of 100\N{NARROW NO-BREAK SPACE}000 numbers, or of 16: calls shorter than "
    "a microsecond. A forest is asked through much Python. 'ftbench engines install NAME' gets a "
    "library; it has a figure only if it left the GIL as it was.",
    hides="Libraries whose own threads meet with the program's; GPUs; disks, for which nothing "
    "here waits.",
    views=(
        GridView(
            metric=_NATIVE.metric("relative_2", "time of 2 threads over one alone, same work each"),
            rungs=_BY_WORK,
            reading=_PER_WORKER,
            beside=(
                *_NATIVE.ratios(
                    relative_cpu_2=_CPU_TIME, relative_4="4 threads", relative_8="8 threads"
                ),
                *_NATIVE.beside(serial="a unit alone", cpu="its CPU, 8 threads"),
            ),
            key=f"{_ON_CPU}A unit alone is by the main thread, while the others wait.",
        ),
    ),
)
_BY_SMALL_KERNEL: Final = Rungs(
    ladder=Ladder(param="kernel", values=tuple(SMALL), against=Against.GIL_BUILD),
    every="every kernel",
    groups={"one thread": tuple(SMALL)},
)
_SINGLE_THREAD_SECTION: Final = Section(
    name="single_thread",
    title="One thread",
    question="What does the free-threaded build cost a program that has one thread?",
    shows="Twelve corners of the language in a process with one thread, twenty runs a sample and "
    "with the garbage collector on. The picture has each time over the GIL build's.",
    hides="Whole programs, which have more memory and less of a loop. Without PGO and LTO read the "
    "ratio of like builds only.",
    views=(
        GridView(
            metric=BenchmarkClass("single_thread.SingleThread").metric(
                "kernel", "time of one run, in a process of one thread"
            ),
            rungs=_BY_SMALL_KERNEL,
            beside=_instructions("SingleThread", "a run"),
            key=_COUNTED,
        ),
    ),
)
_MUST_SCALE: Final = BenchmarkClass("must_scale.MustScale")
BY_PATTERN: Final = Rungs(
    ladder=Ladder(param="pattern", values=tuple(LEDGER), against=Against.NOTHING),
    every="every pattern",
    names={"f_strings": "f-strings", "enumerate_and_zip": "enumerate, zip"},
    groups={
        ledger: tuple(name for name, entry in LEDGER.items() if entry.ledger == ledger)
        for ledger in dict.fromkeys(entry.ledger for entry in LEDGER.values())
    },
)
_MUST_SCALE_SECTION: Final = Section(
    name="must_scale",
    title="What ought to scale across threads",
    question="Where do threads of a free-threaded build meet although the program does not let "
    "them?",
    shows="2 and 4 threads do a pattern as often each as one, sharing what programs share: the "
    "functions, classes and objects of a module, and whatever CPython has once for all. Processes, "
    "which share nothing, are the control. One ledger has the patterns that must scale, the other "
    "those that change what they share, and cannot.",
    hides="How much of a program's time a pattern is: each is a loop that does nothing else. With "
    "a GIL every figure of threads is N.",
    views=(
        GridView(
            metric=_MUST_SCALE.metric("relative_2", "time of 2 threads over one, same turns each"),
            rungs=BY_PATTERN,
            reading="1 is ideal where each thread has a core, 2 is what a GIL yields, more is "
            "worse than taking turns.",
            beside=(
                *_MUST_SCALE.ratios(
                    relative_cpu_2=_CPU_TIME,
                    control_2="2 processes",
                    relative_4="4 threads",
                ),
                *_MUST_SCALE.beside(op="a turn alone"),
                *_instructions("MustScale", "a turn"),
            ),
            key=f"{_ON_CPU}Processes are the control, what the machine can do at best. {_OF_TWO}",
            control=_MUST_SCALE.metric("control_2", "control"),
        ),
    ),
)
COMPUTING: Final = Group(
    title="Computing",
    sections=(
        _CPU_SCALING_SECTION,
        _GRAIN_SECTION,
        _NATIVE_SECTION,
        _SINGLE_THREAD_SECTION,
        _MUST_SCALE_SECTION,
    ),
)
