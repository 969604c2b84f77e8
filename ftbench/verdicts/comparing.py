"""Compares two sets of figures, series by series, and judges them together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ftbench.errors import FtbenchError
from ftbench.releases import Release
from ftbench.results import Figure, ResultTree, Source, State
from ftbench.results.figure import UNKNOWN
from ftbench.statistics.spread import Processes
from ftbench.statistics.verdict import Floor, Judged, Pair, Verdict, Word, judge

# What must be alike in two builds before a difference is one of CPython: field of the build's
# record → what it is called.  Not the compiler's flags or configure's arguments: a release's own
# defaults change them, and that is part of the release; what a builder chose is in the flavour.
FACTS: Final = {
    "compiler": "compiler",
    "pgo": "PGO",
    "lto": "LTO",
    "jit": "JIT",
    "tail_call": "tail-call interpreter",
    "debug": "debug build",
    "pystats": "pystats",
}

_Place = tuple[str, Release, str, str, str]
_Series = tuple[str, frozenset[tuple[str, str]]]
_Differences = Mapping[str, tuple[str, str]]


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
    """All series that both sides have, judged as one family, and those that only one has.

    A side has a series if it was measured there.  `by_chance` and `rate` are those of `Judged`,
    over the series that can be compared.
    """

    judgements: tuple[Judgement, ...]
    only_before: tuple[Figure, ...]
    only_after: tuple[Figure, ...]
    by_chance: float
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a tree knows beside its figures: noise floors, and the builds behind each file."""

    floor_of: Callable[[Figure], Floor | None]
    builds: Mapping[_Place, tuple[Mapping[str, Any], ...]]

    def floor(self, before: Figure, after: Figure) -> Floor | None:
        """Return the larger of the floors of both sides, None unless both have one.

        Two arms, or two machines, need not be equally noisy.
        """
        floors = [self.floor_of(before), self.floor_of(after)]
        known = [floor for floor in floors if floor is not None]
        return max(known, key=lambda floor: floor.effect) if len(known) == len(floors) else None

    def differences(self, before: Figure, after: Figure) -> _Differences:
        """Return the facts that differ although they should not, fact → (before, after).

        A file of several builds differs from every other in what they do not agree about.
        Free-threading is no such fact: comparing arms, it is what is compared.
        """
        sides = before, after
        facts: dict[str, list[set[str]]] = {
            "profile": [{side.profile or UNKNOWN} for side in sides],
            "build": [{side.flavour or UNKNOWN} for side in sides],
        }
        for name, title in FACTS.items():
            records = [self.builds.get(_place(side)) or ({},) for side in sides]
            facts[title] = [{_said(each.get(name)) for each in builds} for builds in records]
        return {
            title: (" and ".join(sorted(first)), " and ".join(sorted(second)))
            for title, (first, second) in facts.items()
            if first != second or len(first) > 1
        }


def evidence(tree: ResultTree) -> Evidence:
    """Return what a tree knows beside its figures."""
    return Evidence(
        floor_of=lambda _figure: None,
        builds={_place(source): source.builds for source in tree.sources},
    )


def compare(tree: ResultTree, before: Sequence[Figure], after: Sequence[Figure]) -> Comparison:
    """Judge every series (benchmark and params) that both sides have.

    Raises `FtbenchError` for a side that has a series twice: it is no side, but several.
    """
    return compare_by(evidence(tree), before, after)


def compare_by(known: Evidence, before: Iterable[Figure], after: Iterable[Figure]) -> Comparison:
    """Do what `compare` does, for whoever compares often: `known` is the tree's `evidence`."""
    first, second = _by_series(before), _by_series(after)
    pairs = [(figure, second[series]) for series, figure in first.items() if series in second]
    differing: dict[tuple[_Place, _Place], _Differences] = {}
    for one, other in pairs:
        places = _place(one), _place(other)
        if places not in differing:
            differing[places] = known.differences(one, other)
    differences = [differing[_place(one), _place(other)] for one, other in pairs]
    verdicts, judged = _verdicts(known, pairs, differences)
    return Comparison(
        judgements=tuple(
            Judgement(
                before=one,
                after=other,
                verdict=verdict,
                differences=differs,
                efforts=_efforts(one, other) if verdict.alarm else {},
            )
            for (one, other), verdict, differs in zip(pairs, verdicts, differences, strict=True)
        ),
        only_before=tuple(figure for series, figure in first.items() if series not in second),
        only_after=tuple(figure for series, figure in second.items() if series not in first),
        by_chance=judged.by_chance,
        rate=judged.rate,
    )


def _by_series(figures: Iterable[Figure]) -> dict[_Series, Figure]:
    measured: dict[_Series, Figure] = {}
    for figure in figures:
        if figure.state is not State.MEASURED:
            continue
        series = figure.benchmark, frozenset(figure.params.items())
        if series in measured:
            raise FtbenchError(f"A side has two figures of {figure.benchmark} {figure.params}.")
        measured[series] = figure
    return measured


def _place(of: Figure | Source) -> _Place:
    return of.machine, of.release, of.arm.name, of.flavour, of.profile


def _verdicts(
    known: Evidence,
    pairs: Sequence[tuple[Figure, Figure]],
    differences: Sequence[_Differences],
) -> tuple[list[Verdict], Judged]:
    """Return a verdict per pair, and what was judged as one family: what can be compared.

    Of what cannot, the effect is known all the same.
    """
    verdicts: dict[int, Verdict] = {}
    family: dict[int, Pair] = {}
    foreign: dict[int, Pair] = {}
    for number, (before, after) in enumerate(pairs):
        sides = _processes(before), _processes(after)
        why = _unsound(sides)
        if why:
            verdicts[number] = Verdict(word=Word.UNDECIDED, why=why)
        elif differences[number]:
            foreign[number] = Pair(before=sides[0], after=sides[1])
        else:
            floor = known.floor(before, after)
            family[number] = Pair(before=sides[0], after=sides[1], floor=floor)
    judged = judge(tuple(family.values()))
    verdicts |= zip(family, judged.verdicts, strict=True)
    for number, verdict in zip(foreign, judge(tuple(foreign.values())).verdicts, strict=True):
        why = f"the builds differ: {in_words(differences[number])}"
        verdicts[number] = replace(verdict, word=Word.INCOMPARABLE, p=None, needs=None, why=why)
    return [verdicts[number] for number in range(len(pairs))], judged


def _processes(figure: Figure) -> Processes:
    """Return a figure's samples by process; those that nobody can tell apart are of one."""
    if figure.processes:
        return figure.processes
    if figure.samples:
        return (figure.samples,)
    return () if figure.median is None else ((figure.median,),)


def _unsound(sides: Sequence[Processes]) -> str:
    """Return why there is no ratio of these, "" where there is one."""
    for processes in sides:
        if not processes or not all(processes):
            return "there are no samples"
        for process in processes:
            if not all(map(math.isfinite, process)) or min(process) <= 0:
                return "a sample is no finite cost above zero, so there is no ratio"
    return ""


def in_words(differences: _Differences) -> str:
    """Return differences on one line: "PGO (no, yes), LTO (no, yes)"."""
    return ", ".join(f"{fact} ({', '.join(said)})" for fact, said in differences.items())


def _said(value: object) -> str:
    """Return a fact of a build's record in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return UNKNOWN if value is None or not value else str(value)


def _efforts(before: Figure, after: Figure) -> Mapping[str, tuple[float, float]]:
    return {
        kind: (effort, after.effort[kind])
        for kind, effort in before.effort.items()
        if kind in after.effort
    }
