"""Draws what `literal/mood.py` measured: pictures and the table of docs/noise.md.

python tests/tools/draw_mood.py docs/noise.json docs/pictures
"""

from __future__ import annotations

import json
import math
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

# Read on light and on dark pages.
_INK: Final = "#808080"
_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900")
_MARKS: Final = ("o", "s", "^", "D", "v")
_SHOWN: Final = 5  # processes of the mood


def figure(rows: int, height: float) -> tuple[Figure, Sequence[Axes]]:
    """Return a figure with a column of axes, whose ink is grey."""
    mpl.rcParams.update(
        {
            **dict.fromkeys(
                ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"),
                _INK,
            ),
            "svg.hashsalt": "ftbench",
            "svg.fonttype": "none",
        }
    )
    made = Figure(figsize=(8, height), layout="constrained")
    made.patch.set_alpha(0)
    axes = [made.add_subplot(rows, 1, row + 1) for row in range(rows)]
    for each in axes:
        each.patch.set_alpha(0)
        each.spines[["top", "right"]].set_visible(False)
    return made, axes


def kernels(said: dict[str, Any]) -> list[str]:
    """Return the names of the kernels, in the order of their columns."""
    return list(said["works"])


def spread(values: Sequence[float]) -> float:
    """Return the standard deviation of logarithms."""
    return statistics.stdev(values)


def of_mood(said: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Return kernel → sd over processes of log(median), and of log(kernel / integers)."""
    names = kernels(said)
    integers = names.index("integers")
    found = {}
    for place, name in enumerate(names):
        alone = [
            math.log(statistics.median(row[1 + place] for row in rows)) for rows in said["mood"]
        ]
        ratios = [
            statistics.median(math.log(row[1 + place] / row[1 + integers]) for row in rows)
            for rows in said["mood"]
        ]
        found[name] = spread(alone), spread(ratios)
    return found


def draw_mood(said: dict[str, Any], path: Path) -> None:
    """Draw the slices of the first processes, one after the other, each over its usual time."""
    made, axes = figure(2, 5.0)
    names = kernels(said)
    usual = {
        name: statistics.median(row[1 + place] for rows in said["mood"] for row in rows)
        for place, name in enumerate(names)
    }
    begin = said["mood"][0][0][0]
    integers = names.index("integers")
    for place, name in enumerate(names):
        style: dict[str, Any] = {
            "s": 3,
            "color": _COLOURS[place],
            "marker": _MARKS[place],
            "label": name,
        }
        rows = [row for process in said["mood"][:_SHOWN] for row in process]
        times = [row[0] - begin for row in rows]
        axes[0].scatter(times, [row[1 + place] / usual[name] for row in rows], **style)
        if place != integers:
            against = [
                row[1 + place] / row[1 + integers] / (usual[name] / usual["integers"])
                for row in rows
            ]
            axes[1].scatter(times, against, **style)
    low, high = axes[0].get_ylim()
    for each, title in zip(
        axes, ("time of a slice / its median", "the same / that of integers beside it"), strict=True
    ):
        each.set_title(title, loc="left", fontsize=10)
        each.set_ylim(low, min(high, 3))
        each.axhline(1, color=_INK, linewidth=0.6)
    axes[1].set_xlabel("seconds")
    axes[0].legend(ncols=len(names), frameon=False, fontsize=8, markerscale=2)
    made.savefig(path, dpi=120)


def of_duel(duel: dict[str, Any], clock: str) -> tuple[float, float, float, float]:
    """Return a duel's ratio, half its 99 % interval, sd of a pair, and of one side alone."""
    logs = [row[0] for row in duel[clock]]
    sides = [row[1] for row in duel[clock]]
    error = spread(logs) / math.sqrt(len(logs))
    reach = float(stats.t.ppf(0.995, len(logs) - 1)) * error
    return math.exp(statistics.mean(logs)), reach, spread(logs), spread(sides)


def draw_duels(said: dict[str, Any], path: Path) -> None:
    """Draw each pair of each duel: by turns, and by the medians of both sides alone."""
    made, (axes,) = figure(1, 0.28 * len(said["duels"]) + 1.2)
    names = [f"{each['what']}: {each['kernel']}" for each in said["duels"]]
    for place, each in enumerate(said["duels"]):
        clock = "cpu" if "beside" in each["what"] else "wall"
        alone = [math.exp(b - a) for _, a, b in _shuffled(each[clock])]
        turns = [math.exp(row[0]) for row in each[clock]]
        first = place == 0
        axes.scatter(
            alone,
            [place + 0.15] * len(alone),
            s=9,
            marker="x",
            linewidths=0.7,
            color=_INK,
            label="a process and one of another pair" if first else None,
        )
        axes.scatter(
            turns,
            [place - 0.15] * len(turns),
            s=9,
            color=_COLOURS[0],
            label="the two of a pair, in turn" if first else None,
        )
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.invert_yaxis()
    axes.set_xscale("log")
    ticks = (0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4, 1.7, 2)
    axes.set_xticks(ticks, [str(each) for each in ticks])
    axes.minorticks_off()
    for ratio in (1, 1.05):
        axes.axvline(ratio, color=_INK, linewidth=0.6, linestyle="-" if ratio == 1 else ":")
    axes.set_xlabel("ratio of both sides; dotted: 1.05")
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    made.savefig(path, metadata={"Date": None})


def _shuffled(rows: Sequence[Sequence[float]]) -> list[tuple[float, float, float]]:
    """Return the sides as two runs would have them: the second of another pair than the first."""
    count = len(rows)
    return [(0.0, rows[i][1], rows[(i + count // 2) % count][2]) for i in range(count)]


def table(said: dict[str, Any]) -> str:
    """Return both tables as Markdown."""
    lines = [
        "| kernel | sd over processes | of kernel / integers, slice by slice |",
        "|---|---|---|",
    ]
    for name, (alone, ratio) in of_mood(said).items():
        beside = "" if name == "integers" else f"{ratio:.1%}"
        lines.append(f"| {name} | {alone:.1%} | {beside} |")
    lines += [
        "",
        "| what | kernel | ratio (99 %) | sd of a pair | sd of a process alone | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for each in said["duels"]:
        for clock in ("wall", "cpu") if "beside" in each["what"] else ("wall",):
            ratio, reach, sd, alone = of_duel(each, clock)
            what = each["what"] + (", CPU time" if clock == "cpu" else "")
            lines.append(
                f"| {what} | {each['kernel']} | {ratio:.4f} ± {reach:.2%} | {sd:.1%} | "
                f"{alone:.1%} | {each['seconds']:.0f} |"
            )
    return "\n".join(lines)


def main() -> None:
    """Draw both pictures into a folder and print the tables."""
    source, folder = map(Path, sys.argv[1:3])
    said = json.loads(source.read_text("utf-8"))
    folder.mkdir(exist_ok=True)
    draw_mood(said, folder / "mood.png")
    draw_duels(said, folder / "turns.svg")
    print(table(said))


if __name__ == "__main__":
    main()
