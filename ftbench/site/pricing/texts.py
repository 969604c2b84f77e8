"""The page as plain texts: where each series stands, then every measure over the releases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ftbench.analysis.conditions import Notice
from ftbench.analysis.price import (
    CRUNCHING,
    MUST_NOT,
    MUST_SCALE,
    NATIVE,
    TAX,
    Measure,
    Point,
    Points,
    points_of,
)
from ftbench.facts.arms import Arm
from ftbench.facts.units import digits
from ftbench.releases import Release
from ftbench.results import Machine, ResultTree
from ftbench.site.frame import Part
from ftbench.site.history.marks import WIDE
from ftbench.site.history.rigs import Rig
from ftbench.site.menus import Menu
from ftbench.site.pricing.chart import draw_points
from ftbench.statistics import Ratio

_DASH: Final = "\N{EN DASH}"


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
        "With the GIL switched on the free-threaded build pays for what it was built with, and "
        "not for running without.",
        measures=(TAX,),
    ),
    Topic(
        name="crunching",
        title="What more threads bring to pure Python",
        question="How much of each further thread is left for work that only computes?",
        reading="E(N) is the speed-up by N threads over N: 1 is ideal, 1 / N is taking turns. No "
        "more is possible than the number of cores over N.",
        measures=CRUNCHING,
    ),
    Topic(
        name="native",
        title="What more threads bring to native code",
        question="And for calls that let go of the GIL, on any build?",
        reading="Hashing, compressing and queries: every build should come near the ideal.",
        measures=NATIVE,
    ),
    Topic(
        name="must",
        title="The ledger of what must scale",
        question="Threads that share a program and no data that changes: do they meet?",
        reading="Below the ideal on a free-threaded build CPython has something left to do.",
        measures=MUST_SCALE,
    ),
    Topic(
        name="known-not",
        title="The ledger of what is known not to scale",
        question="Threads that change one object: what does meeting cost?",
        reading="Not held against CPython; less than 1 / N is worse than taking turns.",
        measures=MUST_NOT,
    ),
)
BENCHMARKS: Final = frozenset(measure.benchmark for topic in TOPICS for measure in topic.measures)


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureText:
    """A figure, its interval, and the least and the greatest of its kernels."""

    value: str = _DASH
    interval: str = ""
    spread: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowText:
    """A line of a table."""

    heading: str
    cells: tuple[FigureText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableText:
    """A table: a column for each arm, or for each arm of each release in `groups`."""

    arms: tuple[Arm, ...]
    rows: tuple[RowText, ...]
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureText:
    """One measure: picture, table over the releases, and one of its kernels."""

    name: str
    title: str
    svg: str
    arms: tuple[Arm, ...]
    table: TableText
    kernels: TableText


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicText:
    """A topic; without measures nothing was measured of it, and `command` would."""

    topic: Topic
    measures: tuple[MeasureText, ...]
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StandText:
    """Where one series stands: a cell for each column of the first table."""

    release: str
    cells: tuple[FigureText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePage:
    """A whole page; `root` leads from it to the site's own folder."""

    root: str
    title: str
    lead: tuple[Part, ...] = ()
    menus: tuple[Menu, ...] = ()
    notices: tuple[Notice, ...] = ()
    columns: tuple[tuple[str, Arm], ...] = ()
    stands: tuple[StandText, ...] = ()
    topics: tuple[TopicText, ...] = ()
    warnings: tuple[str, ...] = ()


def price_page(rig: Rig, tree: ResultTree, menus: tuple[Menu, ...], root: str) -> PricePage:
    """Return the page of one rig; `tree` has results of no other."""
    releases = sorted({source.release for source in tree.sources})
    measures = [measure for topic in TOPICS for measure in topic.measures]
    points = {measure.name: points_of(measure, tree.figures) for measure in measures}
    machine = next((each for each in tree.machines if each.name == rig.machine), None)
    command = f"FTBENCH_PROFILE={rig.profile} asv run {releases[-1].name}^! --bench ^"
    return PricePage(
        root=root,
        title=f"Price and gain of free threading on {rig.machine} · ftbench",
        lead=_lead(rig, machine, releases),
        menus=menus,
        notices=tuple(_notices(rig, tree)),
        columns=tuple(_columns(points)),
        stands=tuple(_stands(points, releases)),
        topics=tuple(_topic(topic, points, releases, machine, command) for topic in TOPICS),
    )


def _lead(rig: Rig, machine: Machine | None, releases: Sequence[Release]) -> tuple[Part, ...]:
    where = f" ({machine.cpu}, {machine.num_cpu} cores)" if machine else ""
    span = " to ".join(dict.fromkeys((releases[0].name, releases[-1].name)))
    return (
        Part(text=f"CPython {span}", strong=True),
        Part(text=" on "),
        Part(text=rig.machine, strong=True),
        Part(text=f"{where}, {rig.profile} profile, {rig.flavour or 'unnamed'} builds."),
    )


def _notices(rig: Rig, tree: ResultTree) -> Iterator[Notice]:
    if rig.profile != "full":
        yield Notice(
            title=f"These are {rig.profile or 'unnamed'} figures.",
            text="They come from few rounds of one process each, and show the order of magnitude.",
        )
    builds = [build for source in tree.sources for build in source.builds]
    if any(build.get("pgo") is False or build.get("lto") is False for build in builds):
        yield Notice(
            title="Some of these builds have no PGO or no LTO.",
            text="The builds that people install have both, and need not pay the same tax: what "
            "is here holds for builds like these.",
        )


def _headline() -> Iterator[tuple[str, Measure, Arm]]:
    """Yield the columns of the first table: the heading, the measure and the arm."""
    for arm in TAX.arms:
        yield "one thread, over the GIL build", TAX, arm
    for heading, measures in (
        ("E(2), pure Python", CRUNCHING),
        ("E(2), native code", NATIVE),
        ("E(2), must scale", MUST_SCALE),
        ("E(2), known not to", MUST_NOT),
    ):
        yield heading, measures[0], next(arm for arm in measures[0].arms if not arm.gil)


def _columns(points: Mapping[str, Points]) -> Iterator[tuple[str, Arm]]:
    for heading, _, arm in _measured(points):
        yield heading, arm


def _measured(points: Mapping[str, Points]) -> list[tuple[str, Measure, Arm]]:
    """Return the columns of which there is a figure at all."""
    return [
        column
        for column in _headline()
        if any(name == column[2].name for _, name in points[column[1].name])
    ]


def _stands(points: Mapping[str, Points], releases: Sequence[Release]) -> Iterator[StandText]:
    for release in newest_of_series(releases):
        cells = tuple(
            _figure(points[measure.name].get((release, arm.name)), 0)
            for _, measure, arm in _measured(points)
        )
        if any(cell.value != _DASH for cell in cells):
            yield StandText(release=release.name, cells=cells)


def newest_of_series(releases: Iterable[Release]) -> list[Release]:
    """Return the newest release of each series, the newest series first."""
    newest: dict[str, Release] = {}
    for release in sorted(releases):
        newest[release.series] = release
    return sorted(newest.values(), reverse=True)


def _topic(
    topic: Topic,
    points: Mapping[str, Points],
    releases: Sequence[Release],
    machine: Machine | None,
    command: str,
) -> TopicText:
    scenario = topic.measures[0].benchmark.partition(".")[0]
    return TopicText(
        topic=topic,
        measures=tuple(
            _measure(measure, points[measure.name], releases, machine)
            for measure in topic.measures
            if points[measure.name]
        ),
        command=f"{command}{scenario}",
    )


def _measure(
    measure: Measure, points: Points, releases: Sequence[Release], machine: Machine | None
) -> MeasureText:
    named = {arm for _, arm in points}
    arms = tuple(arm for arm in measure.arms if arm.name in named)
    measured = [r for r in releases if any((r, arm.name) in points for arm in arms)]
    every = len({kernel for point in points.values() for kernel in point.kernels})
    return MeasureText(
        name=measure.name,
        title=measure.title,
        svg=draw_points(
            points, measured, arms, name=measure.name, rules=tuple(_rules(measure, machine))
        ),
        arms=arms,
        table=TableText(
            arms=arms,
            rows=tuple(
                RowText(
                    heading=release.name,
                    cells=tuple(_figure(points.get((release, arm.name)), every) for arm in arms),
                )
                for release in reversed(measured)
            ),
        ),
        kernels=_kernels(points, newest_of_series(measured), arms),
    )


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


def _kernels(points: Points, releases: Sequence[Release], arms: tuple[Arm, ...]) -> TableText:
    """Return a table with a row for each kernel, a column for each arm of some releases."""
    names = dict.fromkeys(kernel for point in points.values() for kernel in point.kernels)
    return TableText(
        arms=arms,
        groups=tuple(release.name for release in releases),
        rows=tuple(
            RowText(
                heading=kernel.replace("_", " "),
                cells=tuple(
                    _kernel(points.get((release, arm.name)), kernel)
                    for release in releases
                    for arm in arms
                ),
            )
            for kernel in names
        ),
    )


def _kernel(point: Point | None, kernel: str) -> FigureText:
    found = point.kernels.get(kernel) if point else None
    return (
        FigureText(value=digits(found.value), interval=_interval(found)) if found else FigureText()
    )


def _figure(point: Point | None, every: int) -> FigureText:
    """Return a mean; one that fewer kernels than `every` are in says so."""
    if point is None:
        return FigureText()
    values = [each.value for each in point.kernels.values()]
    return FigureText(
        value=digits(point.mean.value),
        interval=_interval(point.mean),
        spread=f"{digits(min(values))} {_DASH} {digits(max(values))}"
        + (f", {len(values)} of {every}" if len(values) < every else ""),
    )


def _interval(of: Ratio) -> str:
    if of.interval is None:
        return "too few samples"
    if of.interval.high > of.interval.low * WIDE:
        return "wide"
    return f"{digits(of.interval.low)} {_DASH} {digits(of.interval.high)}"
