"""What it costs to keep data together, and to send it from one worker to another."""

from __future__ import annotations

from typing import Final

from ftbench.analysis.comparison import Metric
from ftbench.analysis.grid import sharded_writers, shared_set, tracked
from ftbench.report.sections.ladders import BY_CHANNEL, BY_STRATEGY, BY_WRITERS
from ftbench.report.sections.view import Beside, GridView, Group, Section


def _shared(fill: str, title: str, *, folded: bool = False) -> GridView:
    return GridView(
        metric=shared_set("op", f"time per operation, 8 workers, {title}", fill),
        rungs=BY_STRATEGY,
        beside=(
            Beside(
                metric=shared_set("lock_wait_p99", "99th percentile of waiting for a lock", fill),
                heading="wait for a lock, p99",
                values=("lock", "striped", "shared_memory"),
                lacks="has no lock to wait for",
            ),
            Beside(metric=shared_set("cpu", "CPU per operation", fill), heading="CPU per op."),
            Beside(metric=shared_set("pss", "memory of the tree", fill), heading="memory, PSS"),
            Beside(metric=shared_set("fairness", "fairness", fill), heading="slowest / fastest"),
        ),
        key="CPU is that of all processes together, memory that of the whole tree at its fullest. "
        "Slowest / fastest compares the workers' times per operation: 1 is fair.",
        folded=folded,
    )


def _sharded(window: int, title: str, *, folded: bool = False) -> GridView:
    return GridView(
        metric=sharded_writers("op", f"time per operation, 8 producers, {title}", window),
        rungs=BY_WRITERS,
        beside=(
            Beside(
                metric=sharded_writers("ack_p50", "median wait", window),
                heading="wait for the answer, p50",
            ),
            Beside(
                metric=sharded_writers("ack_p99", "99th percentile of the wait", window),
                heading="wait for the answer, p99",
            ),
            Beside(
                metric=sharded_writers("cpu", "CPU per operation", window), heading="CPU per op."
            ),
        ),
        key="A wait begins when an id, or a window's last, has been put, and ends with the last "
        "acknowledgement. CPU is that of all processes together.",
        folded=folded,
    )


def _data(name: str, title: str, kind: str) -> Metric:
    return tracked("data.Data", name, title, kind=kind)


def _trips(kind: str, title: str, *, folded: bool = False) -> GridView:
    return GridView(
        metric=_data("trip_64kib", f"time there and back, 64 KiB of {title}", kind),
        rungs=BY_CHANNEL,
        beside=(
            Beside(metric=_data("trip_1kib", "1 KiB", kind), heading="1 KiB"),
            Beside(metric=_data("trip_1mib", "1 MiB", kind), heading="1 MiB"),
            Beside(metric=_data("trip_16mib", "16 MiB", kind), heading="16 MiB"),
            Beside(metric=_data("held", "memory held", kind), heading="memory, 16 MiB"),
        ),
        key="Memory is what the whole tree grew by to hold the largest payload on both sides: the "
        "payload itself, its copies and buffers.",
        folded=folded,
    )


SHARING: Final = Group(
    title="Sharing and sending",
    sections=(
        Section(
            name="shared_set",
            title="Keeping one set together",
            question="What does it cost when eight workers share one set of ids, under every "
            "remedy?",
            shows="Eight workers draw ids out of ten million and insert those that are new: 8 000 "
            "operations each, 256 where the set lives with a manager. The set holds 180 000 ids "
            "beforehand, so that it need not grow meanwhile; what growing costs is below, on a set "
            "that starts empty. All strategies must find as many new ids as a serial run.",
            hides="Nothing lies between two insertions. That is the worst case for those who take "
            "turns; real work in between dilutes every ratio. Every wait for a lock that is not "
            "free is timed; the median of a sample stands for those that find it free.",
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
        ),
        Section(
            name="sharded_writers",
            title="Sending ids to their owners",
            question="What does it cost to send every id to its owner and to wait for the answer?",
            shows="Eight producers send each id to the writer that owns its part of the set and "
            "wait for the acknowledgement: of one id before the next is sent (window 1), or of 64 "
            "at once. With 64, the wait is that for a whole window. Every id must arrive, and as "
            "many be new as in a serial run.",
            hides="Messages that need no answer: that is strategy actor, above. A subinterpreter's "
            "queue looks for a message every 10 ms, so with a window of 1 that pause is what its "
            "figures show. Producers and writers share the cores: more writers are no more cores.",
            views=(
                _sharded(1, "window 1"),
                _sharded(64, "window 64", folded=True),
            ),
        ),
        Section(
            name="data",
            title="Handing data over",
            question="What does it cost to hand a payload to another worker and to get it back?",
            shows="One payload at a time goes to another worker, which reads all of it and sends "
            "it back, through every channel that a mode has. Between threads a handover and both "
            "queues pass a reference; memory that is shared is written once per way. Both sides "
            "check that they got the serial twin's payload.",
            hides="Throughput, and workers that change shared memory in place and send no more "
            "than a signal. A subinterpreter's queue looks for a message every 10 ms, which is "
            "what its figures show.",
            views=(_trips("bytes", "bytes"), _trips("object", "a nested object", folded=True)),
        ),
    ),
)
