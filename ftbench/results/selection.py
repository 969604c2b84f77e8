"""Which results: those that a user asks for, and those that stand together on a page.

A `Filter` is what a user's words mean.  A `Pick` is what one page of figures shows, a `Rig` what
one page of verdicts follows from release to release.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from itertools import chain, groupby
from typing import Final, TypeVar

from ftbench.errors import NothingError, UsageError, meant, unknown
from ftbench.facts.arms import ARMS, WITHOUT_GIL, arm_named
from ftbench.facts.profiles import PROFILES
from ftbench.files import safe_name
from ftbench.releases import Level, Named, Release
from ftbench.results.figure import Figure, Figures, Measured, ResultFile, ResultTree, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What is asked for; None takes everything."""

    machine: str | None = None
    release: Release | None = None
    arm: str | None = None
    profile: str | None = None
    flavour: str | None = None
    bench: re.Pattern[str] | None = None

    def takes(self, item: Measured) -> bool:
        """Tell whether `item` is asked for; of what is no figure benchmarks are not looked at."""
        return (
            self.machine in {None, item.machine}
            and self.release in {None, item.release}
            and self.arm in {None, item.arm.name}
            and self.profile in {None, item.profile}
            and self.flavour in {None, item.flavour}
            and (
                self.bench is None
                or not isinstance(item, Figure)
                or self.bench.search(item.series.name) is not None
            )
        )

    def of(self, tree: ResultTree) -> ResultTree:
        """Return the tree with the figures and sources that are asked for."""
        figures = figures_of(tree, self.takes)
        return replace(
            tree,
            figures=figures if self.bench is None else tuple(filter(self.takes, figures)),
            sources=tuple(filter(self.takes, tree.sources)),
        )


def parse_filter(
    tree: ResultTree,
    *,
    machine: str | None = None,
    release: str | None = None,
    arm: str | None = None,
    profile: str | None = None,
    flavour: str | None = None,
    bench: str | None = None,
) -> Filter:
    """Return what a user's words mean; raises `UsageError` for one that takes nothing of `tree`."""
    sources = tree.sources
    named = None if release is None else Named.parse(release)
    _check("machine", machine, (source.machine for source in sources))
    _check("profile", profile, (source.profile for source in sources))
    _check("build", flavour, (source.flavour for source in sources))
    return Filter(
        machine=machine,
        release=None if named is None else measured_release(tree, named),
        arm=arm_of_build(named.free_threaded if named else None, arm),
        profile=profile,
        flavour=flavour,
        bench=None if bench is None else _pattern(bench, tree),
    )


def measured_release(tree: ResultTree, named: Named) -> Release:
    """Return the release that there are results of; raises `NothingError` where there are none."""
    measured = sorted({source.release for source in tree.sources})
    if (release := named.among(measured)) is None:
        asked, names = f"{named.release or named.series}", [other.name for other in measured]
        raise NothingError(
            f"There are no results of CPython {asked}.",
            hint=f"{meant(asked, names)}There are some of {', '.join(names)}. "
            "What is installed, to be measured: ftbench releases",
            story="\n".join(f"not read: {warning}" for warning in tree.warnings),
        )
    return release


def arm_of_build(free_threaded: bool | None, arm: str | None) -> str | None:  # noqa: FBT001
    """Return the arm that is meant, by the build that a name says and by --arm."""
    if arm is None:
        return None if free_threaded is None else (WITHOUT_GIL if free_threaded else ARMS[0]).name
    if free_threaded not in {None, arm_named(arm).free_threaded}:
        raise UsageError(
            f"Arm {arm} is a {arm_named(arm).title}, which the release does not name.",
            hint="Leave --arm out for the build that it names.",
        )
    return arm


def _check(kind: str, name: str | None, known: Iterable[str]) -> None:
    names = set(known)
    if name is not None and name not in names:
        raise unknown(kind, name, names)


def _pattern(text: str, tree: ResultTree) -> re.Pattern[str]:
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise UsageError(f"{text!r} is no regular expression: {error}.") from error
    names = (figure.series.name for figure in tree.figures)
    first = next(names, None)
    if first is None or pattern.search(first) or any(map(pattern.search, names)):
        return pattern
    scenarios = {figure.benchmark.partition(".")[0] for figure in tree.figures}
    raise UsageError(
        f"--bench {text!r} matches no series of the results.",
        hint=f"{meant(text, scenarios)}Names look like this: {first}.",
    )


Builds = tuple[tuple[str, str], ...]
"""For each python of arms ("gil", "ft"), sorted, the flavour that is shown."""


def pair_builds(flavours: Mapping[str, Collection[str]]) -> tuple[Builds, ...]:
    """Return the builds that belong side by side, of the flavours that each python has."""
    every = [set(own) for own in flavours.values()]
    # Those are with their like, and stand in for no other: a plain build beside one with PGO.
    common = set.intersection(*every) if every else set()
    pairs = (
        tuple(
            (python, flavour if flavour in own else min(set(own) - common))
            for python, own in sorted(flavours.items())
            if flavour in own or set(own) - common
        )
        for flavour in sorted(set(chain.from_iterable(flavours.values())))
    )
    return tuple(dict.fromkeys(pairs))


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Pick:
    """What one page of figures shows."""

    machine: str
    release: Release
    profile: str
    builds: Builds

    @property
    def flavours(self) -> tuple[str, ...]:
        """The flavours on the page, each once."""
        return tuple(dict.fromkeys(flavour for _, flavour in self.builds))

    @property
    def title(self) -> str:
        """In words: "3.14.2 on my-box, full profile, source-gcc12"."""
        return f"{self.release.name} on {self.machine}, {self.profile} profile, {self.build_title}"

    @property
    def build_title(self) -> str:
        """The builds as a reader tells them apart: "source-gcc12", "gil: debian-…, ft: …"."""
        if len(self.flavours) == 1:
            return self.flavours[0]
        return ", ".join(f"{python}: {flavour}" for python, flavour in self.builds)

    @property
    def page(self) -> str:
        """A file name that is stable, safe on every system, and not another pick's."""
        name = safe_name(self.machine, self.release.name, self.profile, *self.flavours)
        return f"{name}.html"

    @property
    def places(self) -> tuple[Hashable, ...]:
        """Where its figures and sources are from."""
        return tuple((self.machine, self.release, self.profile, *build) for build in self.builds)

    @staticmethod
    def place_of(item: Measured) -> Hashable:
        return item.machine, item.release, item.profile, item.arm.python, item.flavour

    def shows(self, item: Measured) -> bool:
        return self.place_of(item) in self.places


def picks(tree: ResultTree) -> tuple[Pick, ...]:
    """Return a pick for every machine, release, profile and build that there are results of."""
    flavours: dict[tuple[str, Release, str], dict[str, set[str]]] = {}
    for source in tree.sources:
        pythons = flavours.setdefault((source.machine, source.release, source.profile), {})
        pythons.setdefault(source.arm.python, set()).add(source.flavour)
    return tuple(
        sorted(
            Pick(machine=machine, release=release, profile=profile, builds=builds)
            for (machine, release, profile), pythons in flavours.items()
            for builds in pair_builds(pythons)
        )
    )


def picks_of(scenario: str, tree: ResultTree) -> tuple[Pick, ...]:
    """Return the picks of a tree that anything of a scenario was measured of."""
    places = {Pick.place_of(each) for each in tree.sources if scenario in each.scenarios}
    return tuple(pick for pick in picks(tree) if not places.isdisjoint(pick.places))


# A machine with less than this share of what another has is not measured yet.
_MOSTLY: Final = 0.75


def first_pick(every: Iterable[Pick], tree: ResultTree) -> Pick | None:
    """Return the pick that Choose opens with, None where there is none.

    Of the machines that have most of the scenarios that one has, the one that was measured last; of
    it, what has half of its scenarios at least and was measured last; of one run, the fullest
    profile, then the newest final release, then the pick with the most arms and figures.  Of its
    release, builds with PGO and LTO come before others.
    """
    choices = list(every)
    sources: dict[Hashable, list[ResultFile]] = {}
    for source in tree.sources:
        sources.setdefault(Pick.place_of(source), []).append(source)

    def sources_of(pick: Pick) -> list[ResultFile]:
        return [source for place in pick.places for source in sources.get(place, ())]

    def shown(pick: Pick) -> int:
        return len(set().union(*(source.scenarios for source in sources_of(pick))))

    begun = {pick: _last_start(sources_of(pick)) for pick in choices}
    last: dict[str, datetime] = {}
    most: Counter[str] = Counter()
    for pick in choices:
        last[pick.machine] = max(begun[pick], last.get(pick.machine, begun[pick]))
        most[pick.machine] = max(shown(pick), most[pick.machine])

    def rank(pick: Pick) -> tuple[object, ...]:
        ours = sources_of(pick)
        return (
            most[pick.machine] >= _MOSTLY * max(most.values()),
            last[pick.machine],
            2 * shown(pick) >= most[pick.machine],
            begun[pick],
            _thoroughness(pick.profile),
            pick.release.level is Level.FINAL,
            pick.release,
            len({source.arm for source in ours}),
            sum(sum(source.scenarios.values()) for source in ours),
            pick,
        )

    def as_people_run_it(pick: Pick) -> bool:
        """Tell whether it is of builds with PGO and LTO, of which enough was measured."""
        return are_optimized(sources_of(pick)) and 2 * shown(pick) >= most[pick.machine]

    if not choices:
        return None
    best = max(choices, key=rank)
    alike = [each for each in choices if replace(each, builds=best.builds) == best]
    return max(alike, key=lambda each: (as_people_run_it(each), each == best, rank(each)))


def are_optimized(sources: Iterable[ResultFile]) -> bool:
    """Tell whether all builds have PGO and LTO, as those that people install."""
    builds = [build for source in sources for build in source.builds]
    return bool(builds) and all(build.get("pgo") and build.get("lto") for build in builds)


def newest_first(every: Iterable[Pick]) -> list[Pick]:
    """Return the newest picks of each series of releases, then the second newest, and so on.

    The first few of them are some of everything: of each machine, profile and build.
    """
    kin: dict[tuple[object, ...], list[Pick]] = {}
    for pick in sorted(every, key=lambda pick: pick.release, reverse=True):
        family = (pick.release.series, pick.machine, pick.profile, pick.builds)
        kin.setdefault(family, []).append(pick)
    ranked = [(number, pick) for family in kin.values() for number, pick in enumerate(family)]
    return [pick for _, pick in sorted(ranked, key=lambda ranks: ranks[0])]


def _last_start(sources: Iterable[ResultFile]) -> datetime:
    starts = (start.at for source in sources for start in source.starts)
    return max(starts, default=datetime.min.replace(tzinfo=UTC))


def _thoroughness(profile: str) -> int:
    order = list(PROFILES)
    return order.index(profile) if profile in order else -1


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Rig:
    """One machine, flavour of builds and profile: its arms stand side by side."""

    machine: str
    profile: str
    flavour: str

    @property
    def slug(self) -> str:
        """The name of its folder."""
        return safe_name(self.machine, self.profile, self.flavour)

    @property
    def places(self) -> tuple[Hashable, ...]:
        """Where its figures and sources are from."""
        return (self,)

    @staticmethod
    def place_of(item: Measured) -> Rig:
        return Rig(machine=item.machine, profile=item.profile, flavour=item.flavour)


def rigs(tree: ResultTree) -> tuple[Rig, ...]:
    """Return every rig, sorted, but first the one that the pages open with.

    It has several releases to compare; then it is of builds with PGO and LTO; then the fullest
    profile; then it knows its noise, without which nothing is decided; then it was measured last.
    """
    every = sorted({Rig.place_of(source) for source in tree.sources})
    if not every:
        return ()
    first = max(every, key=lambda rig: _rig_rank(rig, tree))
    return (first, *(rig for rig in every if rig != first))


def _rig_rank(rig: Rig, tree: ResultTree) -> tuple[object, ...]:
    sources = [source for source in tree.sources if Rig.place_of(source) == rig]
    return (
        len({source.release for source in sources}) > 1,
        are_optimized(sources),
        _thoroughness(rig.profile),
        rig.machine in {series.machine for series in tree.noise},
        _last_start(sources),
        rig,
    )


PageT = TypeVar("PageT", Pick, Rig)


def nearest(every: Iterable[PageT], wanted: PageT) -> PageT:
    """Return the one most like `wanted`, in its first field above all; of several the first."""
    names = [field.name for field in fields(wanted)]
    return max(
        every, key=lambda one: [_likeness(getattr(one, n), getattr(wanted, n)) for n in names]
    )


def _likeness(one: object, other: object) -> int:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(set(one) & set(other))
    return one == other


def shares(tree: ResultTree, every: Iterable[PageT]) -> Iterator[tuple[PageT, ResultTree]]:
    """Yield each page with the results that it shows; those of a machine should come together."""
    for machine, group in groupby(every, key=lambda page: page.machine):
        pages = list(group)
        figures: dict[Hashable, list[Figure]] = {}
        for figure in figures_of(tree, Filter(machine=machine).takes):
            figures.setdefault(pages[0].place_of(figure), []).append(figure)
        for page in pages:
            shown = tuple(figure for place in page.places for figure in figures.get(place, ()))
            sources = tuple(item for item in tree.sources if page.place_of(item) in page.places)
            yield page, replace(tree, figures=shown, sources=sources)


def figures_of(tree: ResultTree, takes: Callable[[Measured], bool]) -> Sequence[Figure]:
    """Return the figures of some results; those of the others are not even read."""
    figures = tree.figures
    return figures.of(takes) if isinstance(figures, Figures) else tuple(filter(takes, figures))


def without_unasked(tree: ResultTree) -> ResultTree:
    """Return a tree without the series that no run was asked for: skipped without a reason."""
    asked = {one.series for one in tree.figures if one.reason or one.state is not State.SKIPPED}
    return replace(tree, figures=tuple(one for one in tree.figures if one.series in asked))
