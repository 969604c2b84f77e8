"""Choose as a report: the same texts that its page has, in tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ftbench.facts.arms import Arm
from ftbench.report.document import Footnotes, Part, Row, Table, Tone
from ftbench.report.words import NONE
from ftbench.site.crossover import MapText, SpotText
from ftbench.site.grids import BandText, CellText, GridText, TableText
from ftbench.site.page import Page, SectionText
from ftbench.site.views import Row as ViewRow
from ftbench.site.views import ViewText

_MAP_KEY: Final = (
    "The winner, its time, and in brackets the next and how many times that it takes; after ≈, who "
    "may be ahead as well, for the 99 % intervals overlap."
)


def parts(page: Page, *, arm: str | None = None, unmeasured: bool = True) -> Iterator[Part]:
    """Yield a part per scenario, then what was not measured and what the figures stand on.

    `arm` is the only one of which there are figures; without `unmeasured`, of scenarios without a
    figure nothing is said.
    """
    sections = [section for group in page.groups for section in group.sections]
    shown = [section for section in sections if section.views]
    for section in shown:
        maps = [_map(each, arm) for each in section.maps]
        tables = (
            table
            for view in section.views
            for table in (_grid(view, arm) if isinstance(view, GridText) else _view(view, arm))
        )
        yield Part(
            title=section.scenario.title,
            lines=(section.scenario.question,),
            tables=(*maps, *tables),
            level=2,
        )
    missing = [section for section in sections if not section.views]
    if missing and unmeasured:
        yield Part(title="Not measured", tables=(_missing(missing),), level=2)
    yield from _standing(page)


def _missing(sections: Sequence[SectionText]) -> Table:
    return Table(
        title="",
        columns=("scenario", "why", "to measure it"),
        rows=tuple(
            Row(
                cells=(
                    section.scenario.title,
                    "; ".join(section.words) or "nothing was tried",
                    section.command,
                ),
                tone=Tone.QUIET,
            )
            for section in sections
        ),
    )


def _standing(page: Page) -> Iterator[Part]:
    """Yield what the figures stand on: builds, machine, checks."""
    tables = []
    if page.builds is not None and page.builds.titles:
        facts = tuple(Row(cells=(fact.name, *fact.values)) for fact in page.builds.facts)
        tables.append(Table(title="Builds", columns=("fact", *page.builds.titles), rows=facts))
    facts = tuple(Row(cells=(fact.name, *fact.values)) for fact in page.machine)
    tables.append(Table(title="Machine", columns=("fact", "value"), rows=facts))
    checked = tuple(Row(cells=pair) for pair in page.invariants)
    tables.append(Table(title="Checked in every run", columns=("what", "how"), rows=checked))
    tables = [table for table in tables if table.rows]
    if tables:
        yield Part(title="What was measured, and on what", tables=tuple(tables), level=2)


def _view(view: ViewText, arm: str | None) -> Iterator[Table]:
    """Yield a table with a row for each arm of each mode."""
    rows = []
    notes = Footnotes()
    for group in view.groups:
        ours = [row for row in group.rows if arm in {None, row.arm} or not row.arm]
        if ours:
            rows.append(Row(cells=(group.mode,), tone=Tone.HEADING))
            rows += [_line_of_view(row, notes, has_beside=bool(view.beside)) for row in ours]
    last = (view.beside,) if view.beside else ()
    if rows:
        yield Table(
            title=view.title,
            columns=("arm", view.unit, "99 % interval", "ratio", *last),
            rows=tuple(rows),
            numbers=3 + len(last),
            notes=notes.lines,
        )


def _line_of_view(row: ViewRow, notes: Footnotes, *, has_beside: bool) -> Row:
    last = (row.beside,) if has_beside else ()
    if row.words:
        cells = (row.label, notes.pointed(row.words), "", "", *last)
        return Row(cells=cells, tone=Tone.BAD if row.failed else Tone.QUIET)
    return Row(cells=(row.label, row.value, row.interval, row.ratio, *last))


def _grid(view: GridText, arm: str | None) -> Iterator[Table]:
    """Yield a grid's table, then those that stand beside it."""
    if not view.bands:
        return
    arms = [each for each in view.arms if arm in {None, each.name}]
    notes = Footnotes(last=len(view.notes))
    rows = tuple(_lines(view.bands, arms, notes))
    yield Table(
        title=view.title,
        columns=(view.unit, *(each.label for each in arms)),
        rows=rows,
        numbers=len(arms),
        notes=(*_found(view, arms), *view.notes, *notes.lines, view.key),
    )
    for table in filter(None, (view.crossings, view.beside)):
        yield _many(table, arms)


def _found(view: GridText, arms: Sequence[Arm]) -> Iterator[str]:
    """Yield what a grid comes to, in a sentence."""
    if view.found is None:
        return
    said = [f"{each.arm.label}: {each.words}" for each in view.found.items if each.arm in arms]
    if said:
        yield f"{view.found.intro} {'; '.join(said)}."


def _map(of: MapText, arm: str | None) -> Table:
    """Return the winners' table, a column per arm; a payload per row, under its size of task."""
    arms = [each for each in of.maps if arm in {None, each.arm.name}]
    columns = [number for number, each in enumerate(of.maps) if each in arms]
    rows: list[Row] = []
    for size in of.sizes:
        loop = f", {size.loop} in a plain loop" if size.loop else ""
        rows.append(Row(cells=(f"{size.label}{loop}",), tone=Tone.HEADING))
        rows += [
            Row(cells=(row.label, *(_spot(row.cells[number]) for number in columns)))
            for row in size.rows
        ]
    return Table(
        title=of.title,
        columns=("payload", *(each.arm.label for each in arms)),
        rows=tuple(rows),
        numbers=len(arms),
        notes=(
            *(f"{each.arm.label}: {each.found}." for each in arms),
            *of.notes,
            _MAP_KEY,
        ),
    )


def _spot(spot: SpotText) -> str:
    if spot.words:
        return spot.words
    return f"{'≈ ' if spot.close else ''}{spot.winner} {spot.value} ({spot.beyond})"


def _many(table: TableText, arms: Sequence[Arm]) -> Table:
    columns = [f"{column.heading}, {arm.name}" for column in table.columns for arm in arms]
    notes = Footnotes()
    rows = tuple(_lines(table.bands, arms, notes))
    return Table(
        title=table.title,
        columns=("", *columns),
        rows=rows,
        numbers=len(columns),
        notes=(*(f"{NONE} {words}." for words in table.lacks), *notes.lines, table.key),
    )


def _lines(bands: Sequence[BandText], arms: Sequence[Arm], notes: Footnotes) -> Iterator[Row]:
    for band in bands:
        if band.mode:
            yield Row(cells=(band.mode,), tone=Tone.HEADING)
        for line in band.lines:
            if line.words:
                tone = Tone.BAD if line.failed else Tone.QUIET
                yield Row(cells=(line.label, notes.pointed(line.words)), tone=tone)
            else:
                cells = (_cell(cell) for cell in line.cells if cell.arm in arms)
                yield Row(cells=(line.label, *cells))


def _cell(cell: CellText) -> str:
    if cell.words:
        return cell.words
    mark = "★ " if cell.cheapest else "↑ " if cell.above else ""
    return " ".join(filter(None, (f"{mark}{cell.value}", cell.margin, cell.ratio)))
