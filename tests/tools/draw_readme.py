"""Draws README's picture from the committed results, and prints the figures that its text quotes.

python tests/tools/draw_readme.py docs/pictures/eight-workers.svg
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.figure import Figure

from ftbench.analysis.comparison import FigureIndex
from ftbench.analysis.grid import Grid, compare
from ftbench.facts.arms import ARMS
from ftbench.facts.modes import MODES
from ftbench.report.sections.workers import ROUND_EMPTY, TREE_PSS
from ftbench.results import read_results
from ftbench.results.selection import first_pick, picks

ROOT: Final = Path(__file__).resolve().parents[2]
_INK: Final = "#808080"  # read on light and on dark pages
_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73")
_BAR: Final = 0.26


def main(path: Path) -> None:
    """Draw it."""
    tree = read_results(ROOT / "results")
    pick = first_pick(picks(tree), tree)
    assert pick
    index = FigureIndex(figure for figure in tree.figures if pick.shows(figure))
    grids = [compare(index, metric) for metric in (ROUND_EMPTY, TREE_PSS)]
    mpl.rcParams.update(
        {
            **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor"), _INK),
            **dict.fromkeys(("xtick.color", "ytick.color"), _INK),
            "svg.hashsalt": "ftbench",
            "svg.fonttype": "none",
        }
    )
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    for axes, grid, title in zip(
        figure.subplots(1, 2, sharey=True), grids, ("time of a round", "memory (PSS)"), strict=True
    ):
        _bars(axes, grid)
        axes.set_xscale("log")
        axes.set_xlabel(f"{title}, {grid.scale.symbol}, logarithmic; lower is better")
    figure.axes[0].invert_yaxis()  # of both
    figure.axes[0].legend(frameon=False, fontsize="small", loc="upper right")
    figure.suptitle(f"Eight workers with an empty task: {pick.title}", fontsize="medium")
    figure.savefig(path, metadata={"Date": None}, transparent=True)


def _bars(axes: mpl.axes.Axes, grid: Grid) -> None:
    for number, (arm, colour) in enumerate(zip(ARMS, _COLOURS, strict=True)):
        found = [(place, grid.cell(mode, arm)) for place, mode in enumerate(MODES)]
        known = [(place, cell.median) for place, cell in found if cell.median]
        values = [median / grid.scale.size for _, median in known]
        places = [place + (number - 1) * _BAR for place, _ in known]
        bars = axes.barh(places, values, _BAR, color=colour, label=arm.label)
        axes.bar_label(bars, [f" {value:.3g}" for value in values], fontsize="x-small")
        print(arm.name, dict(zip((MODES[place].title for place, _ in known), values, strict=True)))
    axes.set_yticks(range(len(MODES)), [mode.title for mode in MODES])
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.12)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
