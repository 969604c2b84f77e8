"""What the samples of a loop say: medians, ratios with their intervals, a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from ftbench.errors import FtbenchError
from ftbench.experiments.overhead.plan import Loop
from ftbench.experiments.overhead.running import Heat
from ftbench.statistics import Processes, Ratio, paired_ratio

HARNESS, BARE, ARTICLE = "harness", "bare", "article"
"""The names of the loops, as `ftbench.probe.overhead.loops` has them."""


class Verdict(StrEnum):
    """Where a ratio lies to a target; the values are the words that users read."""

    WITHIN = "within"
    ABOVE = "above"
    OPEN = "not decidable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One loop, measured in several processes; times are seconds per operation, medians.

    `overhead` is harness over bare loop; `against_article` harness over the loop in the article's
    shape, None where that is the bare loop.  `every`, `clock` and `instrument` are those of a
    `Heat`, medians.
    """

    loop: Loop
    samples: dict[str, Processes]
    overhead: Ratio
    against_article: Ratio | None
    checked: str
    every: int
    clock: float
    instrument: float

    def seconds(self, name: str) -> float:
        """Return the median of a loop's samples."""
        return median(sample for process in self.samples[name] for sample in process)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A loop that does not exist here, and why."""

    loop: Loop
    reason: str


def row_of(loop: Loop, heats: Sequence[Heat]) -> Row:
    """Return what the processes found together; raises `FtbenchError` if their work differed."""
    (checked, *others) = {heat.checked for heat in heats}
    if others:
        raise FtbenchError(
            f"{loop.scenario}: processes did not do the same work: {'; '.join([checked, *others])}."
        )
    samples = {name: tuple(heat.samples[name] for heat in heats) for name in heats[0].samples}
    return Row(
        loop=loop,
        samples=samples,
        overhead=_ratio(samples, BARE),
        against_article=_ratio(samples, ARTICLE) if ARTICLE in samples else None,
        checked=checked,
        every=heats[0].every,
        clock=median(heat.clock for heat in heats),
        instrument=median(heat.instrument for heat in heats),
    )


def _ratio(samples: dict[str, Processes], other: str) -> Ratio:
    return paired_ratio(
        [
            tuple(zip(ours, theirs, strict=True))
            for ours, theirs in zip(samples[HARNESS], samples[other], strict=True)
        ]
    )


def verdict(ratio: Ratio, target: float) -> Verdict:
    """Tell whether all of a ratio's interval lies on one side of `target`."""
    if ratio.interval is None or ratio.interval.low <= target < ratio.interval.high:
        return Verdict.OPEN
    return Verdict.WITHIN if ratio.interval.high <= target else Verdict.ABOVE
