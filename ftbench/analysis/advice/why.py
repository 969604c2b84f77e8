"""Why the winner wins, in two sentences made of measured figures."""

from __future__ import annotations

from ftbench.analysis.advice.cells import SERIAL
from ftbench.analysis.advice.expecting import Expectation, NoData
from ftbench.analysis.advice.question import By
from ftbench.analysis.advice.ranking import ArmAdvice, Ranked, cost_of, quantity
from ftbench.analysis.advice.winners import kind_of, title_of
from ftbench.facts.units import digits, times

_UNIT = {By.SECONDS: "seconds", By.TAIL: "seconds", By.MEMORY: "bytes", By.COST: "money"}
_NOUN = {
    By.SECONDS: "a task",
    By.TAIL: "at the 99th percentile",
    By.MEMORY: "in memory",
    By.COST: "for a million tasks",
}


def reasons(advice: ArmAdvice, by: By) -> tuple[str, ...]:
    """Return two sentences on the first of the ranked; one where nothing is."""
    if not advice.ranked:
        return ("Nothing can be advised here.",)
    first = advice.ranked[0]
    return (_wins(advice, first, by), _because(advice, first))


def amount(value: float, by: By) -> str:
    """Return a cost of the kind that modes are ranked by."""
    return digits(value) if by is By.COST else quantity(value, _UNIT[by])


def _wins(advice: ArmAdvice, first: Ranked, by: By) -> str:
    """Say what wins, by how much, and over what."""
    winner = first.expectation
    found = cost_of(winner, by)
    assert found is not None
    said = f"{_capital(_name(winner))}: {amount(found.value, by)} {_NOUN[by]}"
    if winner.sharing:
        said += f", sharing by {winner.sharing.strategy.replace('_', ' ')}"
    close = [each for each in advice.ranked[1:] if each.close]
    if close:
        names = ", ".join(_name(each.expectation) for each in close)
        said += f"; not told apart from {names}"
    apart = next((each for each in advice.ranked[1:] if not each.close), None)
    if apart is not None:
        other = cost_of(apart.expectation, by)
        assert other is not None
        behind = f"{times(other.value / found.value)} that" if found.value else "more"
        said += f"; {_name(apart.expectation)}, next, {_takes(apart)} {behind}"
    elif not close:
        said += "; nothing else is left to compare it with"
    return f"{said}."


def _takes(ranked: Ranked) -> str:
    return "takes" if ranked.expectation.mode == SERIAL else "take"


def _because(advice: ArmAdvice, first: Ranked) -> str:
    """Say where the time goes: the plain loop's, what workers gain, what handing over costs."""
    winner, loop = first.expectation, advice.asked.of(SERIAL)
    if isinstance(loop, NoData):
        return "What a plain loop takes was not measured, so nobody knows what its workers gain."
    if winner.mode == SERIAL:
        return _loop_wins(advice, loop)
    gain = loop.seconds.value / winner.seconds.value
    told = f"A plain loop takes {quantity(loop.seconds.value, 'seconds')}, {times(gain)} as long"
    if gain < 1:
        told = (
            f"A plain loop would take {quantity(loop.seconds.value, 'seconds')}, which is less, "
            "but is not what was ranked by, or is ruled out"
        )
    over, rival = _overhead(winner, loop), _rival(advice, winner)
    if over is None:
        return f"{told}."
    told += f"; handing a task over costs {_name(winner)} {over} of CPU"
    if rival is not None and (theirs := _overhead(rival, loop)) is not None:
        told += f", {_name(rival)} {theirs}"
    return f"{told}."


def _loop_wins(advice: ArmAdvice, loop: Expectation) -> str:
    rival = _rival(advice, loop)
    if rival is None:
        return "No workers are left to compare it with."
    over = _overhead(rival, loop)
    if over is None:
        return "Workers gain less than handing a task over costs them."
    theirs, ours = (quantity(each.seconds.value, "seconds") for each in (rival, loop))
    if rival.seconds.value < loop.seconds.value:
        return (
            f"{_capital(_name(rival))} would take {theirs} a task where a plain loop takes {ours}, "
            f"but {over} of CPU for handing each over."
        )
    return (
        f"Its work is too small to hand over: that costs {_name(rival)}, the best of the others, "
        f"{over} of CPU a task beside the {ours} of work."
    )


def _rival(advice: ArmAdvice, winner: Expectation) -> Expectation | None:
    """Return the best mode of another kind than the winner's, no plain loop; ruled out or not."""
    ours = kind_of(winner.mode)
    others = [
        *(each.expectation for each in advice.ranked),
        *(each.expectation for each in advice.out),
    ]
    rest = [each for each in others if kind_of(each.mode) != ours and each.mode != SERIAL]
    return min(rest, key=lambda each: each.seconds.value, default=None)


def _overhead(one: Expectation, loop: Expectation) -> str | None:
    """Return the CPU of a task beyond a plain loop's, None where it is not known."""
    if one.cpu is None or loop.cpu is None:
        return None
    beyond = one.cpu.value - loop.cpu.value
    return quantity(beyond, "seconds") if beyond > 0 else "next to nothing"


def _name(expectation: Expectation) -> str:
    return title_of(expectation.mode).replace(", ", " by ")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
