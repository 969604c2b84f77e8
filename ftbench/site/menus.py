"""The pickers: plain links from one page to its like, so that no script is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from ftbench.releases import Release
from ftbench.results.selection import GroupingT, Pick, Rig, nearest

FIRST_PAGE: Final = "choose.html"
FOLDER: Final = "choose"
_MOST_RELEASES: Final = 9
_NEIGHBOURS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A link to another page; `href` is relative to the site's own folder."""

    text: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """One thing to choose."""

    title: str
    items: tuple[Item, ...]


def address(pick: Pick, first: Pick, place: str = FOLDER) -> str:
    """Return where the page of `place` of a pick lies, relative to the site's own folder."""
    return f"{place}.html" if pick == first else f"{place}/{pick.page}"


def menus(pick: Pick, every: Sequence[Pick], first: Pick, place: str = FOLDER) -> tuple[Menu, ...]:
    """Return the menus of a page of `place`, which has a page for `every` pick.

    Machine and release always; profile and build where the machine and release has several.  An
    item leads to the page that differs in it and in as little else as there are results for.
    """
    here = [each for each in every if each.machine == pick.machine]
    alike = [each for each in here if each.release == pick.release]
    kin = [each for each in alike if each.profile == pick.profile]

    def leads(other: Pick) -> str:
        return address(other, first, place)

    shown = (
        _menu("Machine", every, pick, leads, key=attrgetter("machine")),
        _menu(
            "Release", here, pick, leads, key=attrgetter("release"), text=attrgetter("release.name")
        ),
        _menu("Profile", alike, pick, leads, key=attrgetter("profile")),
        _menu("Build", kin, pick, leads, key=attrgetter("builds"), text=attrgetter("build_title")),
    )
    return tuple(
        menu for menu in shown if len(menu.items) > 1 or menu.title in {"Machine", "Release"}
    )


def _menu(
    title: str,
    choices: Iterable[GroupingT],
    current: GroupingT,
    leads: Callable[[GroupingT], str],
    *,
    key: Callable[[GroupingT], Any],
    text: Callable[[GroupingT], str] | None = None,
) -> Menu:
    """Return a menu with an item for each `key`; its `text` is the key where there is none."""
    text = text or key
    groups: dict[Any, list[GroupingT]] = {}
    for choice in choices:
        groups.setdefault(key(choice), []).append(choice)
    items = [
        Item(
            text=text(group[0]) or "unnamed",
            href=leads(nearest(group, current)),
            current=value == key(current),
        )
        for value, group in groups.items()
    ]
    return Menu(title=title, items=tuple(items))


def rig_menus(rig: Rig, every: Sequence[Rig], address: Callable[[Rig], str]) -> tuple[Menu, ...]:
    """Return the menus from one rig to the others; profile and build where there are several."""
    here = [each for each in every if each.machine == rig.machine]
    kin = [each for each in here if each.profile == rig.profile]

    def menu(title: str, choices: Sequence[Rig], key: Callable[[Rig], str]) -> Menu:
        return _menu(title, sorted(choices, key=key), rig, address, key=key)

    shown = (
        menu("Machine", every, attrgetter("machine")),
        menu("Profile", here, attrgetter("profile")),
        menu("Build", kin, attrgetter("flavour")),
    )
    return tuple(menu for menu in shown if len(menu.items) > 1 or menu.title == "Machine")


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
