"""Effects cell by cell: all metrics of one program on one arm, the loudest first, in a sentence."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from ftbench.analysis.names import cell_name, metric_name, param_name, value_name
from ftbench.analysis.verdicts import JudgedSeries
from ftbench.facts.units import COUNTED, digits, times
from ftbench.report.sections import GROUPS
from ftbench.statistics.verdict import ROUNDING, Word

SUSPECT: Final = "suspect: large, no floor"
# A whole interval beyond it is large, though nobody knows the machine's noise.
LARGE: Final = 1.25
_TITLES: Final = {section.name: section.title for group in GROUPS for section in group.sections}
_NUMBERS: Final = {"1": "one", "2": "two", "4": "four", "8": "eight"}
_AMOUNTS: Final = {
    "seconds": ("as long", "longer", "shorter"),
    "bytes": ("as much memory", "more memory", "less memory"),
    COUNTED: ("as many instructions", "more instructions", "fewer instructions"),
}
_TEAM: Final = ("unit", "relative", "control")  # metrics of so many workers, `unit_2`
_MOST_TOLD: Final = 3
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
        return self.judgements[0]

    @property
    def word(self) -> Word:
        return self.first.verdict.word

    @property
    def suspect(self) -> bool:
        return suspect(self.first)

    @property
    def within_noise(self) -> bool:
        return not (self.first.verdict.alarm or self.suspect) and loudness(self.first) <= 1

    @property
    def rank(self) -> tuple[bool, bool, float]:
        return _rank(self.first)

    @property
    def sentence(self) -> str:
        """What it comes to: "two threads creating objects: 2.31 times as long per unit of work"."""
        after = self.first.after
        effect = self.first.verdict.effect
        much = _much(effect.value, self.first) if effect else self.word
        return f"{_program(self.first)}: {much}, {after.arm.label}{self._scaling}"

    @property
    def rest(self) -> str:
        effects = ((each.after.benchmark, each.verdict.effect) for each in self.judgements[1:])
        told = [f"{metric_name(benchmark)}: {times(of.value)}" for benchmark, of in effects if of]
        return "; ".join(told[:_MOST_TOLD]) + (" …" if told[_MOST_TOLD:] else "")

    @property
    def _scaling(self) -> str:
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
        return of.arm.name, of.benchmark.partition(".")[0], sorted(of.params.items())

    cells = []
    for _, group in groupby(sorted(judgements, key=cell), key=cell):
        every = sorted(group, key=_rank)
        better = [each for each in every if each.verdict.word is Word.BETTER]
        rest = [each for each in every if each.verdict.word is not Word.BETTER]
        apart = any(each.verdict.word is Word.WORSE for each in rest)
        parts = filter(None, (better, rest)) if apart else (every,)
        cells += [CellEffect(judgements=tuple(part)) for part in parts]
    return sorted(cells, key=lambda each: each.rank)


def _much(value: float, judgement: JudgedSeries) -> str:
    # What is relative to one worker's time is a time.
    metric = judgement.after.benchmark.partition(".track_")[2].partition("_")[0]
    unit = "seconds" if metric in _TEAM else judgement.after.unit
    as_much, more, less = _AMOUNTS.get(unit, ("as much", "more", "less"))
    if unit == "seconds" and value <= 1 / 2:
        return f"{digits(1 / value)} times as fast"
    per = " per unit of work" if metric == "unit" else ""
    if not 1 / 2 < value < 2:  # noqa: PLR2004 - from a doubling on a multiple is easier to read
        return f"{digits(value)} times {as_much}{per}"
    share = f"{digits(abs(value - 1) * 100)}\N{NARROW NO-BREAK SPACE}%"
    return f"{share} {more if value > 1 else less}{per}"


def _program(judgement: JudgedSeries) -> str:
    """Return what runs: "two threads creating objects", or the scenario, its metric and cell."""
    params, benchmark = dict(judgement.after.params), judgement.after.benchmark
    of = params.get("kernel") or params.get("work") or params.get("pattern")
    metric, _, number = benchmark.partition(".track_")[2].rpartition("_")
    if of is None:
        title = benchmark.partition(".")[0]
        return f"{_TITLES.get(title, title)}, {metric_name(benchmark)}, {cell_name(params)}"
    doing = value_name(of)
    doing = doing if doing.partition(" ")[0].endswith("ing") else f"running the kernel {doing}"
    if number in {"kernel", "serial", "op"}:
        return f"one thread {doing}"
    if metric.partition("_")[0] not in _TEAM or number not in _NUMBERS:
        return f"{doing}, {metric_name(benchmark)}"
    mode = params.get("mode", "workers")
    worker = "thread" if mode == "threads" else "worker"
    who = f"{_NUMBERS[number]} {worker}{'' if number == '1' else 's'}"
    where = "" if mode in {"threads", "workers"} else f" ({param_name('mode', mode)})"
    clock = "CPU time of each of " if metric.endswith("cpu") else ""
    alone = ", against one alone" if metric.startswith(("relative", "control")) else ""
    return f"{clock}{who}{where} {doing}{alone}"
