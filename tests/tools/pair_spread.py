"""What turns by the slice and longer pairs are worth: the table of docs/noise.md.

    python tests/tools/pair_spread.py RELEASE|PATH [PAIRS]

Duels an interpreter with itself: for each cell, pairs whose sides take turns by the round or by the
slice, for so many seconds, one of each kind after the other.  Takes some ten minutes.
"""

from __future__ import annotations

import math
import random
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from unittest.mock import patch

from rich.console import Console

from ftbench.experiments import suite, turns
from ftbench.experiments.duel import duellist
from ftbench.experiments.suite import SuiteCell
from ftbench.experiments.turns import Duellist, Layout
from ftbench.probe.run.measure import CELL as BY_SLICE
from ftbench.pythons.install import choose

ROOT: Final = Path(__file__).resolve().parents[2]
METRICS: Final = {
    "cpu_scaling.CpuScaling(threads, lcg)": ("unit_1", "unit_2"),
    "must_scale.MustScale(threads, function_calls)": ("op", "op_2"),
    "pools.Pools(threads, executor)": ("dispatch", "map_1"),
    "shared_set.SharedSet(threads, lock, cold)": ("op",),
    "data.Data(interpreters, shared_memory, bytes)": ("trip_16mib",),
    "lifecycle.Lifecycle(threads, 8, empty)": ("round",),
}
SECONDS: Final = (0.3, 1.0, 2.0)
BY_ROUND: Final = f"""
from ftbench.probe.scenarios.base import Cell
Cell.pass_turn = lambda _: None
{BY_SLICE}
"""


def measured(
    sides: tuple[Duellist, Duellist], cell: SuiteCell, pairs: int
) -> Iterator[tuple[str, float, str, float]]:
    """Yield metric, seconds, kind of turns and log ratio of each pair."""
    draw = random.Random(cell.title)  # noqa: S311 - no secrets here
    for number in range(pairs):
        for seconds in SECONDS:
            for kind, program in (("round", BY_ROUND), ("slice", BY_SLICE)):
                layout = Layout.drawn(number, draw, alone=False)
                with patch.multiple(turns, CELL=program, SECONDS=seconds):
                    pair = turns.take(sides, cell, layout, draw, seconds=seconds)
                for metric in METRICS[cell.title]:
                    yield metric, seconds, kind, turns.log_ratio(pair.costs[metric])


def spread(logs: Sequence[float]) -> str:
    """Return the standard deviation as people write it."""
    return f"{statistics.stdev(logs):.1%}"


def main(python: str, pairs: int = 16) -> None:
    """Print a row for each metric."""
    console = Console(stderr=True)
    interpreter, arm = choose(python, None, console)
    sides = duellist("A", interpreter, arm), duellist("B", interpreter, arm)
    kinds = [(seconds, kind) for seconds in SECONDS for kind in ("round", "slice")]
    print("| series |", " | ".join(f"{s:g} s, by {kind}" for s, kind in kinds), "|")
    print("|---|", "---:|" * len(kinds), sep="")
    for cell in suite.cells(ROOT):
        if cell.title not in METRICS:
            continue
        found: dict[tuple[str, float, str], list[float]] = defaultdict(list)
        for metric, seconds, kind, log in measured(sides, cell, pairs):
            found[metric, seconds, kind].append(log)
        for metric in METRICS[cell.title]:
            row = [found[metric, *kind] for kind in kinds]
            even = math.exp(statistics.median(row[-1]))
            print(f"| {cell.title}, {metric} |", " | ".join(map(spread, row)), "|", flush=True)
            console.print(f"{cell.title}, {metric}: {even:.4f} by pairs of the last kind")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
