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
from urllib.parse import urlencode

from ftbench.analysis.conditions import Notice, run_notices
from ftbench.analysis.names import cell_name, metric_name, remark
from ftbench.analysis.verdicts import Base, JudgedSeries, Step, environments, history
from ftbench.facts.arms import ARMS, Arm
from ftbench.files import safe_name
from ftbench.probe.scenarios.must_scale import LEDGER
from ftbench.releases import Release
from ftbench.report.effects import CellEffect, cells_of
from ftbench.report.sections import GROUPS
from ftbench.report.words import by_duel
from ftbench.results import Figure, Machine, ResultFile, ResultTree
from ftbench.results.selection import Rig
from ftbench.statistics.spread import Interval
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
        """The metric in words: "wall time per unit of work, 2 workers"."""
        return metric_name(self.benchmark)

    @property
    def label(self) -> str:
        """The parameters in words: "threads, 8 workers, empty task"."""
        return cell_name(dict(self.params)) or "no parameters"

    def remark(self, says: str | None) -> str:
        """What else is to be said of the metric, whose benchmark says this."""
        return remark(self.benchmark, says or "")

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
        return key_of(self.benchmark, self.params)


def key_of(benchmark: str, params: Iterable[tuple[str, str]]) -> str:
    """Return a series' short name for addresses."""
    words = repr((benchmark, tuple(params)))
    return f"s-{hashlib.sha256(words.encode()).hexdigest()[:10]}"


def samples_of(figure: Figure) -> str:
    """Return where the samples of a figure are shown, relative to the site's own folder."""
    name = safe_name(figure.benchmark.partition(".")[0])
    asked = urlencode({"arm": figure.arm.name, "release": figure.release.name})
    row = key_of(figure.benchmark, figure.params.items())
    return f"releases/{Rig.place_of(figure).slug}/series-{name}.html?{asked}#{row}"


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


def scenarios_in_words(names: Iterable[str]) -> str:
    """Return the titles of scenarios, of most of all those that lack: "all scenarios but One"."""
    ours = dict.fromkeys(scenario_titles(name)[1] for name in names)
    lacking = [title for _, title in _GROUPS.values() if title not in ours]
    if len(ours) <= len(lacking):
        return ", ".join(ours)
    return f"all scenarios{' but ' if lacking else ''}{', '.join(lacking)}"


def coded(ratio: float) -> int:
    """Return a ratio as the data files have it: a whole number, `PRECISION` times its logarithm."""
    if ratio <= 0:
        return round(-_FARTHEST * PRECISION)
    return round(max(-_FARTHEST, min(math.log(ratio), _FARTHEST)) * PRECISION)


AGAINST: Final = (Base.BEFORE, Base.FEATURE)  # what a page of series judges against
# Of up to so many releases all pairs are judged, and of each so many cells are told.
_ALL_PAIRS: Final = 9
_MOST_CELLS: Final = 150
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
Group = tuple[str, str]
"""A scenario and a ledger of it, "" where it has none."""


@dataclass(slots=True)
class Spread:
    """The effects of a group of series: the words, and the logarithms of the ratios."""

    words: Counts = field(default_factory=Counter)
    logs: list[float] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """The geometric mean of the effects."""
        return math.exp(math.fsum(self.logs) / len(self.logs))

    @property
    def ends(self) -> Interval:
        """The smallest and the largest effect."""
        return Interval(low=math.exp(min(self.logs)), high=math.exp(max(self.logs)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What one step's verdicts come to; `floors`: whether any series had one, or a duel."""

    arm: Arm
    against: Base
    release: Release
    base: Release
    counts: Counts
    groups: Mapping[Group, Spread]
    cells: Sequence[CellEffect]  # the loudest
    left: int  # how many more there are
    by_chance: float
    rate: float
    only_before: int
    only_after: int
    floors: bool


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
    tallies: dict[tuple[Release, str, Release], Tally] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)
    series_by: Mapping[int, Series] = field(default_factory=dict)  # by a figure's id

    @cached_property
    def place_of(self) -> dict[Release, int]:
        """The place of each release."""
        return {release: place for place, release in enumerate(self.releases)}

    @property
    def newest(self) -> Release:
        """The last release."""
        return self.releases[-1]

    def bases_of(self, release: Release) -> dict[Release, Base]:
        """Return what a release is judged against, the ones that its own page tells of first."""
        found = {of.base: of.against for of in self.tallies.values() if of.release == release}
        return dict(sorted(found.items(), key=lambda item: tuple(Base).index(item[1])))

    def tallies_of(self, release: Release, base: Release | None = None) -> list[Tally]:
        """Return the tallies of a release against one other, or the two that it has by itself."""
        bases = self.bases_of(release)
        ours = [base] if base else [each for each in bases if bases[each] in AGAINST]
        keys = ((release, arm.name, each) for each in ours for arm in self.arms)
        return [self.tallies[key] for key in keys if key in self.tallies]

    def notices(self, release: Release, base: Release | None = None) -> Iterator[Notice]:
        """Yield what a reader must know before believing a verdict of a release."""
        ours = [source for source in self.sources if source.release == release]
        yield from run_notices(
            self.rig.profile, ": without a duel next to nothing can be decided.", ours
        )
        tallies = self.tallies_of(release, base)
        if tallies and all(tally.counts.keys() == {Word.ELSEWHERE} for tally in tallies):
            yield Notice(
                title="No run measured it together with an older one.",
                text="The machine may have changed in between, and nothing is decided here. The "
                "command asv run with --interleave-rounds measures several releases by turns.",
            )
        elif tallies and not any(tally.floors for tally in tallies):
            yield Notice(
                title="This machine has no noise floor.",
                text="Without one a change cannot be told from noise, and nothing is decided "
                "here. The command ftbench noise measures it.",
            )
        for other in dict.fromkeys(tally.base for tally in tallies):
            flags, others = self._flags(release), self._flags(other)
            told = {release: flags - others, other: others - flags}
            if apart := [
                f"only {each.name} was built with {' '.join(sorted(own))}"
                for each, own in told.items()
                if own
            ]:
                text = "; ".join(apart)
                yield Notice(
                    title="The builds have different compiler flags.",
                    text=f"{text[0].upper()}{text[1:]}. That is configure's own default in one "
                    "release, or somebody asked for it; what it costs is in every figure here.",
                )

    def _flags(self, release: Release) -> set[str]:
        builds = (
            each for source in self.sources if source.release == release for each in source.builds
        )
        return {flag for build in builds for flag in build.get("code_flags", ())}

    def add(self, steps: Iterable[Step]) -> None:
        """Take in an environment's steps, the oldest first."""
        for step in steps:
            groups: dict[Group, Spread] = defaultdict(Spread)
            family, arm = step.comparison, step.environment.arm
            number = [each.name for each in self.arms].index(arm.name)
            place, cells = self.place_of[step.release], cells_of(family.judgements)
            for judgement in family.judgements:
                series = self.series_by[id(judgement.after)]
                spread = groups[series.scenario, series.ledger]
                spread.words[judgement.verdict.word] += 1
                if (effect := judgement.verdict.effect) and 0 < effect.value < math.inf:
                    spread.logs.append(math.log(effect.value))
                if step.against not in AGAINST:
                    continue
                told = filter(None, (by_duel(judgement.verdict), judgement.verdict.why))
                why = self.texts.setdefault(": ".join(told), len(self.texts))
                tracks = self.tracks[series][number]
                against = AGAINST.index(step.against)
                track = tracks[against] = tracks[against] or Track()
                track.note(place, judgement, why)
            self.tallies[step.release, arm.name, step.base] = Tally(
                arm=arm,
                against=step.against,
                release=step.release,
                base=step.base,
                counts=sum((each.words for each in groups.values()), Counter()),
                groups=groups,
                cells=cells[:_MOST_CELLS],
                left=len(cells[_MOST_CELLS:]),
                by_chance=family.by_chance,
                rate=family.rate,
                only_before=len(family.only_before),
                only_after=len(family.only_after),
                floors=any(each.verdict.floor or each.duel for each in family.judgements),
            )


def timeline_of(rig: Rig, tree: ResultTree) -> Timeline:
    """Return the timeline of a rig; `tree` has results of no other."""
    named = {source.arm.name for source in tree.sources}
    arms = tuple(arm for arm in ARMS if arm.name in named)
    releases = tuple(sorted({source.release for source in tree.sources}))
    series_by, figures = _tables(tree.figures, arms, releases)
    timeline = Timeline(
        rig=rig,
        machine=tree.machine(rig.machine),
        sources=tree.sources,
        releases=releases,
        arms=arms,
        series=in_order(figures),
        figures=figures,
        tracks={series: [[None] * len(AGAINST) for _ in arms] for series in figures},
        said=tree.descriptions,
        series_by=series_by,
    )
    for environment in environments(tree):
        every = len(releases) <= _ALL_PAIRS
        timeline.add(history(tree, environment, every=every))
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
