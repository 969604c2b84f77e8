"""Effects cell by cell: all metrics of one program on one arm, the loudest first, in a sentence."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from ftbench.analysis.verdicts import JudgedSeries
from ftbench.facts.modes import EVERY_MODE
from ftbench.facts.units import COUNTED, digits, times
from ftbench.report.sections import GROUPS
from ftbench.statistics.verdict import ROUNDING, Word

SUSPECT: Final = "suspect: large, no floor"
# A whole interval beyond it is large, though nobody knows the machine's noise.
LARGE: Final = 1.25
_TITLES: Final = {section.name: section.title for group in GROUPS for section in group.sections}
_MODES: Final = {mode.name: mode.title for mode in EVERY_MODE}
_NUMBERS: Final = {"1": "one", "2": "two", "4": "four", "8": "eight"}
# What programs do, where their names do not say it.
_DOING: Final = {
    "objects": "creating objects",
    "sum_of_squares": "adding up squares",
    "is_prime": "searching primes",
    "lcg": "drawing random numbers",
    "words": "counting words",
    "mandelbrot": "computing with floats",
}
_AMOUNTS: Final = {
    "seconds": ("as long", "longer", "shorter"),
    "bytes": ("as much memory", "more memory", "less memory"),
    COUNTED: ("as many instructions", "more instructions", "fewer instructions"),
}
_TEAM: Final = ("unit", "relative", "control")  # metrics of so many workers, `unit_2`
_MOST_TOLD: Final = 5
_ALONE: Final = 1.5  # of two workers the time over one's: up to it they scale
_BY_TURNS: Final = 1.8  # from it on they take turns


def loudness(judgement: JudgedSeries) -> float:
    """Return how many times its noise an effect is: its floor, or how far its interval reaches."""
    effect, floor = judgement.verdict.effect, judgement.verdict.floor
    if effect is None or not 0 < effect.value < math.inf:
        return 0.0
    size, ends = abs(math.log(effect.value)), effect.interval
    if floor:
        noise = math.log1p(floor.effect)
    elif ends and ends.low > 0 and ends.high < math.inf:
        noise = (math.log(ends.high) - math.log(ends.low)) / 2
    else:
        return 0.0
    return size / noise if noise else math.inf if size > ROUNDING else 0.0


def suspect(judgement: JudgedSeries) -> bool:
    """Tell whether an effect is large by its own interval, where no floor can judge it."""
    verdict = judgement.verdict
    ends = verdict.effect.interval if verdict.effect else None
    if verdict.alarm or verdict.floor or judgement.duel or judgement.differences or not ends:
        return False
    return ends.low > LARGE or ends.high < 1 / LARGE


@dataclass(frozen=True, slots=True, kw_only=True)
class CellEffect:
    """All metrics of one cell on one arm: its alarms first, then the loudest."""

    judgements: tuple[JudgedSeries, ...]

    @property
    def first(self) -> JudgedSeries:
        """The metric that the others stand behind."""
        return self.judgements[0]

    @property
    def word(self) -> Word:
        """Its verdict."""
        return self.first.verdict.word

    @property
    def suspect(self) -> bool:
        """Whether it is large, and no floor can judge it."""
        return suspect(self.first)

    @property
    def within_noise(self) -> bool:
        """Whether nothing of it stands out."""
        return not (self.first.verdict.alarm or self.suspect) and loudness(self.first) <= 1

    @property
    def rank(self) -> tuple[bool, bool, float]:
        """Its place among others."""
        return _rank(self.first)

    @property
    def sentence(self) -> str:
        """What it comes to: "two threads creating objects: 2.31 times as long, free-threaded"."""
        after = self.first.after
        effect = self.first.verdict.effect
        much = _much(effect.value, _unit(self.first)) if effect else self.word
        return f"{_program(self.first)}: {much}, {after.arm.label}{self._scaling}"

    @property
    def rest(self) -> str:
        """Its other metrics, each with its effect."""
        effects = ((_metric(each), each.verdict.effect) for each in self.judgements[1:])
        told = [f"{name.replace('_', ' ')} {times(of.value)}" for name, of in effects if of]
        return ", ".join(told[:_MOST_TOLD]) + (" …" if told[_MOST_TOLD:] else "")

    @property
    def _scaling(self) -> str:
        """Whether two workers began or ceased to run at the same time."""
        for each in self.judgements:
            if each.after.benchmark.endswith("track_relative_2"):
                before, after = each.locations
                if before and after and before <= _ALONE and after >= _BY_TURNS:
                    return "; stopped scaling"
                if before and after and after <= _ALONE and before >= _BY_TURNS:
                    return "; scales now"
        return ""


def _rank(judgement: JudgedSeries) -> tuple[bool, bool, float]:
    return not judgement.verdict.alarm, not suspect(judgement), -loudness(judgement)


def cells_of(judgements: Iterable[JudgedSeries]) -> list[CellEffect]:
    """Return what was judged together by cell, the alarms first, then the loudest.

    What is worse of a cell stands apart from what is better of it.
    """

    def cell(judgement: JudgedSeries) -> tuple[object, ...]:
        of = judgement.after
        worse = judgement.verdict.word is Word.WORSE
        return of.arm.name, of.benchmark.partition(".")[0], sorted(of.params.items()), worse

    groups = groupby(sorted(judgements, key=cell), key=cell)
    cells = [CellEffect(judgements=tuple(sorted(every, key=_rank))) for _, every in groups]
    return sorted(cells, key=lambda each: each.rank)


def _metric(judgement: JudgedSeries) -> str:
    name = judgement.after.benchmark.rpartition(".")[2]
    return name.removeprefix("track_").removeprefix("time_")


def _unit(judgement: JudgedSeries) -> str:
    """Return the unit of an effect: what is relative to one worker's time is a time."""
    name = _metric(judgement).partition("_")[0]
    return "seconds" if name in _TEAM else judgement.after.unit


def _much(value: float, unit: str) -> str:
    as_much, more, less = _AMOUNTS.get(unit, ("as much", "more", "less"))
    if unit == "seconds" and value <= 1 / 2:
        return f"{digits(1 / value)} times as fast"
    if not 1 / 2 < value < 2:  # noqa: PLR2004 - from a doubling on a multiple is easier to read
        return f"{digits(value)} times {as_much}"
    return f"{digits(abs(value - 1) * 100)}\N{NARROW NO-BREAK SPACE}% {more if value > 1 else less}"


def _program(judgement: JudgedSeries) -> str:
    """Return what runs: "two threads creating objects", or the scenario, its cell and metric."""
    params = dict(judgement.after.params)
    of = params.get("kernel") or params.get("work") or params.get("pattern")
    metric, _, number = _metric(judgement).rpartition("_")
    if of is None:
        title = judgement.after.benchmark.partition(".")[0]
        told = [
            _MODES.get(value, value) if name == "mode" else f"{name.replace('_', ' ')} {value}"
            for name, value in params.items()
        ]
        what = _metric(judgement).replace("_", " ")
        return ", ".join((_TITLES.get(title, title), *told, what))
    doing = _DOING.get(of, f"running {of.replace('_', ' ')}")
    if metric.partition("_")[0] not in _TEAM or number not in _NUMBERS:
        who = "one thread" if _metric(judgement) in {"kernel", "serial", "op"} else ""
        return f"{who} {doing}" if who else f"{doing}, {_metric(judgement).replace('_', ' ')}"
    mode = _MODES.get(params.get("mode", "threads"), "workers")
    worker = "thread" if mode == "threads" else "worker"
    who = f"{_NUMBERS[number]} {worker}{'' if number == '1' else 's'}"
    where = "" if mode in {"threads", "workers"} else f" ({mode})"
    clock = ", CPU time of each" if metric.endswith("cpu") else ""
    alone = " over one alone" if metric.startswith(("relative", "control")) else ""
    return f"{who}{where} {doing}{alone}{clock}"
