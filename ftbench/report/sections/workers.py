"""What workers cost: to start, keep, share, wait in, and when one dies or collects garbage."""

from __future__ import annotations

from typing import Final

from ftbench.analysis.grid import Ladder
from ftbench.facts.modes import POOL_TABLE, no_such_pool
from ftbench.probe.workers import no_such_channel
from ftbench.probe.workers.shared_state import CHANNELS, TASK
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
    question="What do eight workers cost before they have done any work?",
    shows="One round creates eight workers, starts them, lets each run one task and joins them. "
    "With an empty task that is pure overhead; the small task, 20 000 steps of integer arithmetic, "
    "shows how much of it remains visible once there is work.",
    hides="Long-lived workers: a pool pays this once. The first round, which starts the fork "
    "server, is a separate series. A parent with a lot of memory forks more slowly.",
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
    hides="Your data: these workers hold almost none. Threads share what they load; processes copy "
    "it when they touch it.",
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
    question="What does it cost to start a pool, fill it, hand it a task, and shut it down?",
    shows="A pool of eight workers from start to shutdown, for each library in every mode it has. "
    "Handing over is one empty task to idle workers and its result: what a server pays per "
    "request. More metrics show what a script pays: from creating the pool to the first result, "
    "until all eight workers are busy, and to shut down.",
    hides="Real work and large arguments, which are separate questions. Executors of threads and "
    "subinterpreters ignore chunks in a map: a chunk of 64 saves nothing there.",
    terms=(
        ("executor", "of concurrent.futures, or loky's equivalent."),
        ("multiprocessing", "multiprocessing.Pool, and its ThreadPool."),
        ("joblib", "joblib.Parallel, over loky."),
    ),
    views=(
        GridView(
            metric=_POOLS.metric("dispatch", "time to dispatch one task, pool of 8 workers"),
            rungs=BY_POOL,
            beside=_POOLS.beside(
                cold="first result",
                full="all at work",
                map_64="map, chunks of 64",
                shutdown="ending",
            ),
            key="First result and all at work count from the creation of the pool; the map is per "
            "task.",
        ),
    ),
)
WORKERS: Final = Group(
    title="Having workers",
    sections=(_LIFECYCLE_SECTION, _FOOTPRINT_SECTION, _POOLS_SECTION),
)


_BY_STRATEGY: Final = Rungs(
    ladder=Ladder(
        param="strategy",
        values=("lock", "atomic", "striped", "local", "actor", "shared_memory"),
        base="lock",
    ),
    base="strategy lock",
    rivals=True,
)


def _shared(fill: str, title: str, *, folded: bool = False) -> GridView:
    shared_set = BenchmarkClass("shared_set.SharedSet", fill=fill)
    return GridView(
        metric=shared_set.metric("op", f"time per operation, 8 workers, {title}"),
        rungs=_BY_STRATEGY,
        beside=(
            Beside(
                metric=shared_set.metric("lock_wait_p99", "wait for a lock"),
                heading="wait for a lock, p99",
                values=("lock", "striped", "shared_memory"),
                lacks="has no lock to wait for",
            ),
            *shared_set.beside(cpu="CPU per op.", pss="memory, PSS", fairness="slowest / fastest"),
        ),
        key="CPU is of all processes together, memory of the whole process tree at its peak. "
        "Slowest / fastest compares the workers' times per operation: 1 is fair.",
        folded=folded,
    )


_SHARED_SET_SECTION: Final = Section(
    name="shared_set",
    title="Sharing one set",
    question="What does it cost when eight workers share one set of ids, with each strategy?",
    shows="Eight workers insert random ids out of ten million if they are new: 8 000 operations "
    "each, or 256 where a manager holds the set. The set starts with 180 000 ids, so that it need "
    "not grow; a second view has one that starts empty. Every strategy must find exactly as many "
    "new ids as a serial run.",
    hides="Work between two insertions: there is none, which is the worst case for contention. "
    "Real work in between dilutes every ratio. Each wait for a lock that is taken is timed; for "
    "free locks the median of a sample stands in.",
    terms=(
        ("lock", "one set under one lock. Processes ask a manager, twice per id."),
        ("atomic", "one dict without an explicit lock: a single call checks and inserts."),
        ("striped", "16 sets under 16 locks; each id belongs to one of them."),
        ("local", "a set per worker, merged at the end; the merge is in the time."),
        ("actor", "one worker owns the set; the others send it their ids, 64 per message."),
        ("shared memory", "a hash table in shared memory, under 16 locks."),
    ),
    views=(
        _shared("grown", "grown set"),
        _shared("cold", "set that starts empty", folded=True),
    ),
)


_SHARDED_WRITERS: Final = "sharded_writers.ShardedWriters"
_WRITERS: Final = ("1", "2", "4", "8")
_TWO: Final = ("1", "8")


def _sharded(
    sharded_writers: BenchmarkClass, title: str, *writers: str, folded: bool = False
) -> GridView:
    return GridView(
        metric=sharded_writers.metric("op", f"time per operation, 8 producers, {title}"),
        rungs=numbers(Ladder(param="writers", values=writers, base="1"), "writer", rivals=True),
        beside=sharded_writers.beside(
            ack_p50="wait for the answer, p50",
            ack_p99="wait for the answer, p99",
            cpu="CPU per op.",
        ),
        key="The wait is for an acknowledgement once the window is full; for a batch, for the last "
        "one. CPU is of all processes together.",
        folded=folded,
    )


_SHARDED_WRITERS_SECTION: Final = Section(
    name="sharded_writers",
    title="Sending ids to sharded writers",
    question="What does it cost to send each id to the worker that owns it and wait for the reply?",
    shows="Eight producers send each id to the writer that owns its shard and wait for the "
    "acknowledgement: one id at a time (window 1), with up to 64 in flight (window 64), or 64 ids "
    "per message (batches). Every id must arrive, and exactly as many be new as in a serial run.",
    hides="Messages that need no reply: that is the strategy actor of sharing one set. Queues "
    "between subinterpreters poll every 10 ms; with a window of 1 their figures show that pause. "
    "Producers and writers share the cores: more writers do not mean more cores.",
    views=(
        _sharded(BenchmarkClass(_SHARDED_WRITERS, window="1"), "window 1", *_WRITERS),
        _sharded(
            BenchmarkClass(_SHARDED_WRITERS, window="64"), "window 64", *_WRITERS, folded=True
        ),
        _sharded(
            BenchmarkClass("sharded_writers.Batches", batch="64"),
            "batches of 64",
            *_TWO,
            folded=True,
        ),
    ),
)
_BY_CHANNEL: Final = Rungs(
    ladder=Ladder(param="channel", values=(*CHANNELS, TASK), base="queue", hole=no_such_channel),
    base="a queue",
    names={"simple_queue": "SimpleQueue"},
    rivals=True,
)


def _trips(kind: str, title: str, *, folded: bool = False) -> GridView:
    data = BenchmarkClass("data.Data", kind=kind)
    return GridView(
        metric=data.metric("trip_64kib", f"time there and back, 64 KiB of {title}"),
        rungs=_BY_CHANNEL,
        beside=data.beside(
            trip_1kib="1 KiB", trip_1mib="1 MiB", trip_16mib="16 MiB", held="memory, 16 MiB"
        ),
        key="Memory is how much the whole process tree grew to hold the largest payload on both "
        "sides: the payload, its copies and buffers.",
        folded=folded,
    )


_DATA_SECTION: Final = Section(
    name="data",
    title="Passing data",
    question="What does it cost to pass a payload to another worker and back?",
    shows="One payload at a time goes to another worker, which reads all of it and sends it back, "
    "through every channel a mode has; channel task is the argument and the result of a pool's "
    "task, which is what engines have. Threads pass a reference, by handover and by both queues; "
    "shared memory is written once in each direction. Both sides check the payload.",
    hides="Throughput, and workers that change shared memory in place and send only a signal. "
    "Queues between subinterpreters poll every 10 ms, and their figures show that.",
    views=(_trips("bytes", "bytes"), _trips("object", "a nested object", folded=True)),
)
SHARING: Final = Group(
    title="Sharing and sending",
    sections=(_SHARED_SET_SECTION, _SHARDED_WRITERS_SECTION, _DATA_SECTION),
)


def _io(delay: int, *, folded: bool = False) -> GridView:
    io = BenchmarkClass("io.Io", delay=str(delay))
    return GridView(
        metric=io.metric("cpu", f"CPU per request, answers after {delay} ms"),
        rungs=numbers(Ladder(param="under_way", values=("64", "512"), base="64"), "request"),
        beside=io.beside(
            request="time per request", p50="latency, p50", p99="latency, p99", pss="memory, PSS"
        ),
        key="Latency is measured in the open loop, at 2 000 requests a second, from the time a "
        "request was due. CPU and memory are the clients' alone.",
        folded=folded,
    )


_IO_SECTION: Final = Section(
    name="io",
    title="Waiting for many requests",
    question="What does it cost to wait for many answers at once?",
    shows="64 or 512 connections to local servers that answer after a delay. In the closed loop "
    "each connection sends its next request when it has its answer: time and CPU per request. In "
    "the open loop requests are due at fixed times, so that delays count: latencies.",
    hides="A real network: everything uses the loopback, and servers share the cores with clients. "
    "No mode can beat delay / connections: 313 µs per request for 20 ms and 64, 39 µs for 512. "
    "Compare the CPU time instead.",
    views=(_io(20), _io(1, folded=True)),
)
_HYBRID: Final = BenchmarkClass("hybrid.Hybrid")
_HYBRID_SECTION: Final = Section(
    name="hybrid",
    title="Fetching and computing",
    question="What does it cost to fetch in threads and compute in other workers?",
    shows="Eight threads wait 10 ms for each item and put it into a queue with room for 16; "
    "workers take items and compute for about 1.5 ms each. Fetching alone would take 1.25 ms per "
    "item: one computing core cannot keep up, two can.",
    hides="Large items and many connections. Queues between subinterpreters poll every 10 ms.",
    views=(
        GridView(
            metric=_HYBRID.metric("item", "time per item, 8 threads fetch"),
            rungs=numbers(Ladder(param="workers", values=("2",), base="2"), "worker"),
            beside=_HYBRID.beside(
                cpu="CPU per item", wait_p95="in queue, p95", wake_p95="awake, p95"
            ),
            key="Time in the queue runs from just before an item is put until a worker has it. A "
            "fetcher should wake after 10 ms; anything more is time its thread waited to run.",
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
    question="How long until the program notices, and until the pool works again?",
    shows="One of eight workers dies in the middle of a task while three others are busy: a "
    "process is killed; in a thread or a subinterpreter an exception escapes. The pool works "
    "again when a task submitted afterwards has returned, from a new pool where the old one is "
    "broken. More metrics: shutting down a pool with 128 tasks waiting.",
    hides="Supervisors that retry. A segmentation fault in a thread or a subinterpreter ends the "
    "whole program: that has no figure here.",
    views=(
        GridView(
            metric=_FAILURE.metric("recover", "time from the crash to a working pool"),
            rungs=_BY_WATCHED_POOL,
            reading="multiprocessing.Pool goes on at once because it reports nothing: a caller "
            "waiting for the lost task hangs.",
            beside=(
                Beside(
                    metric=_FAILURE.metric("detect", "time until it is noticed"),
                    heading="time until noticed",
                    values=("executor",),
                    lacks="is never noticed",
                ),
                *_FAILURE.beside(
                    lost="lost", stop="shutting down", uncancelled="run although cancelled"
                ),
            ),
            key="Lost are tasks without a result, of four in flight. Shutting down happens "
            "with 128 tasks waiting and 20 ms of work left in each worker; run although "
            "cancelled are the tasks that cancelling everything did not stop.",
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
        metric=ticks.metric("p99", f"delay of a tick, p99, {title}"),
        rungs=_BY_HEAP,
        beside=ticks.beside(p50="p50", max="longest delay", collect="a collection"),
        key="A collection is the longest one of a round, as seen by its own thread.",
        folded=folded,
    )


_PAUSES: Final = BenchmarkClass("pauses.Pauses", workers="8")
_CHURN: Final = BenchmarkClass("pauses.Churn", trigger="churn")
_PAUSES_SECTION: Final = Section(
    name="pauses",
    title="Garbage collection pauses",
    question="How long does one worker's garbage collection stop the others?",
    shows="One worker calls gc.collect() three times in 0.3 s; the others wake every millisecond "
    "on a fixed schedule and record how late they are: a pause of 20 ms delays twenty ticks, as "
    "it would delay twenty requests. Processes and subinterpreters have their own heaps and are "
    "the control.",
    hides="Busy threads, which must be stopped first: these sleep between ticks. How slow "
    "allocation is meanwhile.",
    views=(
        _pauses(_PAUSES, "8 tickers"),
        _pauses(_CHURN, "automatic collections", folded=True),
    ),
)
FAILING: Final = Group(
    title="Failures and pauses",
    sections=(_FAILURE_SECTION, _PAUSES_SECTION),
)
