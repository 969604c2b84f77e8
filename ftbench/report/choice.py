"""Choose as a report: the same texts that its page has, in tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ftbench.pages.grids import BandText, CellText, GridText, TableText
from ftbench.pages.marks import ArmText
from ftbench.pages.page import Page, SectionText
from ftbench.pages.views import Row as ViewRow
from ftbench.pages.views import ViewText
from ftbench.report.document import Part, Row, Table, Tone
from ftbench.report.words import NONE


def parts(page: Page, *, arm: str | None = None, unmeasured: bool = True) -> Iterator[Part]:
    """Yield a part per scenario, then what was not measured and what the figures stand on.

    `arm` is the only one of which there are figures; without `unmeasured`, of scenarios without a
    figure nothing is said.
    """
    sections = [section for group in page.groups for section in group.sections]
    shown = [section for section in sections if section.views]
    for section in shown:
        tables = tuple(
            table
            for view in section.views
            for table in (_grid(view, arm) if isinstance(view, GridText) else _view(view, arm))
        )
        yield Part(
            title=section.scenario.title,
            lines=(section.scenario.question,),
            tables=tables,
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
    for group in view.groups:
        ours = [row for row in group.rows if arm in {None, row.arm} or not row.arm]
        if ours:
            rows.append(Row(cells=(group.mode,), tone=Tone.HEADING))
            rows += [_line_of_view(row, has_beside=bool(view.beside)) for row in ours]
    last = (view.beside,) if view.beside else ()
    if rows:
        yield Table(
            title=view.title,
            columns=("arm", view.unit, "99 % interval", "ratio", *last),
            rows=tuple(rows),
            numbers=3 + len(last),
        )


def _line_of_view(row: ViewRow, *, has_beside: bool) -> Row:
    last = (row.beside,) if has_beside else ()
    if row.words:
        tone = Tone.BAD if row.failed else Tone.QUIET
        return Row(cells=(f"{row.label}, {row.words}", "", "", "", *last), tone=tone)
    return Row(cells=(row.label, row.value, row.interval, row.ratio, *last))


def _grid(view: GridText, arm: str | None) -> Iterator[Table]:
    """Yield a grid's table, then those that stand beside it."""
    if not view.bands:
        return
    arms = [each for each in view.arms if arm in {None, each.name}]
    notes = list(view.notes)
    if view.found:
        said = "; ".join(
            f"{each.arm.label}: {each.words}" for each in view.found.items if each.arm in arms
        )
        notes.insert(0, f"{view.found.intro} {said}")
    yield Table(
        title=view.title,
        columns=(view.unit, *(each.label for each in arms)),
        rows=tuple(_lines(view.bands, arms)),
        numbers=len(arms),
        notes=(*notes, view.key),
    )
    for table in filter(None, (view.crossings, view.beside)):
        yield _many(table, arms)


def _many(table: TableText, arms: Sequence[ArmText]) -> Table:
    columns = [f"{column.heading}, {arm.label}" for column in table.columns for arm in arms]
    return Table(
        title=table.title,
        columns=("", *columns),
        rows=tuple(_lines(table.bands, arms)),
        numbers=len(columns),
        notes=(*(f"{NONE} {words}." for words in table.lacks), table.key),
    )


def _lines(bands: Sequence[BandText], arms: Sequence[ArmText]) -> Iterator[Row]:
    for band in bands:
        if band.mode:
            yield Row(cells=(band.mode,), tone=Tone.HEADING)
        for line in band.lines:
            if line.words:
                tone = Tone.BAD if line.failed else Tone.QUIET
                yield Row(cells=(f"{line.label}: {line.words}",), tone=tone)
                continue
            cells = [_cell(cell) for cell in line.cells if cell.arm in arms]
            yield Row(cells=(line.label, *cells))


def _cell(cell: CellText) -> str:
    if cell.words:
        return cell.words
    mark = "★ " if cell.cheapest else "↑ " if cell.above else ""
    return " ".join(filter(None, (f"{mark}{cell.value}", cell.margin, cell.ratio)))
