"""What fits a screen or two: the verdicts, and of each scenario who takes least and who most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from ftbench.analysis.comparison import Cell
from ftbench.analysis.verdicts import Step
from ftbench.facts.arms import ARMS, WITH_GIL, Arm
from ftbench.facts.units import plural
from ftbench.report import words
from ftbench.report.choice import Choice, SectionFigures
from ftbench.report.document import Part, Row, Table, Tone
from ftbench.report.findings import tally
from ftbench.report.view_figures import GridFigures, ModeFigures
from ftbench.statistics.verdict import Word

_MOST_STEPS: Final = 16
_MOST_ALARMS: Final = 6
_COUNTED: Final = (Word.WORSE, Word.BETTER, Word.SAME)


def verdicts(steps: Sequence[Step]) -> Part:
    """Return what became of each release, the newest first, and the largest alarms."""
    title = "Verdicts"
    if not steps:
        return Part(title=title, lines=("There is no older release to judge it against.",))
    newest = sorted(steps, key=lambda step: (step.release, step.base), reverse=True)
    every = ((step, each) for step in newest for each in step.comparison.judgements)
    alarms = [(step, each) for step, each in every if each.verdict.alarm]
    alarms.sort(key=lambda pair: pair[1].verdict.word is Word.BETTER)
    tables = [
        Table(
            columns=("release", "against", "arm", "profile", *_COUNTED, "not decidable"),
            rows=tuple(map(_counts, newest[:_MOST_STEPS])),
            numbers=len(_COUNTED) + 1,
        )
    ]
    said = tuple(
        f"{each.verdict.word}, {step.base} to {step.release}, {step.environment.arm.name}: "
        + ", ".join(
            filter(None, (words.effect(each), words.by_duel(each.verdict), each.after.series.name))
        )
        for step, each in alarms[:_MOST_ALARMS]
    )
    more = len(alarms) - len(said)
    rest = (f"{plural(more, 'more alarm', 'more alarms')}: --every.",) if more else ()
    return Part(title=title, lines=(*said, *rest), tables=tuple(tables))


def _counts(step: Step) -> Row:
    found = Counter(each.verdict.word for each in step.comparison.judgements)
    counts = [found[word] for word in _COUNTED]
    tone = Tone.BAD if counts[0] else Tone.PLAIN
    names = step.release.name, step.base.name, step.environment.arm.name, step.environment.profile
    return Row(cells=(*names, *map(str, counts), str(found.total() - sum(counts))), tone=tone)


def scenarios(choice: Choice, arm: str | None) -> Part:
    """Return of each scenario, in a line for each arm, who takes least and who most."""
    arms = [each for each in ARMS if (each.name == arm if arm else each != WITH_GIL)]
    sections = [each for _, sections in choice.groups for each in sections]
    missing = [each.section.title for each in sections if not each.views]
    return Part(
        title="Scenarios: who takes least and who most; lower is better",
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
    """Return the least and the largest cost of an arm, each with whose it is; "" of none."""
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
    return f"  {arm.name}: {' to '.join(ends)} {view.scale.symbol}".rstrip()


def _cells(view: ModeFigures | GridFigures) -> Iterator[tuple[str, Cell]]:
    if isinstance(view, ModeFigures):
        yield from ((mode.title, cell) for mode, _, cells in view.bands for cell in cells)
    else:
        for heading, lines in view.bands:
            for line in lines:
                yield from ((f"{heading}, {view.label(line)}", cell) for cell in line.cells)
