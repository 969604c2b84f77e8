"""What it costs to keep one set together, and to send ids and payloads."""

from __future__ import annotations

from typing import Final

from ftbench.analysis.grid import Ladder
from ftbench.probe.workers import no_such_channel
from ftbench.probe.workers.shared_state import CHANNELS
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
        key="CPU is that of all processes together, memory that of the whole tree at its fullest. "
        "Slowest / fastest compares the workers' times per operation: 1 is fair.",
        folded=folded,
    )


_SHARED_SET_SECTION: Final = Section(
    name="shared_set",
    title="Keeping one set together",
    question="What does it cost when eight workers share one set of ids, under every remedy?",
    shows="Eight workers insert ids, drawn beforehand out of ten million, if they are new: 8 000 "
    "operations each, 256 where the set lives with a manager. The set holds 180 000 ids "
    "beforehand, so that it need not grow meanwhile; what growing costs is below, on a set that "
    "starts empty. All strategies must find as many new ids as a serial run.",
    hides="Nothing lies between two insertions. That is the worst case for those who take turns; "
    "real work in between dilutes every ratio. Every wait for a lock that is not free is timed; "
    "the median of a sample stands for those that find it free.",
    terms=(
        ("lock", "one set under one lock. Processes ask a manager, twice per id."),
        ("atomic", "one dict without a lock of ours: a single call checks and inserts."),
        ("striped", "16 sets under 16 locks; an id belongs to one of them."),
        ("local", "a set per worker, merged at the end; the merge is in the time."),
        ("actor", "one worker owns the set, the others send it their ids, 64 a message."),
        ("shared memory", "a table in memory that all see, under 16 locks."),
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
        key="A wait is that for an acknowledgement once a window is full, of a batch for its last. "
        "CPU is that of all processes together.",
        folded=folded,
    )


_SHARDED_WRITERS_SECTION: Final = Section(
    name="sharded_writers",
    title="Sending ids to their owners",
    question="What does it cost to send every id to its owner and to wait for the answer?",
    shows="Eight producers send each id to the writer that owns its part of the set and wait for "
    "the acknowledgement: of one id before the next is sent (window 1), of one while 63 others are "
    "under way (window 64), or of 64 ids that are one message (batches). Every id must arrive, and "
    "as many be new as in a serial run.",
    hides="Messages that need no answer: that is strategy actor, above. A subinterpreter's queue "
    "looks for a message every 10 ms, so with a window of 1 that pause is what its figures show. "
    "Producers and writers share the cores: more writers are no more cores.",
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
    ladder=Ladder(param="channel", values=CHANNELS, base="queue", hole=no_such_channel),
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
        key="Memory is what the whole tree grew by to hold the largest payload on both sides: the "
        "payload itself, its copies and buffers.",
        folded=folded,
    )


_DATA_SECTION: Final = Section(
    name="data",
    title="Handing data over",
    question="What does it cost to hand a payload to another worker and to get it back?",
    shows="One payload at a time goes to another worker, which reads all of it and sends it back, "
    "through every channel that a mode has. Between threads a handover and both queues pass a "
    "reference; memory that is shared is written once per way. Both sides check that they got the "
    "serial twin's payload.",
    hides="Throughput, and workers that change shared memory in place and send no more than a "
    "signal. A subinterpreter's queue looks for a message every 10 ms, which is what its figures "
    "show.",
    views=(_trips("bytes", "bytes"), _trips("object", "a nested object", folded=True)),
)
SHARING: Final = Group(
    title="Sharing and sending",
    sections=(_SHARED_SET_SECTION, _SHARDED_WRITERS_SECTION, _DATA_SECTION),
)
