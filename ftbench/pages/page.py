"""One page of Choose as plain texts: everything that is decided before a template sees it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ftbench.arms import ARMS
from ftbench.pages import facts
from ftbench.pages.chart import draw, needs_log
from ftbench.pages.marks import Mark, mark_of
from ftbench.pages.menus import Menu, menus
from ftbench.pages.picks import Pick
from ftbench.pages.scenarios import SECTIONS, Section, View
from ftbench.probe.modes import MODES
from ftbench.results import Cell, Comparison, Figure, Machine, ResultTree, Source, State, compare
from ftbench.results.quantity import times

_DASH = "\N{EN DASH}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One arm of one mode in a table; `words` stand in for the numbers of an unmeasured cell."""

    arm: str
    character: str
    label: str
    value: str = ""
    interval: str = ""
    ratio: str = ""
    base: bool = False
    words: str = ""
    failed: bool = False
    href: str = ""
    beside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The rows of one mode."""

    mode: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewText:
    """A picture and its table; `beside` heads the table's last column, "" where there is none."""

    name: str
    title: str
    svg: str
    caption: str
    unit: str
    beside: str
    groups: tuple[Group, ...]

    @property
    def columns(self) -> int:
        """How many columns the table has."""
        return 5 if self.beside else 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionText:
    """A scenario and its views."""

    scenario: Section
    views: tuple[ViewText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmText:
    """An arm in the legend."""

    name: str
    character: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a sentence: `strong`, or `whole`, which is never broken over two lines."""

    text: str
    strong: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A whole page; `root` leads from it to the site's own folder: "" or "../"."""

    root: str
    title: str
    pick: Pick | None = None
    lead: tuple[Part, ...] = ()
    menus: tuple[Menu, ...] = ()
    notices: tuple[facts.Notice, ...] = ()
    arms: tuple[ArmText, ...] = ()
    sections: tuple[SectionText, ...] = ()
    builds: facts.Builds | None = None
    machine: tuple[facts.Fact, ...] = ()
    invariants: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    command: str = ""


def empty_page(tree: ResultTree) -> Page:
    """Return the page of a suite that has measured nothing yet."""
    return Page(root="", title="Choose · ftbench", warnings=tuple(map(str, tree.warnings)))


def page_of(pick: Pick, every: Sequence[Pick], first: Pick, tree: ResultTree) -> Page:
    """Return the page of one pick."""
    order = [arm.name for arm in ARMS]
    sources = sorted(filter(pick.shows, tree.sources), key=lambda each: order.index(each.arm.name))
    figures = [figure for figure in tree.figures if pick.shows(figure)]
    machine = next((each for each in tree.machines if each.name == pick.machine), None)
    return Page(
        root="" if pick == first else "../",
        title=f"CPython {pick.release.name} on {pick.machine} · ftbench",
        pick=pick,
        lead=_lead(pick, machine, sources),
        menus=menus(pick, every, first),
        notices=facts.notices(pick, sources),
        arms=tuple(_arm_text(arm.name, mark_of(arm)) for arm in ARMS),
        sections=tuple(_section(section, figures) for section in SECTIONS),
        builds=facts.builds(sources),
        machine=facts.machine_facts(machine, sources),
        invariants=tuple(_invariants(sources)),
        warnings=tuple(map(str, tree.warnings)),
        command=f"FTBENCH_PROFILE={pick.profile} asv run {pick.release.name}^!",
    )


def _arm_text(name: str, mark: Mark) -> ArmText:
    return ArmText(name=name, character=mark.character, label=mark.label)


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


def _section(section: Section, figures: Sequence[Figure]) -> SectionText:
    names = (f"{section.name}-{number}" for number, _ in enumerate(section.views, start=1))
    views = tuple(
        _view(name, view, figures) for name, view in zip(names, section.views, strict=True)
    )
    return SectionText(scenario=section, views=views)


def _view(name: str, view: View, figures: Sequence[Figure]) -> ViewText:
    comparison = compare(figures, view.metric)
    beside = compare(figures, view.beside) if view.beside else None
    symbol = beside.scale.symbol if beside and beside.medians else ""
    return ViewText(
        name=name,
        title=comparison.metric.title,
        svg=draw(comparison, name=name),
        caption=_caption(comparison),
        unit=comparison.scale.symbol,
        beside=symbol and f"memory, {symbol}",
        groups=tuple(_groups(comparison, beside if symbol else None)),
    )


def _caption(comparison: Comparison) -> str:
    if not comparison.medians:
        return "No cell of this was measured."
    axis = "logarithmic" if needs_log(comparison.medians) else "linear"
    baseline = comparison.baseline.median is not None
    rule = "; the dotted rule is threads on the free-threaded build" if baseline else ""
    return f"Medians with 99 % intervals on a {axis} axis{rule}."


def _groups(comparison: Comparison, beside: Comparison | None) -> Iterable[Group]:
    """Yield the modes of which there is anything to say, every arm of each."""
    for mode in MODES:
        cells = [comparison.cell(mode, arm) for arm in ARMS]
        if all(cell.state is State.ABSENT for cell in cells):
            continue
        words = {cell.words for cell in cells}
        if len(words) == 1 and "" not in words:
            yield Group(mode=mode.title, rows=(_common_row(cells[0]),))
        else:
            rows = tuple(_row(cell, comparison, _beside(cell, beside)) for cell in cells)
            yield Group(mode=mode.title, rows=rows)


def _common_row(cell: Cell) -> Row:
    """Say once what holds on every arm."""
    failed = cell.state is State.FAILED
    return Row(arm="", character="", label="every arm", words=cell.words, failed=failed)


def _beside(cell: Cell, beside: Comparison | None) -> str:
    if beside is None:
        return ""
    other = beside.cell(cell.mode, cell.arm)
    return other.state if other.median is None else beside.scale.text(other.median)


def _row(cell: Cell, comparison: Comparison, beside: str) -> Row:
    mark = mark_of(cell.arm)
    row = Row(arm=cell.arm.name, character=mark.character, label=mark.label, beside=beside)
    if cell.figure is None or cell.median is None:
        failed = cell.state is State.FAILED
        return replace(row, words=cell.words, failed=failed)
    scale, interval = comparison.scale, cell.figure.interval
    # Of few samples asv's interval reaches below zero, where no cost is.
    ends = (scale.text(max(interval.low, 0)), scale.text(interval.high)) if interval else ()
    return replace(
        row,
        value=scale.text(cell.median),
        interval=f" {_DASH} ".join(ends) or "too few samples",
        ratio=_ratio(cell),
        base=cell == comparison.baseline,
        href=cell.figure.graph,
    )


def _ratio(cell: Cell) -> str:
    if cell.ratio is None:
        return _DASH
    return f"{'≈ ' if cell.close else ''}{times(cell.ratio)}"
