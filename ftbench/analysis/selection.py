"""The pick: one machine, release, profile and build per page of Choose, and the page's name."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from ftbench.analysis.comparison import Builds, pair_builds
from ftbench.facts.profiles import PROFILES
from ftbench.releases import Level, Release
from ftbench.results import Figure, ResultTree, Source

FIRST_PAGE: Final = "choose.html"
FOLDER: Final = "choose"
_NEVER: Final = datetime.min.replace(tzinfo=UTC)

# Machine, release, profile, the arm's `python` and the flavour of its build.
_Place = tuple[str, Release, str, str, str]


def _place(item: Figure | Source) -> _Place:
    return (item.machine, item.release, item.profile, item.arm.python, item.flavour)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Pick:
    """What one page shows.

    `builds` maps an arm's `python` ("gil", "ft") to the flavour shown for it, as sorted pairs:
    the two need not be alike, for a machine may have only one of each.
    """

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
        """All of it in words: "3.14.2 on my-box, full profile, source-gcc12"."""
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

    def shows(self, item: Figure | Source) -> bool:
        """Tell whether `item` belongs on this page."""
        return _place(item) in self.places

    @property
    def places(self) -> tuple[_Place, ...]:
        """Where its figures and sources are from: a place for each build."""
        return tuple((self.machine, self.release, self.profile, *build) for build in self.builds)


def picks(tree: ResultTree) -> tuple[Pick, ...]:
    """Return a pick for every machine, release, profile and build that there are results of."""
    found: dict[tuple[str, Release, str], dict[str, set[str]]] = {}
    for source in tree.sources:
        pythons = found.setdefault((source.machine, source.release, source.profile), {})
        pythons.setdefault(source.arm.python, set()).add(source.flavour)
    every = {
        Pick(machine=machine, release=release, profile=profile, builds=builds)
        for (machine, release, profile), pythons in found.items()
        for builds in pair_builds(pythons)
    }
    return tuple(sorted(every))


def shares(tree: ResultTree, every: Sequence[Pick]) -> Mapping[Pick, ResultTree]:
    """Return for each pick the results that its page shows: looked for once, and not per page."""
    figures: dict[_Place, list[Figure]] = {}
    for figure in tree.figures:
        figures.setdefault(_place(figure), []).append(figure)
    return {
        pick: replace(
            tree,
            figures=tuple(figure for place in pick.places for figure in figures.get(place, ())),
            sources=tuple(filter(pick.shows, tree.sources)),
        )
        for pick in every
    }


def first_pick(every: Iterable[Pick], tree: ResultTree) -> Pick | None:
    """Return the pick that Choose opens with, None where there is none.

    What was measured last, for whoever has just run the suite looks for that; of one run, the
    fullest profile, then the newest final release, then the pick with the most arms and figures.
    """
    begun: dict[str, datetime] = {}
    for start in (start for source in tree.sources for start in source.starts):
        begun[start.run] = min(start.at, begun.get(start.run, start.at))
    sources: dict[_Place, list[Source]] = {}
    for source in tree.sources:
        sources.setdefault(_place(source), []).append(source)
    figures = Counter(map(_place, tree.figures))

    def rank(pick: Pick) -> tuple[object, ...]:
        ours = [source for place in pick.places for source in sources.get(place, ())]
        return _rank(pick, ours, begun, sum(figures[place] for place in pick.places))

    return max(every, key=rank, default=None)


def newest_first(every: Iterable[Pick]) -> list[Pick]:
    """Return the newest picks of each series of releases, then the second newest, and so on.

    Of each machine, profile and build, so that a fixed number of them is some of everything.
    """
    kin: dict[tuple[object, ...], list[Pick]] = {}
    for pick in sorted(every, key=lambda pick: pick.release, reverse=True):
        family = (pick.release.series, pick.machine, pick.profile, pick.builds)
        kin.setdefault(family, []).append(pick)
    ranked = [(number, pick) for family in kin.values() for number, pick in enumerate(family)]
    return [pick for _, pick in sorted(ranked, key=lambda each: each[0])]


def _rank(
    pick: Pick, sources: Sequence[Source], begun: Mapping[str, datetime], figures: int
) -> tuple[object, ...]:
    runs = [begun[start.run] for source in sources for start in source.starts]
    order = list(PROFILES)
    return (
        max(runs, default=_NEVER),
        order.index(pick.profile) if pick.profile in order else -1,
        pick.release.level is Level.FINAL,
        pick.release,
        len({source.arm.name for source in sources}),
        figures,
        pick,
    )


def nearest(every: Iterable[Pick], wanted: Pick) -> Pick:
    """Return the pick most like `wanted`: same machine, release, profile, build, in this order."""
    return max(
        sorted(every),
        key=lambda pick: (
            pick.machine == wanted.machine,
            pick.release == wanted.release,
            pick.profile == wanted.profile,
            len(set(pick.builds) & set(wanted.builds)),
        ),
    )


_UNSAFE: Final = re.compile(r"[^a-z0-9._]+")
_JOIN: Final = "_"
_LONGEST: Final = 80
_DIGITS: Final = 8


def safe_name(*parts: str) -> str:
    """Return a file's name that is stable, safe on every system, and not that of other parts."""
    safe = [_UNSAFE.sub("-", part.lower()).strip("-._") for part in parts]
    name = _JOIN.join(filter(None, safe))
    plain = len(parts) == 1 or not any(_JOIN in part for part in parts)
    if plain and all(parts) and safe == list(parts) and len(name) <= _LONGEST:
        return name
    # The repr, for it is of plain characters whatever the parts are.
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()[:_DIGITS]
    return f"{name[:_LONGEST]}-{digest}".lstrip("-")
