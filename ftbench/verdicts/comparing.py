"""Compares two sets of figures, series by series, and judges them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ftbench.results import Figure, ResultTree
from ftbench.statistics.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One series, before and after.

    `differences` are the facts of the builds that differ although they should not, fact → (before,
    after): with any, the verdict is "not comparable".  `efforts` are the attribution beside an
    alarm, kind → (before, after): context switches, CPU seconds, minor faults.
    """

    before: Figure
    after: Figure
    verdict: Verdict
    differences: Mapping[str, tuple[str, str]]
    efforts: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All series that both sides have, judged as one family, and those that only one has."""

    judgements: tuple[Judgement, ...]
    only_before: tuple[Figure, ...]
    only_after: tuple[Figure, ...]
    by_chance: float
    rate: float


def compare(tree: ResultTree, before: Sequence[Figure], after: Sequence[Figure]) -> Comparison:
    """Judge every series (benchmark and params) that both sides have."""
    raise NotImplementedError
