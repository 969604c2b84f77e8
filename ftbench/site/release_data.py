"""The files that a page's script loads as it needs them: verdicts, samples, and what is behind."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ftbench.analysis import conditions
from ftbench.facts.arms import Arm
from ftbench.facts.units import FEW, WIDEST, scale_for
from ftbench.report.output import finite
from ftbench.report.words import effort_title
from ftbench.results import Figure, State
from ftbench.site.filters import SYMBOLS
from ftbench.site.timeline import AGAINST, PRECISION, WORDS, Series, Timeline, Track, coded
from ftbench.statistics.verdict import Word

# What a file may hold: some 20 bytes a verdict, some 13 a sample.
_MOST_VERDICTS: Final = 24_000
_MOST_SAMPLES: Final = 30_000
# What a figure weighs beside its samples, counted in samples.
_FIGURE_WEIGHT: Final = 2

SeriesByFile = Mapping[str, Sequence[Series]]
"""The series that are in each file, by its name without an ending."""


def graph_address(figure: Figure) -> tuple[str, str, str]:
    """Return the address of a series on asv's pages: the benchmark's part, the arm's, its own."""
    start, _, query = figure.graph.partition("?")
    parts = query.split("&") if query else []
    own = [part for part in parts if part.startswith("p-")]
    place = [part for part in parts if not part.startswith(("p-", "commits="))]
    return start, "&".join(place), "&".join(own)


def script(name: str, content: object) -> str:
    """Return a file's text: one call that hands over its name and what it holds."""
    # A page that was opened from a disk may load nothing but scripts.  Texts of result files are
    # in JSON strings, and never a key of an object.
    try:
        text = _json(content)
    except ValueError:
        # NaN and infinity, which a damaged result may have, are no JSON.
        text = _json(finite(content))
    return f"ftbench.take({json.dumps(name)},{text});\n"


def _json(content: object) -> str:
    return json.dumps(content, separators=(",", ":"), allow_nan=False)


def verdict_files(scenario: str, every: Iterable[Series], timeline: Timeline) -> SeriesByFile:
    """Share out a scenario's series among files of verdicts."""
    weights = {
        series: sum(len(track.verdicts) for of in timeline.tracks[series] for track in of if track)
        for series in every
    }
    return _shared_out(f"verdicts-{scenario}", weights, _MOST_VERDICTS)


def sample_files(scenario: str, every: Iterable[Series], timeline: Timeline) -> SeriesByFile:
    """Share out a scenario's series among files of samples."""
    weights = {
        series: sum(
            len(figure.samples) + _FIGURE_WEIGHT
            for of_arm in timeline.figures[series]
            for figure in of_arm
            if figure
        )
        for series in every
    }
    return _shared_out(f"samples-{scenario}", weights, _MOST_SAMPLES)


def _shared_out(name: str, weights: Mapping[Series, int], most: int) -> SeriesByFile:
    files: list[list[Series]] = []
    total = 0
    for series, weight in weights.items():
        if not files or total + weight > most:
            files.append([])
            total = 0
        files[-1].append(series)
        total += weight
    return {f"{name}-{number}": series for number, series in enumerate(files, start=1)}


def file_of(files: SeriesByFile) -> dict[Series, str]:
    """Return the name of each series' file."""
    return {series: name for name, every in files.items() for series in every}


def verdicts(every: Iterable[Series], timeline: Timeline) -> dict[str, Any]:
    """Return what a file of verdicts holds: the columns of each series, arm and kind of base."""
    whys: dict[int, int] = {}
    rows = {
        each.key: [[_columns(track, whys) for track in of_arm] for of_arm in timeline.tracks[each]]
        for each in every
    }
    texts = {number: text for text, number in timeline.texts.items()}
    return {"whys": [texts[number] for number in whys], "series": rows}


def _columns(track: Track | None, whys: dict[int, int]) -> list[Any] | int:
    if track is None:
        return 0
    words, effects, lows, highs, *others, reasons = zip(*track.verdicts.values(), strict=True)
    numbered = [whys.setdefault(why, len(whys)) for why in reasons]
    counted = [[place, *efforts] for place, efforts in track.efforts.items()]
    rare = map(_once, (*others, numbered))
    columns = [list(track.verdicts), "".join(map(str, words)), effects, lows, highs, *rare]
    return [*columns, counted] if counted else columns


def _once(column: Sequence[int | None]) -> Any:
    return column[0] if len(set(column)) == 1 else column


def samples(every: Iterable[Series], timeline: Timeline) -> dict[str, Any]:
    """Return what a file of samples holds: of each series its arms' figures, release by release."""
    return {"series": {each.key: _samples(timeline.figures[each]) for each in every}}


def _samples(figures: Sequence[Sequence[Figure | None]]) -> dict[str, Any]:
    known = [figure for of_arm in figures for figure in of_arm if figure]
    start, _, own = graph_address(known[0])
    scale = scale_for(known[0].unit, [figure.median for figure in known if figure.median])
    return {
        "unit": scale.symbol,
        "size": scale.size,
        "graph": [start, own],
        "arms": [[_figure(figure) for figure in of_arm] for of_arm in figures],
    }


def _figure(figure: Figure | None) -> Sequence[Any] | int:
    """Return its processes, what disturbed them and how slow the machine was, or why not; or 0."""
    if figure is None:
        return 0
    if figure.state is not State.MEASURED:
        return figure.state.value, figure.reason
    slow = ([round(times, 2) for times in figure.slow],) if figure.slow else ()
    told = "; ".join(filter(None, (figure.interference, figure.doubt)))
    beside = (told, *slow) if told or slow else ()
    return (figure.by_process, *beside)


def rig(timeline: Timeline) -> dict[str, Any]:
    """Return what the files of a rig have in common: releases, arms, words, builds, machines."""
    tracks = (track for arms in timeline.tracks.values() for of in arms for track in of if track)
    efforts = (each for track in tracks for of in track.efforts.values() for each in of)
    kinds = {kind for kind, _, _ in efforts}
    return {
        "words": [[SYMBOLS[word], word.value, word.name.lower()] for word in WORDS],
        "alarms": [WORDS.index(word) for word in (Word.WORSE, Word.BETTER)],
        "few": FEW,
        "precision": PRECISION,
        "wide": coded(WIDEST),
        "against": [against.value for against in AGAINST],
        "releases": [[each.name, each.commit_id, each.series] for each in timeline.releases],
        "arms": [_arm(arm, timeline) for arm in timeline.arms],
        "steps": [
            [[_step(timeline, arm, against, place) for against in AGAINST] for arm in timeline.arms]
            for place in range(len(timeline.releases))
        ],
        "efforts": [[kind, effort_title(kind)] for kind in sorted(kinds)],
        **_behind(timeline),
    }


def _arm(arm: Arm, timeline: Timeline) -> list[str]:
    number = timeline.arms.index(arm)
    figures = (figure for table in timeline.figures.values() for figure in table[number])
    figure = next(filter(None, figures), None)
    return [arm.name, arm.character, arm.label, graph_address(figure)[1] if figure else ""]


def _step(timeline: Timeline, arm: Arm, against: Any, place: int) -> list[Any] | int:
    """Return the place of a step's base, its alarms, and those to be expected by chance."""
    tallies = timeline.tallies_of(timeline.releases[place])
    found = [each for each in tallies if (each.arm, each.against) == (arm, against)]
    if not found:
        return 0
    (tally,) = found
    return [timeline.place_of[tally.base], tally.counts.total(), round(tally.by_chance, 3)]


def _behind(timeline: Timeline) -> dict[str, Any]:
    texts: dict[str, int] = {}
    builds: list[list[list[int]]] = []
    names: Sequence[str] = ()
    sources = {(source.release, source.arm): source for source in timeline.sources}
    for release in timeline.releases:
        builds.append([])
        for arm in timeline.arms:
            source = sources.get((release, arm))
            facts = conditions.builds([source]) if source else ()
            names = names or [fact.name for fact in facts]
            builds[-1].append([texts.setdefault(fact.values[0], len(texts)) for fact in facts])
    machine = conditions.machine_facts(timeline.machine, timeline.sources)
    return {
        "facts": names,
        "builds": builds,
        "machine": [[fact.name, fact.values[0]] for fact in machine],
        "texts": list(texts),
    }
