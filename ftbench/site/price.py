"""Writes Price and gain: what free threading costs one thread, and what it brings to several."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar, Final, Self

from matplotlib.ticker import MaxNLocator

from ftbench.analysis.conditions import Notice, is_plain, run_notices
from ftbench.analysis.price import (
    CRUNCHING,
    MEMORY,
    MUST_NOT,
    MUST_SCALE,
    NATIVE,
    TAX,
    WORK,
    Measure,
    Point,
    Points,
    points_of,
    titled,
)
from ftbench.analysis.verdicts import evidence
from ftbench.facts.arms import ARMS, Arm
from ftbench.facts.units import digits, plural
from ftbench.releases import Release
from ftbench.results import Machine, ResultTree, State, Unreadable
from ftbench.results.figure import SeriesKey
from ftbench.results.selection import Rig, are_optimized, rigs, shares, without_unasked
from ftbench.site import frame, svg
from ftbench.site.filters import ratio_interval
from ftbench.site.menus import Item, Menu, elsewhere, menus

_HEIGHT: Final = 190
_LEFT: Final = 40
_RIGHT: Final = 14
# Of more releases than this only the first of each series is named.
_MOST_NAMED: Final = 7
_APART: Final = 0.16
_LARGE: Final = 7
_SMALL: Final = 4.5
# Names of rules lie to the right of the plot, so far apart; a character is so wide there.
_LINE: Final = 13
_CHARACTER: Final = 5.7
# The interval of two samples is so wide that it would leave no room for the marks.
_WIDEST: Final = 1.6


def draw_points(points: Points, *, name: str, rules: Sequence[tuple[float, str]]) -> str:
    """Return an SVG element, `name` unique on its page, with named dotted `rules` at values."""
    low, high = _range(points, rules)
    releases, arms = measured(points), arms_of(points)

    def height_of(value: float) -> float:
        return _HEIGHT * (high - min(max(value, low), high)) / (high - low)

    def paint(axes: Any) -> None:
        axes.set_xlim(-0.6, len(releases) - 0.4)
        axes.xaxis.set_visible(False)
        svg.keep_sides(axes, "bottom")
        for value in MaxNLocator(5, min_n_ticks=3).tick_values(low, high):
            if low <= value <= high:
                axes.axhline(height_of(value), color=svg.RULE, linewidth=0.6, zorder=0.5)
                svg.beside(axes, f"{value:g}", -7, height_of(value), ha="right", color=svg.MUTED)
        last = -math.inf
        for value, words in sorted(rules, reverse=True):
            last = max(height_of(value), last + _LINE)
            style = {"ha": "left", "va": "center", "color": svg.MUTED, "fontsize": 10}
            dotted = {"color": svg.MUTED, "linewidth": 1, "linestyle": (0, (2, 3)), "zorder": 0.6}
            axes.axhline(height_of(value), **dotted)
            svg.beside(axes, words, axes.bbox.width + 6, last, **style)
        _name_releases(axes, releases)
        for number, arm in enumerate(arms):
            dodge = (number - (len(arms) - 1) / 2) * _APART
            places = [
                (place + dodge, release, points[release, arm.name])
                for place, release in enumerate(releases)
                if (release, arm.name) in points
            ]
            _arm(axes, arm, places, height_of)

    right = max((_RIGHT, *(_RIGHT + len(words) * _CHARACTER for _, words in rules)))
    return svg.picture(paint, name=name, height=_HEIGHT, left=_LEFT, right=right)


def measured(points: Points) -> list[Release]:
    """Return the releases that have a point, the oldest first."""
    return sorted({release for release, _ in points})


def compared(points: Points) -> str:
    """Say what means are compared over where releases differ in their kernels, else ""."""
    said = []
    for arm in arms_of(points):
        ours = [point for (_, name), point in points.items() if name == arm.name]
        sizes = [len(point.kernels) for point in ours]
        if len({frozenset(point.kernels) for point in ours}) > 1:
            alike = len({frozenset(point.of) for point in ours}) == 1
            what = f"means are of the {len(ours[0].of)} kernels that all releases have"
            broken = "no line joins releases that differ in their kernels"
            said.append(
                f"{arm.label}: {what if alike else broken} ({min(sizes)} to {max(sizes)} each)."
            )
    return " ".join(said)


def newest_of_series(releases: Iterable[Release]) -> list[Release]:
    """Return the newest release of each series, the newest series first."""
    newest = {release.series: release for release in sorted(releases)}
    return sorted(newest.values(), reverse=True)


def arms_of(points: Points) -> list[Arm]:
    """Return the arms that have a point."""
    named = {name for _, name in points}
    return [arm for arm in ARMS if arm.name in named]


def _range(points: Points, rules: Sequence[tuple[float, str]]) -> tuple[float, float]:
    values = [point.mean.value for point in points.values()]
    values += [value for value, _ in rules]
    intervals = [point.mean.interval for point in points.values()]
    floors = [(point.mean.value, 1 + point.floor) for point in points.values() if point.floor]
    values += [each for value, times in floors for each in (value / times, value * times)]
    lows = [max(each.low, min(values) / _WIDEST) for each in intervals if each]
    highs = [min(each.high, max(values) * _WIDEST) for each in intervals if each]
    low, high = min([*values, *lows]), max([*values, *highs])
    room = (high - low or high) * 0.08
    return max(low - room, 0.0), high + room


def _arm(axes: Any, arm: Arm, places: Sequence[tuple[float, Release, Point]], height: Any) -> None:
    """Draw an arm's points: its marks are one artist, its lines two others."""
    size = _LARGE if len(places) <= _MOST_NAMED else _SMALL
    intervals = [
        [(place, height(end)) for end in (interval.low, interval.high)]
        for place, _, point in places
        if (interval := point.mean.interval)
    ]
    paths = [
        [(place, height(point.mean.value)) for place, _, point in of]
        for _, of in groupby(places, key=lambda each: (each[1].series, each[2].of))
    ]
    floors = [
        [(place, height(point.mean.value * times)) for times in (1 / (1 + floor), 1 + floor)]
        for place, _, point in places
        if (floor := point.floor)
    ]
    svg.lines(axes, floors, color=svg.RULE, linewidth=2 * size, zorder=0.8)
    for lines, width in ((intervals, size / 4), (paths, 0.8)):
        svg.lines(axes, lines, color=svg.colour_of(arm), linewidth=width)
    heights = [height(point.mean.value) for _, _, point in places]
    says = [
        f"{release.name}, {arm.label}: {digits(point.mean.value)} ({ratio_interval(point.mean)}), "
        f"{plural(len(point.of), 'kernel', 'kernels')}"
        for _, release, point in places
    ]
    svg.arm_marks(axes, [place for place, _, _ in places], heights, arm, size, says=says)


def _name_releases(axes: Any, releases: Sequence[Release]) -> None:
    few = len(releases) <= _MOST_NAMED
    for place, release in enumerate(releases):
        first = not place or releases[place - 1].series != release.series
        if place and first:
            axes.axvline(place - 0.5, color=svg.RULE, linewidth=0.6, zorder=0.5)
        if few or first:
            text = release.name if few else release.series
            axes.text(
                place, _HEIGHT + 7, text, ha="center" if few else "left", va="top", color=svg.MUTED
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A question, what its figures mean, and the measures that answer it: the first one shown."""

    name: str
    title: str
    question: str
    reading: str
    measures: tuple[Measure, ...]


TOPICS: Final = (
    Topic(
        name="tax",
        title="What one thread pays",
        question="How much longer does a program of one thread take on the free-threaded build?",
        reading="Time over the GIL build's at the same release: 1 is no tax, 1.1 is 10 % longer. "
        "With PYTHON_GIL=1 the free-threaded build still pays for how it was built, but not for "
        "running without a GIL. Where instructions are counted they tell whether it does more "
        "work or only takes longer, whatever the machine's noise; not what caches, branch misses "
        "and waiting cost.",
        measures=(TAX, WORK, MEMORY),
    ),
    Topic(
        name="crunching",
        title="What more threads gain in pure Python",
        question="How well does pure computing scale with each further thread?",
        reading="E(N) is the speed-up by N threads over N: 1 is ideal, 1 / N is taking turns. No "
        "more is possible than the number of cores over N.",
        measures=CRUNCHING,
    ),
    Topic(
        name="native",
        title="What more threads gain in native code",
        question="How well do calls scale that release the GIL, on any build?",
        reading="Hashing, compressing and queries: every build should come near the ideal. "
        "Choose also has NumPy and other libraries.",
        measures=NATIVE,
    ),
    Topic(
        name="must",
        title="Patterns that must scale",
        question="Do threads contend although the program shares nothing mutable?",
        reading="Below the ideal, a free-threaded CPython has room to improve. A "
        "pattern of which two processes, the control, are more than 5 % from 1.00 is left out; "
        "Contention inside CPython, on Choose, shows it, marked with †.",
        measures=MUST_SCALE,
    ),
    Topic(
        name="known-not",
        title="Patterns that are known not to scale",
        question="What does contention cost when threads change one object?",
        reading="Not held against CPython; less than 1 / N is worse than taking turns.",
        measures=MUST_NOT,
    ),
)
BENCHMARKS: Final = frozenset(measure.benchmark for topic in TOPICS for measure in topic.measures)
# The columns of the first table: a measure on its arms, or its first one where the GIL is off.
_HEADLINE: Final[tuple[tuple[str, Measure, Arm], ...]] = (
    *(("one thread, over the GIL build", TAX, arm) for arm in TAX.arms),
    *(("its instructions, same ratio", WORK, arm) for arm in WORK.arms),
    *(
        (f"E(2), {of}", measures[0], next(arm for arm in measures[0].arms if not arm.gil))
        for of, measures in (
            ("pure Python", CRUNCHING),
            ("native code", NATIVE),
            ("must scale", MUST_SCALE),
            ("known not to", MUST_NOT),
        )
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rigs:
    """The page of every rig of a tab, and which of the tab's series each has figures of."""

    addresses: Mapping[Rig, str]
    measured: Mapping[Rig, set[tuple[SeriesKey, Release, Arm]]]


@dataclass(frozen=True, kw_only=True)
class RigPage:
    """A page of one rig: its releases and their machine, its menus, and what must be known."""

    told: ClassVar[Sequence[Arm]] = ARMS  # the arms that it has figures of

    title: str
    rig: Rig
    every: Rigs
    machine: Machine | None
    releases: Sequence[Release]
    menus: tuple[Menu, ...]
    notices: tuple[Notice, ...]
    warnings: tuple[Unreadable, ...]

    @classmethod
    def of(cls, title: str, rig: Rig, every: Rigs, tree: ResultTree, **own: Any) -> Self:
        """Return the page that has its `own` fields besides; `tree` has results of no other rig."""
        return cls(
            title=f"{title} on {rig.machine}",
            rig=rig,
            every=every,
            machine=tree.machine(rig.machine),
            releases=sorted({source.release for source in tree.sources}),
            menus=menus(rig, every.addresses),
            notices=tuple(_notices(rig, tree)),
            warnings=tree.warnings,
            **own,
        )

    def more(self, measure: Measure) -> tuple[Item, ...]:
        """Return links to what other profiles have of a measure and this page lacks."""
        ours = self.every.measured[self.rig]
        lacking = {
            rig: {
                release
                for series, release, arm in found - ours
                if arm in measure.arms and arm in self.told and measure.takes(series)
            }
            for rig, found in self.every.measured.items()
        }
        parts = {rig: [each.name for each in sorted(every)] for rig, every in lacking.items()}
        return elsewhere(self.rig, self.every.addresses, parts)


@dataclass(frozen=True, kw_only=True)
class Page(RigPage):
    """Price and gain of one rig; `points` are by the name of their measure."""

    points: Mapping[str, Points]
    topics: tuple[Topic, ...] = TOPICS

    @property
    def columns(self) -> list[tuple[str, Measure, Arm]]:
        """The columns of the first table of which there is a figure at all."""
        return [
            (heading, measure, arm)
            for heading, measure, arm in _HEADLINE
            if any(name == arm.name for _, name in self.points[measure.name])
        ]

    @property
    def stands(self) -> list[Release]:
        """The newest release of each series of which there is a figure in the first table."""
        return [
            release
            for release in newest_of_series(self.releases)
            if any((release, arm.name) in self.points[each.name] for _, each, arm in self.columns)
        ]

    def shown(self, topic: Topic) -> list[Measure]:
        """Return the measures of a topic that have points."""
        return [measure for measure in topic.measures if self.points[measure.name]]

    arms = staticmethod(arms_of)
    measured = staticmethod(measured)
    newest_of_series = staticmethod(newest_of_series)

    def kernels(self, measure: Measure) -> list[str]:
        """Return the kernels of a measure of which any point has a figure."""
        every = self.points[measure.name].values()
        return list(dict.fromkeys(kernel for point in every for kernel in point.kernels))

    def picture(self, measure: Measure) -> str:
        """Return a measure's points as an SVG element."""
        rules = tuple(_rules(measure, self.machine))
        return draw_points(self.points[measure.name], name=measure.name, rules=rules)

    titled = staticmethod(titled)
    compared = staticmethod(compared)


def trends(tree: ResultTree, machine: Machine | None) -> Iterator[tuple[str, str, str]]:
    """Yield the names of the measures of tax and scaling, their titles, and their pictures.

    `tree` has results of one rig.
    """
    known = evidence(tree)
    for measure, prefix in ((TAX, ""), (CRUNCHING[0], "E(2), ")):
        if points := points_of(measure, tree.figures, known):
            title = " ".join(filter(None, (prefix + titled(measure, points), compared(points))))
            rules = tuple(_rules(measure, machine))
            yield measure.name, title, draw_points(points, name=measure.name, rules=rules)


def _rules(measure: Measure, machine: Machine | None) -> Iterator[tuple[float, str]]:
    if measure.taxed:
        yield 1.0, "the GIL build"
        return
    cores = int(machine.num_cpu) if machine and machine.num_cpu.isdecimal() else measure.workers
    if 0 < cores < measure.workers:
        yield cores / measure.workers, f"as much as {cores} cores can do"
    else:
        yield 1.0, "ideal"
    if cores > 1:
        yield 1 / measure.workers, "taking turns"


def write_price(tree: ResultTree, html_dir: Path) -> tuple[Path, ...]:
    """Write `price.html` and a page like it for every other rig; return their paths, it first."""
    return write_rigs(tree, html_dir, "price", BENCHMARKS, page_of)


def write_rigs(
    tree: ResultTree,
    html_dir: Path,
    tab: str,
    benchmarks: Container[str],
    page: Callable[[Rig, Rigs, ResultTree], Any],
) -> tuple[Path, ...]:
    """Write a page of a tab for every rig; return their paths, the tab's first page first."""
    measured: dict[Rig, set[tuple[SeriesKey, Release, Arm]]] = {rig: set() for rig in rigs(tree)}
    for each in tree.figures:
        if each.benchmark in benchmarks and each.state is State.MEASURED:
            measured[Rig.place_of(each)].add((each.series, each.release, each.arm))

    def hidden(rig: Rig) -> tuple[bool, bool]:
        ours = (source for source in tree.sources if Rig.place_of(source) == rig)
        return not measured[rig], not are_optimized(ours)

    # The page opens with one that has something to show, of builds on which limits can be judged.
    every = sorted(measured, key=hidden)
    if not every:
        return frame.write_empty(html_dir, tab, tree)
    addresses = {rig: f"{tab}/{rig.slug}.html" for rig in every} | {every[0]: f"{tab}.html"}
    pages = Rigs(addresses=addresses, measured=measured)
    return tuple(
        frame.write_page(html_dir, addresses[rig], tab, page(rig, pages, without_unasked(share)))
        for rig, share in shares(tree, every)
    )


def page_of(rig: Rig, every: Rigs, tree: ResultTree) -> Page:
    """Return the page of one rig; `tree` has results of no other."""
    measures = [measure for topic in TOPICS for measure in topic.measures]
    known = evidence(tree)
    points = {measure.name: points_of(measure, tree.figures, known) for measure in measures}
    return Page.of("Price and gain of free threading", rig, every, tree, points=points)


def _notices(rig: Rig, tree: ResultTree) -> Iterator[Notice]:
    yield from run_notices(rig.profile, ", and show the order of magnitude.", tree.sources)
    if is_plain(tree.sources):
        every = all(is_plain([source]) for source in tree.sources)
        yield Notice(
            title=f"{'These' if every else 'Some of these'} builds have no PGO or no LTO.",
            text="The builds that people install have both, and may have another overhead: these "
            "figures hold for builds without.",
        )
