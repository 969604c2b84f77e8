"""The files that a page's script loads as it needs them: verdicts, samples, and what is behind.

Each is a script of one call, since a page that was opened from a disk may load nothing else.  All
texts of result files are in JSON strings, and no key of an object is one of them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ftbench.analysis import conditions
from ftbench.facts.arms import Arm
from ftbench.facts.units import FEW, scale_for
from ftbench.report.words import effort_title
from ftbench.results import Figure, State
from ftbench.site.filters import SYMBOLS, WIDE
from ftbench.site.timeline import AGAINST, PRECISION, WORDS, Series, Timeline, Track, coded
from ftbench.statistics.verdict import Word

# What a file may hold: some 20 bytes a verdict, some 13 a sample.
_MOST_VERDICTS: Final = 24_000
_MOST_SAMPLES: Final = 30_000
# What a figure weighs beside its samples, counted in samples.
_FIGURE_WEIGHT: Final = 2
_MEASURED: Final = State.MEASURED


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One file: its name without an ending, and the series that are in it."""

    name: str
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The parts of the address of a series on asv's pages that depend on different things.

    `start` is the benchmark's, `place` the machine's and the arm's, `own` the series'; the
    release's is its commit id.
    """

    start: str
    place: str
    own: str


def address_of(figure: Figure) -> Address:
    """Take the address of a figure's series apart."""
    start, _, query = figure.graph.partition("?")
    parts = query.split("&") if query else []
    own = [part for part in parts if part.startswith("p-")]
    place = [part for part in parts if not part.startswith(("p-", "commits="))]
    return Address(start=start, place="&".join(place), own="&".join(own))


def script(name: str, content: object) -> str:
    """Return a file's text: one call that hands over its name and what it holds."""
    try:
        text = _json(content)
    except ValueError:
        # NaN and infinity, which a damaged result may have, are no JSON.
        text = _json(_without_nan(content))
    return f"ftbench.take({json.dumps(name)},{text});\n"


def _json(content: object) -> str:
    return json.dumps(content, separators=(",", ":"), allow_nan=False)


def _without_nan(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _without_nan(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_without_nan(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def verdict_chunks(scenario: str, series: Sequence[Series], timeline: Timeline) -> list[Chunk]:
    """Share out a scenario's series among files of verdicts."""

    def weight(each: Series) -> int:
        tracks = (track for of_arm in timeline.tracks[each] for track in of_arm)
        return sum(len(track.places) for track in tracks if track)

    return list(_chunks(f"verdicts-{scenario}", series, weight, _MOST_VERDICTS))


def sample_chunks(scenario: str, series: Sequence[Series], timeline: Timeline) -> list[Chunk]:
    """Share out a scenario's series among files of samples."""

    def weight(each: Series) -> int:
        figures = (figure for of_arm in timeline.figures[each] for figure in of_arm)
        return sum(len(figure.samples) + _FIGURE_WEIGHT for figure in figures if figure)

    return list(_chunks(f"samples-{scenario}", series, weight, _MOST_SAMPLES))


def _chunks(
    name: str, series: Sequence[Series], weight: Callable[[Series], int], most: int
) -> Iterator[Chunk]:
    begun: list[Series] = []
    total, number = 0, 1
    for each in series:
        heavy = weight(each)
        if begun and total + heavy > most:
            yield Chunk(name=f"{name}-{number}", series=tuple(begun))
            begun, total, number = [], 0, number + 1
        begun.append(each)
        total += heavy
    if begun:
        yield Chunk(name=f"{name}-{number}", series=tuple(begun))


def file_of(chunks: Iterable[Chunk]) -> dict[Series, str]:
    """Return the name of each series' file."""
    return {series: chunk.name for chunk in chunks for series in chunk.series}


def verdicts(chunk: Chunk, timeline: Timeline) -> dict[str, Any]:
    """Return what a file of verdicts holds: the columns of each series, arm and kind of base."""
    whys: dict[int, int] = {}
    rows = {
        each.key: [[_columns(track, whys) for track in of_arm] for of_arm in timeline.tracks[each]]
        for each in chunk.series
    }
    texts = {number: text for text, number in timeline.texts.items()}
    return {"whys": [texts[number] for number in whys], "series": rows}


def _columns(track: Track | None, whys: dict[int, int]) -> list[Any] | int:
    if track is None:
        return 0
    numbered = [whys.setdefault(why, len(whys)) for why in track.whys]
    efforts = [[place, *map(list, found)] for place, found in track.efforts.items()]
    columns = [
        track.places,
        "".join(map(str, track.words)),
        track.effects,
        track.lows,
        track.highs,
        _once(track.floors),
        _once(track.needs),
        _once(numbered),
    ]
    return [*columns, efforts] if efforts else columns


def _once(column: Sequence[int | None]) -> Any:
    """Return a column, or the one value that all of it has."""
    return column[0] if len(set(column)) == 1 else column


def samples(chunk: Chunk, timeline: Timeline) -> dict[str, Any]:
    """Return what a file of samples holds: of each series its arms' figures, release by release.

    A figure is the list of its processes and what disturbed them, or its state and the reason.
    """
    return {"series": {each.key: _samples(timeline.figures[each]) for each in chunk.series}}


def _samples(figures: Sequence[Sequence[Figure | None]]) -> dict[str, Any]:
    known = [figure for of_arm in figures for figure in of_arm if figure]
    address = address_of(known[0])
    scale = scale_for(known[0].unit, [figure.median for figure in known if figure.median])
    return {
        "unit": scale.symbol,
        "size": scale.size,
        "graph": [address.start, address.own],
        "arms": [[_figure(figure) for figure in of_arm] for of_arm in figures],
    }


def _figure(figure: Figure | None) -> Sequence[Any] | int:
    if figure is None:
        return 0
    if figure.state is not _MEASURED:
        return figure.state.value, figure.reason
    processes = figure.processes or (figure.samples,)
    return (processes, figure.interference) if figure.interference else (processes,)


def rig(timeline: Timeline) -> dict[str, Any]:
    """Return what the files of a rig have in common: releases, arms, words, builds, machines."""
    return {
        "words": [[SYMBOLS[word], word.value, word.name.lower()] for word in WORDS],
        "alarms": [WORDS.index(word) for word in (Word.WORSE, Word.BETTER)],
        "few": FEW,
        "precision": PRECISION,
        "wide": coded(WIDE),
        "against": [against.value for against in AGAINST],
        "releases": [[each.name, each.commit_id, each.series] for each in timeline.releases],
        "arms": [_arm(arm, timeline) for arm in timeline.arms],
        "steps": [
            [[_step(timeline, arm, against, place) for against in AGAINST] for arm in timeline.arms]
            for place in range(len(timeline.releases))
        ],
        "efforts": [[kind, effort_title(kind)] for kind in _kinds(timeline)],
        **_behind(timeline),
    }


def _kinds(timeline: Timeline) -> list[str]:
    tracks = (
        track for of_arms in timeline.tracks.values() for of_arm in of_arms for track in of_arm
    )
    found = (each for track in tracks if track for each in track.efforts.values())
    return sorted({kind for efforts in found for kind, _, _ in efforts})


def _arm(arm: Arm, timeline: Timeline) -> list[str]:
    number = timeline.arms.index(arm)
    figures = (figure for table in timeline.figures.values() for figure in table[number])
    figure = next(filter(None, figures), None)
    return [arm.name, arm.character, arm.label, address_of(figure).place if figure else ""]


def _step(timeline: Timeline, arm: Arm, against: Any, place: int) -> list[Any] | int:
    """Return the place of a step's base, its alarms, and those to be expected by chance."""
    tally = timeline.tallies.get((timeline.releases[place], arm.name, against))
    if tally is None:
        return 0
    return [timeline.place_of[tally.base], tally.judged, round(tally.by_chance, 3)]


def _behind(timeline: Timeline) -> dict[str, Any]:
    """Return the builds and machines behind the samples, each text once."""
    texts: dict[str, int] = {}
    builds: list[list[Any]] = []
    names: Sequence[str] = ()
    for release in timeline.releases:
        row = []
        for arm in timeline.arms:
            source = _source(timeline, release, arm)
            told = _told(conditions.builds([source]).facts) if source else {}
            names = names or tuple(told)
            row.append([_number_of(value, texts) for value in told.values()])
        builds.append(row)
    return {
        "facts": list(names),
        "builds": builds,
        "machine": [
            [fact.name, fact.values[0]]
            for fact in conditions.machine_facts(timeline.machine, timeline.sources)
        ],
        "texts": list(texts),
    }


def _source(timeline: Timeline, release: Any, arm: Arm) -> Any:
    return next(
        (each for each in timeline.sources if each.release == release and each.arm == arm), None
    )


def _told(found: Iterable[conditions.Fact]) -> Mapping[str, str]:
    return {fact.name: fact.values[0] for fact in found}


def _number_of(text: str, texts: dict[str, int]) -> int:
    return texts.setdefault(text, len(texts))
