"""Two sides to compare, from a user's words: two releases, two arms or two machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain, groupby
from operator import attrgetter
from typing import Any

from ftbench.errors import NothingError, UsageError, unknown
from ftbench.facts.arms import ARMS, arm_named
from ftbench.releases import Named, Release
from ftbench.results import Figure, ResultTree
from ftbench.results.figure import Environment, Measured
from ftbench.results.selection import (
    Filter,
    arm_of_build,
    figures_of,
    measured_release,
    pair_builds,
)


class Kind(StrEnum):
    """What is compared; the values are the words that users read, and may write before a colon."""

    RELEASE = "release"
    ARM = "arm"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What stands before and after, by name; never the same.

    Of two releases whose names say the build (3.14.6t 3.14.7t) it has the arm, of both builds of
    one release (3.14.7 3.14.7t), which are two arms, the release.
    """

    kind: Kind
    before: str
    after: str
    arm: str | None = None
    release: Release | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The two sides where all else is alike: `rest`, kind → name, and "profile".

    `flavours` are the builds of both sides, which differ only where no two alike were measured;
    `asked` are the classes that there is anything of after, whether it was chosen or not.
    """

    sides: Sides
    rest: Mapping[str, str]
    flavours: tuple[str, str]
    before: tuple[Figure, ...]
    after: tuple[Figure, ...]
    asked: frozenset[str]


def sides_named(before: str, after: str, tree: ResultTree) -> Sides:
    """Return the sides that "3.13.5", "gil", a machine's name or "machine:gil" mean.

    Raises `UsageError` for words without one meaning, of different kinds, or of the same thing.
    """
    first, second = _meanings(before, tree), _meanings(after, tree)
    common = [kind for kind in Kind if kind in first and kind in second]
    if not common:
        meanings = (
            f"{word!r} is {_a(kinds)}" for word, kinds in ((before, first), (after, second))
        )
        raise UsageError(
            f"Like is compared with like: {', and '.join(meanings)}.",
            hint="Give two releases, two arms or two machines.",
        )
    if len(common) > 1:
        kind = common[0]
        raise UsageError(
            f"{before!r} and {after!r} may be {' or '.join(f'{each}s' for each in common)}.",
            hint=f"Say which: {kind}:{before} {kind}:{after}",
        )
    (kind,) = common
    if kind is Kind.RELEASE:
        return _releases(Named.parse(first[kind]), Named.parse(second[kind]), tree)
    if first[kind] == second[kind]:
        raise _same(kind, first[kind])
    return Sides(kind=kind, before=first[kind], after=second[kind])


def _releases(before: Named, after: Named, tree: ResultTree) -> Sides:
    first, second = (measured_release(tree, named) for named in (before, after))
    builds = [named.free_threaded for named in (before, after)]
    arms = [arm_of_build(each, None) for each in builds]
    if first == second:
        # Of one release both builds: the one that is not named is the one with the GIL.
        if bool(builds[0]) is bool(builds[1]):
            raise _same(Kind.RELEASE, f"{before}")
        gil, free_threaded = (arm.name for arm in ARMS[:2])
        names = (free_threaded, gil) if builds[0] else (gil, free_threaded)
        return Sides(kind=Kind.ARM, before=names[0], after=names[1], release=first)
    if arms[0] != arms[1]:
        raise UsageError(
            f"{before} and {after} are of two releases and of two builds.",
            hint=f"Say the build of both, {first}t {second}t, or of one release both.",
        )
    return Sides(kind=Kind.RELEASE, before=first.name, after=second.name, arm=arms[0])


def _same(kind: Kind, name: str) -> UsageError:
    return UsageError(
        f"Both sides are the {kind} {name}.",
        hint="How far two runs of the same build differ: ftbench noise.",
    )


def _meanings(word: str, tree: ResultTree) -> Mapping[Kind, str]:
    """Return all that a word may mean, kind → name."""
    prefix, colon, name = word.partition(":")
    kinds = [Kind(prefix)] if colon and prefix in set(Kind) else list(Kind)
    text = name if len(kinds) == 1 else word
    names = {
        Kind.RELEASE: {source.release.name for source in tree.sources},
        Kind.ARM: {arm.name for arm in ARMS},
        Kind.MACHINE: {machine.name for machine in tree.machines},
    }
    meanings = {kind: text for kind in kinds if text in names[kind]}
    if Kind.RELEASE in kinds:
        with suppress(UsageError):
            Named.parse(text)
            meanings = {Kind.RELEASE: text, **meanings}
    if not meanings:
        what = ", ".join(kinds[:-1])
        what = f"{what} or {kinds[-1]}" if what else str(kinds[-1])
        names[Kind.ARM] = {source.arm.name for source in tree.sources}
        raise unknown(what, text, {name for kind in kinds for name in names[kind]})
    return meanings


def _a(kinds: Mapping[Kind, str]) -> str:
    return " or ".join(f"{'an' if kind is Kind.ARM else 'a'} {kind}" for kind in kinds)


def matches(tree: ResultTree, sides: Sides, wanted: Filter) -> tuple[Match, ...]:
    """Return the two sides wherever both were measured and all else is alike, sorted.

    Raises `NothingError` if that is nowhere, `UsageError` for several releases or a choice among
    the sides.
    """
    if getattr(wanted, sides.kind) is not None:
        raise UsageError(f"--{sides.kind} does not go with two {sides.kind}s: they are the sides.")
    if sides.release and wanted.release:
        raise UsageError("--release does not go with two builds of one release: they say it.")
    wanted = replace(
        wanted,
        release=sides.release or wanted.release,
        arm=arm_of_build(
            None if sides.arm is None else arm_named(sides.arm).free_threaded, wanted.arm
        ),
    )
    names = {sides.before, sides.after}
    places = _places(tree, sides, wanted)
    both = {rest: builds for rest, builds in places.items() if builds.keys() == names}
    if not both:
        raise _nowhere(sides, places, tree)
    releases = {rest.release for rest in both}
    if len(releases) > 1:
        words = ", ".join(release.name for release in sorted(filter(None, releases)))
        raise UsageError(
            f"{sides.before} and {sides.after} were both measured on several releases: {words}.",
            hint=f"Say which: --release {max(filter(None, releases))}",
        )
    # An arm whose neighbours have both sides has lost the one after, as has a machine that has
    # nothing else; a profile that no arm of a machine has after was another question.
    kin = {replace(rest, arm=None) for rest in both}
    machines = {rest.machine for rest in both}
    for rest, builds in places.items():
        gone = replace(rest, arm=None) in kin or rest.machine not in machines
        if builds.keys() == {sides.before} and rest.release in releases and gone:
            both[rest] = {**builds, sides.after: {flavour: [] for flavour in builds[sides.before]}}
    return tuple(
        Match(
            sides=sides,
            rest=rest.words,
            flavours=(before, after),
            before=tuple(filter(wanted.takes, builds[sides.before][before])),
            after=tuple(filter(wanted.takes, builds[sides.after][after])),
            asked=frozenset(figure.group for figure in builds[sides.after][after]),
        )
        for rest, builds in sorted(both.items(), key=lambda item: item[0].rank)
        for before, after in _alike(sides, builds)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rest:
    """What is alike on both sides; the field of what is compared is None."""

    machine: str | None
    release: Release | None
    arm: str | None
    profile: str

    @property
    def words(self) -> Mapping[str, str]:
        names = {
            Kind.MACHINE.value: self.machine,
            Kind.RELEASE.value: None if self.release is None else self.release.name,
            Kind.ARM.value: self.arm,
            "profile": self.profile,
        }
        return {name: value for name, value in names.items() if value is not None}

    @property
    def rank(self) -> tuple[str, str, int]:
        order = [None, *(arm.name for arm in ARMS)]
        return self.machine or "", self.profile, order.index(self.arm)


def _split(item: Measured, kind: Kind) -> tuple[str, _Rest]:
    """Return the name of the side that an item belongs to, and what else it is."""
    whole = _Rest(
        machine=item.machine, release=item.release, arm=item.arm.name, profile=item.profile
    )
    compared: dict[str, Any] = {kind.value: None}
    return whole.words[kind], replace(whole, **compared)


# The figures of each side, by its name and flavour.
_Builds = Mapping[str, Mapping[str, list[Figure]]]


def _places(tree: ResultTree, sides: Sides, wanted: Filter) -> Mapping[_Rest, _Builds]:
    """Return the builds measured of each side, with all their figures, by what else is alike."""
    places: dict[_Rest, dict[str, dict[str, list[Figure]]]] = {}
    of_source: dict[tuple[Environment, Release], list[Figure]] = {}
    wanted = replace(wanted, bench=None)
    for source in filter(wanted.takes, tree.sources):
        name, rest = _split(source, sides.kind)
        if name in {sides.before, sides.after}:
            builds = places.setdefault(rest, {}).setdefault(name, {})
            of_source[source.key] = builds.setdefault(source.flavour, [])
    figures = figures_of(wanted.of(tree), lambda of: of.key in of_source)
    unlisted = (figure for source in tree.sources for figure in source.unlisted)
    for key, group in groupby(chain(figures, filter(wanted.takes, unlisted)), attrgetter("key")):
        if key in of_source:
            of_source[key] += group
    return places


def _alike(sides: Sides, builds: _Builds) -> Iterator[tuple[str, str]]:
    """Yield the pairs of flavours to compare: equal ones, or all where there are none."""
    both = [dict(pair) for pair in pair_builds(builds) if len(pair) == len(builds)]
    pairs = [(pair[sides.before], pair[sides.after]) for pair in both]
    yield from [pair for pair in pairs if pair[0] == pair[1]] or pairs


def _nowhere(sides: Sides, places: Mapping[_Rest, _Builds], tree: ResultTree) -> NothingError:
    answers = []
    for name in (sides.before, sides.after):
        where = [
            ", ".join(rest.words.values()) for rest, builds in places.items() if name in builds
        ]
        answers.append(f"{name}: {'; '.join(sorted(where)) or 'nothing of what is asked for'}")
    return NothingError(
        f"{sides.before} and {sides.after} were never measured with everything else equal.",
        hint="There is\n  " + "\n  ".join(answers),
        story="\n".join(f"not read: {warning}" for warning in tree.warnings),
    )
