"""The table at the end of `ftbench bench`: every mode on every arm, time, ratio and memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rich import box
from rich.table import Table
from rich.text import Text

from ftbench.analysis.comparison import BASELINE_TITLE, Cell, Comparison, compare, pair_builds
from ftbench.analysis.metrics import ROUND_EMPTY, TREE_PSS
from ftbench.facts.arms import ARMS
from ftbench.facts.modes import MODES
from ftbench.facts.units import times
from ftbench.releases import Release
from ftbench.results import Figure, State


def summary_table(
    figures: Iterable[Figure], *, machine: str, release: Release, profile: str
) -> Table:
    """Return the table of one release on one machine.

    Where there are several builds of it, the ones that most was measured of are shown.
    """
    ours = _of_fullest_builds(
        figure
        for figure in figures
        if (figure.machine, figure.release, figure.profile) == (machine, release, profile)
    )
    rounds, trees = compare(ours, ROUND_EMPTY), compare(ours, TREE_PSS)
    notes = _Notes()
    table = _empty_table(rounds, trees)
    for mode in MODES:
        for arm in ARMS:
            title = mode.title if arm is ARMS[0] else ""
            table.add_row(title, arm.name, *_texts(rounds, trees, rounds.cell(mode, arm), notes))
        table.add_section()
    flavours = ", ".join(sorted({figure.flavour for figure in ours})) or "nothing measured"
    table.title = Text(f"CPython {release.name} on {machine}, {profile} profile, {flavours}")
    table.caption = Text("\n".join([*_legend(rounds, trees), *notes.lines]))
    return table


@dataclass(frozen=True, slots=True)
class _Notes:
    """Reasons, each said once below the table and pointed at by its number."""

    reasons: dict[str, int] = field(default_factory=dict)

    def number(self, words: str) -> int:
        """Return the number of a reason, a new one if it has none."""
        return self.reasons.setdefault(words, len(self.reasons) + 1)

    @property
    def lines(self) -> list[str]:
        """The reasons, as they stand below the table."""
        return [f"[{number}] {words}" for words, number in self.reasons.items()]


def _legend(rounds: Comparison, trees: Comparison) -> Iterable[str]:
    yield "; ".join(f"{arm.name}: {arm.title}" for arm in ARMS)
    yield f"Medians of: {rounds.metric.title}; {trees.metric.title}. Lower is better."
    yield f"A ratio is to {BASELINE_TITLE}, and only of figures from one run."


def _of_fullest_builds(figures: Iterable[Figure]) -> Sequence[Figure]:
    every = tuple(figures)
    flavours: dict[str, set[str]] = {}
    for figure in every:
        flavours.setdefault(figure.arm.python, set()).add(figure.flavour)
    shown = [
        [figure for figure in every if (figure.arm.python, figure.flavour) in builds]
        for builds in pair_builds(flavours)
    ]
    return max(shown, key=_fullness, default=[])


def _fullness(figures: Sequence[Figure]) -> tuple[int, int]:
    """Rank figures by their number; of as many, those of builds made alike come first."""
    return len(figures), -len({figure.flavour for figure in figures})


def _empty_table(rounds: Comparison, trees: Comparison) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, title_style="bold", title_justify="left", caption_justify="left"
    )
    table.add_column("mode", no_wrap=True)
    table.add_column("arm", no_wrap=True)
    table.add_column(f"time, {rounds.scale.symbol or 's'}", justify="right")
    table.add_column("ratio", justify="right")
    table.add_column(f"memory, {trees.scale.symbol or 'MiB'}", justify="right")
    return table


def _texts(
    rounds: Comparison, trees: Comparison, cell: Cell, notes: _Notes
) -> tuple[Text, Text, Text]:
    tree = trees.cell(cell.mode, cell.arm)
    ratio = "" if cell.median is None else "\N{EN DASH}"
    if cell.ratio is not None:
        ratio = times(cell.ratio)
    return _text(rounds, cell, notes), Text(ratio), _text(trees, tree, notes)


def _text(comparison: Comparison, cell: Cell, notes: _Notes) -> Text:
    """Return the number, or the word for why there is none; what failed is red too."""
    if cell.median is not None:
        return Text(comparison.scale.text(cell.median))
    style = "red" if cell.state is State.FAILED else "dim"
    if cell.words == cell.state:
        return Text(cell.state, style=style)
    return Text(f"{cell.state} [{notes.number(cell.words)}]", style=style)
