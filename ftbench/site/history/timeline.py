"""The timeline of one rig: its releases and series, and of each arm the verdicts in columns.

A rig of sixty releases has two hundred thousand verdicts: they are kept as whole numbers, as the
data files have them, and as value types only where a page tells them in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from ftbench.analysis.verdicts.comparing import Judgement
from ftbench.analysis.verdicts.history import Against, Step, environments, history
from ftbench.facts.arms import ARMS, Arm
from ftbench.releases import Release
from ftbench.results import Figure, Machine, ResultTree, Source
from ftbench.site.history.marks import WORDS, coded
from ftbench.site.history.rigs import Rig
from ftbench.site.history.series import Series, in_order
from ftbench.statistics.verdict import Word

AGAINST: Final = tuple(Against)
_ALARMS: Final = frozenset({Word.WORSE, Word.BETTER})
_CODES: Final = {word: code for code, word in enumerate(WORDS)}


@dataclass(slots=True)
class Track:
    """The verdicts of one series on one arm against one kind of base, release by release.

    `places` are places in the timeline's releases, rising; the other columns go with them:
    `words` are codes, `effects`, `lows` and `highs` coded logarithms or None, `floors` coded
    likewise, `needs` and `whys` as in a verdict, the whys as numbers of the timeline's texts.
    """

    places: list[int] = field(default_factory=list)
    words: list[int] = field(default_factory=list)
    effects: list[int | None] = field(default_factory=list)
    lows: list[int | None] = field(default_factory=list)
    highs: list[int | None] = field(default_factory=list)
    floors: list[int | None] = field(default_factory=list)
    needs: list[int | None] = field(default_factory=list)
    whys: list[int] = field(default_factory=list)
    efforts: dict[int, tuple[tuple[str, float, float], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A verdict that somebody should look at: its arm, what it is against, and the judgement."""

    arm: Arm
    against: Against
    base: Release
    series: Series
    judgement: Judgement

    @property
    def size(self) -> float:
        """The effect as a ratio."""
        effect = self.judgement.verdict.effect
        return effect.value if effect else 1.0


Counts = dict[Word, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What one step's verdicts come to: how many of each word, and how many alarms by chance.

    `scenarios` has the counts of each; `floors` tells whether any series had a noise floor.
    """

    arm: Arm
    against: Against
    release: Release
    base: Release
    counts: Counts
    scenarios: dict[str, Counts]
    by_chance: float
    rate: float
    only_before: int
    only_after: int
    floors: bool

    @property
    def judged(self) -> int:
        """How many verdicts there are."""
        return sum(self.counts.values())


@dataclass(kw_only=True)
class Timeline:
    """Everything of one rig that the pages show; releases are sorted, the oldest first.

    `figures` and `tracks` have a table for each series: arm by arm, and in it release by release,
    or by kind of base; None where there is nothing.  `said` is the tree's.
    """

    rig: Rig
    machine: Machine | None
    sources: Sequence[Source]
    releases: tuple[Release, ...]
    arms: tuple[Arm, ...]
    series: list[Series]
    figures: dict[Series, list[list[Figure | None]]]
    tracks: dict[Series, list[list[Track | None]]]
    tallies: dict[tuple[Release, str, Against], Tally] = field(default_factory=dict)
    alarms: dict[Release, list[Alarm]] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def place_of(self) -> dict[Release, int]:
        """The place of each release."""
        return {release: place for place, release in enumerate(self.releases)}

    @property
    def newest(self) -> Release:
        """The last release."""
        return self.releases[-1]

    def add(self, steps: Iterable[Step], series_by: Mapping[int, Series]) -> None:
        """Take in an environment's steps, the oldest first; `series_by` is by a figure's id."""
        for step in steps:
            counts = dict.fromkeys(Word, 0)
            scenarios: dict[str, Counts] = {}
            arm = [arm.name for arm in self.arms].index(step.environment.arm.name)
            against, place = AGAINST.index(step.against), self.place_of[step.release]
            for judgement in step.comparison.judgements:
                word, series = judgement.verdict.word, series_by[id(judgement.after)]
                counts[word] += 1
                if series.scenario not in scenarios:
                    scenarios[series.scenario] = dict.fromkeys(Word, 0)
                scenarios[series.scenario][word] += 1
                self._note(self._track(series, arm, against), place, judgement)
                if word in _ALARMS:
                    self._raise(step, series, judgement)
            self.tallies[step.release, step.environment.arm.name, step.against] = _tally(
                step, counts, scenarios
            )

    def _track(self, series: Series, arm: int, against: int) -> Track:
        of_arm = self.tracks[series][arm]
        track = of_arm[against]
        if track is None:
            track = of_arm[against] = Track()
        return track

    def _raise(self, step: Step, series: Series, judgement: Judgement) -> None:
        alarm = Alarm(
            arm=step.environment.arm,
            against=step.against,
            base=step.base,
            series=series,
            judgement=judgement,
        )
        self.alarms.setdefault(step.release, []).append(alarm)

    def _note(self, track: Track, place: int, judgement: Judgement) -> None:
        verdict = judgement.verdict
        effect, floor = verdict.effect, verdict.floor
        interval = effect.interval if effect else None
        if judgement.efforts:
            efforts = judgement.efforts.items()
            track.efforts[place] = tuple((kind, *values) for kind, values in efforts)
        track.places.append(place)
        track.words.append(_CODES[verdict.word])
        track.effects.append(coded(effect.value) if effect else None)
        track.lows.append(coded(interval.low) if interval else None)
        track.highs.append(coded(interval.high) if interval else None)
        track.floors.append(coded(1 + floor.effect) if floor else None)
        track.needs.append(verdict.needs)
        track.whys.append(self.texts.setdefault(verdict.why, len(self.texts)))


def _tally(step: Step, counts: Counts, scenarios: dict[str, Counts]) -> Tally:
    comparison = step.comparison
    return Tally(
        arm=step.environment.arm,
        against=step.against,
        release=step.release,
        base=step.base,
        counts=counts,
        scenarios=scenarios,
        by_chance=comparison.by_chance,
        rate=comparison.rate,
        only_before=len(comparison.only_before),
        only_after=len(comparison.only_after),
        floors=any(each.verdict.floor for each in comparison.judgements),
    )


def timeline_of(rig: Rig, tree: ResultTree) -> Timeline:
    """Return the timeline of a rig; `tree` has results of no other."""
    named = {source.arm.name for source in tree.sources}
    arms = tuple(arm for arm in ARMS if arm.name in named)
    releases = tuple(sorted({source.release for source in tree.sources}))
    series_by, figures = _tables(tree.figures, arms, releases)
    timeline = Timeline(
        rig=rig,
        machine=next((each for each in tree.machines if each.name == rig.machine), None),
        sources=tree.sources,
        releases=releases,
        arms=arms,
        series=in_order(figures),
        figures=figures,
        tracks={series: [[None] * len(AGAINST) for _ in arms] for series in figures},
        said=tree.said,
    )
    for environment in environments(tree):
        timeline.add(history(tree, environment), series_by)
    return timeline


def _tables(
    every: Sequence[Figure], arms: Sequence[Arm], releases: Sequence[Release]
) -> tuple[dict[int, Series], dict[Series, list[list[Figure | None]]]]:
    """Return the series of each figure, by its id, and the figures of each series."""
    place_of = {release: place for place, release in enumerate(releases)}
    arm_of = {arm.name: number for number, arm in enumerate(arms)}
    series_by: dict[int, Series] = {}
    tables: dict[Series, list[list[Figure | None]]] = {}
    known: dict[tuple[str, tuple[tuple[str, str], ...]], Series] = {}
    for figure in every:
        named = figure.benchmark, tuple(figure.params.items())
        series = known.get(named)
        if series is None:
            series = known[named] = Series(benchmark=named[0], params=named[1])
            tables[series] = [[None] * len(releases) for _ in arms]
        series_by[id(figure)] = series
        tables[series][arm_of[figure.arm.name]][place_of[figure.release]] = figure
    return series_by, tables
