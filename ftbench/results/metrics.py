"""The figures that the reports quote, by name: a benchmark and the parameters that fix it."""

from __future__ import annotations

from typing import Final

from ftbench.results.comparison import Metric

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
