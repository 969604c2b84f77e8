"""What Choose and Releases show, as one report: a pick's figures and verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, Final

from ftbench.analysis.claims.rule import TIMES, number
from ftbench.analysis.comparison import BASELINE_TITLE, Cell
from ftbench.analysis.conditions import disturbed, own_check
from ftbench.analysis.grid import Grid, compare
from ftbench.analysis.guards import guard_rails, standing
from ftbench.analysis.verdicts import Step, environments, history
from ftbench.errors import NothingError
from ftbench.facts.arms import ARMS, WITH_GIL, Arm, arm_named
from ftbench.facts.modes import MODES
from ftbench.facts.units import SAME, plural, times
from ftbench.releases import Release
from ftbench.report import words
from ftbench.report.choice import Choice, SectionFigures, choice_of, parts
from ftbench.report.comparison import (
    comparison_record,
    environment_part,
    figure_record,
    lost_record,
)
from ftbench.report.document import Document, Footnotes, Part, Row, Table, Tone
from ftbench.report.effects import cells_of
from ftbench.report.findings import tally
from ftbench.report.sections.workers import ROUND_EMPTY, TREE_PSS
from ftbench.report.view_figures import GridFigures, ModeFigures
from ftbench.results import Figure, ResultTree, State
from ftbench.results.figure import Environment
from ftbench.results.selection import Filter, Pick, figures_of, first_pick, pair_builds, picks
from ftbench.statistics.verdict import Word

_READING: Final = (
    "Medians with 99 % intervals, from how far processes differ; lower is better everywhere. A "
    "ratio is to threads on the free-threaded build, or to what its table names, in the same run; "
    "≈ is too close to call."
)


_MOST_OTHERS: Final = 3
_LOST: Final = "lost: measured before, failed or missing since; ftbench compare names each."
_MOST_STEPS: Final = 16
_MOST_ALARMS: Final = 6
_COUNTED: Final = (Word.WORSE, Word.BETTER, Word.SAME)


def overview(tree: ResultTree, wanted: Filter, *, every: bool = False) -> Document:
    """Return what is asked for: of several picks, the one that Choose would open with.

    Verdicts first, and what fits a screen or two; with `every`, all tables of all scenarios.
    Raises `NothingError` where nothing was measured of all that is asked for.
    """
    known = picks(tree)
    fitting = [pick for pick in known if _fits(pick, wanted)]
    pick = first_pick(fitting, tree)
    if pick is None:
        names = "\n".join(f"  {each.title}" for each in known)
        raise NothingError("Nothing that matches was measured.", hint=f"There is\n{names}")
    shown, steps = _shown(tree, pick, wanted), _steps(tree, pick, wanted)
    choice = choice_of(pick, shown)
    told = *choice.notices, *disturbed(figures_of(tree, pick.shows))
    others = words.listed((each.title for each in fitting if each != pick), _MOST_OTHERS, "; ")
    passed = "; ".join(said for said, failed in own_check(choice.sources).items() if not failed)
    title = f"CPython {pick.release.name} on {pick.machine}"
    day = f", measured on {choice.day}" if choice.day else ""
    return Document(
        title=title,
        record=_record(shown, pick, wanted, steps),
        lines=(
            f"{title}{choice.where}{day}.",
            *(f"{notice.title} {notice.text}" for notice in told),
            *([f"Own check: {passed}."] if passed else []),
            *([f"There is also: {others}."] if others else []),
        ),
        parts=_parts(choice, wanted, steps) if every else _brief(tree, choice, wanted, steps),
        warnings=choice.warnings,
    )


def _brief(tree: ResultTree, choice: Choice, wanted: Filter, steps: _Steps) -> tuple[Part, ...]:
    if not any(steps.values()) and wanted.profile is None:
        # Another profile of the machine may know what this one cannot.
        steps = _steps(tree, choice.pick, wanted, of_any_profile=True)
    every = [step for own in steps.values() for step in own]
    return (
        _verdicts(every),
        *_guard_rails(tree, choice),
        _scenarios(choice, wanted.arm),
        Part(lines=("All tables, intervals and reasons: --every. As pages: ftbench open.",)),
    )


def _guard_rails(tree: ResultTree, choice: Choice) -> Iterator[Part]:
    pick = choice.pick
    asked = Filter(machine=pick.machine, profile=pick.profile, flavour=pick.flavours[0])
    lines = []
    for of in guard_rails(asked.of(tree), choice.machine):
        known = [each for at, _, every in of.rows if at == pick.release for each in every if each]
        lines += [
            f"{of.measure.title}: {number(each.ratios[0].quantity, TIMES)}" for each in known[:1]
        ]
        lines += [
            f"  {each.claim.rail}: {' '.join(filter(None, standing(each)))}" for each in known
        ]
    if lines:
        yield Part(title="Guard rails", lines=tuple(lines))


def _verdicts(steps: Sequence[Step]) -> Part:
    title = "Verdicts"
    if not steps:
        return Part(title=title, lines=("There is no older release to judge it against.",))
    newest = sorted(steps, key=lambda step: (step.release, step.base), reverse=True)
    alarms = [
        (step, cell)
        for step in newest
        for cell in cells_of(step.comparison.judgements)
        if cell.first.verdict.alarm
    ]
    alarms.sort(key=lambda pair: pair[1].word is Word.BETTER)
    tables = [
        Table(
            columns=("release", "against", "arm", "profile", "lost", *_COUNTED, "not decidable"),
            rows=tuple(map(_counts, newest[:_MOST_STEPS])),
            numbers=len(_COUNTED) + 2,
            notes=(_LOST,) if any(step.lost for step in newest[:_MOST_STEPS]) else (),
        )
    ]
    said = tuple(
        f"{cell.word}, {step.base} to {step.release}: "
        + ", ".join(filter(None, (cell.sentence, words.by_duel(cell.first.verdict))))
        for step, cell in alarms[:_MOST_ALARMS]
    )
    more = len(alarms) - len(said)
    rest = (f"{plural(more, 'more alarm', 'more alarms')}: --every.",) if more else ()
    return Part(title=title, lines=(*said, *rest), tables=tuple(tables))


def _counts(step: Step) -> Row:
    found = Counter(each.verdict.word for each in step.comparison.judgements)
    counts = [found[word] for word in _COUNTED]
    tone = Tone.BAD if counts[0] or step.lost else Tone.PLAIN
    names = step.release.name, step.base.name, step.environment.arm.name, step.environment.profile
    numbers = len(step.lost), *counts, found.total() - sum(counts)
    return Row(cells=(*names, *map(str, numbers)), tone=tone)


def _scenarios(choice: Choice, arm: str | None) -> Part:
    """Return of each scenario, in a line for each arm, who takes least and who most."""
    arms = [each for each in ARMS if (each.name == arm if arm else each != WITH_GIL)]
    sections = [each for _, sections in choice.groups for each in sections]
    missing = [each.section.title for each in sections if not each.views]
    return Part(
        title="Scenarios: the cheapest and the dearest mode; lower is better",
        lines=(
            *chain.from_iterable(_lines(each, arms) for each in sections),
            *([f"Not measured: {', '.join(missing)}."] if missing else []),
        ),
    )


def _lines(of: SectionFigures, arms: Sequence[Arm]) -> Iterator[str]:
    for each in of.maps[:1]:
        yield f"{of.section.title}, {each.title.removeprefix('who wins ')}"
        yield from (f"  {arm.name}: {tally(spots)}" for arm, spots in each.by_arm if arm in arms)
        return
    for view in (each for each in of.views[:1] if each.measured):
        found = view.finding if isinstance(view, GridFigures) else None
        yield f"{of.section.title}: {view.title}"
        if found:
            intro, parts = found
            yield from (f"  {arm.name}: {intro} {said}" for arm, said in parts if arm in arms)
        else:
            yield from filter(None, (_ends(view, arm) for arm in arms))


def _ends(view: ModeFigures | GridFigures, arm: Arm) -> str:
    known = sorted(
        (cell.median, name)
        for name, cell in _cells(view)
        if cell.arm == arm and cell.median is not None
    )
    if not known:
        return ""
    ends = (
        f"{name} {view.scale.text(value)}" for value, name in dict.fromkeys((known[0], known[-1]))
    )
    return f"  {arm.name}: {' to '.join(ends)}\N{NO-BREAK SPACE}{view.scale.symbol}".rstrip()


def _cells(view: ModeFigures | GridFigures) -> Iterator[tuple[str, Cell]]:
    if isinstance(view, ModeFigures):
        yield from ((mode.title, cell) for mode, _, cells in view.bands for cell in cells)
    else:
        for heading, lines in view.bands:
            for line in lines:
                yield from ((f"{heading}, {view.label(line)}", cell) for cell in line.cells)


def _parts(choice: Choice, wanted: Filter, steps: _Steps) -> tuple[Part, ...]:
    return (
        Part(
            title="Releases: each against the one before, and the newest of the series before",
            lines=(f"An effect is after over before, so above 1 is worse. {SAME}",),
        ),
        *(environment_part(*each) for each in steps.items()),
        Part(title="Choose: the modes side by side", lines=(_READING,)),
        *parts(choice, arm=wanted.arm, unmeasured=wanted.bench is None),
    )


def _shown(tree: ResultTree, pick: Pick, wanted: Filter) -> ResultTree:
    """Return the pick's results; a benchmark stays whole, for its series stand side by side."""
    asked = replace(wanted, arm=None, flavour=None)
    ours = figures_of(tree, pick.shows)
    if wanted.bench is not None:
        benchmarks = {figure.benchmark for figure in ours if asked.takes(figure)}
        ours = tuple(figure for figure in ours if figure.benchmark in benchmarks)
    return replace(
        tree,
        figures=ours,
        sources=tuple(filter(pick.shows, tree.sources)),
    )


_Steps = Mapping[Environment, tuple[Step, ...]]


def _record(tree: ResultTree, pick: Pick, wanted: Filter, steps: _Steps) -> dict[str, Any]:
    return {
        "schema": {"name": "ftbench.report", "version": 1},
        "machine": pick.machine,
        "release": pick.release.name,
        "profile": pick.profile,
        "builds": {source.arm.name: list(source.builds) for source in tree.sources},
        "figures": list(map(figure_record, wanted.of(tree).figures)),
        "steps": [
            {
                "arm": step.environment.arm.name,
                "build": step.environment.flavour,
                "release": step.release.name,
                "base": step.base.name,
                "against": str(step.against),
                **comparison_record(step.comparison),
                "lost": lost_record(step.lost),
            }
            for own in steps.values()
            for step in own
        ],
        "warnings": list(map(str, tree.warnings)),
    }


def _fits(pick: Pick, wanted: Filter) -> bool:
    pythons = {python for python, _ in pick.builds}
    return (
        wanted.machine in {None, pick.machine}
        and wanted.release in {None, pick.release}
        and wanted.profile in {None, pick.profile}
        and (wanted.flavour is None or wanted.flavour in pick.flavours)
        and (wanted.arm is None or arm_named(wanted.arm).python in pythons)
    )


def _steps(tree: ResultTree, pick: Pick, wanted: Filter, *, of_any_profile: bool = False) -> _Steps:
    asked = Filter(machine=pick.machine, bench=wanted.bench).of(tree)
    return {
        environment: tuple(
            step for step in history(asked, environment) if wanted.release in {None, step.release}
        )
        for environment in environments(tree)
        if environment.machine == pick.machine
        and (of_any_profile or environment.profile == pick.profile)
        and (environment.arm.python, environment.flavour) in pick.builds
        and wanted.arm in {None, environment.arm.name}
    }


def summary(figures: Iterable[Figure], *, machine: str, release: Release, profile: str) -> Document:
    """Return the document of one release on one machine.

    Where there are several builds of it, the ones that most was measured of are shown.
    """
    ours = _of_fullest_builds(
        figure
        for figure in figures
        if (figure.machine, figure.release, figure.profile) == (machine, release, profile)
    )
    flavours = sorted({figure.flavour for figure in ours})
    return Document(
        title=f"CPython {release.name} on {machine}, {profile} profile, "
        f"{', '.join(flavours) or 'nothing measured'}",
        record={
            "schema": {"name": "ftbench.bench", "version": 1},
            "machine": machine,
            "release": release.name,
            "profile": profile,
            "builds": flavours,
            "figures": [figure_record(figure) for figure in ours],
        },
        parts=(Part(tables=(_table(ours),)),),
    )


def _table(figures: Sequence[Figure]) -> Table:
    rounds, trees = compare(figures, ROUND_EMPTY), compare(figures, TREE_PSS)
    notes = Footnotes()
    rows: list[Row] = []
    for mode in MODES:
        rows.append(Row(cells=(mode.title,), tone=Tone.HEADING))
        rows += [_row(rounds, trees, rounds.cell(mode, arm), notes) for arm in rounds.asked]
    return Table(
        columns=(
            "arm",
            f"time, {rounds.scale.symbol or 's'}",
            "ratio",
            f"memory, {trees.scale.symbol or 'MiB'}",
        ),
        rows=tuple(rows),
        numbers=3,
        notes=(
            "; ".join(f"{arm.name}: {arm.title}" for arm in rounds.asked),
            f"Medians of: {rounds.metric.title}; {trees.metric.title}. Lower is better.",
            f"A ratio is to {BASELINE_TITLE}, and only of figures from one run.",
            *notes.lines,
        ),
    )


def _of_fullest_builds(figures: Iterable[Figure]) -> Sequence[Figure]:
    every = tuple(figures)
    flavours: dict[str, set[str]] = {}
    for figure in every:
        flavours.setdefault(figure.arm.python, set()).add(figure.flavour)
    shown = [
        [figure for figure in every if (figure.arm.python, figure.flavour) in builds]
        for builds in pair_builds(flavours)
    ]
    # Of as many figures, those of builds made alike come first.
    return max(
        shown,
        key=lambda ours: (len(ours), -len({figure.flavour for figure in ours})),
        default=[],
    )


def _row(rounds: Grid, trees: Grid, cell: Cell, notes: Footnotes) -> Row:
    tree = trees.cell(cell.mode, cell.arm)
    ratio = "" if cell.median is None else words.NONE
    if cell.ratio is not None:
        ratio = times(cell.ratio)
    tone = Tone.PLAIN
    if cell.median is None and tree.median is None:
        tone = Tone.BAD if State.FAILED in {cell.state, tree.state} else Tone.QUIET
    return Row(
        cells=(cell.arm.name, _text(rounds, cell, notes), ratio, _text(trees, tree, notes)),
        tone=tone,
    )


def _text(grid: Grid, cell: Cell, notes: Footnotes) -> str:
    return notes.pointed(cell.words) if cell.median is None else grid.scale.text(cell.median)
