"""The timeline of one rig: its releases and series, and of each arm the verdicts in columns.

A rig of sixty releases has two hundred thousand verdicts: they are kept as whole numbers, as the
data files have them, and as value types only where a page tells them in words.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from ftbench.analysis.conditions import Notice, run_notices
from ftbench.analysis.verdicts import Base, JudgedSeries, Step, environments, history
from ftbench.facts.arms import ARMS, Arm
from ftbench.probe.scenarios.must_scale import LEDGER
from ftbench.releases import Release
from ftbench.report.sections import GROUPS
from ftbench.report.words import by_duel
from ftbench.results import Figure, Machine, ResultFile, ResultTree
from ftbench.results.selection import Rig
from ftbench.statistics.verdict import Word

_GROUPS: Final = {
    section.name: (group.title, section.title) for group in GROUPS for section in group.sections
}
_ORDER: Final = list(_GROUPS)
_LEDGERS: Final = list(dict.fromkeys(entry.ledger for entry in LEDGER.values()))
_SCENARIO_OF_LEDGERS: Final = "must_scale"


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """One benchmark with its parameters fixed, in the benchmark's order; one object per series."""

    # Compared as what they are: by what is in them is too slow for a hundred thousand times.
    benchmark: str
    params: tuple[tuple[str, str], ...]

    @cached_property
    def scenario(self) -> str:
        """The scenario's name, `must_scale`."""
        return self.benchmark.partition(".")[0]

    @property
    def metric(self) -> str:
        """The metric's name in words: "relative 2"."""
        name = self.benchmark.rpartition(".")[2]
        return name.removeprefix("track_").removeprefix("time_").replace("_", " ")

    @property
    def label(self) -> str:
        """The parameters in words: "threads, workers 8, task empty"."""
        words = [value if name == "mode" else f"{name} {value}" for name, value in self.params]
        return ", ".join(words) or "no parameters"

    @property
    def words(self) -> str:
        """The ledger, the metric and the parameters."""
        return ": ".join(filter(None, [self.ledger, self.metric, self.label]))

    @property
    def scenario_title(self) -> str:
        """What the pages call the scenario."""
        return scenario_titles(self.scenario)[1]

    @property
    def ledger(self) -> str:
        """The ledger of its pattern, "" where its scenario has none."""
        if self.scenario != _SCENARIO_OF_LEDGERS:
            return ""
        entry = LEDGER.get(dict(self.params).get("pattern", ""))
        return entry.ledger if entry else ""

    @cached_property
    def key(self) -> str:
        """A short name for addresses, the same whatever else is measured."""
        words = repr((self.benchmark, self.params))
        return f"s-{hashlib.sha256(words.encode()).hexdigest()[:10]}"


def in_order(every: Iterable[Series]) -> list[Series]:
    """Return series as they are read: by scenario, metric and ledger, then as they came."""
    return sorted(
        every,
        key=lambda each: (
            _ORDER.index(each.scenario) if each.scenario in _ORDER else len(_ORDER),
            each.benchmark,
            _LEDGERS.index(each.ledger) if each.ledger else -1,
        ),
    )


def scenario_titles(name: str) -> tuple[str, str]:
    """Return the titles of a scenario's group and of itself; one that is not ours has its name."""
    return _GROUPS.get(name, ("Further", name))


def coded(ratio: float) -> int:
    """Return a ratio as the data files have it: a whole number, `PRECISION` times its logarithm."""
    if ratio <= 0:
        return round(-_FARTHEST * PRECISION)
    return round(max(-_FARTHEST, min(math.log(ratio), _FARTHEST)) * PRECISION)


AGAINST: Final = tuple(Base)
# In the order of the data files: a verdict's place here is its code there.
WORDS: Final = tuple(Word)
# In the data an effect is a whole number: this often its natural logarithm.
PRECISION: Final = 10_000
_FARTHEST: Final = 50.0
_CODES: Final = {word: code for code, word in enumerate(WORDS)}

CodedVerdict = tuple[int, int | None, int | None, int | None, int | None, int | None, int]
"""The code of its word, effect, its ends, floor, needs, and the number of the timeline's why."""


@dataclass(slots=True)
class Track:
    """The verdicts of one series on one arm against one kind of base, and its efforts.

    Both are by the place in the timeline's releases, rising.
    """

    verdicts: dict[int, CodedVerdict] = field(default_factory=dict)
    efforts: dict[int, tuple[tuple[str, float, float], ...]] = field(default_factory=dict)

    def note(self, place: int, judgement: JudgedSeries, why: int) -> None:
        """Take in the verdict of a release that is newer than all before it."""
        verdict = judgement.verdict
        effect, floor = verdict.effect, verdict.floor
        interval = effect.interval if effect else None
        if judgement.efforts:
            efforts = judgement.efforts.items()
            self.efforts[place] = tuple((kind, *values) for kind, values in efforts)
        self.verdicts[place] = (
            _CODES[verdict.word],
            coded(effect.value) if effect else None,
            coded(interval.low) if interval else None,
            coded(interval.high) if interval else None,
            coded(1 + floor.effect) if floor else None,
            verdict.needs,
            why,
        )

    def at(self, place: int) -> tuple[Word, float | None] | None:
        """Return the verdict of a release and its effect, None where it has no verdict."""
        if place not in self.verdicts:
            return None
        word, effect, *_ = self.verdicts[place]
        return WORDS[word], None if effect is None else math.exp(effect / PRECISION)


Counts = Counter[Word]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What one step's verdicts come to; `floors`: whether any series had one, or a duel."""

    arm: Arm
    against: Base
    release: Release
    base: Release
    counts: Counts
    scenarios: dict[str, Counts]
    by_chance: float
    rate: float
    only_before: int
    only_after: int
    floors: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A verdict that somebody should look at, and the tally of its step."""

    tally: Tally
    series: Series
    judgement: JudgedSeries

    @property
    def size(self) -> float:
        """The effect as a ratio."""
        effect = self.judgement.verdict.effect
        return effect.value if effect else 1.0


@dataclass(kw_only=True)
class Timeline:
    """Everything of one rig that the pages show; releases are sorted, the oldest first."""

    rig: Rig
    machine: Machine | None
    sources: Sequence[ResultFile]
    releases: tuple[Release, ...]
    arms: tuple[Arm, ...]
    series: list[Series]
    # A table for each series: arm by arm, in it release by release, or by kind of base.
    figures: dict[Series, list[list[Figure | None]]]
    tracks: dict[Series, list[list[Track | None]]]
    tallies: dict[tuple[Release, str, Base], Tally] = field(default_factory=dict)
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

    def tallies_of(self, release: Release) -> list[Tally]:
        """Return the tallies of a release, base by base and arm by arm."""
        keys = ((release, arm.name, against) for against in AGAINST for arm in self.arms)
        return [self.tallies[key] for key in keys if key in self.tallies]

    def notices(self, release: Release) -> Iterator[Notice]:
        """Yield what a reader must know before believing a verdict of a release."""
        ours = [source for source in self.sources if source.release == release]
        yield from run_notices(self.rig.profile, ": next to nothing can be decided.", ours)
        tallies = self.tallies_of(release)
        if tallies and all(tally.counts.keys() == {Word.ELSEWHERE} for tally in tallies):
            yield Notice(
                title="No run measured it together with an older one.",
                text="The machine may have changed in between, and nothing is decided here. The "
                "command asv run with --interleave-rounds measures several releases by turns.",
            )
        elif tallies and not any(tally.floors for tally in tallies):
            yield Notice(
                title="This machine has no noise floor.",
                text="Without one nobody can tell a change from noise, and nothing is decided "
                "here. The command ftbench noise measures it.",
            )

    def add(self, steps: Iterable[Step], series_by: Mapping[int, Series]) -> None:
        """Take in an environment's steps, the oldest first; `series_by` is by a figure's id."""
        for step in steps:
            scenarios: dict[str, Counts] = defaultdict(Counter)
            family, arm = step.comparison, step.environment.arm
            number = [each.name for each in self.arms].index(arm.name)
            against, place = AGAINST.index(step.against), self.place_of[step.release]
            for judgement in family.judgements:
                series = series_by[id(judgement.after)]
                scenarios[series.scenario][judgement.verdict.word] += 1
                told = filter(None, (by_duel(judgement.verdict), judgement.verdict.why))
                why = self.texts.setdefault(": ".join(told), len(self.texts))
                tracks = self.tracks[series][number]
                track = tracks[against] = tracks[against] or Track()
                track.note(place, judgement, why)
            tally = self.tallies[step.release, arm.name, step.against] = Tally(
                arm=arm,
                against=step.against,
                release=step.release,
                base=step.base,
                counts=sum(scenarios.values(), Counter()),
                scenarios=scenarios,
                by_chance=family.by_chance,
                rate=family.rate,
                only_before=len(family.only_before),
                only_after=len(family.only_after),
                floors=any(each.verdict.floor or each.duel for each in family.judgements),
            )
            self.alarms.setdefault(step.release, []).extend(
                Alarm(tally=tally, series=series_by[id(each.after)], judgement=each)
                for each in family.judgements
                if each.verdict.alarm
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
        said=tree.descriptions,
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
