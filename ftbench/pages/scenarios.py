"""The sections of Choose as one table: what each shows, what it does not, and its figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ftbench.results import Metric
from ftbench.results.grid import Ladder
from ftbench.results.metrics import (
    PER_WORKER,
    ROUND_ARTICLE,
    ROUND_EMPTY,
    STRATEGIES,
    TREE_PSS,
    WRITERS,
    sharded_writers,
    shared_set,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A metric that stands beside another in its table, under a heading of its own.

    In a grid, `values` are the values of the ladder that have it, () for all; `lacks` says why
    the others have not.
    """

    metric: Metric
    heading: str
    values: tuple[str, ...] = ()
    lacks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One picture and its table: a metric in every mode on every arm."""

    metric: Metric
    beside: Beside | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rungs:
    """A ladder in words: its values' names, what to call them all, and the baseline's name."""

    ladder: Ladder
    names: Mapping[str, str]
    every: str
    base: str

    def naming(self, values: tuple[str, ...]) -> str:
        """Return what to call `values`."""
        if values == self.ladder.values:
            return self.every
        return ", ".join(self.names[value] for value in values)


@dataclass(frozen=True, slots=True, kw_only=True)
class GridView:
    """One picture and its table: a metric along a ladder, in every mode on every arm.

    A second table has what stands beside it, and `key` says how to read that.  What is `folded`
    is shown when the reader asks for it.
    """

    metric: Metric
    rungs: Rungs
    beside: tuple[Beside, ...] = ()
    key: str = ""
    folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One scenario: its question, its views (the headline first), and how far they carry.

    `terms` are the words that a reader of its figures needs, each with what it means.
    """

    name: str
    title: str
    question: str
    shows: str
    hides: str
    views: tuple[View | GridView, ...]
    terms: tuple[tuple[str, str], ...] = ()


MEMORY: Final = Beside(metric=TREE_PSS, heading="memory")
BY_STRATEGY: Final = Rungs(
    ladder=STRATEGIES,
    names=MappingProxyType({value: value.replace("_", " ") for value in STRATEGIES.values}),
    every="every strategy",
    base="strategy lock",
)
BY_WRITERS: Final = Rungs(
    ladder=WRITERS,
    names=MappingProxyType(
        {
            value: f"{value}\N{NO-BREAK SPACE}writer{'s' * (value != '1')}"
            for value in WRITERS.values
        }
    ),
    every="any number of writers",
    base="one writer",
)


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


def _sharded(window: int, title: str) -> GridView:
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
    )


SECTIONS: Final = (
    Section(
        name="lifecycle",
        title="Starting and ending workers",
        question="What do eight workers cost before they have done anything?",
        shows="One round creates eight workers, starts them, lets each run one task and joins "
        "them. With an empty task that is the bare tax of a concurrency model; the small task, "
        "20 000 steps of integer arithmetic, says what is left of the tax once there is work.",
        hides="Nothing about long-lived workers: a pool pays this once. The first round, in which "
        "a fork server starts, is a series of its own. Parents with much memory fork slower.",
        views=(
            View(metric=ROUND_EMPTY, beside=MEMORY),
            View(metric=ROUND_ARTICLE, beside=MEMORY),
        ),
    ),
    Section(
        name="footprint",
        title="Keeping workers alive",
        question="How much memory do eight busy workers hold?",
        shows="Eight workers are alive and busy while an observer outside adds up their whole "
        "process tree: parent, workers, fork server and resource tracker. PSS counts a page that "
        "several processes share once; where the system has no PSS, RSS stands in and says so.",
        hides="Nothing about your data: these workers hold almost none. Threads share what they "
        "load, processes copy it when they touch it.",
        views=(View(metric=TREE_PSS), View(metric=PER_WORKER)),
    ),
    Section(
        name="shared_set",
        title="Keeping one set together",
        question="What does it cost when eight workers share one set of ids, under every remedy?",
        shows="Eight workers draw ids out of ten million and insert those that are new: 16 000 "
        "operations each, 500 where the set lives with a manager. The set holds 180 000 ids "
        "beforehand, so that it need not grow meanwhile; what growing costs is below, on a set "
        "that starts empty. All strategies must find as many new ids as a serial run.",
        hides="Nothing lies between two insertions. That is the worst case for those who take "
        "turns; real work in between dilutes every ratio. Waits are those of timed operations, "
        "one in 64, or each with a manager.",
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
        shows="Eight producers send each id to the writer that owns its part of the set and wait "
        "for the acknowledgement: of one id before the next is sent (window 1), or of 64 at once. "
        "With 64, the wait is that for a whole window. Every id must arrive, and as many be new "
        "as in a serial run.",
        hides="Messages that need no answer: that is strategy actor, above. A subinterpreter's "
        "queue looks for a message every 10 ms, so with a window of 1 that pause is what its "
        "figures show. Producers and writers share the cores: more writers are no more cores.",
        views=(
            _sharded(1, "window 1"),
            _sharded(64, "window 64"),
        ),
    ),
)
