"""What `ftbench bench` says in the end: every mode on every arm, time, ratio and memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ftbench.analysis.comparison import BASELINE_TITLE, Cell
from ftbench.analysis.grid import ROUND_EMPTY, TREE_PSS, Grid, compare
from ftbench.facts.arms import ARMS
from ftbench.facts.modes import MODES
from ftbench.facts.units import times
from ftbench.releases import Release
from ftbench.report import record
from ftbench.report.document import Document, Footnotes, Part, Row, Table, Tone
from ftbench.report.words import NONE
from ftbench.results import Figure, State
from ftbench.results.selection import pair_builds


def summary(figures: Iterable[Figure], *, machine: str, release: Release, profile: str) -> Document:
    """Return the document of one release on one machine.

    Where there are several builds of it, the ones that most was measured of are shown.
    """
    ours = _of_fullest_builds(
        figure
        for figure in figures
        if (figure.machine, figure.release, figure.profile) == (machine, release, profile)
    )
    flavours = sorted({figure.flavour for figure in ours})
    return Document(
        title=f"CPython {release.name} on {machine}, {profile} profile, "
        f"{', '.join(flavours) or 'nothing measured'}",
        record={
            "schema": {"name": "ftbench.bench", "version": 1},
            "machine": machine,
            "release": release.name,
            "profile": profile,
            "builds": flavours,
            "figures": [record.figure_record(figure) for figure in ours],
        },
        parts=(Part(tables=(_table(ours),)),),
    )


def _table(figures: Sequence[Figure]) -> Table:
    rounds, trees = compare(figures, ROUND_EMPTY), compare(figures, TREE_PSS)
    notes = Footnotes()
    rows: list[Row] = []
    for mode in MODES:
        rows.append(Row(cells=(mode.title,), tone=Tone.HEADING))
        rows += [_row(rounds, trees, rounds.cell(mode, arm), notes) for arm in ARMS]
    return Table(
        title="",
        columns=(
            "arm",
            f"time, {rounds.scale.symbol or 's'}",
            "ratio",
            f"memory, {trees.scale.symbol or 'MiB'}",
        ),
        rows=tuple(rows),
        numbers=3,
        notes=(*_legend(rounds, trees), *notes.lines),
    )


def _legend(rounds: Grid, trees: Grid) -> Iterable[str]:
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


def _row(rounds: Grid, trees: Grid, cell: Cell, notes: Footnotes) -> Row:
    tree = trees.cell(cell.mode, cell.arm)
    ratio = "" if cell.median is None else NONE
    if cell.ratio is not None:
        ratio = times(cell.ratio)
    tone = Tone.PLAIN
    if cell.median is None and tree.median is None:
        tone = Tone.BAD if State.FAILED in {cell.state, tree.state} else Tone.QUIET
    return Row(
        cells=(cell.arm.name, _text(rounds, cell, notes), ratio, _text(trees, tree, notes)),
        tone=tone,
    )


def _text(grid: Grid, cell: Cell, notes: Footnotes) -> str:
    """Return the number, or the word for why there is none."""
    if cell.median is not None:
        return grid.scale.text(cell.median)
    return notes.pointed(cell.words)
