"""The rig: what stays the same from release to release, so that only CPython changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from ftbench.analysis.selection import safe_name
from ftbench.facts.profiles import PROFILES
from ftbench.releases import Release
from ftbench.results import Figure, ResultTree, Source, State
from ftbench.site.menus import Item, Menu

_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_MOST_RELEASES: Final = 9
_NEIGHBOURS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Rig:
    """One machine, flavour of builds and profile: the lines of its arms stand side by side."""

    machine: str
    profile: str
    flavour: str

    @property
    def slug(self) -> str:
        """The name of its folder."""
        return safe_name(self.machine, self.profile, self.flavour)


def rig_of(item: Figure | Source) -> Rig:
    """Return the rig that something was measured with."""
    return Rig(machine=item.machine, profile=item.profile, flavour=item.flavour)


def rigs(tree: ResultTree) -> tuple[Rig, ...]:
    """Return every rig, the one that the pages open with first, the others sorted.

    First is what has several releases to compare; of those, the fullest profile; then what knows
    its noise, without which nothing is decided; then what was measured last.
    """
    every = sorted({rig_of(source) for source in tree.sources})
    if not every:
        return ()
    first = max(every, key=lambda rig: _rank(rig, tree))
    return (first, *(rig for rig in every if rig != first))


def _rank(rig: Rig, tree: ResultTree) -> tuple[object, ...]:
    sources = [source for source in tree.sources if rig_of(source) == rig]
    order = list(PROFILES)
    return (
        len({source.release for source in sources}) > 1,
        order.index(rig.profile) if rig.profile in order else -1,
        any(each.machine == rig.machine for each in tree.noise),
        max((start.at for source in sources for start in source.starts), default=_NEVER),
        rig,
    )


def shared_out(tree: ResultTree, every: Sequence[Rig]) -> dict[Rig, ResultTree]:
    """Return for each rig a tree that has its results alone, and all that was found of noise.

    Series of which it has nothing to say are left out: asv notes whatever a run was not asked for
    as skipped, without a reason.
    """
    figures: dict[tuple[str, str, str], list[Figure]] = {}
    for figure in tree.figures:
        place = figure.machine, figure.profile, figure.flavour
        figures.setdefault(place, []).append(figure)
    return {
        rig: replace(
            tree,
            figures=_told(figures.get((rig.machine, rig.profile, rig.flavour), ())),
            sources=tuple(source for source in tree.sources if rig_of(source) == rig),
        )
        for rig in every
    }


def _told(figures: Sequence[Figure]) -> tuple[Figure, ...]:
    """Return the figures of series that were measured, failed or skipped for a reason, once."""
    told = {_series(each) for each in figures if each.reason or each.state is not State.SKIPPED}
    return tuple(each for each in figures if _series(each) in told)


def _series(figure: Figure) -> tuple[str, tuple[str, ...]]:
    return figure.benchmark, tuple(figure.params.values())


def nearest(every: Sequence[Rig], wanted: Rig) -> Rig:
    """Return the rig most like `wanted`: same machine, profile, flavour, in this order."""
    return max(
        every,
        key=lambda rig: (
            rig.machine == wanted.machine,
            rig.profile == wanted.profile,
            rig.flavour == wanted.flavour,
        ),
    )


def rig_menus(rig: Rig, every: Sequence[Rig], address: Callable[[Rig], str]) -> tuple[Menu, ...]:
    """Return the menus from one rig to the others; profile and build where there are several."""
    here = [each for each in every if each.machine == rig.machine]
    kin = [each for each in here if each.profile == rig.profile]
    found = (
        _menu("Machine", every, rig, address, lambda each: each.machine),
        _menu("Profile", here, rig, address, lambda each: each.profile),
        _menu("Build", kin, rig, address, lambda each: each.flavour),
    )
    return tuple(menu for menu in found if len(menu.items) > 1 or menu.title == "Machine")


def _menu(
    title: str,
    choices: Sequence[Rig],
    rig: Rig,
    address: Callable[[Rig], str],
    text: Callable[[Rig], str],
) -> Menu:
    items = tuple(
        Item(
            text=value or "unnamed",
            href=address(nearest([each for each in choices if text(each) == value], rig)),
            current=value == text(rig),
        )
        for value in sorted({text(each) for each in choices})
    )
    return Menu(title=title, items=items)


def release_menu(
    releases: Sequence[Release], current: Release, address: Callable[[Release], str]
) -> Menu:
    """Return the menu of a rig's releases, the newest first.

    Of many, the newest of each series and the neighbours of the current one; the others are in
    the list of all, at the end of the newest release's page.
    """
    shown = _near(sorted(releases), current)
    items = [
        Item(text=release.name, href=address(release), current=release == current)
        for release in reversed(shown)
    ]
    if len(shown) < len(releases):
        every = f"{address(max(releases))}#releases"
        items.append(Item(text=f"all {len(releases)}", href=every, current=False))
    return Menu(title="Release", items=tuple(items))


def _near(releases: Sequence[Release], current: Release) -> list[Release]:
    if len(releases) <= _MOST_RELEASES:
        return list(releases)
    newest = {release.series: release for release in releases}
    place = releases.index(current)
    near = releases[max(place - _NEIGHBOURS, 0) : place + _NEIGHBOURS + 1]
    return sorted({*newest.values(), *near})
