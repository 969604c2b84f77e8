"""What workers cost: to start, to keep, to wait in, and when one dies or collects garbage."""

from __future__ import annotations

from typing import Final

from ftbench.analysis.comparison import Metric
from ftbench.analysis.grid import PER_WORKER, ROUND_ARTICLE, ROUND_EMPTY, TREE_PSS, tracked
from ftbench.report.sections.ladders import (
    BY_CRUNCHERS,
    BY_HEAP,
    BY_POOL,
    BY_UNDER_WAY,
    BY_WATCHED_POOL,
)
from ftbench.report.sections.view import Beside, GridView, Group, Section, View

_MEMORY: Final = Beside(metric=TREE_PSS, heading="memory")


def _pools(name: str, title: str) -> Metric:
    return tracked("pools.Pools", name, title)


WORKERS: Final = Group(
    title="Having workers",
    sections=(
        Section(
            name="lifecycle",
            title="Starting and ending workers",
            question="What do eight workers cost before they have done anything?",
            shows="One round creates eight workers, starts them, lets each run one task and joins "
            "them. With an empty task that is the bare tax of a concurrency model; the small task, "
            "20 000 steps of integer arithmetic, says what is left of the tax once there is work.",
            hides="Nothing about long-lived workers: a pool pays this once. The first round, in "
            "which a fork server starts, is a series of its own. Parents with much memory fork "
            "slower.",
            views=(
                View(metric=ROUND_EMPTY, beside=_MEMORY),
                View(metric=ROUND_ARTICLE, beside=_MEMORY, folded=True),
            ),
        ),
        Section(
            name="footprint",
            title="Keeping workers alive",
            question="How much memory do eight busy workers hold?",
            shows="Eight workers are alive and busy while an observer outside adds up their whole "
            "process tree: parent, workers, fork server and resource tracker. PSS counts a page "
            "that several processes share once; where the system has no PSS, RSS stands in and "
            "says so.",
            hides="Nothing about your data: these workers hold almost none. Threads share what "
            "they load, processes copy it when they touch it.",
            views=(View(metric=TREE_PSS), View(metric=PER_WORKER, folded=True)),
        ),
        Section(
            name="pools",
            title="Pools",
            question="What does a pool cost to make, to fill, to hand a task to, to end?",
            shows="A pool of eight workers from its making to its end, each library's in every "
            "mode that it has. Handing over is one empty task to idle workers and its result: what "
            "a server pays per request. Beside it is what a script pays: the time from making the "
            "pool to its first result, until all eight are at work, and to end it.",
            hides="Real work and large arguments; those are below. Executors of threads and "
            "subinterpreters ignore a map's chunks: there, a chunk of 64 saves nothing.",
            terms=(
                ("executor", "that of concurrent.futures, or loky's of the same kind."),
                ("multiprocessing", "multiprocessing.Pool, and its ThreadPool."),
                ("joblib", "joblib.Parallel, over loky."),
            ),
            views=(
                GridView(
                    metric=_pools("dispatch", "time to hand over one task, pool of 8 workers"),
                    rungs=BY_POOL,
                    beside=(
                        Beside(metric=_pools("cold", "first result"), heading="first result"),
                        Beside(metric=_pools("full", "all at work"), heading="all at work"),
                        Beside(
                            metric=_pools("map_64", "a task of a map, chunks of 64"),
                            heading="map, chunks of 64",
                        ),
                        Beside(metric=_pools("shutdown", "ending"), heading="ending"),
                    ),
                    key="First result and all at work count from the making of the pool; the map "
                    "is per task.",
                ),
            ),
        ),
    ),
)


def _hybrid(name: str, title: str) -> Metric:
    return tracked("hybrid.Hybrid", name, title)


def _io(delay: int, *, folded: bool = False) -> GridView:
    def metric(name: str, title: str) -> Metric:
        return tracked("io.Io", name, title, delay=str(delay))

    return GridView(
        metric=metric("cpu", f"CPU per request, answers after {delay} ms"),
        rungs=BY_UNDER_WAY,
        beside=(
            Beside(metric=metric("request", "time per request"), heading="time per request"),
            Beside(metric=metric("p50", "latency"), heading="latency, p50"),
            Beside(metric=metric("p99", "latency"), heading="latency, p99"),
            Beside(metric=metric("pss", "memory"), heading="memory, PSS"),
        ),
        key="Latency is that of the open loop, 2 000 requests a second, and counts from when a "
        "request was to be sent. CPU and memory are the clients' alone.",
        folded=folded,
    )


WAITING: Final = Group(
    title="Waiting",
    sections=(
        Section(
            name="io",
            title="Many requests under way",
            question="What does it cost to wait for many answers at once?",
            shows="64 or 512 connections to servers of ours, which answer after a delay. In a "
            "closed loop each asks again when it has its answer: time and CPU per request. In an "
            "open one requests arrive at times fixed beforehand, so that who is late is late: "
            "latencies.",
            hides="A network: everything is on the loopback, and servers share the cores with "
            "clients. Nobody is faster than delay / connections: 313 µs a request with 20 ms and "
            "64, 39 µs with 512; the CPU that it takes tells the modes apart.",
            views=(_io(20), _io(1, folded=True)),
        ),
        Section(
            name="hybrid",
            title="Fetching and crunching",
            question="What does it cost to fetch in threads and to crunch in something else?",
            shows="Eight threads wait 10 ms for each item and put it into a queue with room for "
            "16; workers take items and compute for some 1.5 ms with each. Fetching alone would "
            "take 1.25 ms an item: one core is too few to keep up, two are enough.",
            hides="Large items and many connections. Queues of subinterpreters look every 10 ms.",
            views=(
                GridView(
                    metric=_hybrid("item", "time per item, 8 threads fetch"),
                    rungs=BY_CRUNCHERS,
                    beside=(
                        Beside(metric=_hybrid("cpu", "CPU per item"), heading="CPU per item"),
                        Beside(metric=_hybrid("wait_p99", "in the queue"), heading="in queue, p99"),
                        Beside(metric=_hybrid("fetch_p99", "a fetch"), heading="a fetch, p99"),
                    ),
                    key="In the queue is an item from before it is put until a worker has it. A "
                    "fetch waits 10 ms; what is more, its thread waited to run again.",
                ),
            ),
        ),
    ),
)


def _failure(name: str, title: str) -> Metric:
    return tracked("failure.Failure", name, title)


def _pauses(group: str, title: str, *more: Beside, folded: bool = False, **params: str) -> GridView:
    def metric(name: str, heading: str) -> Metric:
        return tracked(group, name, heading, **params)

    return GridView(
        metric=metric("p99", f"how late a tick is, p99, {title}"),
        rungs=BY_HEAP,
        beside=(
            Beside(metric=metric("p50", "median"), heading="p50"),
            Beside(metric=metric("p999", "99.9th percentile"), heading="p99.9"),
            Beside(metric=metric("max", "latest"), heading="the latest"),
            Beside(metric=metric("collect", "a collection"), heading="a collection"),
            *more,
        ),
        key="A collection is the longest of a round, as its own thread sees it.",
        folded=folded,
    )


_ONE_TICKS: Final = Beside(
    metric=tracked("pauses.Pauses", "p99", "how late a tick is", workers="1"),
    heading="p99, one ticker",
)
FAILING: Final = Group(
    title="When it hurts",
    sections=(
        Section(
            name="failure",
            title="When a worker dies",
            question="How long until the program knows, and until a pool works again?",
            shows="A worker of eight dies in the middle of a task while three others are at work: "
            "a process is killed, in a thread or a subinterpreter an exception escapes. The pool "
            "works again when a task handed over after that has come back, from a new pool where "
            "the old one is broken. Beside it: ending a pool with 128 tasks waiting.",
            hides="Supervisors that retry. A segmentation fault ends the whole program with its "
            "threads and subinterpreters: that has no figure here.",
            views=(
                GridView(
                    metric=_failure("recover", "time from the crash to a working pool"),
                    rungs=BY_WATCHED_POOL,
                    reading="multiprocessing.Pool goes on at once because it tells nobody: "
                    "whoever waits for the lost task waits for ever.",
                    beside=(
                        Beside(
                            metric=_failure("detect", "until it is known"),
                            heading="until it is known",
                            values=("executor",),
                            lacks="is never known",
                        ),
                        Beside(metric=_failure("lost", "tasks lost"), heading="lost"),
                        Beside(metric=_failure("stop", "ending a full pool"), heading="ending"),
                        Beside(metric=_failure("uncancelled", "run anyway"), heading="run anyway"),
                    ),
                    key="Lost are tasks without a result, of four at work. Ending is with 128 "
                    "tasks waiting and 20 ms of work left in each worker; run anyway are, of those "
                    "and the eight at work, the tasks that cancelling all did not stop.",
                ),
            ),
        ),
        Section(
            name="pauses",
            title="When the collector comes",
            question="What does one worker's garbage collection cost all the others?",
            shows="One worker calls gc.collect() three times in 0.3 s; the others wake every "
            "millisecond, by a schedule fixed beforehand, and note how late they are: a pause of "
            "20 ms makes twenty ticks late, as it would twenty requests. Processes and "
            "subinterpreters have heaps of their own: the control.",
            hides="Threads that are at work, which have to stop first: ticks sleep. How slow "
            "allocation is meanwhile.",
            views=(
                _pauses("pauses.Pauses", "8 tickers", _ONE_TICKS, workers="8"),
                _pauses("pauses.Churn", "automatic collections", folded=True, trigger="churn"),
            ),
        ),
    ),
)
