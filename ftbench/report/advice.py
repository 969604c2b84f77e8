"""Advice as people read it, a table per arm; and as a document for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from ftbench.analysis.advice.estimate import MILLION, Expectation, NoData, spaced
from ftbench.analysis.advice.interpolation import Estimate
from ftbench.analysis.advice.question import By, Question
from ftbench.analysis.advice.ranking import (
    Advice,
    ArmAdvice,
    Ranked,
    reasons,
)
from ftbench.facts.arms import WITH_GIL, WITHOUT_GIL
from ftbench.facts.units import amount, digits
from ftbench.report.answer import answer_of, asked, cost_with_reach, measured_on
from ftbench.report.document import Document, Part, Row, Table, Tone
from ftbench.report.words import DOUBTFUL, NONE
from ftbench.results import Unreadable
from ftbench.results.selection import Pick

SCHEMA: Final = {"name": "ftbench.advice", "version": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer, and what it stands on: machine, release, profile and builds."""

    advice: Advice
    pick: Pick
    cores: str = ""  # of the machine
    warnings: tuple[Unreadable, ...] = ()

    def command(self, no_data: NoData) -> str | None:
        """Return what would get what is missing, None where nothing would."""
        run = f"FTBENCH_PROFILE={self.pick.profile} asv run {self.pick.release.name}^!"
        return f"{run} --bench '{no_data.bench}'" if no_data.bench else None


def document_of(given: Given) -> Document:
    """Return the document: a part per arm, then all of them together and how to read it."""
    return Document(
        title=f"{asked(given.advice.question)}: {measured_on(given.pick, given.cores)}",
        record=_record(given),
        parts=(
            *(_arm(each, given) for each in given.advice.arms),
            *([_together(given)] if len(given.advice.arms) > 1 else []),
            Part(lines=tuple(_notes(given))),
        ),
        warnings=tuple(map(str, given.warnings)),
    )


def _record(given: Given) -> dict[str, Any]:
    question, pick = given.advice.question, given.pick
    return {
        "schema": SCHEMA,
        "question": {**asdict(question), "by": question.ranked_by},
        "machine": pick.machine,
        "release": pick.release.name,
        "profile": pick.profile,
        "builds": dict(pick.builds),
        "ranked": [_ranked_record(each, given) for each in given.advice.ranked],
        "arms": [_arm_record(each, given) for each in given.advice.arms],
        "warnings": list(map(str, given.warnings)),
    }


def _arm_record(advice: ArmAdvice, given: Given) -> dict[str, Any]:
    by = given.advice.question.ranked_by
    return {
        "arm": advice.arm.name,
        "ranked": [_ranked_record(each, given) for each in advice.ranked],
        "ruled_out": [
            {"why": each.why, **_expectation_record(each.expectation, given)} for each in advice.out
        ],
        "no_data": [
            {"mode": mode.name, **_no_data_record(no_data, given)}
            for mode, no_data in advice.unknown.items()
        ],
        "why": list(reasons(advice, by)),
    }


def _ranked_record(ranked: Ranked, given: Given) -> dict[str, Any]:
    place = {"rank": ranked.rank, "close": ranked.close, "arm": ranked.expectation.arm.name}
    return {**place, **_expectation_record(ranked.expectation, given)}


def _expectation_record(expectation: Expectation, given: Given) -> dict[str, Any]:
    sharing = expectation.sharing
    costs = {
        "seconds": expectation.seconds,
        "p50": expectation.p50,
        "p99": expectation.p99,
        "cpu": expectation.cpu,
        "memory": expectation.memory,
        "cost_per_million": expectation.cost,
    }
    return {
        "mode": expectation.mode.name,
        **{name: each and _expected_record(each) for name, each in costs.items()},
        "strategy": sharing and sharing.strategy,
        "writes": sharing and {name: _expected_record(each) for name, each in sharing.ops.items()},
        "lacks": {name: _no_data_record(each, given) for name, each in expectation.lacks.items()},
    }


def _expected_record(expected: Estimate) -> dict[str, Any]:
    interval = expected.interval
    return {
        "value": expected.value,
        "interval": interval and [interval.low, interval.high],
        "interpolated": expected.between,
        "doubt": expected.doubt,
        "cells": list(expected.sources),
    }


def _no_data_record(no_data: NoData, given: Given) -> dict[str, Any]:
    return {"why": no_data.why, "command": given.command(no_data)}


def _together(given: Given) -> Part:
    answer = answer_of(given.advice)
    rows = tuple(
        Row(cells=cells, tone=Tone.PLAIN if number else Tone.BEST)
        for number, cells in enumerate(answer.rows)
    )
    numbers = len(answer.columns) - 3
    table = Table(columns=answer.columns, rows=rows, numbers=numbers, notes=answer.notes)
    where = f"Measured with {measured_on(given.pick, given.cores)}."
    return Part(
        title="All builds in one ranking",
        lines=(" ".join([*answer.sentences, where]),),
        tables=(table,) if rows else (),
    )


def _arm(advice: ArmAdvice, given: Given) -> Part:
    why = reasons(advice, given.advice.question.ranked_by)
    notes = tuple(_missing(advice, given))
    title = f"{advice.arm.character} {advice.arm.label}"
    if not advice.ranked:
        return Part(title=title, lines=(why[0], *notes))
    return Part(title=title, tables=(_table(advice, given, (" ".join(why), *notes)),))


def _missing(advice: ArmAdvice, given: Given) -> Iterator[str]:
    """Yield what writes cost, what is doubtful, not known or ruled out, and what has no data."""
    for each in advice.ranked:
        if each.expectation.p99 and (doubt := each.expectation.p99.doubt):
            yield f"{DOUBTFUL} p99: {each.expectation.mode.title}: {doubt}"
        if sharing := each.expectation.sharing:
            ops = (
                f"{cost_with_reach(op, By.SECONDS)} by {spaced(name)}"
                for name, op in sharing.ops.items()
            )
            yield f"{each.expectation.mode.title}: a write takes {', '.join(ops)}"
    for out in advice.out:
        yield f"ruled out: {out.expectation.mode.title}: {out.why}"
    modes_by_lack: dict[tuple[str, NoData], list[str]] = {}
    for each in advice.ranked:
        names_by_lack: dict[NoData, list[str]] = {}
        for name, lack in each.expectation.lacks.items():
            names_by_lack.setdefault(lack, []).append(name)
        for lack, names in names_by_lack.items():
            of = f"no {' or '.join(names)}", lack
            modes_by_lack.setdefault(of, []).append(each.expectation.mode.title)
    for mode, no_data in advice.unknown.items():
        modes_by_lack.setdefault(("no data", no_data), []).append(mode.title)
    for (what, no_data), modes in modes_by_lack.items():
        command = given.command(no_data)
        get = f"; to get it: {command}" if command else ""
        yield f"{what}: {'; '.join(modes)}: {no_data.why.rstrip('.')}{get}"


def _table(advice: ArmAdvice, given: Given, notes: tuple[str, ...]) -> Table:
    priced, shared = given.advice.question.priced, given.advice.question.shared
    costs = ("a task", "p50", "p99", "its CPU", "memory", *(["a million"] if priced else []))
    return Table(
        columns=("", "mode", *(["shares by"] if shared else []), *costs),
        rows=tuple(
            Row(
                cells=tuple(_cells(each, priced=priced, shared=bool(shared))),
                tone=Tone.BEST if each.rank == 1 else Tone.PLAIN,
            )
            for each in advice.ranked
        ),
        numbers=len(costs),
        notes=notes,
    )


def _cells(ranked: Ranked, *, priced: bool, shared: bool) -> Iterator[str]:
    expectation = ranked.expectation
    yield f"\N{ALMOST EQUAL TO}{ranked.rank}" if ranked.close else f"{ranked.rank}"
    yield expectation.mode.title
    if shared:
        yield expectation.sharing.title if expectation.sharing else NONE
    yield cost_with_reach(expectation.seconds, By.SECONDS)
    yield cost_with_reach(expectation.p50, By.SECONDS)
    doubtful = expectation.p99 and expectation.p99.doubt
    yield f"{DOUBTFUL * bool(doubtful)} {cost_with_reach(expectation.p99, By.SECONDS)}".lstrip()
    yield cost_with_reach(expectation.cpu, By.SECONDS)
    yield cost_with_reach(expectation.memory, By.MEMORY)
    if priced:
        yield cost_with_reach(expectation.cost, By.COST)


def _notes(given: Given) -> Iterator[str]:
    question = given.advice.question
    loop = next((each.asked.cells.loop for each in given.advice.arms), None)
    if loop is not None:
        yield (
            f"The task takes {amount(question.task, 'seconds')} in a plain loop on the "
            f"{loop.arm.title}; the other builds do the same work. The pool is warm, with one "
            f"task per worker in flight."
        )
    yield from _standing(given)
    if not given.advice.ranked:
        return
    yield (
        "± is the larger half of the 99 % interval, whose ends are shown where that is more than "
        "the cost itself; ≈ is too close to the first to call, by "
        f"{question.ranked_by}. Memory is that of the whole process tree."
    )
    yield (
        f"p50 and p99 are of requests that arrive at random, {_load(question)}, from the time a "
        "request was due to its answer, without writes. Processes were measured with spawn only."
    )
    if question.priced:
        yield f"A million: the price of {digits(MILLION)} tasks, of what has a price."
    if question.shared:
        yield (
            f"A shared write is {spaced(question.shared_kind)}. It costs what the mode's cheapest "
            "strategy of that kind costs 8 workers: with a manager, between other work, so that "
            "the manager has to wake up; otherwise one write after the other. Processes were "
            "measured with spawn only. Memory does not include it."
        )
    if any(each.arm == WITH_GIL for each in given.advice.arms):
        yield f"With {WITH_GIL.label}, processes and subinterpreters are as {WITHOUT_GIL.label}."


def _load(question: Question) -> str:
    if question.offered is None:
        return (
            "at the lower load that was measured, nominally half of what one core can do (--load)"
        )
    rate = digits(question.offered / question.work)
    return f"{rate} a second, {question.offered:.0%} of what one core can do"


def _standing(given: Given) -> Iterator[str]:
    every = [each.expectation for advice in given.advice.arms for each in advice.ranked]
    costs = [cost for each in every for cost in (each.seconds, each.memory) if cost]
    if not costs:
        return
    places: Mapping[str, None] = dict.fromkeys(
        cell.partition("(")[0] for cost in costs for cell in cost.sources
    )
    how = "interpolated between" if any(c.between for c in costs) else "of"
    yield f"Figures are {how} measured cells: {', '.join(places)} (--format json has all)."
