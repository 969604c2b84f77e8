"""What one pick has to show, in figures: for the site's Choose and for `ftbench report` alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ftbench.analysis import conditions
from ftbench.analysis.advice.cells import TASKS, cells_of
from ftbench.analysis.advice.winner_map import Spot
from ftbench.analysis.comparison import Cell, FigureIndex
from ftbench.analysis.grid import Line
from ftbench.analysis.verdicts import evidence
from ftbench.facts.arms import ARMS, Arm
from ftbench.facts.units import amount, reach
from ftbench.report.document import Footnotes, Part, Row, Table, Tone
from ftbench.report.findings import WinnerMap, beyond, tally
from ftbench.report.sections import GROUPS
from ftbench.report.sections.view import PAYLOAD_NAMES, TASK_SIZE_NAMES, GridView, Group, Section
from ftbench.report.view_figures import DASH, Further, GridFigures, ModeFigures, ratio_of
from ftbench.results import Machine, ResultFile, ResultTree
from ftbench.results.selection import Pick, figures_of


@dataclass(frozen=True, kw_only=True)
class SectionFigures:
    """A section with its figures; one of which nothing was measured has no views and no maps.

    `reasons` then say what became of its cells, each once, () where none was tried.
    """

    section: Section
    views: tuple[ModeFigures | GridFigures, ...] = ()
    maps: tuple[WinnerMap, ...] = ()
    reasons: tuple[str, ...] = ()
    disturbed: tuple[conditions.Notice, ...] = ()

    @classmethod
    def of(cls, section: Section, index: FigureIndex) -> SectionFigures:
        views = tuple(
            GridFigures.of(f"{section.name}-{number}", view, index)
            if isinstance(view, GridView)
            else ModeFigures.of(f"{section.name}-{number}", view, index)
            for number, view in enumerate(section.views, start=1)
        )
        benchmarks = frozenset[str]().union(*(view.benchmarks for view in section.views))
        figures = tuple(index.tracked_by(sorted(benchmarks)))
        if any(view.measured for view in views):
            maps = _maps(section.name, index) if section.mapped else ()
            told = conditions.disturbed(figures)
            return cls(section=section, views=views, maps=maps, disturbed=told)
        reasons = (
            f"{figure.state}: {figure.reason or 'no reason on record'}" for figure in figures
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """All that there is of one pick, and what it stands on; `sources` are in the arms' order.

    `command` measures more of it, `where` is the machine's kind and the profile as they follow its
    name, `day` that of the last figure, "" if it is not known.
    """

    pick: Pick
    machine: Machine | None
    sources: tuple[ResultFile, ...]
    groups: tuple[tuple[Group, tuple[SectionFigures, ...]], ...]
    command: str
    where: str
    day: str
    notices: tuple[conditions.Notice, ...]
    builds: tuple[conditions.Fact, ...]
    machine_facts: tuple[conditions.Fact, ...]
    invariants: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]


def choice_of(pick: Pick, tree: ResultTree) -> Choice:
    """Return what `tree` has of a pick."""
    order = [arm.name for arm in ARMS]
    sources = tuple(
        sorted(filter(pick.shows, tree.sources), key=lambda source: order.index(source.arm.name))
    )
    index = FigureIndex(figures_of(tree, pick.shows), evidence(tree))
    machine = tree.machine(pick.machine)
    kind = f" ({machine.cpu}, {machine.num_cpu} cores)" if machine else ""
    days = (start.at.date().isoformat() for source in sources for start in source.starts)
    checked = {item for source in sources for item in source.invariants.items()}
    return Choice(
        pick=pick,
        machine=machine,
        sources=sources,
        groups=tuple(
            (group, tuple(SectionFigures.of(section, index) for section in group.sections))
            for group in GROUPS
        ),
        command=f"FTBENCH_PROFILE={pick.profile} asv run {pick.release.name}^!",
        where=f"{kind}, {pick.profile} profile",
        day=max(days, default=""),
        notices=conditions.notices(pick, sources),
        builds=conditions.builds(sources),
        machine_facts=conditions.machine_facts(machine, sources),
        invariants=tuple(sorted(checked)),
        warnings=tuple(map(str, tree.warnings)),
    )


_MAP_KEY: Final = (
    "The winner, its time, and in brackets the next and its multiple of that; after ≈, those that "
    "are too close to the winner to call."
)


def parts(choice: Choice, *, arm: str | None = None, unmeasured: bool = True) -> Iterator[Part]:
    """Yield a part per scenario, then what was not measured and what the figures stand on.

    `arm` is the only one of which there are figures; without `unmeasured`, of scenarios without a
    figure nothing is said.
    """
    sections = [section for _, sections in choice.groups for section in sections]
    for each in sections:
        if each.views:
            maps = (winners(of, arm) for of in each.maps)
            views = (table for view in each.views for table in tables(view, arm))
            yield Part(
                title=each.section.title,
                lines=(each.section.question,),
                tables=(*maps, *views),
                level=2,
            )
    missing = [each for each in sections if not each.views]
    if missing and unmeasured:
        yield Part(title="Not measured", tables=(_missing(missing, choice),), level=2)
    yield from _standing(choice)


def _missing(sections: Iterable[SectionFigures], choice: Choice) -> Table:
    return Table(
        columns=("scenario", "why", "to measure it"),
        rows=tuple(
            Row(
                cells=(
                    each.section.title,
                    "; ".join(each.reasons) or "nothing was tried",
                    f"{choice.command} --bench ^{each.section.name}",
                ),
                tone=Tone.QUIET,
            )
            for each in sections
        ),
    )


def _standing(choice: Choice) -> Iterator[Part]:
    arms = (source.arm.label for source in choice.sources)
    builds, machine = (
        [(fact.name, *fact.values) for fact in facts]
        for facts in (choice.builds, choice.machine_facts)
    )
    every = (
        ("Builds", ("fact", *arms), builds),
        ("Machine", ("fact", "value"), machine),
        ("Checked in every run", ("what", "how"), choice.invariants),
    )
    tables = tuple(
        Table(title=title, columns=columns, rows=tuple(Row(cells=cells) for cells in rows))
        for title, columns, rows in every
        if rows
    )
    if tables:
        yield Part(title="What was measured, and on what", tables=tables, level=2)


def tables(figures: ModeFigures | GridFigures, arm: str | None = None) -> Iterator[Table]:
    """Yield the tables of a view: its own, then those that stand beside it."""
    if isinstance(figures, ModeFigures):
        yield from _modes(figures, arm)
    elif figures.bands:
        arms = [each for each in figures.grid.arms if arm in {None, each.name}]
        yield _grid(figures, arms)
        for further in filter(None, (figures.crossings, figures.beside)):
            yield _further(further, arms)


def _modes(figures: ModeFigures, arm: str | None) -> Iterator[Table]:
    rows, notes = [], Footnotes()
    for mode, words, cells in figures.bands:
        ours = [cell for cell in cells if arm in {None, cell.arm.name}]
        rows.append(Row(cells=(mode.title,), tone=Tone.HEADING))
        if words:
            rows.append(_lacking("every arm", cells[0], notes))
        else:
            rows += [_mode_row(cell, figures, notes) for cell in ours]
    heading = figures.beside_heading
    last = (heading,) if heading else ()
    if rows:
        yield Table(
            title=figures.title,
            columns=("arm", figures.scale.symbol, "99 % interval", "ratio", *last),
            rows=tuple(rows),
            numbers=3 + len(last),
            notes=notes.lines,
        )


def _mode_row(cell: Cell, figures: ModeFigures, notes: Footnotes) -> Row:
    beside = (figures.beside_text(cell),) if figures.beside else ()
    if cell.median is None:
        return _lacking(cell.arm.label, cell, notes, *beside)
    value = figures.scale.text(cell.median)
    return Row(cells=(cell.arm.label, value, figures.interval(cell), ratio_of(cell), *beside))


def _lacking(label: str, cell: Cell, notes: Footnotes, *beside: str) -> Row:
    tone = Tone.BAD if cell.failed else Tone.QUIET
    return Row(cells=(label, notes.pointed(cell.words), "", "", *beside), tone=tone)


def _grid(figures: GridFigures, arms: Sequence[Arm]) -> Table:
    notes = Footnotes(last=len(figures.notes))
    rows: list[Row] = []
    for heading, lines in figures.bands:
        rows.append(Row(cells=(heading,), tone=Tone.HEADING))
        rows += [_grid_row(line, figures, arms, notes) for line in lines]
    return Table(
        title=figures.title,
        columns=(figures.scale.symbol, *(arm.label for arm in arms)),
        rows=tuple(rows),
        numbers=len(arms),
        notes=(*_found(figures, arms), *figures.notes, *notes.lines, figures.key),
    )


def _grid_row(line: Line, figures: GridFigures, arms: Sequence[Arm], notes: Footnotes) -> Row:
    label = figures.label(line)
    if line.words:
        tone = Tone.BAD if line.failed else Tone.QUIET
        return Row(cells=(label, notes.pointed(line.words)), tone=tone)
    return Row(
        cells=(label, *(_cell(cell, line, figures) for cell in line.cells if cell.arm in arms))
    )


def _cell(cell: Cell, line: Line, figures: GridFigures) -> str:
    if cell.median is None:
        return figures.word(cell)
    ends = "" if cell.margin is None else reach(cell.margin)
    value = figures.scale.text(cell.median)
    return " ".join(filter(None, (figures.mark(line, cell), value, ends, figures.ratio(cell))))


def _found(figures: GridFigures, arms: Sequence[Arm]) -> Iterator[str]:
    if figures.finding is not None:
        intro, parts = figures.finding
        said = [f"{arm.label}: {words}" for arm, words in parts if arm in arms]
        if said:
            yield f"{intro} {'; '.join(said)}."


def _further(table: Further, arms: Sequence[Arm]) -> Table:
    columns = [f"{heading}, {arm.name}" for heading, _ in table.columns for arm in arms]
    rows: list[Row] = []
    for heading, lines in table.bands:
        if heading:
            rows.append(Row(cells=(heading,), tone=Tone.HEADING))
        rows += [
            Row(cells=(label, *(text for arm, text, _ in entries if arm in arms)))
            for label, entries in lines
        ]
    return Table(
        title=table.title,
        columns=("", *columns),
        rows=tuple(rows),
        numbers=len(columns),
        notes=(*(f"{DASH} {words}." for words in table.lacks), table.key),
    )


def winners(of: WinnerMap, arm: str | None = None) -> Table:
    """Return the winners' table, a column per arm; a payload per row, under its size of task."""
    shown = [(each, spots) for each, spots in of.by_arm if arm in {None, each.name}]
    rows: list[Row] = []
    for size, loop, payloads in of.rows:
        taken = "" if loop is None else f", {amount(loop, 'seconds')} in a plain loop"
        rows.append(Row(cells=(f"{TASK_SIZE_NAMES[size.name]}{taken}",), tone=Tone.HEADING))
        rows += [
            Row(
                cells=(
                    PAYLOAD_NAMES[payload.name],
                    *(_spot(spot) for at, spot in spots if arm in {None, at.name}),
                )
            )
            for payload, spots in payloads
        ]
    return Table(
        title=of.title,
        columns=("payload", *(each.label for each, _ in shown)),
        rows=tuple(rows),
        numbers=len(shown),
        notes=(*(f"{each.label}: {tally(spots)}." for each, spots in shown), *of.notes, _MAP_KEY),
    )


def _spot(spot: Spot) -> str:
    if spot.winner is None:
        return "no data"
    close = "≈ " if spot.rivals else ""
    time = amount(spot.winner.median, "seconds")
    return f"{close}{spot.winner.mode.title} {time} ({beyond(spot)})"
