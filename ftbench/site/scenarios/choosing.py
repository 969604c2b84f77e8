"""Which mode wins, before anything else is asked: the map of size of task and payload."""

from __future__ import annotations

from typing import Final

from ftbench.analysis.comparison import Metric
from ftbench.analysis.grid import Against, Ladder
from ftbench.analysis.metrics import tracked
from ftbench.probe.scenarios.crossover import SIZES
from ftbench.site.crossmap import NAMES
from ftbench.site.sections import Beside, GridView, Group, Rungs, Section, View

_PAYLOAD: Final = "64kib"
_EIGHT: Final = "8"
_BY_TASK: Final = Rungs(
    ladder=Ladder(
        param="",
        values=tuple(f"{size.name}_{_PAYLOAD}" for size in SIZES),
        against=Against.NOTHING,
    ),
    every="every size",
    names={f"{size.name}_{_PAYLOAD}": NAMES[size.name] for size in SIZES},
    rivals=False,
)


def _cost(name: str, title: str) -> Metric:
    return tracked("crossover.Crossover", name, title, workers=_EIGHT)


CHOOSING: Final = Group(
    title="Choosing",
    sections=(
        Section(
            name="crossover",
            title="Which mode wins",
            question="For a task of this size with a payload of that size: a plain loop, threads, "
            "subinterpreters or processes?",
            shows="Tasks that read a payload, compute and answer with a number, through warm "
            "pools, as many under way as there are workers, against a plain loop. A place's winner "
            "takes the least time per task. A size is nominal: its work is a fixed number of "
            "steps. Between measured places the borders are straight lines of logarithms.",
            hides="Tasks that share what they change, that wait, or that come in chunks; large "
            "results, objects that are dear to pickle, what starting a pool costs. Of processes "
            "the cheapest start method stands for all: once they stand they cost alike.",
            mapped=True,
            views=(
                GridView(
                    metric=_cost("task", "time per task with 64 KiB, 8 workers"),
                    rungs=_BY_TASK,
                    beside=(
                        Beside(metric=_cost("p99", "a task"), heading="a task, p99"),
                        Beside(metric=_cost("cpu", "CPU per task"), heading="CPU per task"),
                    ),
                    key="A task's time is from handing it over to its answer; of a turn's few "
                    "tasks the 99th percentile lies close to the longest. CPU is that of the "
                    "parent and all workers.",
                    folded=True,
                ),
                View(
                    metric=Metric(
                        benchmark="crossover.Crossover.track_pss",
                        title="memory of the tree with a warm pool of 8, PSS",
                        params={"workers": _EIGHT},
                        instead=Metric(
                            benchmark="crossover.Crossover.track_rss",
                            title="memory of the tree with a warm pool of 8, RSS",
                            params={"workers": _EIGHT},
                        ),
                    ),
                    folded=True,
                ),
            ),
        ),
    ),
)
