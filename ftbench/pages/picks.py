"""The pick: one machine, release, profile and build per page of Choose, and the page's name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from ftbench.probe.profiles import PROFILES
from ftbench.releases import Level, Release
from ftbench.results import Figure, ResultTree, Source
from ftbench.results.comparison import Builds, pair_builds

FIRST_PAGE: Final = "choose.html"
FOLDER: Final = "choose"
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_UNSAFE: Final = re.compile(r"[^a-z0-9.]+")


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
    def build_title(self) -> str:
        """The builds as a reader tells them apart: "source-gcc12", "gil: debian-…, ft: …"."""
        if len(self.flavours) == 1:
            return self.flavours[0]
        return ", ".join(f"{python}: {flavour}" for python, flavour in self.builds)

    @property
    def page(self) -> str:
        """A file name that is stable, safe on every system, and not another pick's."""
        parts = [self.machine, self.release.name, self.profile, *self.flavours]
        safe = [_UNSAFE.sub("-", part.lower()).strip("-.") for part in parts]
        name = "-".join(part for part in safe if part)[:100]
        exact = safe == parts
        return f"{name}.html" if exact else f"{name}-{_hash(parts)}.html"

    def shows(self, item: Figure | Source) -> bool:
        """Tell whether `item` belongs on this page."""
        return (
            item.machine == self.machine
            and item.release == self.release
            and item.profile == self.profile
            and (item.arm.python, item.flavour) in self.builds
        )


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
    figures: dict[tuple[object, ...], list[Figure]] = {}
    for figure in tree.figures:
        place = (figure.machine, figure.release, figure.profile, figure.arm.python, figure.flavour)
        figures.setdefault(place, []).append(figure)
    return {
        pick: replace(
            tree,
            figures=tuple(
                figure
                for build in pick.builds
                for figure in figures.get((pick.machine, pick.release, pick.profile, *build), ())
            ),
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
    return max(every, key=lambda pick: _rank(pick, tree, begun), default=None)


def _rank(pick: Pick, tree: ResultTree, begun: Mapping[str, datetime]) -> tuple[object, ...]:
    sources = [source for source in tree.sources if pick.shows(source)]
    runs = [begun[start.run] for source in sources for start in source.starts]
    order = list(PROFILES)
    return (
        max(runs, default=_NEVER),
        order.index(pick.profile) if pick.profile in order else -1,
        pick.release.level is Level.FINAL,
        pick.release,
        len({source.arm.name for source in sources}),
        sum(pick.shows(figure) for figure in tree.figures),
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


def _hash(parts: list[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]
