"""The advice: every mode on every arm, ranked; what limits rule out; what nobody knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ftbench.analysis.advice.cells import MODES, Cells
from ftbench.analysis.advice.expecting import Asked, Expectation, Expected, NoData
from ftbench.analysis.advice.question import By, Question
from ftbench.facts.arms import Arm
from ftbench.facts.modes import Mode
from ftbench.facts.units import scale_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A mode and its rank; `close` says that its interval overlaps that of the first."""

    rank: int
    expectation: Expectation
    close: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Out:
    """A mode that a limit rules out, or of which the limit cannot be told."""

    expectation: Expectation
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A mode of which nothing is known."""

    mode: Mode
    no_data: NoData


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmAdvice:
    """The modes on one arm: the ranked, best first, those ruled out, those without data.

    `asked` is the question to the cells that it was answered from.
    """

    arm: Arm
    asked: Asked
    ranked: tuple[Ranked, ...]
    out: tuple[Out, ...]
    unknown: tuple[Unknown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The advice for one question, arm by arm."""

    question: Question
    arms: tuple[ArmAdvice, ...]

    @property
    def best(self) -> tuple[ArmAdvice, Ranked] | None:
        """Return the first of all arms, None where nothing is ranked."""
        firsts = [(each, each.ranked[0]) for each in self.arms if each.ranked]
        by = self.question.ranked_by
        return min(firsts, key=lambda each: value_of(each[1].expectation, by), default=None)


def advise(cells: Cells, question: Question, arms: Sequence[Arm] | None = None) -> Advice:
    """Return the advice for a question, from these cells alone.

    On `arms`, or on those that were measured; where nothing of it was, on those of other figures.
    """
    every = arms or cells.arms or cells.every_arm
    return Advice(question=question, arms=tuple(_on(cells, arm, question) for arm in every))


def _on(cells: Cells, arm: Arm, question: Question) -> ArmAdvice:
    asked = Asked(cells=cells, arm=arm, question=question)
    found = [(mode, asked.of(mode)) for mode in MODES]
    known = [each for _, each in found if isinstance(each, Expectation)]
    unknown = [Unknown(mode=mode, no_data=each) for mode, each in found if isinstance(each, NoData)]
    out = [Out(expectation=each, why=why) for each in known if (why := ruled_out(each, question))]
    left = [each for each in known if not ruled_out(each, question)]
    by = question.ranked_by
    lacking = [each for each in left if cost_of(each, by) is None]
    for each in lacking:
        no_data = each.lacks.get(_FIELD[by], NoData(why=f"its {by} is not known"))
        unknown.append(Unknown(mode=each.mode, no_data=no_data))
    return ArmAdvice(
        arm=arm,
        asked=asked,
        ranked=tuple(_ranked([each for each in left if each not in lacking], by)),
        out=tuple(out),
        unknown=tuple(unknown),
    )


_FIELD = {By.SECONDS: "seconds", By.COST: "cpu", By.MEMORY: "memory", By.TAIL: "tail"}


def cost_of(expectation: Expectation, by: By) -> Expected | None:
    """Return what a mode is ranked by, None where it is not known."""
    costs = {
        By.SECONDS: expectation.seconds,
        By.COST: expectation.cost,
        By.MEMORY: expectation.memory,
        By.TAIL: expectation.tail,
    }
    return costs[by]


def value_of(expectation: Expectation, by: By) -> float:
    """Return its value; infinite where it is not known."""
    found = cost_of(expectation, by)
    return float("inf") if found is None else found.value


def _ranked(every: Sequence[Expectation], by: By) -> Iterator[Ranked]:
    ordered = sorted(every, key=lambda each: value_of(each, by))
    for rank, each in enumerate(ordered, start=1):
        yield Ranked(rank=rank, expectation=each, close=rank > 1 and overlap(ordered[0], each, by))


def overlap(one: Expectation, other: Expectation, by: By) -> bool:
    """Tell whether two are not told apart: their intervals overlap, or one has none."""
    ours, theirs = cost_of(one, by), cost_of(other, by)
    if ours is None or theirs is None or ours.interval is None or theirs.interval is None:
        return True
    return ours.interval.overlaps(theirs.interval)


def ruled_out(expectation: Expectation, question: Question) -> str:
    """Return which limit a mode breaks, or cannot be held against; "" where it keeps all."""
    limits = (
        ("memory", "bytes", expectation.memory, question.memory),
        ("tail", "seconds", expectation.tail, question.p99),
    )
    for name, unit, expected, limit in limits:
        if limit is None:
            continue
        what = "its memory" if name == "memory" else "its 99th percentile"
        if expected is None:
            return f"{what} is not known ({expectation.lacks[name].why})"
        if expected.value > limit:
            return f"{what}, {quantity(expected.value, unit)}, is above {quantity(limit, unit)}"
    return ""


def quantity(value: float, unit: str) -> str:
    """Return a quantity in three digits with its unit: "38.2 µs"."""
    scale = scale_for(unit, [value])
    return f"{scale.text(value)}\N{NO-BREAK SPACE}{scale.symbol}"
