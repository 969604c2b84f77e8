"""The timeline of one rig: its releases and series, and of each arm the verdicts in columns.

A rig of sixty releases has two hundred thousand verdicts: they are kept as whole numbers, as the
data files have them, and as value types only where a page tells them in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from ftbench.arms import ARMS, Arm
from ftbench.pages.history.marks import code_of, coded
from ftbench.pages.history.rigs import Rig, rig_of
from ftbench.pages.history.series import Series, in_order, series_of
from ftbench.releases import Release
from ftbench.results import Figure, Machine, ResultTree, Source
from ftbench.statistics.verdict import Word
from ftbench.verdicts.comparing import Judgement
from ftbench.verdicts.history import Against, Step, history, lines

AGAINST: Final = tuple(Against)


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
    """Everything of one rig that the pages show; releases are sorted, the oldest first."""

    rig: Rig
    machine: Machine | None
    sources: Sequence[Source]
    releases: tuple[Release, ...]
    arms: tuple[Arm, ...]
    series: list[Series]
    figures: dict[tuple[Series, str, Release], Figure]
    tracks: dict[tuple[Series, str, Against], Track] = field(default_factory=dict)
    tallies: dict[tuple[Release, str, Against], Tally] = field(default_factory=dict)
    alarms: dict[Release, list[Alarm]] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)

    @cached_property
    def place_of(self) -> dict[Release, int]:
        """The place of each release."""
        return {release: place for place, release in enumerate(self.releases)}

    @property
    def newest(self) -> Release:
        """The last release."""
        return self.releases[-1]

    def add(self, step: Step) -> None:
        """Take in the verdicts of one step; steps of one arm come oldest first."""
        arm, against, place = step.line.arm, step.against, self.place_of[step.release]
        counts = dict.fromkeys(Word, 0)
        scenarios: dict[str, Counts] = {}
        for judgement in step.comparison.judgements:
            word, series = judgement.verdict.word, series_of(judgement.after)
            counts[word] += 1
            scenarios.setdefault(series.scenario, dict.fromkeys(Word, 0))[word] += 1
            self._note(
                self.tracks.setdefault((series, arm.name, against), Track()), place, judgement
            )
            if judgement.verdict.alarm:
                alarm = Alarm(
                    arm=arm, against=against, base=step.base, series=series, judgement=judgement
                )
                self.alarms.setdefault(step.release, []).append(alarm)
        self.tallies[step.release, arm.name, against] = Tally(
            arm=arm,
            against=against,
            release=step.release,
            base=step.base,
            counts=counts,
            scenarios=scenarios,
            by_chance=step.comparison.by_chance,
            rate=step.comparison.rate,
            only_before=len(step.comparison.only_before),
            only_after=len(step.comparison.only_after),
            floors=any(each.verdict.floor for each in step.comparison.judgements),
        )

    def _note(self, track: Track, place: int, judgement: Judgement) -> None:
        verdict = judgement.verdict
        effect, floor = verdict.effect, verdict.floor
        interval = effect.interval if effect else None
        if judgement.efforts:
            efforts = judgement.efforts.items()
            track.efforts[place] = tuple((kind, *values) for kind, values in efforts)
        track.places.append(place)
        track.words.append(code_of(verdict.word))
        track.effects.append(coded(effect.value) if effect else None)
        track.lows.append(coded(interval.low) if interval else None)
        track.highs.append(coded(interval.high) if interval else None)
        track.floors.append(coded(1 + floor.effect) if floor else None)
        track.needs.append(verdict.needs)
        track.whys.append(self.texts.setdefault(verdict.why, len(self.texts)))


def timeline_of(rig: Rig, tree: ResultTree) -> Timeline:
    """Return the timeline of a rig that there are results of."""
    ours = [figure for figure in tree.figures if rig_of(figure) == rig]
    sources = [source for source in tree.sources if rig_of(source) == rig]
    named = {source.arm.name for source in sources}
    arms = tuple(arm for arm in ARMS if arm.name in named)
    keys = [series_of(figure) for figure in ours]
    timeline = Timeline(
        rig=rig,
        machine=next((each for each in tree.machines if each.name == rig.machine), None),
        sources=sources,
        releases=tuple(sorted({source.release for source in sources})),
        arms=arms,
        series=in_order(dict.fromkeys(keys)),
        figures={
            (key, figure.arm.name, figure.release): figure
            for key, figure in zip(keys, ours, strict=True)
        },
    )
    share = replace(tree, figures=tuple(ours), sources=tuple(sources))
    for line in lines(share):
        for step in history(share, line):
            timeline.add(step)
    return timeline
