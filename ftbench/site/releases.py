"""Writes Releases: what each release of CPython changed, series by series, and the data behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import urlencode

from ftbench.analysis.verdicts import Base
from ftbench.facts.units import SAME
from ftbench.files import safe_name
from ftbench.releases import Release
from ftbench.report.effects import SUSPECT, CellEffect
from ftbench.report.words import judged
from ftbench.results import ResultTree, State, Unreadable
from ftbench.results.selection import Rig, rigs, shares, without_unasked
from ftbench.site import frame, release_data
from ftbench.site.menus import Item, Menu, elsewhere, menus, release_menu
from ftbench.site.price import trends
from ftbench.site.timeline import (
    AGAINST,
    Counts,
    Series,
    Spread,
    Tally,
    Timeline,
    scenario_titles,
    scenarios_in_words,
    timeline_of,
)
from ftbench.statistics.verdict import Word

SCRIPT: Final = "releases/releases.js"
# More rows than this are left to the script: a page must stay light.
_MOST_ROWS: Final = 800
_MOST_OPEN: Final = 3
_MOST_CELLS: Final = 150
_MOST_ENTRIES: Final = 100  # of the feed


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the pages of one rig lie, all relative to the site's own folder."""

    rig: Rig
    newest: Release
    first: bool  # the rig whose newest release has the first page
    scenarios: Mapping[str, set[Release]]  # that it has results of, and the releases measured

    @property
    def folder(self) -> str:
        """The rig's own folder."""
        return f"releases/{self.rig.slug}"

    def release(self, release: Release, base: Release | None = None) -> str:
        """Return where the page of a release lies, or of it against one other."""
        if base:
            return f"{self.folder}/{release.name}-against-{base.name}.html"
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

    def cell(self, series: Series, tally: Tally) -> str:
        """Return the address of one verdict; without a script it leads to the row of its series."""
        asked = {"arm": tally.arm.name, "release": tally.release.name}
        against = {"against": AGAINST.index(tally.against)} if tally.against in AGAINST else {}
        return f"{self.scenario(series.scenario)}?{urlencode(asked | against)}#{series.key}"


@dataclass(frozen=True, kw_only=True)
class ReleasePage:
    """The page of one release of a timeline, or of it against one `base`."""

    words: ClassVar = tuple(Word)
    bases: ClassVar = AGAINST
    same: ClassVar = SAME
    suspect: ClassVar = SUSPECT

    timeline: Timeline
    release: Release
    base: Release | None
    trends: Sequence[tuple[str, str, str]]  # the name of each picture, its title, and itself
    addresses: Addresses
    menus: tuple[Menu, ...]
    more: tuple[Item, ...]  # what other profiles have of the release
    warnings: tuple[Unreadable, ...]

    @property
    def title(self) -> str:
        machine = self.timeline.rig.machine
        against = f" against {self.base.name}" if self.base else ""
        return f"What CPython {self.release.name} changed{against} on {machine}"

    @cached_property
    def tallies(self) -> list[Tally]:
        """What is judged here, base by base and arm by arm."""
        return self.timeline.tallies_of(self.release, self.base)

    @property
    def answers(self) -> Iterator[tuple[Base, list[str], Counts]]:
        """The answer against each kind of base: its releases, and counts of words."""
        for against, tallies in groupby(self.tallies, key=lambda tally: tally.against):
            ours = list(tallies)
            bases = list(dict.fromkeys(tally.base.name for tally in ours))
            yield against, bases, sum((tally.counts for tally in ours), Counter[Word]())

    @property
    def compared(self) -> str:
        """The scenarios whose series are judged here."""
        return scenarios_in_words(name for tally in self.tallies for name, _ in tally.groups)

    @cached_property
    def cells(self) -> list[tuple[Tally, Series, CellEffect]]:
        """The loudest cells: alarms, then what is suspect, then by effect over noise."""
        series_by = self.timeline.series_by
        every = [
            (tally, series_by[id(cell.first.after)], cell)
            for tally in self.tallies
            for cell in tally.cells
        ]
        return sorted(every, key=lambda each: each[2].rank)[:_MOST_CELLS]

    @property
    def left(self) -> int:
        """How many cells are on the pages of their scenarios alone."""
        return sum(len(each.cells) + each.left for each in self.tallies) - len(self.cells)

    @property
    def judged(self) -> str:
        """What the alarms are on: the source, or these builds."""
        return judged(each.first for *_, each in self.cells if each.first.verdict.alarm)

    @property
    def scenarios(self) -> list[tuple[str, str, str, int, dict[Release, list[Spread | None]]]]:
        """Each scenario and ledger: its titles, its name, its number of series, and their spread.

        That is by the base, and in it arm by arm.
        """
        numbers = Counter((series.scenario, series.ledger) for series in self.timeline.series)
        found = {(tally.base, tally.arm.name): tally.groups for tally in self.tallies}
        bases = dict.fromkeys(tally.base for tally in self.tallies)
        return [
            (
                *(kind, ": ".join(filter(None, (title, group[1]))), group[0], number),
                {
                    base: [found.get((base, arm.name), {}).get(group) for arm in self.timeline.arms]
                    for base in bases
                },
            )
            for group, number in numbers.items()
            for kind, title in [scenario_titles(group[0])]
        ]


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
    more: tuple[Item, ...]  # the releases that other profiles have of the scenario
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

    @property
    def left(self) -> int:
        """How many series are left to the script."""
        return max(len(self.files[0]) - _MOST_ROWS, 0)


def write_releases(tree: ResultTree, html_dir: Path) -> tuple[Path, ...]:
    """Write `releases.html` and what it leads to; return the paths, the first page first."""
    every = rigs(tree)
    if not every:
        return frame.write_empty(html_dir, "releases", tree)
    addresses = {
        rig: Addresses(
            rig=rig,
            newest=max(source.release for source in share.sources),
            first=rig == every[0],
            scenarios=_measured(without_unasked(share)),
        )
        for rig, share in shares(tree, every)
    }
    paths: list[Path] = []
    entries: list[dict[str, str]] = []
    for rig, share in shares(tree, every):
        ours = without_unasked(share)
        timeline = timeline_of(rig, ours)
        paths += _write_release_pages(timeline, addresses, ours, html_dir)
        paths += _write_scenarios(timeline, addresses, html_dir)
        entries += _entries(timeline, addresses[rig])
    entries.sort(key=lambda each: each["updated"], reverse=True)
    feed = {"entries": entries[:_MOST_ENTRIES]}
    paths.append(frame.write_page(html_dir, "releases.xml", "releases", feed, "releases.xml.j2"))
    return (*paths, frame.write_script(html_dir, SCRIPT))


def _measured(tree: ResultTree) -> dict[str, set[Release]]:
    """Return the scenarios that were asked for, each with the releases that have figures of it."""
    found: dict[str, set[Release]] = {}
    for figure in tree.figures:
        releases = found.setdefault(figure.benchmark.partition(".")[0], set())
        if figure.state is State.MEASURED:
            releases.add(figure.release)
    return found


def _entries(timeline: Timeline, ours: Addresses) -> Iterator[dict[str, str]]:
    """Yield the alarms that nobody has acknowledged, of releases against the usual two."""
    begun = {
        source.release: max(start.at for start in source.starts)
        for source in timeline.sources
        if source.starts
    }
    for tally in timeline.tallies.values():
        for cell in tally.cells if tally.against in AGAINST else ():
            if cell.first.verdict.alarm and not cell.first.note:
                href = ours.cell(timeline.series_by[id(cell.first.after)], tally)
                at = begun.get(tally.release, datetime.fromtimestamp(0, UTC))
                title = f"{tally.release.name} against {tally.base.name}: {cell.sentence}"
                words = f"{title} ({timeline.rig.machine})"
                yield {
                    "title": "".join(each if each.isprintable() else " " for each in words),
                    "id": f"urn:ftbench:{href}:{tally.base.name}",
                    "href": href,
                    "updated": at.astimezone(UTC).isoformat(timespec="seconds"),
                }


def _write_release_pages(
    timeline: Timeline, addresses: Mapping[Rig, Addresses], tree: ResultTree, html_dir: Path
) -> Iterator[Path]:
    ours = addresses[timeline.rig]
    others = menus(timeline.rig, {rig: of.release(of.newest) for rig, of in addresses.items()})
    drawn = tuple(trends(tree, timeline.machine))
    for release in reversed(timeline.releases):
        bases = timeline.bases_of(release)
        usual = _usual(bases)
        lacking = {
            rig: [
                scenario_titles(name)[1]
                for name, measured in of.scenarios.items()
                if release in measured - ours.scenarios.get(name, set())
                or (not bases and release in measured and min(measured) < release)
            ]
            for rig, of in addresses.items()
        }
        others_of = {rig: of.release(release) for rig, of in addresses.items()}
        for base in (None, *(base for base in bases if len(bases) > 1 and [base] != usual)):
            page = ReleasePage(
                timeline=timeline,
                release=release,
                base=base,
                trends=drawn,
                addresses=ours,
                menus=(
                    *others,
                    release_menu(timeline.releases, release, ours.release),
                    *_base_menu(release, base, bases, ours),
                ),
                more=elsewhere(timeline.rig, others_of, lacking),
                warnings=tree.warnings if release == timeline.newest else (),
            )
            yield frame.write_page(html_dir, ours.release(release, base), "releases", page)


def _usual(bases: Mapping[Release, Base]) -> list[Release]:
    """Return the releases that the page of one by itself compares it with."""
    return [base for base, kind in bases.items() if kind in AGAINST]


def _base_menu(
    release: Release, current: Release | None, bases: Mapping[Release, Base], ours: Addresses
) -> Iterator[Menu]:
    """Yield the menu of what a release may be compared with, where there is a choice."""
    own = _usual(bases)
    text = ", ".join(base.name for base in own) or "its own"
    items = [Item(text=text, href=ours.release(release), current=current is None)]
    items += [
        Item(text=base.name, href=ours.release(release, base), current=base == current)
        for base in sorted(bases, reverse=True)
        if [base] != own
    ]
    if len(bases) > 1:
        yield Menu(title="Against", items=tuple(items))


def _write_scenarios(
    timeline: Timeline, addresses: Mapping[Rig, Addresses], html_dir: Path
) -> Iterator[Path]:
    ours = addresses[timeline.rig]

    def write(name: str, content: object) -> Path:
        return frame.write(html_dir / ours.data(name), release_data.script(name, content))

    yield write("rig", release_data.rig(timeline))
    for scenario, group in groupby(timeline.series, key=lambda series: series.scenario):
        every, named, known = list(group), safe_name(scenario), ours.scenarios[scenario]
        verdicts = release_data.verdict_files(named, every, timeline)
        samples = release_data.sample_files(named, every, timeline)
        for name, series in verdicts.items():
            yield write(name, release_data.verdicts(series, timeline))
        for name, series in samples.items():
            yield write(name, release_data.samples(series, timeline))
        others = {rig: of.scenario(scenario) for rig, of in addresses.items()}
        lacking = {
            rig: [each.name for each in sorted(of.scenarios.get(scenario, set()) - known)]
            for rig, of in addresses.items()
        }
        page = ScenarioPage(
            scenario=scenario,
            timeline=timeline,
            addresses=ours,
            menus=menus(timeline.rig, others),
            more=elsewhere(timeline.rig, others, lacking),
            files=(release_data.file_of(verdicts), release_data.file_of(samples)),
        )
        address = ours.scenario(scenario)
        yield frame.write_page(html_dir, address, "releases", page, "releases-scenario.html.j2")
