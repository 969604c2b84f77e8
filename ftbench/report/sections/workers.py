"""What workers cost: to start, to keep, to wait in, and when one dies or collects garbage."""

from __future__ import annotations

from typing import Final

from ftbench.analysis.grid import Ladder
from ftbench.facts.modes import POOL_TABLE, no_such_pool
from ftbench.report.sections.view import (
    BenchmarkClass,
    Beside,
    GridView,
    Group,
    Rungs,
    Section,
    View,
    numbers,
)

_LIFECYCLE: Final = BenchmarkClass("lifecycle.Lifecycle", workers="8", task="empty")
ROUND_EMPTY: Final = _LIFECYCLE.metric("round", "time per round, 8 workers, empty task")
_FOOTPRINT: Final = BenchmarkClass("footprint.Footprint", workers="8")
TREE_PSS: Final = _FOOTPRINT.memory("memory of the process tree, {}, 8 workers")
_MEMORY: Final = Beside(metric=TREE_PSS, heading="memory")
_LIFECYCLE_SECTION: Final = Section(
    name="lifecycle",
    title="Starting and ending workers",
    question="What do eight workers cost before they have done anything?",
    shows="One round creates eight workers, starts them, lets each run one task and joins them. "
    "With an empty task that is the bare tax of a concurrency model; the small task, 20 000 steps "
    "of integer arithmetic, says what is left of the tax once there is work.",
    hides="Nothing about long-lived workers: a pool pays this once. The first round, in which a "
    "fork server starts, is a series of its own. Parents with much memory fork slower.",
    views=(
        View(metric=ROUND_EMPTY, beside=_MEMORY),
        View(
            metric=_LIFECYCLE.at(task="article").metric(
                "round", "time per round, 8 workers, small task"
            ),
            beside=_MEMORY,
            folded=True,
        ),
    ),
)
_FOOTPRINT_SECTION: Final = Section(
    name="footprint",
    title="Keeping workers alive",
    question="How much memory do eight busy workers hold?",
    shows="Eight workers are alive and busy while an observer outside adds up their whole process "
    "tree: parent, workers, fork server and resource tracker. PSS counts a page that several "
    "processes share once; where the system has no PSS, RSS stands in and says so.",
    hides="Nothing about your data: these workers hold almost none. Threads share what they load, "
    "processes copy it when they touch it.",
    views=(
        View(metric=TREE_PSS),
        View(
            metric=_FOOTPRINT.metric("per_worker", "memory per added worker, 8 workers"),
            folded=True,
        ),
    ),
)
_POOLS: Final = BenchmarkClass("pools.Pools")


def _pools(*names: str, rivals: bool) -> Rungs:
    return Rungs(
        ladder=Ladder(param="pool", values=names, base="executor", hole=no_such_pool),
        every="every pool",
        base="the executor",
        rivals=rivals,
    )


BY_POOL: Final = _pools(*POOL_TABLE, rivals=True)
# No rivals: what goes on because it has noticed nothing is not the better one.
_BY_WATCHED_POOL: Final = _pools(
    *(kind.name for kind in POOL_TABLE.values() if kind.futures), rivals=False
)
_POOLS_SECTION: Final = Section(
    name="pools",
    title="Pools",
    question="What does a pool cost to make, to fill, to hand a task to, to end?",
    shows="A pool of eight workers from its making to its end, each library's in every mode that "
    "it has. Handing over is one empty task to idle workers and its result: what a server pays per "
    "request. Beside it is what a script pays: the time from making the pool to its first result, "
    "until all eight are at work, and to end it.",
    hides="Real work and large arguments; those are below. Executors of threads and "
    "subinterpreters ignore a map's chunks: there, a chunk of 64 saves nothing.",
    terms=(
        ("executor", "that of concurrent.futures, or loky's of the same kind."),
        ("multiprocessing", "multiprocessing.Pool, and its ThreadPool."),
        ("joblib", "joblib.Parallel, over loky."),
    ),
    views=(
        GridView(
            metric=_POOLS.metric("dispatch", "time to hand over one task, pool of 8 workers"),
            rungs=BY_POOL,
            beside=_POOLS.beside(
                cold="first result",
                full="all at work",
                map_64="map, chunks of 64",
                shutdown="ending",
            ),
            key="First result and all at work count from the making of the pool; the map is per "
            "task.",
        ),
    ),
)
WORKERS: Final = Group(
    title="Having workers",
    sections=(_LIFECYCLE_SECTION, _FOOTPRINT_SECTION, _POOLS_SECTION),
)


def _io(delay: int, *, folded: bool = False) -> GridView:
    io = BenchmarkClass("io.Io", delay=str(delay))
    return GridView(
        metric=io.metric("cpu", f"CPU per request, answers after {delay} ms"),
        rungs=numbers(Ladder(param="under_way", values=("64", "512"), base="64"), "request"),
        beside=io.beside(
            request="time per request", p50="latency, p50", p99="latency, p99", pss="memory, PSS"
        ),
        key="Latency is that of the open loop, 2 000 requests a second, and counts from when a "
        "request was to be sent. CPU and memory are the clients' alone.",
        folded=folded,
    )


_IO_SECTION: Final = Section(
    name="io",
    title="Many requests under way",
    question="What does it cost to wait for many answers at once?",
    shows="64 or 512 connections to servers of ours, which answer after a delay. In a closed loop "
    "each asks again when it has its answer: time and CPU per request. In an open one requests "
    "arrive at times fixed beforehand, so that who is late is late: latencies.",
    hides="A network: everything is on the loopback, and servers share the cores with clients. "
    "Nobody is faster than delay / connections: 313 µs a request with 20 ms and 64, 39 µs with "
    "512; the CPU that it takes tells the modes apart.",
    views=(_io(20), _io(1, folded=True)),
)
_HYBRID: Final = BenchmarkClass("hybrid.Hybrid")
_HYBRID_SECTION: Final = Section(
    name="hybrid",
    title="Fetching and crunching",
    question="What does it cost to fetch in threads and to crunch in something else?",
    shows="Eight threads wait 10 ms for each item and put it into a queue with room for 16; "
    "workers take items and compute for some 1.5 ms with each. Fetching alone would take 1.25 ms "
    "an item: one core is too few to keep up, two are enough.",
    hides="Large items and many connections. Queues of subinterpreters look every 10 ms.",
    views=(
        GridView(
            metric=_HYBRID.metric("item", "time per item, 8 threads fetch"),
            rungs=numbers(Ladder(param="workers", values=("2",), base="2"), "worker"),
            beside=_HYBRID.beside(
                cpu="CPU per item", wait_p95="in queue, p95", wake_p95="awake, p95"
            ),
            key="In the queue is an item from before it is put until a worker has it. Awake is a "
            "fetcher after 10 ms; what is more, its thread waited to run again.",
        ),
    ),
)
WAITING: Final = Group(
    title="Waiting",
    sections=(_IO_SECTION, _HYBRID_SECTION),
)


_FAILURE: Final = BenchmarkClass("failure.Failure")
_FAILURE_SECTION: Final = Section(
    name="failure",
    title="When a worker dies",
    question="How long until the program knows, and until a pool works again?",
    shows="A worker of eight dies in the middle of a task while three others are at work: a "
    "process is killed, in a thread or a subinterpreter an exception escapes. The pool works again "
    "when a task handed over after that has come back, from a new pool where the old one is "
    "broken. Beside it: ending a pool with 128 tasks waiting.",
    hides="Supervisors that retry. A segmentation fault ends the whole program with its threads "
    "and subinterpreters: that has no figure here.",
    views=(
        GridView(
            metric=_FAILURE.metric("recover", "time from the crash to a working pool"),
            rungs=_BY_WATCHED_POOL,
            reading="multiprocessing.Pool goes on at once because it tells nobody: whoever waits "
            "for the lost task waits for ever.",
            beside=(
                Beside(
                    metric=_FAILURE.metric("detect", "time until it is known"),
                    heading="until it is known",
                    values=("executor",),
                    lacks="is never known",
                ),
                *_FAILURE.beside(lost="lost", stop="ending", uncancelled="run anyway"),
            ),
            key="Lost are tasks without a result, of four at work. Ending is with 128 tasks "
            "waiting and 20 ms of work left in each worker; run anyway are, of those and the eight "
            "at work, the tasks that cancelling all did not stop.",
        ),
    ),
)
_BY_HEAP: Final = Rungs(
    ladder=Ladder(param="heap", values=("small", "large"), base="small"),
    every="any heap",
    base="1 000 records",
    names={
        "small": "1\N{NARROW NO-BREAK SPACE}000 records",
        "large": "100\N{NARROW NO-BREAK SPACE}000 records",
    },
)


def _pauses(ticks: BenchmarkClass, title: str, *, folded: bool = False) -> GridView:
    return GridView(
        metric=ticks.metric("p99", f"how late a tick is, p99, {title}"),
        rungs=_BY_HEAP,
        beside=ticks.beside(p50="p50", max="the latest", collect="a collection"),
        key="A collection is the longest of a round, as its own thread sees it.",
        folded=folded,
    )


_PAUSES: Final = BenchmarkClass("pauses.Pauses", workers="8")
_CHURN: Final = BenchmarkClass("pauses.Churn", trigger="churn")
_PAUSES_SECTION: Final = Section(
    name="pauses",
    title="When the collector comes",
    question="What does one worker's garbage collection cost all the others?",
    shows="One worker calls gc.collect() three times in 0.3 s; the others wake every millisecond, "
    "by a schedule fixed beforehand, and note how late they are: a pause of 20 ms makes twenty "
    "ticks late, as it would twenty requests. Processes and subinterpreters have heaps of their "
    "own: the control.",
    hides="Threads that are at work, which have to stop first: ticks sleep. How slow allocation is "
    "meanwhile.",
    views=(
        _pauses(_PAUSES, "8 tickers"),
        _pauses(_CHURN, "automatic collections", folded=True),
    ),
)
FAILING: Final = Group(
    title="When it hurts",
    sections=(_FAILURE_SECTION, _PAUSES_SECTION),
)
