"""The map of winners as plain texts: a picture per arm, a table of every place, what is lacking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ftbench.analysis.advice.cells import TASKS, Cells, cells_of
from ftbench.analysis.advice.winner_map import KINDS, Spot, spots, title_of
from ftbench.analysis.comparison import Shelf
from ftbench.facts.arms import Arm
from ftbench.facts.units import scale_for, times
from ftbench.probe.scenarios.crossover.scenario import PAYLOADS, SIZES
from ftbench.report.sections.ladders import PAYLOAD_NAMES, TASK_SIZE_NAMES
from ftbench.site.crossmap import draw_map


@dataclass(frozen=True, slots=True, kw_only=True)
class KindText:
    """A kind of worker in the legend."""

    name: str
    letter: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmMap:
    """The map of one arm; `found` counts its winners."""

    name: str
    arm: Arm
    svg: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotText:
    """A place on one arm: who wins, at what cost, by how much; `words` where nobody does."""

    winner: str = ""
    value: str = ""
    href: str = ""
    close: bool = False
    beyond: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadRow:
    """A payload's row of the table, a cell per arm."""

    label: str
    cells: tuple[SpotText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRows:
    """The rows of one size of task; `loop` is what it takes in a plain loop here, "" if unknown."""

    label: str
    loop: str
    rows: tuple[PayloadRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapText:
    """The maps of all arms for one number of workers, and their table."""

    name: str
    title: str
    folded: bool
    kinds: tuple[KindText, ...]
    maps: tuple[ArmMap, ...]
    arms: tuple[Arm, ...]
    sizes: tuple[SizeRows, ...]
    notes: tuple[str, ...]


def map_texts(name: str, shelf: Shelf, *, drawn: bool = True) -> tuple[MapText, ...]:
    """Return the maps, most workers first and open; () where nothing was measured.

    What is not to be `drawn` has its table only.
    """
    cells = cells_of(shelf.tracked_by(TASKS))
    every = sorted(cells.workers, reverse=True)
    return tuple(
        _map(f"{name}-{count}-workers", cells, count, folded=count != every[0], drawn=drawn)
        for count in every
    )


def _map(name: str, cells: Cells, workers: int, *, folded: bool, drawn: bool) -> MapText:
    by_arm = [(arm, spots(cells, arm, workers)) for arm in cells.arms]
    return MapText(
        name=name,
        title=f"who wins with {workers} workers",
        folded=folded,
        kinds=tuple(
            KindText(
                name="loop" if kind.name == "serial" else kind.name,
                letter=kind.letter,
                title=kind.title,
            )
            for kind in KINDS
        ),
        maps=tuple(
            ArmMap(
                name=f"{name}-{arm.name}",
                arm=arm,
                svg=draw_map(every, name=f"{name}-{arm.name}") if drawn else "",
                found=_found(every),
            )
            for arm, every in by_arm
        ),
        arms=tuple(arm for arm, _ in by_arm),
        sizes=tuple(_sizes(cells, [every for _, every in by_arm])),
        notes=tuple(_notes(by_arm)),
    )


def _found(every: Sequence[Spot]) -> str:
    """Return how often each kind wins, and how often that is not sure."""
    counts = Counter(spot.winner.kind.title for spot in every if spot.winner)
    if not counts:
        return "no data"
    said = ", ".join(f"{kind.title} {counts[kind.title]}" for kind in KINDS if kind.title in counts)
    doubtful = sum(bool(spot.rivals) for spot in every)
    return f"{said}" + (f"; {doubtful} not told apart from another" if doubtful else "")


def _sizes(cells: Cells, by_arm: Sequence[Sequence[Spot]]) -> Iterator[SizeRows]:
    rows = list(zip(*by_arm, strict=True))
    loops = cells.loop
    for number, size in enumerate(SIZES):
        ours = rows[number * len(PAYLOADS) : (number + 1) * len(PAYLOADS)]
        yield SizeRows(
            label=TASK_SIZE_NAMES[size.name],
            loop=_seconds(loops.seconds[number]) if loops else "",
            rows=tuple(
                PayloadRow(label=PAYLOAD_NAMES[row[0].payload.name], cells=tuple(map(_cell, row)))
                for row in ours
            ),
        )


def _cell(spot: Spot) -> SpotText:
    winner = spot.winner
    if winner is None:
        return SpotText(words="no data")
    return SpotText(
        winner=title_of(winner.mode),
        value=_seconds(winner.median),
        href=winner.figure.graph,
        close=bool(spot.rivals),
        beyond=_beyond(spot),
    )


def _beyond(spot: Spot) -> str:
    """Return how far the next is behind, or who may be ahead as well."""
    if len(spot.ranked) == 1:
        return "the only one measured"
    if spot.rivals:
        return ", ".join(each.kind.title for each in spot.rivals)
    first, second = spot.ranked[:2]
    return f"{second.kind.title} {times(second.median / first.median)}"


def _notes(by_arm: Iterable[tuple[Arm, Sequence[Spot]]]) -> Iterator[str]:
    """Yield what is lacking, each reason once with the arms that it holds on."""
    lacking: dict[str, list[str]] = {}
    for arm, every in by_arm:
        for words in dict.fromkeys(words for spot in every for words in spot.words):
            lacking.setdefault(words, []).append(arm.label)
    for words, arms in lacking.items():
        yield f"{', '.join(arms)}: {words.rstrip('.')}."


def _seconds(seconds: float) -> str:
    scale = scale_for("seconds", [seconds])
    return f"{scale.text(seconds)}\N{NO-BREAK SPACE}{scale.symbol}"
