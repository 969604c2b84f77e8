"""What it costs to have workers: to start them, to keep them, to reach them through a pool."""

from __future__ import annotations

from typing import Final

from ftbench.analysis.comparison import Metric
from ftbench.analysis.metrics import PER_WORKER, ROUND_ARTICLE, ROUND_EMPTY, TREE_PSS, tracked
from ftbench.site.ladders import BY_POOL
from ftbench.site.sections import Beside, GridView, Group, Section, View

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
