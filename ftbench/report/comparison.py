"""Comparisons as a report: of two sides, and of every release with the ones before it.

Alarms come first, then how many series are the same, or not decidable and why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Any, Final

from ftbench.analysis.conditions import machine_facts
from ftbench.analysis.names import series_name
from ftbench.analysis.sides import Kind, Match
from ftbench.analysis.verdicts import (
    JudgedFamily,
    JudgedSeries,
    Lost,
    Step,
    in_words,
    lost_of,
)
from ftbench.errors import FtbenchError, LostError, NothingError, RegressionError
from ftbench.facts.units import SAME, few, margin_of, plural, reach
from ftbench.report import words
from ftbench.report.document import Document, Part, Row, Table, Tone
from ftbench.results import Figure, ResultTree, State
from ftbench.results.figure import Environment
from ftbench.results.health import AT_USUAL_SPEED
from ftbench.statistics.verdict import Verdict, Word

_COLUMNS: Final = ("verdict", "series", "before", "after", "effect", "99 % interval", "floor")
# How many more processes a side people may be ready to spend.
_STEPS: Final = (5, 20, 100, 1_000)

_WORDS: Final = tuple(Word)
_HEADS: Final = tuple(word.removeprefix(f"{Word.UNDECIDED}: ") for word in _WORDS)
_OF: Final = "\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A match and what came of it."""

    match: Match
    comparison: JudgedFamily

    @cached_property
    def lost(self) -> Lost:
        return lost_of(self.comparison, self.match.after, self.match.asked)


def alarm(compared: Sequence[Compared]) -> FtbenchError | None:
    """Return what a gate must not let through, the gravest; None where nothing is worse."""
    judgements = [each for one in compared for each in one.comparison.judgements]
    verdicts = [each.verdict for each in judgements]
    worse = sum(each.verdict.word is Word.WORSE and not each.note for each in judgements)
    lost = sum(len(one.lost) for one in compared)
    told = f"{plural(worse, 'series is', 'series are')} worse." if worse else ""
    if lost:
        what = plural(lost, "series that was", "series that were")
        return LostError(f"{what} measured before failed or vanished since. {told}".strip())
    if worse:
        return RegressionError(told)
    if any(verdict.p is not None for verdict in verdicts):
        return None
    why = dict.fromkeys(verdict.why for verdict in verdicts)
    return NothingError(
        "Nothing could be compared.",
        hint="\n".join(why) or "No series was measured on both sides.",
    )


def document_of(compared: Sequence[Compared], tree: ResultTree, *, every: bool = False) -> Document:
    """Return the document of a comparison; with `every`, series without an alarm are listed too."""
    sides = compared[0].match.sides
    lines = [f"An effect is after over before; everything is a cost, so above 1 is worse. {SAME}"]
    if any(set(each.factors) - {1.0} for one in compared for each in one.match.after):
        lines.append(AT_USUAL_SPEED)
    if sides.kind is Kind.MACHINE:
        lines.append(_machines(tree, sides.before, sides.after))
    return Document(
        title=f"Before: {_titled(sides.kind, sides.before)}. "
        f"After: {_titled(sides.kind, sides.after)}.",
        record=_record(compared, tree),
        lines=tuple(lines),
        parts=tuple(_part(each, every=every) for each in compared),
        warnings=tuple(map(str, tree.warnings)),
    )


def _record(compared: Sequence[Compared], tree: ResultTree) -> dict[str, Any]:
    sides = compared[0].match.sides
    return {
        "schema": {"name": "ftbench.compare", "version": 1},
        "compared": str(sides.kind),
        "before": sides.before,
        "after": sides.after,
        "regression": any(
            each.verdict.word is Word.WORSE and not each.note
            for one in compared
            for each in one.comparison.judgements
        ),
        "exit_code": 0 if (raised := alarm(compared)) is None else raised.exit_code,
        "comparisons": [
            {
                **each.match.rest,
                "builds": list(each.match.flavours),
                **comparison_record(each.comparison),
                "lost": lost_record(each.lost),
            }
            for each in compared
        ],
        "warnings": list(map(str, tree.warnings)),
    }


def _titled(kind: Kind, name: str) -> str:
    return f"CPython {name}" if kind is Kind.RELEASE else name


def _machines(tree: ResultTree, before: str, after: str) -> str:
    known = []
    for name in (before, after):
        machine = tree.machine(name)
        sources = [source for source in tree.sources if source.machine == name]
        known.append({fact.name: fact.values[0] for fact in machine_facts(machine, sources)})
    first, second = known
    differs = (
        f"{fact} ({first.get(fact, words.NONE)}, {second.get(fact, words.NONE)})"
        for fact in dict.fromkeys((*first, *second))
        if fact != "name" and first.get(fact) != second.get(fact)
    )
    return f"The machines differ, and every effect is theirs too: {', '.join(differs)}."


def _part(compared: Compared, *, every: bool) -> Part:
    match, comparison = compared.match, compared.comparison
    tables = [_alarms(compared), _counts(comparison)]
    if every:
        tables.append(_others(comparison))
    return Part(
        title=_place(match),
        lines=tuple(_lines(compared, every=every)),
        tables=tuple(table for table in tables if table.rows),
    )


def _place(match: Match) -> str:
    builds = " against ".join(dict.fromkeys(match.flavours))
    rest = {**match.rest, "profile": f"{match.rest['profile']} profile"}
    if "release" in rest:
        rest["release"] = f"CPython {rest['release']}"
    return ", ".join((*rest.values(), builds))


def _lines(compared: Compared, *, every: bool) -> Iterator[str]:
    match, comparison = compared.match, compared.comparison
    judgements = comparison.judgements
    if compared.lost:
        yield f"Measured before, but not after: {_ends(compared.lost)}."
    if not judgements:
        yield "No series was measured on both sides."
    else:
        counted = Counter(each.verdict.word for each in judgements)
        counts = ", ".join(f"{counted[word]} {word}" for word in Word if counted[word])
        duels = sum(each.duel is not None for each in judgements)
        yield f"{len(judgements)} series: {counts}{f'; {duels} by duel' if duels else ''}."
        differences = Counter(in_words(each.differences) for each in judgements if each.differences)
        for why, count in differences.items():
            where = "here" if count == len(judgements) else f"in {count} series"
            yield f"Nothing is called a regression {where}, for {why}."
        yield from filter(None, [words.judged(judgements)])
        if any(each.verdict.p is not None for each in judgements):
            apart = " and, apart, of those by duel" if 0 < duels < len(judgements) else ""
            yield (
                f"By chance alone, {few(comparison.by_chance)} alarms would be expected; of "
                f"those raised{apart}, at most {comparison.rate * 100:g} % "
                "are expected to be false."
            )
    lost = {before.series for before, _ in compared.lost}
    skipped = [each for each in comparison.only_before if each.series not in lost]
    yield from _one_sided("before", skipped, match.after, every=every)
    yield from _one_sided("after", comparison.only_after, match.before, every=every)


def _ends(lost: Lost) -> str:
    """Return what became of what is lost: "12 failed, 2 not measured"."""
    ends = Counter(after.state for _, after in lost)
    return ", ".join(f"{count} {end}" for end, count in ends.items())


def _one_sided(
    side: str, figures: Sequence[Figure], others: Sequence[Figure], *, every: bool
) -> Iterator[str]:
    if not figures:
        return
    states = {other.series.name: other.state for other in others}
    by_state: dict[State, list[str]] = {state: [] for state in (State.FAILED, State.SKIPPED)}
    for figure in figures:
        name = figure.series.name
        by_state.setdefault(states.get(name, State.ABSENT), []).append(name)
    other = "after" if side == "before" else "before"
    for state, names in by_state.items():
        if state is State.ABSENT and not every:
            scenarios = dict.fromkeys(name.partition(".")[0] for name in names)
            yield (
                f"Only {side}, {state} {other}: {len(names)} series of {', '.join(scenarios)} "
                "(--every names them)."
            )
        elif names:
            yield f"Only {side}, {state} {other}: {words.listed(names)}."


def _alarms(compared: Compared) -> Table:
    # What is lost first, then worse, the largest effects first.
    alarms = sorted(
        (each for each in compared.comparison.judgements if each.verdict.alarm),
        key=lambda each: (_WORDS.index(each.verdict.word), -_size(each.verdict)),
    )
    unknown = [words.NONE] * 3
    lost = (
        Row(
            cells=(
                *("lost", _named_in_words(before), words.amount(before), words.amount(after)),
                *(*unknown, after.reason or words.NONE),
            ),
            tone=Tone.BAD,
        )
        for before, after in compared.lost
    )
    return Table(
        title="Alarms",
        columns=(*_COLUMNS, "notes"),
        rows=(*lost, *(_row(each, words.beside(each)) for each in alarms)),
    )


def _named_in_words(figure: Figure) -> str:
    return series_name(figure.benchmark, figure.params)


def _size(verdict: Verdict) -> float:
    value = verdict.effect.value if verdict.effect else 1.0
    return max(value, 1 / value)  # whichever its direction


def _row(judgement: JudgedSeries, last: str, first: Sequence[str] = ()) -> Row:
    verdict = judgement.verdict
    return Row(
        cells=(
            *first,
            str(verdict.word),
            _named_in_words(judgement.after),
            *words.amounts(judgement),
            words.effect(judgement),
            words.interval(judgement),
            words.floor(judgement),
            last,
        ),
        tone=words.TONES[verdict.word],
    )


def _others(comparison: JudgedFamily) -> Table:
    rest = [each for each in comparison.judgements if not each.verdict.alarm]
    return Table(
        title="Without an alarm",
        columns=(*_COLUMNS, "why"),
        rows=tuple(_row(each, words.needed(each.verdict)) for each in rest),
    )


def _counts(comparison: JudgedFamily) -> Table:
    groups: dict[tuple[Word, str, bool], list[Verdict]] = {}
    for verdict in (each.verdict for each in comparison.judgements):
        if not verdict.alarm and verdict.word is not Word.INCOMPARABLE:
            why, by_duel = (verdict.why, verdict.pairs > 0) if verdict.word.open else ("", False)
            groups.setdefault((verdict.word, why, by_duel), []).append(verdict)
    order = sorted(groups, key=lambda group: (_WORDS.index(group[0]), -len(groups[group])))
    return Table(
        title="No alarm",
        columns=("verdict", "series", "floor", "why", "what would decide it"),
        rows=tuple(
            Row(
                cells=(
                    str(word),
                    f"{len(group)}{_OF}{len(comparison.judgements)}",
                    _floors(group),
                    f"{why}, by duel" if by_duel else why or words.NONE,
                    _needs(group) if word.open else words.NONE,
                ),
                tone=words.TONES[word],
            )
            for word, why, by_duel in order
            for group in (groups[word, why, by_duel],)
        ),
    )


def _floors(verdicts: Iterable[Verdict]) -> str:
    known = sorted(verdict.floor.effect for verdict in verdicts if verdict.floor)
    if not known:
        return "none"
    ends = dict.fromkeys((reach(known[0]), reach(known[-1])))
    return f"{' to '.join(ends)}, middle {reach(median(known))}"


def _needs(verdicts: Sequence[Verdict]) -> str:
    """Return how many of them so many more processes a side, or pairs of duels, would decide."""
    needs = [verdict.needs for verdict in verdicts if verdict.needs]
    if not needs:
        return words.NONE
    steps: list[str] = []
    last = 0
    for step in _STEPS:
        decided = sum(need <= step for need in needs)
        if decided > last:
            what = "pairs" if verdicts[0].pairs else "processes a side"
            more = "decide" if steps else f"more {what} decide"
            steps.append(f"{step} {more} {decided}")
            last = decided
    rest = len(verdicts) - last
    return ", ".join([*steps, f"{rest} stay undecided"] if rest else steps)


def environment_part(environment: Environment, steps: Sequence[Step]) -> Part:
    """Return what became of an environment's results, release by release."""
    place = (
        f"{environment.machine}, {environment.arm.title}, {environment.profile} profile, "
        f"{environment.flavour}"
    )
    if not steps:
        return Part(title=place, lines=("There is no older release to judge it against.",), level=2)
    tables = (_verdicts(steps), _step_alarms(steps))
    judgements = [each for step in steps for each in step.comparison.judgements]
    differences = {
        f"{step.release} and {step.base}: {in_words(each.differences)}": None
        for step in steps
        for each in step.comparison.judgements
        if each.differences
    }
    return Part(
        title=place,
        lines=(*differences, *filter(None, [words.judged(judgements)]), *_losses(steps)),
        tables=tuple(table for table in tables if table.rows),
        level=2,
    )


def _losses(steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        if step.lost:
            yield (
                f"lost, {step.base} to {step.release}, {step.environment.arm.name}: "
                f"measured before, but not after: {_ends(step.lost)}"
            )


def _verdicts(steps: Sequence[Step]) -> Table:
    reasons = Counter(
        f"{each.verdict.word}: {each.verdict.why}"
        for step in steps
        for each in step.comparison.judgements
        if each.verdict.word.open
    )
    return Table(
        title="Verdicts",
        columns=("release", "against", "which is", *_HEADS, "alarms by chance"),
        rows=tuple(map(_step_row, steps)),
        numbers=len(_WORDS) + 1,
        notes=tuple(f"{count} {words}." for words, count in reasons.most_common()),
    )


def _step_row(step: Step) -> Row:
    counts = Counter(each.verdict.word for each in step.comparison.judgements)
    return Row(
        cells=(
            step.release.name,
            step.base.name,
            str(step.against),
            *(str(counts[word]) for word in _WORDS),
            few(step.comparison.by_chance),
        )
    )


def _step_alarms(steps: Sequence[Step]) -> Table:
    return Table(
        title="Alarms",
        columns=("release", "against", *_COLUMNS, "notes"),
        rows=tuple(
            _row(each, words.beside(each), (step.release.name, step.base.name))
            for step in steps
            for each in step.comparison.judgements
            if each.verdict.alarm
        ),
    )


def comparison_record(judged: JudgedFamily) -> dict[str, Any]:
    """Return a comparison: every series with its verdict, and those that only one side has."""
    words = [judgement.verdict.word for judgement in judged.judgements]
    return {
        "counts": {str(word): words.count(word) for word in Word},
        "alarms_by_chance": judged.by_chance,
        "false_alarm_rate": judged.rate,
        "series": list(map(_judgement, judged.judgements)),
        "only_before": [_named(figure) for figure in judged.only_before],
        "only_after": [_named(figure) for figure in judged.only_after],
    }


def lost_record(lost: Lost) -> list[dict[str, Any]]:
    """Return what is lost: each series, and what became of it."""
    return [
        {**_named(after), "state": str(after.state), "reason": after.reason} for _, after in lost
    ]


def _judgement(judgement: JudgedSeries) -> dict[str, Any]:
    before, after = judgement.locations
    verdict = judgement.verdict
    effect, floor = verdict.effect, verdict.floor
    interval = effect and effect.interval
    return {
        **_named(judgement.after),
        "unit": judgement.after.unit,
        "before": _side(judgement.before, before),
        "after": _side(judgement.after, after),
        "verdict": str(verdict.word),
        "why": verdict.why,
        "known": judgement.note,
        "needs": verdict.needs,
        "p": verdict.p,
        "effect": effect and effect.value,
        "interval": interval and [interval.low, interval.high],
        "basis": effect and str(effect.basis),
        "pairs": list(map(list, judgement.duel.record.pairs)) if judgement.duel else [],
        "floor": floor and floor.effect,
        "judges": judgement.judges or None,
        "margin": margin_of(judgement.after.unit),
        "differences": {fact: list(pair) for fact, pair in judgement.differences.items()},
        "efforts": {kind: list(pair) for kind, pair in judgement.efforts.items()},
    }


def _named(figure: Figure) -> dict[str, Any]:
    return {"benchmark": figure.benchmark, "params": dict(figure.params)}


def _side(figure: Figure, location: float | None) -> dict[str, Any]:
    return {
        "location": location,
        "median": figure.median,
        "measured": figure.measured,
        "processes": list(map(list, figure.by_process)),
        "interference": figure.interference,
        "doubt": figure.doubt,
    }


def figure_record(figure: Figure) -> dict[str, Any]:
    """Return one cell of Choose, in the unit that it was measured in, nothing rounded."""
    interval = figure.interval
    return {
        **_named(figure),
        "arm": figure.arm.name,
        "unit": figure.unit,
        "state": str(figure.state),
        "reason": figure.reason,
        "median": figure.median,
        "measured": figure.measured,
        "interval": interval and [interval.low, interval.high],
        "samples": len(figure.samples),
        "processes": len(figure.processes),
        "interference": figure.interference,
        "doubt": figure.doubt,
        "slow": list(figure.slow),
    }
