"""Judges two sets of figures series by series, and the releases of an environment in turn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from ftbench.analysis.conditions import BUILD_FACTS, MACHINE_FACTS, value_words
from ftbench.errors import FtbenchError
from ftbench.facts.units import COUNTED, margin_of
from ftbench.probe.instruments.build import USUAL
from ftbench.releases import Level, Release
from ftbench.results import Figure, ResultTree, State
from ftbench.results.duels import Duel, series_of
from ftbench.results.figure import CONDITIONS, UNKNOWN, Environment, SeriesKey
from ftbench.results.health import SITTINGS_APART
from ftbench.results.known import Known
from ftbench.results.records import DuelSide
from ftbench.results.selection import figures_of
from ftbench.statistics import location
from ftbench.statistics.power import THESE_BUILDS, Floor
from ftbench.statistics.sequential import fewest, judge_series
from ftbench.statistics.verdict import JudgedPairs, Pair, Verdict, Word, judge

# What must be alike in two builds before a difference is one of CPython, as must a builder's
# choices (`USUAL`) where both tell them.  Not all of the compiler's flags or configure's arguments:
# a release's own defaults change them, and that is part of the release; what a builder chose is in
# the flavour.  Nor free threading: between arms it is what is compared.
ALIKE: Final = ("compiler", "pgo", "lto", "jit", "tail_call", "debug", "pystats")

# How the series is called that counts what a class of benchmarks executes, beside its times.
INSTRUCTIONS_OF: Final = "instructions.{}.track_instructions"
EXECUTED: Final = "executed"  # what it is among the efforts beside an alarm

OTHER_SITTING: Final = (
    "no run measured both, and {}; asv run --interleave-rounds of both releases measures both"
)

OTHER_CONDITIONS: Final = "its noise floor was measured under other conditions"

_Differences = Mapping[str, tuple[str, str]]
_Records = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a tree knows beside its figures."""

    builds: Mapping[tuple[Environment, Release], _Records]  # behind each file
    # By machine and series, the latest last; either side is the first of one.
    duels: Mapping[tuple[str, SeriesKey], Sequence[Duel]]
    known: Sequence[Known] = ()  # of alarms

    def note(self, before: Figure, after: Figure) -> str:
        """Return what is known of an alarm, "" of a new one."""
        return next((each.note for each in self.known if each.explains(before, after)), "")

    def duel(self, before: Figure, after: Figure) -> Duel | None:
        """Return the latest duel of the builds of two figures of one series, None without one.

        Modes may differ, as they may in a duel.
        """
        duels = self.duels.get((before.machine, before.series), ()) if self.duels else ()
        if not duels or after.machine != before.machine or not _but_for_modes(before, after):
            return None
        for duel in reversed(duels):
            if all(map(self._is_of, (before, after), duel.record.sides, duel.builds)):
                return duel
        return None

    def _is_of(self, figure: Figure, side: DuelSide, build: Mapping[str, Any]) -> bool:
        names = figure.release.name, figure.arm.name, figure.flavour, figure.params.get("mode")
        builds = self.builds.get(figure.key) or ({},)
        return names == (side.release, side.arm, side.flavour, side.mode) and not _unlike(
            BUILD_FACTS, builds, [build], told=True
        )


def _but_for_modes(one: Figure, other: Figure) -> bool:
    first, second = ({**each.params, "mode": ""} for each in (one, other))
    return one.benchmark == other.benchmark and first == second


NOTHING_KNOWN: Final = Evidence(builds={}, duels={})


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSeries:
    """One series, before and after; with any `differences` the verdict is "not comparable"."""

    before: Figure
    after: Figure
    verdict: Verdict
    differences: _Differences  # of builds or conditions, fact → (before, after)
    # Beside an alarm, kind → (before, after): context switches, CPU seconds.
    efforts: Mapping[str, tuple[float, float]]
    duel: Duel | None = None  # that stands in the place of the figures
    note: str = ""  # what is known of an alarm

    @property
    def judges(self) -> str:
        """What its verdict is on, the source or these builds, as duels are; "" without a floor."""
        floor = self.verdict.floor
        return THESE_BUILDS if self.duel else floor.judges if floor else ""

    @property
    def locations(self) -> tuple[float | None, float | None]:
        """The locations before and after, in their unit, whose ratio is the effect."""
        pairs = self.duel.record.pairs if self.duel else ()
        before = tuple((median,) for _, median, _ in pairs) or self.before.by_process
        after = tuple((median,) for *_, median in pairs) or self.after.by_process
        return location(before), location(after)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedFamily:
    """All series measured on both sides, and those of only one.

    Two families are judged, what duels say and the rest: hundreds of series of two sittings must
    not make undecided what `ftbench duel` has decided.
    """

    judgements: tuple[JudgedSeries, ...]
    only_before: tuple[Figure, ...]
    only_after: tuple[Figure, ...]
    # As in `JudgedPairs`, over the series that can be compared; the rate is that of each family.
    by_chance: float
    rate: float


def _differing_builds(known: Evidence, before: Figure, after: Figure) -> _Differences:
    """Return the facts of two files that differ although they should not.

    A file of several builds differs from every other in what they do not agree about.
    """
    sides = before, after
    names = [{"profile": side.profile, "build": side.flavour} for side in sides]
    return {
        **_unlike({"profile": "profile", "build": "build"}, names[:1], names[1:]),
        **unlike_builds(*(known.builds.get(side.key) or ({},) for side in sides)),
    }


def unlike_builds(before: _Records, after: _Records) -> _Differences:
    """Return in what two sides' builds differ that must be alike."""
    return {
        **_unlike({name: BUILD_FACTS.get(name, name) for name in ALIKE}, before, after),
        **_unlike({name: BUILD_FACTS[name] for name in USUAL}, before, after, told=True),
    }


def unlike_conditions(before: _Records, after: _Records) -> _Differences:
    """Return in what one machine was not as before."""
    return _unlike({name: MACHINE_FACTS[name] for name in CONDITIONS}, before, after, told=True)


def _unlike(
    titles: Mapping[str, str], before: _Records, after: _Records, *, told: bool = False
) -> _Differences:
    """Return in which facts two sides' records are not all alike; if `told`, of those all tell."""
    found = {}
    for name, title in titles.items():
        first, second = ({value_words(each, name) for each in side} for side in (before, after))
        if (first != second or len(first) > 1) and not (told and UNKNOWN in first | second):
            found[title] = " and ".join(sorted(first)), " and ".join(sorted(second))
    return found


def _conditions(before: Figure, after: Figure) -> _Differences:
    """Return in what one machine was not as before; of two, every effect is theirs too, anyway."""
    if before.machine != after.machine or not (before.machines and after.machines):
        return {}
    return unlike_conditions(before.machines, after.machines)


def evidence(tree: ResultTree) -> Evidence:
    """Return what a tree knows beside its figures; of too few pairs to tell anything is no duel."""
    duels: dict[tuple[str, SeriesKey], list[Duel]] = defaultdict(list)
    for duel in tree.duels:
        if len(duel.record.pairs) >= fewest(most=series_of(duel.record).most):
            for each in (duel, duel.turned):
                duels[each.machine, each.series].append(each)
    builds = {source.key: source.builds for source in tree.sources}
    return Evidence(builds=builds, duels=duels, known=tree.known)


Side = Mapping[SeriesKey, Figure]


def side_of(figures: Iterable[Figure]) -> Side:
    """Return what was measured of `figures`; raises `FtbenchError` for two of one series."""
    side: dict[SeriesKey, Figure] = {}
    for figure in figures:
        if figure.state is not State.MEASURED:
            continue
        if figure.series in side:
            raise FtbenchError(f"A side has two figures of {figure.benchmark} {figure.params}.")
        side[figure.series] = figure
    return side


def compare(known: Evidence, before: Side, after: Side) -> JudgedFamily:
    """Judge every series that both sides have; each is of one release in one environment."""
    pairs = [(figure, after[series]) for series, figure in before.items() if series in after]
    builds = _differing_builds(known, *pairs[0]) if pairs else {}
    conditions: dict[tuple[tuple[int, ...], ...], _Differences] = {}
    duels = [None if builds else known.duel(*pair) for pair in pairs]
    differences = []
    for pair, duel in zip(pairs, duels, strict=True):
        # Many figures have the same records.
        met = tuple(tuple(map(id, figure.machines)) for figure in pair)
        if met not in conditions:
            conditions[met] = {**builds, **_conditions(*pair)}
        differences.append({} if duel else conditions[met])  # both sides of a duel met the same
    verdicts, families = _judged(pairs, differences, duels)
    executed = {one.series: (one, other) for one, other in pairs if one.unit == COUNTED}
    return JudgedFamily(
        judgements=tuple(
            JudgedSeries(
                before=one,
                after=other,
                verdict=verdict,
                differences=differs,
                efforts=_efforts(one, other, executed, duel) if verdict.alarm else {},
                duel=duel,
                note=known.note(one, other) if verdict.alarm else "",
            )
            for (one, other), verdict, differs, duel in zip(
                pairs, verdicts, differences, duels, strict=True
            )
        ),
        only_before=tuple(each for series, each in before.items() if series not in after),
        only_after=tuple(each for series, each in after.items() if series not in before),
        by_chance=sum(judged.by_chance for judged in families),
        rate=families[0].rate,
    )


def _judged(
    pairs: Sequence[tuple[Figure, Figure]],
    differences: Sequence[_Differences],
    duels: Sequence[Duel | None],
) -> tuple[Iterable[Verdict], tuple[JudgedPairs, JudgedPairs]]:
    """Return a verdict per pair, and the families: what one run measured alike, and the duels."""
    tried = {number: series_of(duel.record) for number, duel in enumerate(duels) if duel}
    family: dict[int, Pair] = {}
    foreign: dict[int, Pair] = {}
    for number, ((one, other), differs) in enumerate(zip(pairs, differences, strict=True)):
        if number in tried:
            continue
        comparable = not differs and one.comparable(other)
        (family if comparable else foreign)[number] = Pair(
            before=one.by_process,
            after=other.by_process,
            margin=margin_of(other.unit),
            floor=_floor(one, other) if comparable else None,
        )
    judged = judge(tuple(family.values()))
    by_duel = judge_series(tuple(tried.values()))
    verdicts = dict(zip(family, judged.verdicts, strict=True))
    for number, verdict in verdicts.items():
        others = [name for figure in pairs[number] for name in figure.other_conditions]
        if others and verdict.floor is None:
            facts = ", ".join(dict.fromkeys(MACHINE_FACTS[name] for name in others))
            verdicts[number] = replace(verdict, why=f"{OTHER_CONDITIONS} ({facts}): ftbench noise")
    effects = judge(tuple(foreign.values())).verdicts
    for number, effect in zip(foreign, effects, strict=True):
        differs = differences[number]
        word, why = Word.ELSEWHERE, OTHER_SITTING.format(_no_stick(*pairs[number]))
        if differs:
            word, why = Word.INCOMPARABLE, in_words(differs)
        verdicts[number] = replace(effect, word=word, why=why)
    verdicts |= zip(tried, by_duel.verdicts, strict=True)
    return [verdicts[number] for number in range(len(pairs))], (judged, by_duel)


def _floor(before: Figure, after: Figure) -> Floor | None:
    """Return the floor of a pair: of two sittings, with how far apart such may lie.

    It is of a verdict on the source, where what builds of that differ by is known.
    """
    if before.floor is None or after.floor is None:
        return None
    # Two arms, or two machines, need not be equally noisy.
    larger = max(before.floor, after.floor, key=lambda floor: floor.effect)
    if not before.shares_run(after):
        larger = replace(larger, effect=(1 + larger.effect) * (1 + SITTINGS_APART) - 1)
    builds = [each for each in (before.floor.builds, after.floor.builds) if each is not None]
    one_build = (before.release, before.arm.python) == (after.release, after.arm.python)
    known = len(builds) > 1 and not one_build
    return larger.on_source(max(builds) if known else None)


def _no_stick(before: Figure, after: Figure) -> str:
    """Return why no measuring stick makes up for a run in common."""
    if before.machine != after.machine:
        return "two machines have no measuring stick in common"
    if not (before.computes and after.computes):
        return "it does not follow the speed of a measuring stick"
    if before.stick and after.stick:
        return f"they used different measuring sticks ({before.stick}, {after.stick})"
    return "one of them lacks a measuring stick"


def in_words(differences: _Differences) -> str:
    """Return differences on one line: "the builds differ: PGO (no, yes), LTO (no, yes)"."""
    facts: dict[str, list[str]] = {}
    for fact, (before, after) in differences.items():
        what = "the conditions" if fact in MACHINE_FACTS.values() else "the builds"
        facts.setdefault(what, []).append(f"{fact} ({before}, {after})")
    return "; ".join(f"{what} differ: {', '.join(words)}" for what, words in facts.items())


def _efforts(
    before: Figure,
    after: Figure,
    executed: Mapping[SeriesKey, tuple[Figure, Figure]],
    duel: Duel | None,
) -> Mapping[str, tuple[float, float]]:
    # Whoever takes longer, and executes as much, does no more work.
    group = before.group.rpartition(".")[2]
    series = SeriesKey(benchmark=INSTRUCTIONS_OF.format(group), params=before.params)
    counts = [each.median or 0.0 for each in executed.get(series, ()) if before.unit != COUNTED]
    work = {EXECUTED: (counts[0], counts[1])} if counts else {}
    if duel:  # what was counted in other processes explains nothing of it
        return work
    return work | {
        kind: (effort, after.effort[kind])
        for kind, effort in before.effort.items()
        if kind in after.effort
    }


class Base(StrEnum):
    """What a release is judged against; the values are the words that users read."""

    BEFORE = "the release before it in its series"
    FEATURE = "the newest release of the series before"
    OTHER = "an older release"


Lost = tuple[tuple[Figure, Figure], ...]
"""What was measured before and failed or vanished after: before and after."""
UNRECORDED: Final = "its records are gone, so its build and date are unknown"


def lost_of(judged: JudgedFamily, after: Iterable[Figure], asked: Collection[str]) -> Lost:
    """Return what a family has lost of all that there is `after`; `asked` are the classes there.

    What is skipped with a reason is not: its build or system lacks what it takes.  Nor is a class
    that no run was asked for; but where there is none at all, all of them are.
    """
    known = {figure.series: figure for figure in after}
    pairs = [
        (each, known.get(each.series) or _absent(each))
        for each in judged.only_before
        if not asked or each.group in asked
    ]
    return (
        *(pair for pair in pairs if pair[1].state is not State.SKIPPED or not pair[1].reason),
        *(
            (each.before, _absent(each.after, UNRECORDED))
            for each in judged.judgements
            if each.before.runs and not each.after.runs and not each.duel
        ),
    )


def _absent(figure: Figure, why: str = "") -> Figure:
    return replace(figure, state=State.ABSENT, median=None, reason=why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One release judged against another one in the same environment."""

    environment: Environment
    release: Release
    base: Release
    against: Base
    comparison: JudgedFamily
    lost: Lost = ()


def environments(tree: ResultTree) -> tuple[Environment, ...]:
    """Return the environments that there are results of, in their order."""
    return tuple(
        sorted({source.environment for source in tree.sources}, key=lambda each: each.order)
    )


def history(tree: ResultTree, environment: Environment, *, every: bool = False) -> tuple[Step, ...]:
    """Return every step of an environment, oldest first; each is a family of its own.

    With `every`, each release is judged against all older ones.
    """
    figures: dict[Release, list[Figure]] = defaultdict(list)
    for figure in figures_of(tree, lambda of: of.environment == environment):
        figures[figure.release].append(figure)
    known = evidence(tree)
    sides = {
        release: side_of(measured)
        for release, every_one in figures.items()
        if (measured := [each for each in every_one if each.state is State.MEASURED])
    }
    steps = []
    for release in sorted(sides):
        asked = {each.group for each in figures[release]}
        for against, base in bases(release, sides, every=every):
            judged = compare(known, sides[base], sides[release])
            steps.append(
                Step(
                    environment=environment,
                    release=release,
                    base=base,
                    against=against,
                    comparison=judged,
                    lost=lost_of(judged, figures[release], asked),
                )
            )
    return tuple(steps)


def bases(
    release: Release, measured: Iterable[Release], *, every: bool = False
) -> Iterator[tuple[Base, Release]]:
    """Yield what a release is judged against: the one before it in its series, the last feature.

    With `every`, all other older ones as well.
    """
    older = sorted(each for each in measured if each < release)
    if older and older[-1].series == release.series:
        yield Base.BEFORE, older.pop()
    feature = last_feature(release, older)
    if feature is not None:
        yield Base.FEATURE, feature
    if every:
        yield from ((Base.OTHER, each) for each in older if each != feature)


def last_feature(release: Release, measured: Iterable[Release]) -> Release | None:
    """Return the newest final release of the series before that was measured, None without one."""
    # Not its x.y.0: who looks at 3.15 asks what it changes for the users of 3.14, and those run the
    # newest 3.14; what that series' own maintenance changed is in the other column.
    start = release.major, release.minor
    finals = (each for each in measured if each.level is Level.FINAL)
    return max((each for each in finals if (each.major, each.minor) < start), default=None)
