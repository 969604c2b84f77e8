"""What one pick has to show, in figures: for the site's Choose and for `ftbench report` alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ftbench.analysis import conditions
from ftbench.analysis.advice.cells import TASKS, cells_of
from ftbench.analysis.comparison import FigureIndex
from ftbench.facts.arms import ARMS
from ftbench.report.findings import WinnerMap
from ftbench.report.sections import GROUPS
from ftbench.report.sections.view import GridView, Group, Section
from ftbench.report.view_figures import GridFigures, ModeFigures
from ftbench.results import Machine, ResultFile, ResultTree
from ftbench.results.selection import Pick


@dataclass(frozen=True, kw_only=True)
class SectionFigures:
    """A section with its figures; one of which nothing was measured has no views and no maps.

    `reasons` then say what became of its cells, each once, () where none was tried.
    """

    section: Section
    views: tuple[ModeFigures | GridFigures, ...] = ()
    maps: tuple[WinnerMap, ...] = ()
    reasons: tuple[str, ...] = ()

    @classmethod
    def of(cls, section: Section, index: FigureIndex) -> SectionFigures:
        """Return a section with what the index has for it."""
        views = tuple(
            GridFigures.of(f"{section.name}-{number}", view, index)
            if isinstance(view, GridView)
            else ModeFigures.of(f"{section.name}-{number}", view, index)
            for number, view in enumerate(section.views, start=1)
        )
        if any(view.measured for view in views):
            maps = _maps(section.name, index) if section.mapped else ()
            return cls(section=section, views=views, maps=maps)
        benchmarks = frozenset[str]().union(*(view.benchmarks for view in section.views))
        reasons = (
            f"{figure.state}: {figure.reason or 'no reason on record'}"
            for figure in index.tracked_by(sorted(benchmarks))
        )
        return cls(section=section, reasons=tuple(dict.fromkeys(reasons)))


def _maps(name: str, index: FigureIndex) -> tuple[WinnerMap, ...]:
    """Return the maps of winners, most workers first and open; () where nothing was measured."""
    cells = cells_of(index.tracked_by(TASKS))
    every = sorted(cells.workers, reverse=True)
    return tuple(
        WinnerMap(
            name=f"{name}-{workers}-workers",
            cells=cells,
            workers=workers,
            folded=workers != every[0],
        )
        for workers in every
    )


@dataclass(frozen=True, kw_only=True)
class Choice:
    """All that there is of one pick; its `sources` are in the order of the arms."""

    pick: Pick
    machine: Machine | None
    sources: tuple[ResultFile, ...]
    groups: tuple[tuple[Group, tuple[SectionFigures, ...]], ...]
    warnings: tuple[str, ...]

    @property
    def sections(self) -> Iterator[SectionFigures]:
        """All sections, in the order in which they are read."""
        return (section for _, sections in self.groups for section in sections)

    @property
    def command(self) -> str:
        """What measures more of it."""
        return f"FTBENCH_PROFILE={self.pick.profile} asv run {self.pick.release.name}^!"

    @property
    def where(self) -> str:
        """The machine in brackets and the profile, as they follow the machine's name."""
        machine = f" ({self.machine.cpu}, {self.machine.num_cpu} cores)" if self.machine else ""
        return f"{machine}, {self.pick.profile} profile"

    @property
    def day(self) -> str:
        """The day on which the last of it was measured, "" if that is not known."""
        days = {start.at.date().isoformat() for each in self.sources for start in each.starts}
        return max(days, default="")

    @property
    def notices(self) -> tuple[conditions.Notice, ...]:
        """What a reader must know before believing a figure."""
        return conditions.notices(self.pick, self.sources)

    @property
    def builds(self) -> tuple[conditions.Fact, ...]:
        """The builds side by side."""
        return conditions.builds(self.sources)

    @property
    def machine_facts(self) -> tuple[conditions.Fact, ...]:
        """What is known of the machine."""
        return conditions.machine_facts(self.machine, self.sources)

    @property
    def invariants(self) -> list[tuple[str, str]]:
        """What was checked in every run, and how."""
        return sorted({item for each in self.sources for item in each.invariants.items()})


def choice_of(pick: Pick, tree: ResultTree) -> Choice:
    """Return what `tree` has of a pick."""
    order = [arm.name for arm in ARMS]
    index = FigureIndex(figure for figure in tree.figures if pick.shows(figure))
    return Choice(
        pick=pick,
        machine=next((each for each in tree.machines if each.name == pick.machine), None),
        sources=tuple(
            sorted(filter(pick.shows, tree.sources), key=lambda each: order.index(each.arm.name))
        ),
        groups=tuple(
            (group, tuple(SectionFigures.of(section, index) for section in group.sections))
            for group in GROUPS
        ),
        warnings=tuple(map(str, tree.warnings)),
    )
