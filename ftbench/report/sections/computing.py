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
    question="For a task of this size with this payload: a plain loop, threads, subinterpreters or "
    "processes?",
    shows="Tasks that read a payload, compute and return a number, through warm pools with one "
    "task per worker in flight, against a plain loop. The winner is the mode with the "
    "least time "
    "per task. A size is a label for a fixed number of steps; what it takes in a plain loop here "
    "is in the table. Between measured points we interpolate linearly in work and bytes.",
    hides="Tasks that change shared state, wait, or come in chunks; large results, objects that "
    "are expensive to pickle, the cost of starting a pool. For processes we show the start method "
    "that costs least here: once started, all cost about the same.",
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
    question="When requests arrive at a fixed rate, how long do they take, and which modes keep "
    "up?",
    shows="Every mode gets the same Poisson arrivals, at 50 % and at 125 % of what one core can "
    "do: a plain loop that serves requests in order, and warm pools of eight. Latency runs from "
    "the time a request was due until its answer is back. Sizes and loads are labels: the work is "
    "a fixed number of steps.",
    hides="Payloads, which the map of tasks covers; requests that wait for something else. A mode "
    "that cannot keep up has no figure: it would only be the length of the run. Spawned processes "
    "stand for all processes.",
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
    "1 is ideal with a core for each worker; with fewer cores, N / cores is. N means that workers "
    "take turns."
)
_CPU_TIME: Final = "CPU time, 2"
_ON_CPU: Final = (
    "CPU time compares each of two workers with one alone: what a core pays because the other one "
    "works. The percentage after a ratio is how long the workers had a CPU. "
)
_COUNTED: Final = (
    "Instructions are counted by valgrind where they were asked for. They tell, free of noise, "
    "whether a build does more work, but not what caches, branch misses and waiting cost."
)
_OF_TWO: Final = f"{_COUNTED} They are per thread, with two threads."


def _instructions(group: str, per: str) -> tuple[Beside, ...]:
    return BenchmarkClass(f"instructions.{group}").beside(instructions=f"work of {per}")


_CPU_SCALING: Final = BenchmarkClass("cpu_scaling.CpuScaling")
_BY_KERNEL: Final = Rungs(
    ladder=Ladder(param="kernel", values=tuple(KERNELS), against=Against.NOTHING),
)
# Of one kernel: a metric for each number of workers.
_BY_WORKERS: Final = numbers(
    Ladder(param="", values=("1", "2", "4", "8"), against=Against.NOTHING), "worker"
)
_CPU_SCALING_SECTION: Final = Section(
    name="cpu_scaling",
    title="CPU-bound scaling",
    question="How well does CPU-bound work scale with more workers?",
    shows="1, 2, 4 and 8 workers each do as much work as the main thread does alone, measured in "
    "turn with it. Six kernels: integers, a loop, the LCG of the articles, strings and dicts, "
    "short-lived objects, floats. More workers than cores are included on purpose.",
    hides="The cost of starting workers and of sending them work and results: they wait at a "
    "barrier with everything they need.",
    views=(
        GridView(
            metric=_CPU_SCALING.metric("relative_2"),
            rungs=_BY_KERNEL,
            reading=_PER_WORKER,
            beside=(
                *_CPU_SCALING.ratios(
                    relative_cpu_2=_CPU_TIME, relative_4="4 workers", relative_8="8 workers"
                ),
                *_CPU_SCALING.beside(unit_8="time per unit, 8 workers", cpu="CPU time per unit"),
                *_instructions("CpuScaling", "a unit"),
            ),
            key=f"{_ON_CPU}A unit is about 2 ms of work for one thread; with eight workers, the "
            f"wall time and the CPU time per unit. {_OF_TWO}",
        ),
        GridView(
            metric=_CPU_SCALING.at(kernel="sum_of_squares").metric(
                "relative", "slow-down of N workers against one thread, adding up squares"
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
)


def _grain() -> GridView:
    grain = BenchmarkClass("grain.Grain", workers="2")
    relative = grain.metric("relative", "time over a plain loop's for the same tasks, 2 workers")
    idle = grain.metric("idle", "idle share")
    return GridView(
        metric=relative,
        rungs=_BY_SIZE,
        reading="Below 1 the pool is faster than a plain loop; 1 / N is ideal on N cores.",
        beside=(
            *grain.beside(overhead="a task's overhead"),
            Beside(metric=idle, heading="idle share", share=True),
        ),
        key="The overhead of a task is the worker's time beyond the task's own work; the idle "
        "share is the part of the workers' time, as far as there are cores, without work on a "
        "task.",
        crossings=Crossings(
            every=(
                Crossing(heading="beats a plain loop from", metric=relative, limit=BEATS_SERIAL),
                Crossing(
                    heading="keeps workers busy from", metric=idle, limit=KEEPS_BUSY, idle=True
                ),
            ),
            sizes={size.name: size.nominal for size in SIZES},
            key="The smallest task that pays, interpolated between two sizes whose intervals are "
            "clear of the limit, with a constant cost for each hand-over. Threads that take turns "
            "at a GIL never pay. Busy means 80 % of the workers' time, as far as there are cores.",
        ),
    )


_GRAIN_SECTION: Final = Section(
    name="grain",
    title="How small may a task be?",
    question="How large must a task be for a pool to pay?",
    shows="The same work goes to a plain loop and then, task by task, to warm executors: from "
    "about 10 µs to about 100 ms of arithmetic each. Sizes are labels: the work is a fixed number "
    "of steps.",
    hides="Large arguments, and chunks, which make one task of many.",
    views=(_grain(),),
)
_NATIVE: Final = BenchmarkClass("native.Native")
_BY_WORK: Final = Rungs(
    ladder=Ladder(param="work", values=tuple(WORK), against=Against.NOTHING),
    every="all work",
    groups={
        "the standard library": STANDARD,
        "other libraries": tuple(work for work in WORK if work not in STANDARD),
    },
)
_NATIVE_SECTION: Final = Section(
    name="native",
    title="Native code that releases the GIL",
    question="Do threads scale when the work is native code: hashing, a query, NumPy, Numba?",
    shows="1, 2, 4 and 8 threads each do as much work as the main thread does alone, measured in "
    "turn with it. The work is one long call at a time into OpenSSL, zlib or SQLite; each thread "
    "has its own data and database: every build should scale. Other libraries, BLAS too, use one "
    "native thread each. Arrays have 100\N{NARROW NO-BREAK SPACE}000 numbers; rows 1000, where the "
    "GIL changes hands all the time; or they have 16: calls too short for that. A forest is called "
    "through a lot of Python. 'ftbench engines install NAME' gets a library; it has a figure only "
    "if it left the GIL as it was.",
    hides="Libraries whose own threads contend with the program's; GPUs; waiting for disks.",
    views=(
        GridView(
            metric=_NATIVE.metric("relative_2"),
            rungs=_BY_WORK,
            reading=_PER_WORKER,
            beside=(
                *_NATIVE.ratios(
                    relative_cpu_2=_CPU_TIME, relative_4="4 threads", relative_8="8 threads"
                ),
                *_NATIVE.beside(serial="time per unit, alone", cpu="CPU time per unit, 8"),
            ),
            key=f"{_ON_CPU}A unit alone is done by the main thread while the others wait.",
        ),
    ),
)
_BY_SMALL_KERNEL: Final = Rungs(
    ladder=Ladder(param="kernel", values=tuple(SMALL), against=Against.GIL_BUILD),
    groups={"one thread": tuple(SMALL)},
)
_SINGLE_THREAD_SECTION: Final = Section(
    name="single_thread",
    title="One thread",
    question="What does the free-threaded build cost a program that has one thread?",
    shows="Twelve small kernels in a process with one thread, twenty runs a sample, with the "
    "garbage collector on. The picture shows each time relative to the GIL build.",
    hides="Whole programs, which use more memory and loop less. Of builds without PGO and LTO, "
    "only ratios of like builds mean anything.",
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
    groups={
        ledger: tuple(name for name, entry in LEDGER.items() if entry.ledger == ledger)
        for ledger in dict.fromkeys(entry.ledger for entry in LEDGER.values())
    },
)
_MUST_SCALE_SECTION: Final = Section(
    name="must_scale",
    title="Contention inside CPython",
    question="Where do free-threaded threads contend although the program shares nothing mutable?",
    shows="2 and 4 threads each run a pattern as often as one thread does, and share what programs "
    "share: a module's functions, classes and objects, and CPython's own global state. Processes, "
    "which share nothing, are the control. The first group of patterns must scale; the second "
    "changes shared objects and cannot.",
    hides="How much of a real program a pattern makes up: each is a loop of nothing else. With a "
    "GIL every figure of threads is N.",
    views=(
        GridView(
            metric=_MUST_SCALE.metric("relative_2"),
            rungs=BY_PATTERN,
            reading="1 is ideal with a core for each thread; 2 means taking turns, as with a GIL; "
            "more is worse than that.",
            beside=(
                *_MUST_SCALE.ratios(
                    relative_cpu_2=_CPU_TIME,
                    control_2="2 processes",
                    relative_4="4 threads",
                ),
                *_MUST_SCALE.beside(op="time of a turn, 1 thread"),
                *_instructions("MustScale", "a turn"),
            ),
            key=f"{_ON_CPU}Processes, the control, are the best that the machine can do. {_OF_TWO}",
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
