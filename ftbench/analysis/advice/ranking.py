"""The advice: every mode on every arm, ranked; what limits rule out; what nobody knows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ftbench.analysis.advice.cells import MODES, SERIAL, Cells
from ftbench.analysis.advice.estimate import Asked, Expectation, NoData
from ftbench.analysis.advice.interpolation import Estimate
from ftbench.analysis.advice.question import By, Question
from ftbench.analysis.advice.winner_map import kind_of
from ftbench.facts.arms import Arm
from ftbench.facts.modes import Mode
from ftbench.facts.units import amount, digits, times
from ftbench.probe.scenarios.latency import CANNOT, LOADS


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A mode, its rank, and the cost that it is ranked by."""

    rank: int
    expectation: Expectation
    cost: Estimate
    close: bool  # not to be told from the first: intervals overlap, or one has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Out:
    """A mode that a limit rules out, or that cannot be held against it."""

    expectation: Expectation
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmAdvice:
    """The modes on one arm: the ranked, best first, those ruled out, those without data."""

    arm: Arm
    asked: Asked
    ranked: tuple[Ranked, ...]
    out: tuple[Out, ...]
    unknown: Mapping[Mode, NoData]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The advice for one question, arm by arm."""

    question: Question
    arms: tuple[ArmAdvice, ...]

    @property
    def ranked(self) -> tuple[Ranked, ...]:
        """The ranked of all arms in one order, best first."""
        return tuple(_ranked([(e.cost, e.expectation) for arm in self.arms for e in arm.ranked]))


def advise(cells: Cells, question: Question, arms: Sequence[Arm] | None = None) -> Advice:
    """Return the advice for a question on `arms`, or on those that were measured."""
    measured = arms or cells.arms
    return Advice(question=question, arms=tuple(_on(cells, arm, question) for arm in measured))


def _on(cells: Cells, arm: Arm, question: Question) -> ArmAdvice:
    asked, by = Asked(cells=cells, arm=arm, question=question), question.ranked_by
    known: list[tuple[Estimate, Expectation]] = []
    out: list[Out] = []
    unknown: dict[Mode, NoData] = {}
    for mode in MODES:
        expectation = asked.of(mode)
        if isinstance(expectation, NoData):
            unknown[mode] = expectation
        elif why := ruled_out(expectation, question):
            out.append(Out(expectation=expectation, why=why))
        elif cost := getattr(expectation, by):
            known.append((cost, expectation))
        else:
            lack = "cpu" if by is By.COST else by
            unknown[mode] = expectation.lacks.get(lack, NoData(why=f"its {by} is not known"))
    ranked = tuple(_ranked(known))
    return ArmAdvice(arm=arm, asked=asked, ranked=ranked, out=tuple(out), unknown=unknown)


def _ranked(known: Sequence[tuple[Estimate, Expectation]]) -> Iterator[Ranked]:
    ordered = sorted(known, key=lambda pair: pair[0].value)
    for rank, (cost, expectation) in enumerate(ordered, start=1):
        ours, first = cost.interval, ordered[0][0].interval
        close = rank > 1 and (ours is None or first is None or ours.overlaps(first))
        yield Ranked(rank=rank, expectation=expectation, cost=cost, close=close)


def ruled_out(expectation: Expectation, question: Question) -> str:
    """Return how a mode breaks a limit, or why it cannot be held against it; "" otherwise.

    One whose p99 was not measured is not ruled out by it.
    """
    asked = question.p99 is not None or question.load is not None
    if asked and (why := _late(expectation, question)):
        return why
    memory, limit = expectation.memory, question.memory
    if limit is None:
        return ""
    if memory is None:
        return f"its memory is not known ({expectation.lacks['memory'].why})"
    above = f"its memory, {amount(memory.value, 'bytes')}, is above {amount(limit, 'bytes')}"
    return above if memory.value > limit else ""


def _late(expectation: Expectation, question: Question) -> str:
    lack, p99, seconds = expectation.lacks.get("p99"), expectation.p99, expectation.seconds.value
    # Whether its latency at this load is known or not.
    if (question.offered or LOADS[0] / 100) / question.work * seconds > 1:
        return f"it {CANNOT}: it does {digits(1 / seconds)} a second"
    limit = question.p99 or math.inf
    if lack is not None and lack.why == CANNOT:
        return f"it {CANNOT}"
    if p99 is None or p99.value <= limit:
        return ""
    above = f"its p99, {amount(p99.value, 'seconds')}, is above {amount(limit, 'seconds')}"
    return f"{above} ({p99.doubt})" if p99.doubt else above


NOTHING = "No recommendation: every mode is ruled out or was not measured."
ALONE = "No mode with workers can be compared: each is ruled out or was not measured."
_UNIT = {By.SECONDS: "seconds", By.MEMORY: "bytes", By.COST: "money"}
_NOUN = {By.SECONDS: "a task", By.MEMORY: "in memory", By.COST: "for a million tasks"}


def reasons(advice: ArmAdvice, by: By) -> tuple[str, ...]:
    """Return two sentences on the first of the ranked; one where nothing is."""
    if not advice.ranked:
        return (NOTHING,)
    first = advice.ranked[0]
    return (_wins(advice, first, by), _because(advice, first))


def cost_words(value: float, by: By) -> str:
    """Return a cost of the kind that modes are ranked by."""
    return digits(value) if by is By.COST else amount(value, _UNIT[by])


def _wins(advice: ArmAdvice, first: Ranked, by: By) -> str:
    winner, cost = first.expectation, first.cost.value
    sentence = f"{_capital(_name(winner))}: {cost_words(cost, by)} {_NOUN[by]}"
    if winner.sharing:
        sentence += f", sharing by {winner.sharing.title}"
    close = [each for each in advice.ranked[1:] if each.close]
    if close:
        names = ", ".join(_name(each.expectation) for each in close)
        sentence += f"; too close to call: {names}"
    apart = next((each for each in advice.ranked[1:] if not each.close), None)
    if apart is not None:
        behind = f"{times(apart.cost.value / cost)} as much" if cost else "more"
        takes = "takes" if apart.expectation.mode == SERIAL else "take"
        sentence += f"; {_name(apart.expectation)}, the next, {takes} {behind}"
    elif not close:
        sentence += "; nothing else is left to compare it with"
    return f"{sentence}."


def _because(advice: ArmAdvice, first: Ranked) -> str:
    """Say where the time goes: the plain loop's, what workers gain, what handing over costs."""
    winner, loop = first.expectation, advice.asked.of(SERIAL)
    if isinstance(loop, NoData):
        return "A plain loop was not measured, so what its workers gain is unknown."
    rival = _rival(advice, winner)
    if winner.mode == SERIAL:
        return _loop_wins(rival, loop) if rival else "No workers are left to compare it with."
    gain = times(loop.seconds.value / winner.seconds.value)
    sentence = f"A plain loop takes {amount(loop.seconds.value, 'seconds')}, {gain} as long"
    if (over := _overhead(winner, loop)) is not None:
        sentence += f"; handing a task over costs {_name(winner)} {over} of CPU"
        if rival is not None and (theirs := _overhead(rival, loop)) is not None:
            sentence += f", {_name(rival)} {theirs}"
    return f"{sentence}."


def _loop_wins(rival: Expectation, loop: Expectation) -> str:
    over, theirs = _overhead(rival, loop), amount(rival.seconds.value, "seconds")
    sentence = f"{_capital(_name(rival))}, the best of the others, would take {theirs} a task"
    return f"{sentence}." if over is None else f"{sentence}, {over} of CPU to hand it over."


def _rival(advice: ArmAdvice, winner: Expectation) -> Expectation | None:
    """Return the best mode of another kind than the winner's, no plain loop; ruled out or not."""
    ours = kind_of(winner.mode)
    modes: list[Ranked | Out] = [*advice.ranked, *advice.out]
    others = (each.expectation for each in modes)
    rest = [each for each in others if kind_of(each.mode) != ours and each.mode != SERIAL]
    return min(rest, key=lambda each: each.seconds.value, default=None)


def _overhead(one: Expectation, loop: Expectation) -> str | None:
    """Return the CPU of a task beyond a plain loop's, None where it is not known."""
    if one.cpu is None or loop.cpu is None:
        return None
    beyond = one.cpu.value - loop.cpu.value
    return amount(beyond, "seconds") if beyond > 0 else "next to nothing"


def _name(expectation: Expectation) -> str:
    return expectation.mode.title.replace(", ", " by ")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
