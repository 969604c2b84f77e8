"""The series of one scenario, as plain texts: the newest release, and where the others' data lie.

The page's script draws every release from the data; without a script the newest one stands there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from ftbench.analysis.conditions import Notice
from ftbench.analysis.verdicts.history import Against
from ftbench.facts.arms import Arm
from ftbench.site.frame import Part
from ftbench.site.history.addresses import SCRIPT, Addresses
from ftbench.site.history.data import Chunk
from ftbench.site.history.marks import WORDS, change_of
from ftbench.site.history.series import Series, scenario_titles
from ftbench.site.history.texts import WORD_TEXTS, WordText, lead, notices
from ftbench.site.history.timeline import AGAINST, Tally, Timeline, Track
from ftbench.site.menus import Menu
from ftbench.statistics.verdict import Word

# More rows than this are left to the script: a page must stay light.
_MOST_ROWS: Final = 800
_MOST_OPEN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictText:
    """A verdict in a cell; None of `verdict` where there is none."""

    verdict: WordText | None = None
    effect: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowText:
    """A series: its verdicts arm by arm, for each kind of base; its files of data by number."""

    key: str
    label: str
    graph: str
    verdicts: str
    samples: str
    cells: tuple[VerdictText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockText:
    """The series of one metric, and of one ledger where there are ledgers."""

    name: str
    title: str
    says: str
    benchmark: str
    counts: str
    rows: tuple[RowText, ...]
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioPage:
    """A whole page; `columns` are what the newest release is judged against."""

    root: str
    title: str
    heading: str
    group: str
    release: str
    lead: tuple[Part, ...]
    menus: tuple[Menu, ...]
    notices: tuple[Notice, ...]
    words: tuple[WordText, ...]
    arms: tuple[Arm, ...]
    columns: tuple[str, ...]
    blocks: tuple[BlockText, ...]
    left: int
    scripts: tuple[str, ...]
    data: str
    overview: str


def scenario_page(
    scenario: str,
    timeline: Timeline,
    menus: tuple[Menu, ...],
    addresses: Addresses,
    chunks: tuple[Sequence[Chunk], Sequence[Chunk]],
) -> ScenarioPage:
    """Return the page of one scenario; `chunks` are its files of verdicts and of samples."""
    release = timeline.newest
    group, title = scenario_titles(scenario)
    asked = [
        against
        for against in AGAINST
        if any((release, arm.name, against) in timeline.tallies for arm in timeline.arms)
    ]
    series = [each for each in timeline.series if each.scenario == scenario]
    files = tuple(_numbers(each) for each in chunks)
    shown = series[:_MOST_ROWS]
    rows = {each: _row(each, timeline, asked, files) for each in shown}
    return ScenarioPage(
        root="../" * addresses.scenario(scenario).count("/"),
        title=f"{title}, release by release, on {timeline.rig.machine} · ftbench",
        heading=title,
        group=group,
        release=release.name,
        lead=lead(timeline, release),
        menus=menus,
        notices=tuple(notices(timeline, _tallies(timeline))),
        words=tuple(WORD_TEXTS.values()),
        arms=timeline.arms,
        columns=tuple(f"against {_bases(timeline, each)}" for each in asked),
        blocks=tuple(_opened(_blocks(shown, rows, timeline.said))),
        left=len(series) - len(shown),
        scripts=(SCRIPT, addresses.data("rig")),
        data=addresses.data_folder,
        overview=addresses.release(release),
    )


def _tallies(timeline: Timeline) -> list[Tally]:
    return [tally for tally in timeline.tallies.values() if tally.release == timeline.newest]


def _bases(timeline: Timeline, against: Against) -> str:
    keys = ((timeline.newest, arm.name, against) for arm in timeline.arms)
    tallies = [timeline.tallies[key] for key in keys if key in timeline.tallies]
    return ", ".join(dict.fromkeys(tally.base.name for tally in tallies))


def _numbers(chunks: Sequence[Chunk]) -> Mapping[Series, str]:
    """Return the name of each series' file."""
    return {series: chunk.name for chunk in chunks for series in chunk.series}


def _row(
    series: Series,
    timeline: Timeline,
    asked: Sequence[Against],
    files: Sequence[Mapping[Series, str]],
) -> RowText:
    figures = (figure for of_arm in timeline.figures[series] for figure in reversed(of_arm))
    figure = next(filter(None, figures))
    return RowText(
        key=series.key,
        label=series.label,
        graph=figure.graph,
        verdicts=files[0][series],
        samples=files[1][series],
        cells=tuple(
            _cell(of_arm[AGAINST.index(against)], len(timeline.releases) - 1)
            for of_arm in timeline.tracks[series]
            for against in asked
        ),
    )


def _cell(track: Track | None, newest: int) -> VerdictText:
    if track is None or track.places[-1] != newest:
        return VerdictText()
    effect = track.effects[-1]
    return VerdictText(
        verdict=WORD_TEXTS[WORDS[track.words[-1]]],
        effect="" if effect is None else change_of(effect),
    )


def _blocks(
    shown: Sequence[Series], rows: Mapping[Series, RowText], said: Mapping[str, str]
) -> Iterator[BlockText]:
    kinds = groupby(shown, key=lambda each: (each.benchmark, each.ledger))
    for number, ((benchmark, ledger), every) in enumerate(kinds, start=1):
        ours = list(every)
        texts = tuple(rows[each] for each in ours)
        words = [cell.verdict.word for row in texts for cell in row.cells if cell.verdict]
        counts = [(word, words.count(word.value)) for word in (Word.WORSE, Word.BETTER)]
        alarms = ", ".join(f"{count} {word}" for word, count in counts if count)
        yield BlockText(
            name=f"metric-{number}",
            title=": ".join(filter(None, [ours[0].metric, ledger])),
            says=said.get(benchmark, ""),
            benchmark=benchmark,
            counts=alarms,
            rows=texts,
            open=bool(alarms),
        )


def _opened(blocks: Iterator[BlockText]) -> Iterator[BlockText]:
    """Yield the blocks, those with alarms open: the first few of them, or else the first one."""
    every = list(blocks)
    wanted = [block.name for block in every if block.open][:_MOST_OPEN]
    wanted = wanted or [block.name for block in every[:1]]
    for block in every:
        yield replace(block, open=block.name in wanted)
