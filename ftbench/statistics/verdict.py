"""Verdicts: whether one cost is worse than another, better, the same, or not decidable.

The rule.  The effect is the ratio after / before of the mean log-medians of processes, with a
99 % interval.  It is "worse" or "better" only if the whole interval lies beyond 1 and beyond the
floor, and if the alarm outlives Benjamini and Hochberg's control over all series judged together.
It is "same" only if the whole interval lies within the margin: how far apart costs of its unit may
lie and be alike for whoever uses them, fixed before anything is measured, so that noise makes
nothing the same.  A floor above the margin leaves it "too noisy".  Else it is not decidable;
`needs` says how many more processes a side would decide it.

The interval is Student's, from one variance for both sides: their own, pooled with the floor's,
each weighing its degrees of freedom.  A side of one process has none, and the floor's stands for
it.  Beyond the floor is a minimum-effect test, within the margin an equivalence test, both after
Hodges and Lehmann, "Testing the Approximate Validity of Statistical Hypotheses", *Journal of the
Royal Statistical Society B* 16, 1954; the control is Benjamini and Hochberg's, "Controlling the
False Discovery Rate", the same journal, 57, 1995.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

import numpy as np

from ftbench.statistics import student
from ftbench.statistics.power import CHANCE, MOST_PROCESSES, TAIL, Floor, further
from ftbench.statistics.ratio import Effects, Ratio, difference
from ftbench.statistics.spread import (
    BASES,
    CONFIDENCE,
    Basis,
    Estimates,
    Flags,
    Floats,
    Integers,
    Processes,
    estimates,
)

# Logarithms that differ by less are the same number: they were rounded on different ways.
ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What Benjamini and Hochberg's control came to."""

    sure: Flags
    # The p up to which an effect is sure, and that up to which one more would be.
    bar: float
    next_bar: float

    @classmethod
    def of(cls, chances: Floats, rate: float) -> Self:
        """Return which effects are sure, at most `rate` of them wrong."""
        if not (count := len(chances)):
            return cls(sure=np.zeros(0, bool), bar=rate, next_bar=rate)
        sure = student.sure(chances, rate)
        alarms = int(sure.sum())
        return cls(
            sure=sure,
            bar=rate * max(alarms, 1) / count,
            next_bar=rate * min(alarms + 1, count) / count,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Pairs with a floor, judged together."""

    effects: Effects
    limit: Floats  # the floor on the logarithmic scale
    margin: Floats  # that of the same, likewise
    quiet: Integers  # so many processes a side bring the floor down to the margin
    spread: Floats  # the pooled standard deviation of the log-medians of processes
    # The processes of the sides.
    before: Integers
    after: Integers

    @classmethod
    def of(
        cls, before: Estimates, after: Estimates, floors: Sequence[Floor], margins: Sequence[float]
    ) -> Self:
        """Pool the spread of both sides with the floor's: each weighs its degrees of freedom."""
        margin = np.log1p(np.array(margins, np.float64)) + ROUNDING
        known = np.array([floor.freedom for floor in floors], np.int64)
        spread = np.array([floor.spread for floor in floors], np.float64)
        limit = np.log1p(np.array([floor.effect for floor in floors], np.float64))
        freedom = known + before.processes + after.processes - 2
        pooled = np.sqrt((before.scatter + after.scatter + known * spread**2) / freedom)
        # A floor falls as the root of the processes that it is for.
        share = limit / margin
        quiet = np.array([floor.processes for floor in floors]) * np.maximum(share, 1) ** 2
        # Beside a margin of nought any floor is out of proportion.
        quiet = np.minimum(np.ceil(quiet), MOST_PROCESSES + 1)
        own = (before.processes > 1) & (after.processes > 1)
        return cls(
            effects=Effects(
                value=after.value - before.value,
                error=pooled * np.sqrt(1 / before.processes + 1 / after.processes),
                freedom=freedom.astype(np.float64),
                basis=np.where(own, BASES.index(Basis.PROCESSES), BASES.index(Basis.FLOOR)),
            ),
            limit=limit + ROUNDING,
            margin=margin,
            quiet=np.where(share > 1, quiet, 0).astype(np.int64),
            spread=pooled,
            before=before.processes,
            after=after.processes,
        )

    @property
    def size(self) -> Floats:
        """How far each effect is from none, whichever its direction."""
        return np.abs(self.effects.value)

    def clear(self) -> Flags:
        """Tell which have their whole interval beyond the floor, on one side."""
        return self.size - self.effects.reach(CONFIDENCE) > self.limit

    def within(self) -> Flags:
        """Tell which have their whole interval within the margin."""
        return self.size + self.effects.reach(CONFIDENCE) <= self.margin

    def noisy(self) -> Flags:
        """Tell which have a floor above the margin, for as many processes as there are."""
        return np.minimum(self.before, self.after) < self.quiet

    def chances(self) -> Floats:
        """Return each p: the chance of an effect as large, if the true one were the floor."""
        near = student.beyond(self._in_errors(self.size - self.limit), self.effects.freedom)
        far = student.beyond(self._in_errors(self.size + self.limit), self.effects.freedom)
        return np.minimum(near + far, 1.0)

    def by_chance(self, bar: float) -> float:
        """Return how many alarms to expect if nothing differed, and `bar` were that of the p."""
        freedom = self.effects.freedom
        away = self._in_errors(self.limit) + student.farthest(min(bar, TAIL), freedom)
        return float(np.minimum(2 * student.beyond(away, freedom), bar).sum())

    def needs(self, which: Flags, bar: float) -> Integers:
        """Return how many more processes a side would decide each of `which`.

        More than `MOST_PROCESSES` where as many would not.
        """
        needs = np.full(len(self.limit), MOST_PROCESSES + 1, np.int64)
        for beyond, tail, chance, least in (
            # To be an alarm, with a p up to the bar.
            (self.size - self.limit, min(bar, TAIL), CHANCE, np.zeros_like(self.quiet)),
            # To be the same, which may be missed on both sides.
            (
                self.margin - self.size,
                TAIL,
                (1 + CHANCE) / 2,
                self.quiet - np.minimum(self.before, self.after),
            ),
        ):
            members = which & (beyond > 0)
            more = further(
                gap=beyond[members],
                spread=self.spread[members],
                freedom=self.effects.freedom[members].astype(np.int64),
                before=self.before[members],
                after=self.after[members],
                tail=tail,
                chance=chance,
            )
            needs[members] = np.minimum(needs[members], np.maximum(more, least[members]))
        return needs

    def _in_errors(self, distance: Floats) -> Floats:
        """Return distances in standard errors; where that is nought, any distance is infinite."""
        errors: Floats = np.copysign(np.inf, distance)
        np.divide(distance, self.effects.error, out=errors, where=self.effects.error > 0)
        return errors


RATE: Final = 0.01
NO_FLOOR: Final = "this machine has no noise floor for it: ftbench noise"
NO_RATIO: Final = "a side has no samples, or one that is no finite cost above zero"


class Word(StrEnum):
    """A verdict; the values are the words that users read."""

    WORSE = "worse"
    BETTER = "better"
    SAME = "same"
    UNDECIDED = "not decidable"
    NOISY = "not decidable: too noisy"
    ELSEWHERE = "not decidable: another sitting"
    INCOMPARABLE = "not comparable"

    @property
    def open(self) -> bool:
        """Whether it says that nothing was decided."""
        return self.startswith(Word.UNDECIDED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two costs to judge, the same within `margin`, a share; without a `floor` all stays open."""

    before: Processes
    after: Processes
    margin: float
    floor: Floor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is known of a pair; `why` completes the word: "its interval crosses the floor"."""

    word: Word
    effect: Ratio | None = None  # None where there is nothing to compare
    floor: Floor | None = None
    # The chance of an effect as large if the true one were just the floor.
    p: float | None = None
    # So many more processes a side, or pairs, would decide it in 19 of 20 cases, if effect
    # and spread are what they seem; None where as many as can be would not, or none is needed.
    needs: int | None = None
    why: str = ""
    pairs: int = 0  # of the duel that it is by, 0 of two sittings

    @property
    def alarm(self) -> bool:
        """Tell whether somebody should look."""
        return self.word in {Word.WORSE, Word.BETTER}


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPairs:
    """Verdicts of pairs that were judged together, in their order."""

    verdicts: tuple[Verdict, ...]
    by_chance: float  # so many alarms would be expected if all pairs were equal
    rate: float  # the largest share of false alarms that the control allows


_CLEAR_BY_CHANCE: Final = "its interval clears the floor, but of so many series some do by chance"
OUTCOMES: Final = (
    (Word.UNDECIDED, "its interval lies neither beyond the floor nor within the margin"),
    (Word.UNDECIDED, _CLEAR_BY_CHANCE),
    (Word.NOISY, "its floor is above the margin"),
    (Word.SAME, "its whole interval lies within the margin"),
    (Word.WORSE, "its whole interval lies above the floor"),
    (Word.BETTER, "its whole interval lies below the floor"),
)
CROSSES, DOUBTFUL, NOISY, SAME, WORSE, BETTER = range(len(OUTCOMES))

_Outcome = tuple[int, float, int]
"""An index of `OUTCOMES`, a p, and how many more processes decide it, 0 for none."""


def judge(pairs: Sequence[Pair]) -> JudgedPairs:
    """Return the verdicts of pairs as one family.

    Not of it, and not decidable, are those without a floor or with a sample that is no finite cost
    above zero.
    """
    before, after = _sides(pairs)
    usable = before.usable & after.usable
    members = np.flatnonzero(usable & np.array([pair.floor is not None for pair in pairs], bool))
    judged = [(pair.floor, pair.margin) for pair in (pairs[member] for member in members.tolist())]
    floors = [floor for floor, _ in judged if floor is not None]
    margins = [margin for _, margin in judged]
    family = Family.of(before.take(members), after.take(members), floors, margins)
    chances = family.chances()
    control = Control.of(chances, RATE)
    effects = difference(after, before).replaced(members, family.effects)
    outcomes = _outcomes(family, chances, control)
    verdicts = [
        _verdict(pair, ratio, outcomes)
        if is_usable
        else Verdict(word=Word.UNDECIDED, floor=pair.floor, why=NO_RATIO)
        for pair, ratio, is_usable in zip(
            pairs, effects.ratios(CONFIDENCE), usable.tolist(), strict=True
        )
    ]
    return JudgedPairs(verdicts=tuple(verdicts), by_chance=family.by_chance(control.bar), rate=RATE)


def _sides(pairs: Sequence[Pair]) -> tuple[Estimates, Estimates]:
    """Return where the sides before and after lie; what stands in several pairs is read once."""
    numbers: dict[int, int] = {}
    sides: list[Processes] = []
    for pair in pairs:
        for side in (pair.before, pair.after):
            if id(side) not in numbers:
                numbers[id(side)] = len(sides)
                sides.append(side)
    locations = estimates(sides)
    before = np.array([numbers[id(pair.before)] for pair in pairs], np.int64)
    after = np.array([numbers[id(pair.after)] for pair in pairs], np.int64)
    return locations.take(before), locations.take(after)


def _outcomes(family: Family, chances: Floats, control: Control) -> Iterator[_Outcome]:
    clear, above = family.clear(), family.effects.value > 0
    outcome = np.full(len(chances), CROSSES)
    outcome[clear] = DOUBTFUL
    outcome[family.within()] = SAME
    outcome[family.noisy()] = NOISY
    outcome[clear & control.sure & above] = WORSE
    outcome[clear & control.sure & ~above] = BETTER
    needs = family.needs(outcome < SAME, control.next_bar)
    needs[needs > MOST_PROCESSES] = 0
    return zip(outcome.tolist(), chances.tolist(), needs.tolist(), strict=True)


def _verdict(pair: Pair, ratio: Ratio, outcomes: Iterator[_Outcome]) -> Verdict:
    if pair.floor is None:
        return Verdict(word=Word.UNDECIDED, effect=ratio, why=NO_FLOOR)
    outcome, p, needs = next(outcomes)
    word, why = OUTCOMES[outcome]
    return Verdict(word=word, effect=ratio, floor=pair.floor, p=p, needs=needs or None, why=why)
