"""Which mode wins, what workers buy for work that computes, what one thread pays for a build."""

from __future__ import annotations

from typing import Final

from ftbench.analysis.comparison import Metric
from ftbench.analysis.grid import Against, Ladder, tracked
from ftbench.probe.scenarios.crossover import SIZES
from ftbench.report.sections.ladders import (
    BY_KERNEL,
    BY_PATTERN,
    BY_SIZE,
    BY_SMALL_KERNEL,
    BY_WORK,
    BY_WORKERS,
    SECONDS_OF_SIZE,
    TASK_SIZE_NAMES,
)
from ftbench.report.sections.view import (
    Beside,
    Crossing,
    Crossings,
    GridView,
    Group,
    Rungs,
    Section,
    View,
)
from ftbench.statistics.crossover import BEATS_SERIAL, KEEPS_BUSY

_PAYLOAD: Final = "64kib"
_EIGHT: Final = "8"
_BY_TASK: Final = Rungs(
    ladder=Ladder(
        param="",
        values=tuple(f"{size.name}_{_PAYLOAD}" for size in SIZES),
        against=Against.NOTHING,
    ),
    every="every size",
    names={f"{size.name}_{_PAYLOAD}": TASK_SIZE_NAMES[size.name] for size in SIZES},
    rivals=False,
)


def _cost(name: str, title: str) -> Metric:
    return tracked("crossover.Crossover", name, title, workers=_EIGHT)


CHOOSING: Final = Group(
    title="Choosing",
    sections=(
        Section(
            name="crossover",
            title="Which mode wins",
            question="For a task of this size with a payload of that size: a plain loop, threads, "
            "subinterpreters or processes?",
            shows="Tasks that read a payload, compute and answer with a number, through warm "
            "pools, as many under way as there are workers, against a plain loop. A place's winner "
            "takes the least time per task. A size is nominal: its work is a fixed number of "
            "steps. Between measured places the borders are straight lines of logarithms.",
            hides="Tasks that share what they change, that wait, or that come in chunks; large "
            "results, objects that are dear to pickle, what starting a pool costs. Of processes "
            "the cheapest start method stands for all: once they stand they cost alike.",
            mapped=True,
            views=(
                GridView(
                    metric=_cost("task", "time per task with 64 KiB, 8 workers"),
                    rungs=_BY_TASK,
                    beside=(
                        Beside(metric=_cost("p99", "a task"), heading="a task, p99"),
                        Beside(metric=_cost("cpu", "CPU per task"), heading="CPU per task"),
                    ),
                    key="A task's time is from handing it over to its answer; of a turn's few "
                    "tasks the 99th percentile lies close to the longest. CPU is that of the "
                    "parent and all workers.",
                    folded=True,
                ),
                View(
                    metric=Metric(
                        benchmark="crossover.Crossover.track_pss",
                        title="memory of the tree with a warm pool of 8, PSS",
                        params={"workers": _EIGHT},
                        instead=Metric(
                            benchmark="crossover.Crossover.track_rss",
                            title="memory of the tree with a warm pool of 8, RSS",
                            params={"workers": _EIGHT},
                        ),
                    ),
                    folded=True,
                ),
            ),
        ),
    ),
)


_PER_WORKER: Final = (
    "1 is ideal as long as there is a core for each worker; beyond the cores N / cores is, and N "
    "is what taking turns yields."
)


def _cpu(name: str, title: str) -> Metric:
    return tracked("cpu_scaling.CpuScaling", name, title)


def _native(name: str, title: str) -> Metric:
    return tracked("native.Native", name, title)


def _pattern(name: str, title: str) -> Metric:
    return tracked("must_scale.MustScale", name, title)


def _grain(workers: int, *, folded: bool = False) -> GridView:
    def metric(name: str, title: str) -> Metric:
        return tracked("grain.Grain", name, title, workers=str(workers))

    relative = metric("relative", f"time of the same tasks over a plain loop's, {workers} workers")
    idle = metric("idle", "idle share")
    return GridView(
        metric=relative,
        rungs=BY_SIZE,
        reading="Below 1 the pool is faster than a plain loop; with N cores 1 / N is ideal.",
        beside=(
            Beside(metric=metric("overhead", "overhead"), heading="a task's overhead"),
            Beside(metric=idle, heading="idle share", share=True),
        ),
        key="A task's overhead is what it takes of a worker's time beside its own work; the idle "
        "share is what of the workers' time, as far as there are cores, does no work of a task.",
        crossings=Crossings(
            every=(
                Crossing(heading="beats a plain loop from", metric=relative, limit=BEATS_SERIAL),
                Crossing(heading="keeps workers busy from", metric=idle, limit=KEEPS_BUSY),
            ),
            sizes=SECONDS_OF_SIZE,
            key="The smallest task that pays, read off a straight line between two sizes. Busy is "
            "80 % of the workers' time, as far as there are cores.",
        ),
        folded=folded,
    )


COMPUTING: Final = Group(
    title="Computing",
    sections=(
        Section(
            name="cpu_scaling",
            title="Crunching with more workers",
            question="How much of each further worker is left for work that only computes?",
            shows="1, 2, 4 and 8 workers do as much each as the main thread alone, in turn with "
            "it. Six kinds of work: integers, a loop, the LCG of the articles, strings and dicts, "
            "objects that come and go, floats. More workers than cores are there on purpose.",
            hides="What starting workers, or sending them work and results, costs: they stand at a "
            "gate and hold all that they need.",
            views=(
                GridView(
                    metric=_cpu("relative_2", "time of 2 workers over one alone, same work each"),
                    rungs=BY_KERNEL,
                    reading=_PER_WORKER,
                    beside=(
                        Beside(metric=_cpu("relative_4", "4 workers"), heading="4 workers"),
                        Beside(metric=_cpu("relative_8", "8 workers"), heading="8 workers"),
                        Beside(metric=_cpu("unit_8", "a unit, 8 workers"), heading="a unit, 8 w."),
                        Beside(metric=_cpu("cpu", "its CPU"), heading="its CPU"),
                    ),
                    key="A unit is some 2 ms of work by one thread: the time of eight workers over "
                    "the units of all, and the CPU that one takes then.",
                ),
                GridView(
                    metric=tracked(
                        "cpu_scaling.CpuScaling",
                        "relative",
                        "time of N workers over one alone, sum of squares",
                        kernel="sum_of_squares",
                    ),
                    rungs=BY_WORKERS,
                    reading=_PER_WORKER,
                    folded=True,
                ),
            ),
        ),
        Section(
            name="grain",
            title="How small may a task be?",
            question="From which size of task on does a pool pay?",
            shows="The same work is handed to warm executors task by task, from some 10 µs to some "
            "100 ms of arithmetic each, and right before that to a plain loop. A size's name is "
            "nominal: its work is a fixed number of steps.",
            hides="Large arguments, and chunks, which make one task of many.",
            views=(_grain(2), _grain(8, folded=True)),
        ),
        Section(
            name="native",
            title="Native code that lets go of the GIL",
            question="Do threads scale when the work is hashing, compressing or a query?",
            shows="1, 2, 4 and 8 threads do as much each as the main thread alone, in turn with "
            "it. The work is one long call at a time into OpenSSL, zlib or SQLite, each thread "
            "with data, and a database, of its own: every build should scale.",
            hides="Short calls, at which the GIL changes hands more often than it pays; disks, for "
            "which nothing here waits.",
            views=(
                GridView(
                    metric=_native(
                        "relative_2", "time of 2 threads over one alone, same work each"
                    ),
                    rungs=BY_WORK,
                    reading=_PER_WORKER,
                    beside=(
                        Beside(metric=_native("relative_4", "4 threads"), heading="4 threads"),
                        Beside(metric=_native("relative_8", "8 threads"), heading="8 threads"),
                        Beside(metric=_native("serial", "a unit alone"), heading="a unit alone"),
                        Beside(metric=_native("cpu", "CPU"), heading="its CPU, 8 threads"),
                    ),
                    key="A unit alone is by the main thread, while the others wait.",
                ),
            ),
        ),
        Section(
            name="single_thread",
            title="One thread",
            question="What does the free-threaded build cost a program that has one thread?",
            shows="Twelve corners of the language in a process with one thread, twenty runs a "
            "sample and with the garbage collector on. The picture has each time over the GIL "
            "build's.",
            hides="Whole programs, which have more memory and less of a loop. Without PGO and LTO "
            "read the ratio of like builds only.",
            views=(
                GridView(
                    metric=Metric(
                        benchmark="single_thread.SingleThread.track_kernel",
                        title="time of one run, in a process of one thread",
                    ),
                    rungs=BY_SMALL_KERNEL,
                ),
            ),
        ),
        Section(
            name="must_scale",
            title="What ought to scale across threads",
            question="Where do threads of a free-threaded build meet although the program does not "
            "let them?",
            shows="2 and 4 threads do a pattern as often each as one, sharing what programs share: "
            "the functions, classes and objects of a module. Threads of the control share nothing. "
            "One ledger has the patterns that must scale, the other those that change what they "
            "share, and cannot.",
            hides="How much of a program's time a pattern is: each is a loop that does nothing "
            "else. With a GIL every figure is N.",
            views=(
                GridView(
                    metric=_pattern("relative_2", "time of 2 threads over one, same turns each"),
                    rungs=BY_PATTERN,
                    reading="1 is ideal where each thread has a core, 2 is what a GIL yields, more "
                    "is worse than taking turns.",
                    beside=(
                        Beside(metric=_pattern("control_2", "control"), heading="sharing nothing"),
                        Beside(metric=_pattern("relative_4", "4 threads"), heading="4 threads"),
                        Beside(
                            metric=_pattern("control_4", "control"),
                            heading="4, sharing nothing",
                        ),
                        Beside(metric=_pattern("op", "a turn"), heading="a turn alone"),
                    ),
                    key="Sharing nothing is what build and machine can do at best. Where that is "
                    "far above 1 too, threads meet at something that nobody can have of his own.",
                    control=_pattern("control_2", "control"),
                ),
            ),
        ),
    ),
)
