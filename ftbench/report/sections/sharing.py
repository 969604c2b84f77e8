"""What it costs to keep one set together, and to send ids and payloads."""

from __future__ import annotations

from typing import Final

from ftbench.analysis.grid import Ladder
from ftbench.probe.workers import no_such_channel
from ftbench.probe.workers.shared_state import CHANNELS, TASK
from ftbench.report.sections.view import (
    BenchmarkClass,
    Beside,
    GridView,
    Group,
    Rungs,
    Section,
    numbers,
)

_BY_STRATEGY: Final = Rungs(
    ladder=Ladder(
        param="strategy",
        values=("lock", "atomic", "striped", "local", "actor", "shared_memory"),
        base="lock",
    ),
    every="every strategy",
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
    "acknowledgement: one id at a time (window 1), with up to 64 under way (window 64), or 64 ids "
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
    every="every channel",
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
