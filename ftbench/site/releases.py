"""Writes Releases: what each release of CPython changed, series by series, and the data behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import urlencode

from ftbench.analysis.verdicts import Base
from ftbench.facts.arms import Arm
from ftbench.facts.units import SAME
from ftbench.files import safe_name
from ftbench.releases import Release
from ftbench.report.words import judged
from ftbench.results import ResultTree, Unreadable
from ftbench.results.selection import Rig, rigs, shares, without_unasked
from ftbench.site import frame, release_data
from ftbench.site.menus import Menu, menus, release_menu
from ftbench.site.timeline import (
    AGAINST,
    Alarm,
    Counts,
    Series,
    Timeline,
    scenario_titles,
    timeline_of,
)
from ftbench.statistics.verdict import Word

SCRIPT: Final = "releases/releases.js"
# More rows than this are left to the script: a page must stay light.
_MOST_ROWS: Final = 800
_MOST_OPEN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the pages of one rig lie, all relative to the site's own folder."""

    rig: Rig
    newest: Release
    first: bool  # the rig whose newest release has the first page
    scenarios: frozenset[str]  # that it has results of

    @property
    def folder(self) -> str:
        """The rig's own folder."""
        return f"releases/{self.rig.slug}"

    def release(self, release: Release) -> str:
        """Return where the page of a release lies."""
        if self.first and release == self.newest:
            return "releases.html"
        return f"{self.folder}/{release.name}.html"

    def scenario(self, scenario: str) -> str:
        """Return where the page of a scenario lies, or without it that of the newest release."""
        if scenario not in self.scenarios:
            return self.release(self.newest)
        return f"{self.folder}/series-{safe_name(scenario)}.html"

    def data(self, name: str) -> str:
        """Return where a file of data lies."""
        return f"{self.folder}/data/{name}.js"

    def cell(self, series: Series, arm: Arm, release: Release, against: Base) -> str:
        """Return the address of one verdict; without a script it leads to the row of its series."""
        asked = {"arm": arm.name, "release": release.name, "against": AGAINST.index(against)}
        return f"{self.scenario(series.scenario)}?{urlencode(asked)}#{series.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePage:
    """The page of one release of a timeline."""

    words: ClassVar = tuple(Word)
    bases: ClassVar = AGAINST
    same: ClassVar = SAME

    timeline: Timeline
    release: Release
    addresses: Addresses
    menus: tuple[Menu, ...]
    warnings: tuple[Unreadable, ...]

    @property
    def title(self) -> str:
        machine = self.timeline.rig.machine
        return f"What CPython {self.release.name} changed on {machine}"

    @property
    def answers(self) -> Iterator[tuple[Base, list[str], Counts, float]]:
        """The answer against each kind of base: its releases, counts of words, alarms by chance."""
        every = self.timeline.tallies_of(self.release)
        for against, tallies in groupby(every, key=lambda tally: tally.against):
            ours = list(tallies)
            bases = list(dict.fromkeys(tally.base.name for tally in ours))
            counts = sum((tally.counts for tally in ours), Counter[Word]())
            yield against, bases, counts, sum(tally.by_chance for tally in ours)

    def alarms(self, word: Word) -> list[Alarm]:
        """Return the alarms of one kind, the largest first."""
        alarms = self.timeline.alarms.get(self.release, [])
        ours = [alarm for alarm in alarms if alarm.judgement.verdict.word is word]
        return sorted(ours, key=lambda alarm: alarm.size, reverse=word is Word.WORSE)

    @property
    def judged(self) -> str:
        """What the alarms are on: the source, or these builds."""
        return judged(each.judgement for each in self.timeline.alarms.get(self.release, []))

    @property
    def scenarios(self) -> list[tuple[str, str, str, int]]:
        """The scenarios: the group, the title and the name of each, and how many series it has."""
        numbers = Counter(series.scenario for series in self.timeline.series)
        return [(*scenario_titles(name), name, number) for name, number in numbers.items()]

    def of_scenario(self, scenario: str, arm: Arm) -> list[Counts]:
        """Return the counts of a scenario's verdicts on one arm, against each base there is."""
        tallies = self.timeline.tallies_of(self.release)
        return [each.scenarios.get(scenario, Counter()) for each in tallies if each.arm == arm]


@dataclass(slots=True)
class Block:
    """The series of one metric, and of one ledger where there are ledgers."""

    # The newest release's, arm by arm and base by base: a word and its effect each.
    verdicts: Mapping[Series, Sequence[tuple[Word, float | None] | None]]
    open: bool = False

    @property
    def first(self) -> Series:
        """Its first series, whose benchmark and ledger are those of all."""
        return next(iter(self.verdicts))

    @property
    def alarms(self) -> list[tuple[Word, int]]:
        """How many series are worse and better, if any are."""
        words = Counter(each[0] for row in self.verdicts.values() for each in row if each)
        return [(word, words[word]) for word in (Word.WORSE, Word.BETTER) if words[word]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioPage:
    """The series of one scenario: the newest release; a script draws the others from the data."""

    words: ClassVar = tuple(Word)
    script: ClassVar = SCRIPT

    scenario: str
    timeline: Timeline
    addresses: Addresses
    menus: tuple[Menu, ...]
    # Of each series the names of its files of verdicts and of samples.
    files: tuple[Mapping[Series, str], Mapping[Series, str]]

    @property
    def heading(self) -> str:
        return scenario_titles(self.scenario)[1]

    @property
    def title(self) -> str:
        machine = self.timeline.rig.machine
        return f"{self.heading}, release by release, on {machine}"

    @property
    def bases(self) -> dict[Base, list[str]]:
        """What the newest release is compared with, by the kind of base."""
        every = groupby(self.timeline.tallies_of(self.timeline.newest), lambda each: each.against)
        return {
            against: list(dict.fromkeys(each.base.name for each in tallies))
            for against, tallies in every
        }

    @property
    def blocks(self) -> list[Block]:
        """The series metric by metric; the first few with alarms are open, or else the first."""
        newest, bases = len(self.timeline.releases) - 1, self.bases
        groups: dict[tuple[str, str], dict[Series, list[tuple[Word, float | None] | None]]] = {}
        for series in list(self.files[0])[:_MOST_ROWS]:
            groups.setdefault((series.benchmark, series.ledger), {})[series] = [
                track.at(newest) if (track := of_arm[AGAINST.index(against)]) else None
                for of_arm in self.timeline.tracks[series]
                for against in bases
            ]
        blocks = list(map(Block, groups.values()))
        for block in [block for block in blocks if block.alarms][:_MOST_OPEN] or blocks[:1]:
            block.open = True
        return blocks

    def graph(self, series: Series) -> str:
        """Return asv's graph of a series, of the last figure that there is."""
        arms = self.timeline.figures[series]
        return next(figure.graph for of_arm in arms for figure in reversed(of_arm) if figure)

    @property
    def left(self) -> int:
        """How many series are left to the script."""
        return max(len(self.files[0]) - _MOST_ROWS, 0)


def write_releases(tree: ResultTree, html_dir: Path) -> tuple[Path, ...]:
    """Write `releases.html` and what it leads to; return the paths, the first page first."""
    every = rigs(tree)
    if not every:
        return frame.write_empty(html_dir, "releases", tree)
    trees = {rig: without_unasked(share) for rig, share in shares(tree, every).items()}
    addresses = {
        rig: Addresses(
            rig=rig,
            newest=max(source.release for source in tree.sources),
            first=rig == every[0],
            scenarios=frozenset(figure.benchmark.partition(".")[0] for figure in tree.figures),
        )
        for rig, tree in trees.items()
    }
    paths: list[Path] = []
    for rig, ours in trees.items():
        timeline = timeline_of(rig, ours)
        paths += _write_release_pages(timeline, addresses, ours, html_dir)
        paths += _write_scenarios(timeline, addresses, html_dir)
    script = (resources.files("ftbench.site") / "templates" / "releases.js").read_text("utf-8")
    return (*paths, frame.write(html_dir / SCRIPT, script))


def _write_release_pages(
    timeline: Timeline, addresses: Mapping[Rig, Addresses], tree: ResultTree, html_dir: Path
) -> Iterator[Path]:
    ours = addresses[timeline.rig]
    others = menus(timeline.rig, {rig: of.release(of.newest) for rig, of in addresses.items()})
    for release in reversed(timeline.releases):
        page = ReleasePage(
            timeline=timeline,
            release=release,
            addresses=ours,
            menus=(*others, release_menu(timeline.releases, release, ours.release)),
            warnings=tree.warnings if release == timeline.newest else (),
        )
        yield frame.write_page(html_dir, ours.release(release), "releases", page)


def _write_scenarios(
    timeline: Timeline, addresses: Mapping[Rig, Addresses], html_dir: Path
) -> Iterator[Path]:
    ours = addresses[timeline.rig]

    def write(name: str, content: object) -> Path:
        return frame.write(html_dir / ours.data(name), release_data.script(name, content))

    yield write("rig", release_data.rig(timeline))
    for scenario, group in groupby(timeline.series, key=lambda series: series.scenario):
        every, named = list(group), safe_name(scenario)
        verdicts = release_data.verdict_files(named, every, timeline)
        samples = release_data.sample_files(named, every, timeline)
        for name, series in verdicts.items():
            yield write(name, release_data.verdicts(series, timeline))
        for name, series in samples.items():
            yield write(name, release_data.samples(series, timeline))
        page = ScenarioPage(
            scenario=scenario,
            timeline=timeline,
            addresses=ours,
            menus=menus(
                timeline.rig, {rig: of.scenario(scenario) for rig, of in addresses.items()}
            ),
            files=(release_data.file_of(verdicts), release_data.file_of(samples)),
        )
        address = ours.scenario(scenario)
        yield frame.write_page(html_dir, address, "releases", page, "releases-scenario.html.j2")
