"""One ranking over all modes and arms in words: at the end of `advise`, and first on Choose.

The site's script (`choose.js`) says the same for any question; a test holds both together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ftbench.analysis.advice.cells import POOLED, SERIAL, Cells
from ftbench.analysis.advice.estimate import Expectation, Sharing, spaced
from ftbench.analysis.advice.interpolation import Estimate
from ftbench.analysis.advice.question import By, Question
from ftbench.analysis.advice.ranking import ALONE, NOTHING, Advice, Ranked, cost_words
from ftbench.facts.arms import Arm
from ftbench.facts.modes import Mode
from ftbench.facts.units import amount, reach, times
from ftbench.report.words import DOUBTFUL, NONE
from ftbench.results.selection import Pick

_BEST: Final = {By.SECONDS: "Fastest", By.COST: "Cheapest", By.MEMORY: "Smallest"}
_NOUN: Final = {
    By.SECONDS: " a task",
    By.COST: " for a million tasks",
    By.MEMORY: " of memory",
}
_NAMED: Final = 2  # of those that are too close to call
BETWEEN: Final = "Interpolated: it lies between measured tasks, payloads or numbers of workers."
MEASURED: Final = "Measured at exactly this task, payload and number of workers."
DISTURBED: Final = "other programs ran beside some of it, or the machine was not at its usual speed"
AT_BEST: Final = (
    "Waiting was not measured: we assume the best case, that workers wait at the same time and "
    "that waiting costs nothing."
)


def writes_note(cells: Cells) -> str:
    """Return what has to be known of shared writes."""
    note = f"A shared write costs here what it costs {POOLED} workers, however many are asked for"
    apart = ", and was measured in another run than the tasks"
    return f"{note}{'' if cells.writes_run in {None, cells.run} else apart}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer in sentences, the ranking as a table, and what has to be known of it."""

    sentences: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def answer_of(advice: Advice) -> Answer:
    """Return the answer to the question of an advice."""
    ranked, question = advice.ranked, advice.question
    return Answer(
        sentences=tuple(_sentences(ranked, question.ranked_by)),
        columns=tuple(_columns(question)),
        rows=tuple(tuple(_cells(each, ranked[0], question)) for each in ranked),
        notes=tuple(_notes(advice, ranked)),
    )


def asked(question: Question) -> str:
    """Return a question in words: "A task of 200 µs, 64.0 KiB payload, 8 workers"."""
    said = [
        f"A task of {amount(question.task, 'seconds')}",
        f"{amount(question.payload, 'bytes')} payload" if question.payload else "no payload",
        f"{question.workers} worker{'s' if question.workers > 1 else ''}",
    ]
    if question.shared:
        what = f"{question.shared * 100:.3g} % of the tasks write to what is shared"
        said.append(f"{what}, {spaced(question.shared_kind)}")
    if question.waiting:
        said.append(f"{question.waiting * 100:.3g} % of its time waiting")
    return ", ".join(said)


def measured_on(pick: Pick, cores: str) -> str:
    """Return what the figures are of: release, machine and its cores, profile."""
    count = f", {cores} cores" if cores else ""
    return f"CPython {pick.release.name} on {pick.machine}{count}, {pick.profile} profile"


def _sentences(ranked: tuple[Ranked, ...], by: By) -> Iterator[str]:
    if not ranked:
        yield NOTHING
        return
    first, *others = ranked
    if all(each.expectation.mode == SERIAL for each in ranked):
        yield ALONE
    sharing = first.expectation.sharing
    how = f", sharing by {sharing.title}" if sharing else ""
    yield f"{_BEST[by]}: {name_of(first.expectation)}, {_value(first, by)}{_NOUN[by]}{how}."
    close = [each for each in others if each.close]
    if close:
        said = [f"{name_of(each.expectation)} ({_value(each, by)})" for each in close[:_NAMED]]
        if len(close) > _NAMED:
            said.append(f"{len(close) - _NAMED} more")
        yield f"Too close to call: {', '.join(said)}."
    behind = next((each for each in others if not each.close), None)
    if behind is not None:
        ratio = f", {_ratio(behind, first)}" if first.cost.value else ""
        yield f"Clearly behind: {name_of(behind.expectation)} ({_value(behind, by)}{ratio})."


def name_of(expectation: Expectation) -> str:
    """Return a mode and its build: "processes by fork on the GIL build"."""
    return _on(expectation.mode, expectation.arm)


def _on(mode: Mode, arm: Arm) -> str:
    return f"{mode.title.replace(', ', ' by ')} on the {arm.title}"


def _value(each: Ranked, by: By) -> str:
    return cost_words(each.cost.value, by)


def _ratio(each: Ranked, first: Ranked) -> str:
    return times(each.cost.value / first.cost.value) if first.cost.value else NONE


def _columns(question: Question) -> Iterator[str]:
    yield from ("", "mode", "build", "a task", "over the best")
    if question.shared:
        yield "a shared write"
    if question.p99 is not None:
        yield "p99"
    yield "memory"


def _cells(each: Ranked, first: Ranked, question: Question) -> Iterator[str]:
    of = each.expectation
    yield f"\N{ALMOST EQUAL TO}{each.rank}" if each.close else f"{each.rank}"
    yield of.mode.title
    yield f"{of.arm.character} {of.arm.label}"
    yield cost_with_reach(of.seconds, By.SECONDS)
    yield _ratio(each, first)
    if question.shared:
        yield _write(of.sharing) if of.sharing else NONE
    if question.p99 is not None:
        doubt = DOUBTFUL if of.p99 and of.p99.doubt else ""
        yield f"{doubt} {cost_with_reach(of.p99, By.SECONDS)}".lstrip()
    yield cost_with_reach(of.memory, By.MEMORY)


def _write(sharing: Sharing) -> str:
    """Return what a write costs by the best strategy, and by the worst there is."""
    best, *others = sharing.ops.items()
    said = [f"{amount(cost.value, 'seconds')} by {spaced(name)}" for name, cost in (best, *others)]
    return f"{said[0]} ({said[-1]})" if others else said[0]


def cost_with_reach(expected: Estimate | None, by: By) -> str:
    """Return a cost and how far its interval reaches: "1.62 ms ±1 %", else its bounds."""
    if expected is None:
        return NONE
    value, interval = expected.value, expected.interval
    if interval is None or not value:
        return cost_words(value, by)
    share = max(interval.high - value, value - interval.low) / value
    if share <= 1:
        return f"{cost_words(value, by)} {reach(share)}"
    high = cost_words(interval.high, by)
    low = f"{cost_words(interval.low, by)} \N{EN DASH}" if interval.low > 0 else "up to"
    return f"{cost_words(value, by)} ({low} {high})"


def _notes(advice: Advice, ranked: tuple[Ranked, ...]) -> Iterator[str]:
    """Yield where figures come from, who is ruled out, and what is not known."""
    question = advice.question
    if ranked:
        between = any(each.expectation.seconds.between for each in ranked)
        yield BETWEEN if between else MEASURED
        if question.waiting:
            yield AT_BEST
        if question.shared:
            yield writes_note(advice.arms[0].asked.cells)
    of = [name_of(each.expectation) for each in ranked if each.expectation.seconds.disturbed]
    yield from _grouped("Disturbed", ((DISTURBED, name) for name in of), len(ranked))
    every = [(arm.arm, each) for arm in advice.arms for each in arm.out]
    yield from _grouped(
        "Ruled out", ((out.why, _on(out.expectation.mode, arm)) for arm, out in every)
    )
    if question.p99 is not None:
        lacks = (
            (each.expectation.lacks["p99"].why, name_of(each.expectation))
            for each in ranked
            if "p99" in each.expectation.lacks
        )
        yield from _grouped("p99 is not known", lacks, len(ranked))
    unknown = [(arm.arm, *each) for arm in advice.arms for each in arm.unknown.items()]
    lacking = ((no_data.why.rstrip("."), _on(mode, arm)) for arm, mode, no_data in unknown)
    yield from _grouped("No data", lacking, len(unknown) if not (ranked or every) else 0)


def _grouped(what: str, every: Iterable[tuple[str, str]], count: int = 0) -> Iterator[str]:
    """Yield each reason once, with all that it is true of; `count` are all there are."""
    by_reason: dict[str, list[str]] = {}
    for why, name in every:
        by_reason.setdefault(why, []).append(name)
    for why, names in by_reason.items():
        of = "all of them" if len(names) == count else ", ".join(names)
        yield f"{what}: {of}: {why}."
