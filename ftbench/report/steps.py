"""Releases as a report: every step of an environment, with its alarms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ftbench.analysis.verdicts.comparing import in_words
from ftbench.analysis.verdicts.history import Step
from ftbench.facts.units import few
from ftbench.releases import Release
from ftbench.report import words
from ftbench.report.document import Part, Row, Table
from ftbench.results.keys import Environment
from ftbench.statistics.verdict import Word

_COUNTED: Final = tuple(Word)


def part(environment: Environment, steps: Sequence[Step]) -> Part:
    """Return what became of an environment's results, release by release."""
    place = (
        f"{environment.machine}, {environment.arm.title}, {environment.profile} profile, "
        f"{environment.flavour}"
    )
    if not steps:
        return Part(title=place, lines=("There is no older release to judge it against.",), level=2)
    tables = (_steps(steps), _alarms(steps))
    differences = {
        f"{step.release} and {step.base}: the builds differ, {in_words(each.differences)}": None
        for step in steps
        for each in step.comparison.judgements
        if each.differences
    }
    return Part(
        title=place,
        lines=tuple(differences),
        tables=tuple(table for table in tables if table.rows),
        level=2,
    )


def of_release(steps: Iterable[Step], release: Release | None) -> tuple[Step, ...]:
    """Return the steps that a release is judged in; all of them for None."""
    return tuple(step for step in steps if release in {None, step.release})


def _steps(steps: Sequence[Step]) -> Table:
    return Table(
        title="Verdicts",
        columns=("release", "against", "which is", *_COUNTED, "alarms by chance"),
        rows=tuple(Row(cells=tuple(_counts(step))) for step in steps),
        numbers=len(_COUNTED) + 1,
        notes=tuple(_reasons(steps)),
    )


def _reasons(steps: Iterable[Step]) -> Iterator[str]:
    """Yield why series are not decidable, over all steps, the commonest reason first."""
    found = Counter(
        each.verdict.why
        for step in steps
        for each in step.comparison.judgements
        if each.verdict.word is Word.UNDECIDED
    )
    for why, count in found.most_common():
        yield f"{count} {Word.UNDECIDED}: {why}."


def _counts(step: Step) -> Iterator[str]:
    found = Counter(each.verdict.word for each in step.comparison.judgements)
    yield step.release.name
    yield step.base.name
    yield str(step.against)
    yield from (str(found[word]) for word in _COUNTED)
    yield few(step.comparison.by_chance)


def _alarms(steps: Sequence[Step]) -> Table:
    return Table(
        title="Alarms",
        columns=(
            "release",
            "against",
            "verdict",
            "series",
            "before",
            "after",
            "effect",
            "99 % interval",
            "floor",
            "beside it",
        ),
        rows=tuple(
            Row(
                cells=(
                    step.release.name,
                    step.base.name,
                    str(each.verdict.word),
                    each.after.series.name,
                    *words.amounts(each),
                    words.effect(each.verdict),
                    words.interval(each.verdict),
                    words.floor(each.verdict.floor),
                    words.beside(each),
                ),
                tone=words.TONES[each.verdict.word],
            )
            for step in steps
            for each in step.comparison.judgements
            if each.verdict.alarm
        ),
    )
