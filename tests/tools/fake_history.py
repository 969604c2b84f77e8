"""A made-up history, for the pages that show verdicts: every word occurs, and no statistics.

Deterministic, from the medians alone, so that golden files of pages stay what they are when the
statistics get better.
"""

from __future__ import annotations

from collections.abc import Mapping

from ftbench.analysis.verdicts.comparing import JudgedFamily, JudgedSeries, Step, bases
from ftbench.releases import Release
from ftbench.results import Figure, ResultTree, State
from ftbench.results.keys import Environment
from ftbench.statistics import Basis, Ratio
from ftbench.statistics.power import Floor
from ftbench.statistics.spread import Interval
from ftbench.statistics.verdict import Verdict, Word

FLOOR = Floor(spread=0.01, freedom=10, processes=5, effect=0.03)
_MARGIN = 1.02
_EFFORTS = {"cpu_seconds": (1.25, 1.5), "involuntary_switches": (12.0, 480.0)}


def history(tree: ResultTree, environment: Environment) -> tuple[Step, ...]:
    """Return what `verdicts.history.history` does, each verdict from two medians."""
    releases: dict[Release, dict[object, Figure]] = {}
    for figure in tree.figures:
        if figure.environment == environment and figure.state is State.MEASURED:
            releases.setdefault(figure.release, {})[figure.series] = figure
    return tuple(
        Step(
            environment=environment,
            release=release,
            base=base,
            against=against,
            comparison=_compare(releases[base], releases[release]),
        )
        for release in sorted(releases)
        for against, base in bases(release, releases)
    )


def _compare(before: Mapping[object, Figure], after: Mapping[object, Figure]) -> JudgedFamily:
    return JudgedFamily(
        judgements=tuple(
            _judgement(before[series], after[series], number)
            for number, series in enumerate(before)
            if series in after
        ),
        only_before=tuple(figure for series, figure in before.items() if series not in after),
        only_after=tuple(figure for series, figure in after.items() if series not in before),
        by_chance=len(after) / 2_000,
        rate=0.01,
    )


def _judgement(before: Figure, after: Figure, number: int) -> JudgedSeries:
    value = (after.median or 1.0) / (before.median or 1.0)
    interval = Interval(low=value / _MARGIN, high=value * _MARGIN)
    effect = Ratio(value=value, interval=interval, confidence=0.99, basis=Basis.PROCESSES)
    word = _word(interval, number)
    verdict = Verdict(
        word=word,
        effect=effect,
        floor=FLOOR,
        p=0.001,
        needs=4 if word is Word.UNDECIDED else None,
        why="its interval crosses the floor" if word is Word.UNDECIDED else "",
    )
    return JudgedSeries(
        before=before,
        after=after,
        verdict=verdict,
        differences={"PGO": ("no", "yes")} if word is Word.INCOMPARABLE else {},
        efforts=_EFFORTS if verdict.alarm else {},
    )


def _word(interval: Interval, number: int) -> Word:
    if number % 11 == 10:
        return Word.INCOMPARABLE
    if interval.low > 1 + FLOOR.effect:
        return Word.WORSE
    if interval.high < 1 / (1 + FLOOR.effect):
        return Word.BETTER
    within = 1 / (1 + FLOOR.effect) <= interval.low and interval.high <= 1 + FLOOR.effect
    return Word.SAME if within else Word.UNDECIDED
