"""What it costs when something goes wrong, or stops everyone."""

from __future__ import annotations

from typing import Final

from ftbench.analysis.comparison import Metric
from ftbench.analysis.metrics import tracked
from ftbench.site.ladders import BY_HEAP, BY_WATCHED_POOL
from ftbench.site.sections import Beside, GridView, Group, Section


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
