"""Print how far advice would miss measured cells, each estimated from those on either side of it.

    python tests/tools/left_out.py

A line for each pick of the project's results that has a map: how many cells lie between others,
and by what share of it their time per task is missed, in the median and by nine in ten.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from ftbench.analysis.advice.cells import MODES, ONE, SERIAL, Cells, cells_of, place_metric
from ftbench.analysis.advice.interpolation import Estimate, estimate, weights
from ftbench.probe.scenarios.crossover import PAYLOADS, SIZES
from ftbench.results.project import load_project
from ftbench.results.selection import picks


def misses(cells: Cells) -> list[float]:
    """Return by what share of it the time per task of every cell between others is missed."""
    return [
        miss
        for arm, mode in product(cells.arms, MODES)
        for workers in ((ONE,) if mode == SERIAL else cells.workers)
        for miss in _of_pool(
            cells,
            {
                (row, column): figure.median
                for (row, size), (column, payload) in product(enumerate(SIZES), enumerate(PAYLOADS))
                for metric in [place_metric("task", size.name, payload.name)]
                for figure in [cells.at(arm, mode, workers, metric)]
                if figure and figure.median and cells.comparable(figure)
            },
        )
    ]


def _of_pool(cells: Cells, costs: dict[tuple[int, int], float]) -> Iterator[float]:
    steps = cells.loop.seconds if cells.loop else ()
    for (row, column), cost in costs.items():
        for axis, at, (before, after) in (
            (steps, row, ((row - 1, column), (row + 1, column))),
            ([each.size for each in PAYLOADS], column, ((row, column - 1), (row, column + 1))),
        ):
            if before in costs and after in costs and axis:
                shares = weights([axis[at - 1], axis[at + 1]], axis[at]) or {}
                ends = [
                    Estimate(value=costs[end], interval=None, sources=()) for end in (before, after)
                ]
                found = estimate([(share, ends[index]) for index, share in shares.items()])
                yield abs(found.value / cost - 1)


def main() -> None:
    """Print a line per pick that has a map."""
    tree = load_project()
    for pick in picks(tree):
        missed = misses(cells_of(filter(pick.shows, tree.figures)))
        if missed:
            median, most = np.quantile(missed, (0.5, 0.9))
            print(f"{pick.title}: {len(missed)} cells, median {median:.1%}, 90 % {most:.1%}")


if __name__ == "__main__":
    main()
