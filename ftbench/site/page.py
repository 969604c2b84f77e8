"""One page of Choose as plain texts: everything that is decided before a template sees it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from ftbench.analysis import conditions
from ftbench.analysis.comparison import Shelf
from ftbench.analysis.selection import Pick
from ftbench.facts.arms import ARMS, Arm
from ftbench.report.sections import GROUPS
from ftbench.report.sections.view import GridView, Group, Section, View
from ftbench.results import Figure, Machine, ResultTree, Source
from ftbench.site.article_tables import ArticleText, article_text
from ftbench.site.crossover import MapText, map_texts
from ftbench.site.frame import Part
from ftbench.site.grids import GridText, grid_text
from ftbench.site.menus import Menu, menus
from ftbench.site.views import ViewText, view_text


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionText:
    """A scenario, maps and views; one of which nothing was measured has only `words` and `command`.

    `words` are what became of its cells, each said once, () where none was tried; `command`
    measures it.
    """

    scenario: Section
    views: tuple[ViewText | GridText, ...] = ()
    maps: tuple[MapText, ...] = ()
    words: tuple[str, ...] = ()
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupText:
    """Sections that belong together."""

    title: str
    sections: tuple[SectionText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A whole page; `root` leads from it to the site's own folder: "" or "../".

    One that is not `drawn` has strips instead of pictures, since it is none of the `pictured`
    newest.
    """

    root: str
    title: str
    pick: Pick | None = None
    lead: tuple[Part, ...] = ()
    menus: tuple[Menu, ...] = ()
    notices: tuple[conditions.Notice, ...] = ()
    arms: tuple[Arm, ...] = ()
    groups: tuple[GroupText, ...] = ()
    article: ArticleText | None = None
    builds: conditions.Builds | None = None
    machine: tuple[conditions.Fact, ...] = ()
    invariants: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    command: str = ""
    drawn: bool = True
    pictured: int = 0


def empty_page(tree: ResultTree) -> Page:
    """Return the page of a suite that has measured nothing yet."""
    return Page(root="", title="Choose · ftbench", warnings=tuple(map(str, tree.warnings)))


def page_of(
    pick: Pick,
    every: Sequence[Pick],
    first: Pick,
    tree: ResultTree,
    drawn: Collection[Pick] | None = None,
) -> Page:
    """Return the page of one pick; with pictures if it is among the `drawn`, None for all."""
    order = [arm.name for arm in ARMS]
    sources = sorted(filter(pick.shows, tree.sources), key=lambda each: order.index(each.arm.name))
    shelf = Shelf(figure for figure in tree.figures if pick.shows(figure))
    command = f"FTBENCH_PROFILE={pick.profile} asv run {pick.release.name}^!"
    machine = next((each for each in tree.machines if each.name == pick.machine), None)
    making = _Making(shelf=shelf, command=command, drawn=drawn is None or pick in drawn)
    return Page(
        root="" if pick == first else "../",
        title=f"CPython {pick.release.name} on {pick.machine} · ftbench",
        pick=pick,
        lead=_lead(pick, machine, sources),
        menus=menus(pick, every, first),
        notices=conditions.notices(pick, sources),
        arms=ARMS,
        groups=tuple(_group(group, making) for group in GROUPS),
        article=article_text(shelf, pick, tree, machine),
        builds=conditions.builds(sources),
        machine=conditions.machine_facts(machine, sources),
        invariants=tuple(_invariants(sources)),
        warnings=tuple(map(str, tree.warnings)),
        command=command,
        drawn=making.drawn,
        pictured=len(drawn or ()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Making:
    """What sections are made of: the page's figures, the command for more, pictures or not."""

    shelf: Shelf
    command: str
    drawn: bool


def _lead(pick: Pick, machine: Machine | None, sources: Iterable[Source]) -> tuple[Part, ...]:
    days = sorted({start.at.date().isoformat() for each in sources for start in each.starts})
    where = f" ({machine.cpu}, {machine.num_cpu} cores)" if machine else ""
    return (
        Part(text=f"CPython {pick.release.name}", strong=True),
        Part(text=" on "),
        Part(text=pick.machine, strong=True),
        Part(text=f"{where}, {pick.profile} profile"),
        Part(text=", measured on " if days else ""),
        Part(text=f"{days[-1] if days else ''}.", whole=True),
    )


def _invariants(sources: Iterable[Source]) -> list[tuple[str, str]]:
    return sorted({item for source in sources for item in source.invariants.items()})


def _group(group: Group, making: _Making) -> GroupText:
    sections = tuple(_section(section, making) for section in group.sections)
    return GroupText(title=group.title, sections=sections)


def _section(section: Section, making: _Making) -> SectionText:
    """Return a section's views, or only how to measure it where nothing was."""
    shelf = making.shelf
    texts = tuple(
        _view(f"{section.name}-{number}", view, making)
        for number, view in enumerate(section.views, start=1)
    )
    if any(text.measured for text in texts):
        maps = map_texts(section.name, shelf, drawn=making.drawn) if section.mapped else ()
        return SectionText(scenario=section, views=texts, maps=maps)
    benchmarks = frozenset[str]().union(*(view.benchmarks for view in section.views))
    words = tuple(dict.fromkeys(map(_words, shelf.tracked_by(sorted(benchmarks)))))
    command = f"{making.command} --bench ^{section.name}"
    return SectionText(scenario=section, words=words, command=command)


def _words(figure: Figure) -> str:
    return f"{figure.state}: {figure.reason or 'no reason on record'}"


def _view(name: str, view: View | GridView, making: _Making) -> ViewText | GridText:
    if isinstance(view, GridView):
        return grid_text(name, view, making.shelf, drawn=making.drawn)
    return view_text(name, view, making.shelf, drawn=making.drawn)
