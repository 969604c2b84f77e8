"""Verdicts: whether one cost is worse than another, better, the same, or not decidable.

Pure: samples by process and the machine's noise floor in, verdicts out.

The rule.  The effect is the ratio after / before of the mean log-medians of processes, with a
99 % interval.  It is "worse" or "better" only if the whole interval lies beyond 1 and beyond the
floor, and if the alarm outlives Benjamini and Hochberg's control over all series judged together;
"same" only if the whole interval lies within the floor; else it is not decidable, and `needs` says
how many more processes a side would decide it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ftbench.statistics.ratio import Ratio
from ftbench.statistics.spread import Processes


class Word(StrEnum):
    """A verdict; the values are the words that users read."""

    WORSE = "worse"
    BETTER = "better"
    SAME = "same"
    UNDECIDED = "not decidable"
    INCOMPARABLE = "not comparable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What one machine's A/A runs say of one series.

    `spread` is the standard deviation of the log-medians of processes, with `freedom` degrees of
    freedom; `effect` the minimal effect that can be detected with `processes` processes a side (as
    many as the profile has), as a share: 0.04 is ±4 %.  An effect within it is noise.
    """

    spread: float
    freedom: int
    processes: int
    effect: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two costs to judge; without a `floor` nothing can be decided."""

    before: Processes
    after: Processes
    floor: Floor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What can be said of a pair.

    `effect` is None where there is nothing to compare; `p` is the chance of an effect as large
    beyond the floor if there were none; `needs` is how many more processes a side would decide it,
    None where no number would or none is needed; `why` completes the word: "its interval crosses
    the floor".
    """

    word: Word
    effect: Ratio | None = None
    floor: Floor | None = None
    p: float | None = None
    needs: int | None = None
    why: str = ""

    @property
    def alarm(self) -> bool:
        """Tell whether somebody should look."""
        return self.word in {Word.WORSE, Word.BETTER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Verdicts of pairs that were judged together, in their order.

    `by_chance` is how many alarms were to be expected by chance alone, were all pairs equal;
    `rate` is the largest share of false ones among the alarms that Benjamini and Hochberg allow.
    """

    verdicts: tuple[Verdict, ...]
    by_chance: float
    rate: float


def judge(pairs: Sequence[Pair]) -> Judged:
    """Return the verdicts of pairs as one family."""
    raise NotImplementedError
