"""The figures that the reports quote, by name: a benchmark and the parameters that fix it."""

from __future__ import annotations

from typing import Final

from ftbench.analysis.comparison import Metric
from ftbench.analysis.grid import Ladder

TREE_PSS: Final = Metric(
    benchmark="footprint.Footprint.track_pss",
    title="memory of the process tree, PSS, 8 workers",
    params={"workers": "8"},
    instead=Metric(
        benchmark="footprint.Footprint.track_rss",
        title="memory of the process tree, RSS, 8 workers",
        params={"workers": "8"},
    ),
)
ROUND_EMPTY: Final = Metric(
    benchmark="lifecycle.Lifecycle.track_round",
    title="time per round, 8 workers, empty task",
    params={"workers": "8", "task": "empty"},
)
ROUND_ARTICLE: Final = Metric(
    benchmark="lifecycle.Lifecycle.track_round",
    title="time per round, 8 workers, small task",
    params={"workers": "8", "task": "article"},
)
PER_WORKER: Final = Metric(
    benchmark="footprint.Footprint.track_per_worker",
    title="memory per added worker, 8 workers",
    params={"workers": "8"},
)
STRATEGIES: Final = Ladder(
    param="strategy",
    values=("lock", "atomic", "striped", "local", "actor", "shared_memory"),
    base="lock",
)
WRITERS: Final = Ladder(param="writers", values=("1", "2", "4", "8"), base="1")


def tracked(group: str, name: str, title: str, **params: str) -> Metric:
    """Return the metric `name` that a class tracks ("hybrid.Hybrid") at these parameters."""
    return Metric(benchmark=f"{group}.track_{name}", title=title, params=params)


def shared_set(name: str, title: str, fill: str) -> Metric:
    """Return a metric of shared_set; a grid adds the strategy."""
    return tracked("shared_set.SharedSet", name, title, fill=fill)


def sharded_writers(name: str, title: str, window: int) -> Metric:
    """Return a metric of sharded_writers; a grid adds the number of writers."""
    return tracked("sharded_writers.ShardedWriters", name, title, window=str(window))
