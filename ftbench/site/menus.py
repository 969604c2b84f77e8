"""The picker: plain links from one page of Choose to the others, so that no script is needed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ftbench.analysis.comparison import Builds
from ftbench.analysis.selection import FOLDER, Pick, nearest
from ftbench.releases import Release

T = TypeVar("T", bound=Hashable)


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

    every_menu = (
        _menu("Machine", every, pick, leads, key=_machine, text=_machine),
        _menu("Release", here, pick, leads, key=_release, text=lambda each: each.release.name),
        _menu("Profile", alike, pick, leads, key=_profile, text=_profile),
        _menu("Build", kin, pick, leads, key=_builds, text=lambda each: each.build_title),
    )
    return tuple(
        menu for menu in every_menu if len(menu.items) > 1 or menu.title in {"Machine", "Release"}
    )


def _machine(pick: Pick) -> str:
    return pick.machine


def _release(pick: Pick) -> Release:
    return pick.release


def _profile(pick: Pick) -> str:
    return pick.profile


def _builds(pick: Pick) -> Builds:
    return pick.builds


def _menu(
    title: str,
    choices: Sequence[Pick],
    pick: Pick,
    leads: Callable[[Pick], str],
    *,
    key: Callable[[Pick], T],
    text: Callable[[Pick], str],
) -> Menu:
    groups: dict[T, list[Pick]] = {}
    for choice in choices:
        groups.setdefault(key(choice), []).append(choice)
    items = [
        Item(
            text=text(group[0]) or "unnamed",
            href=leads(nearest(group, pick)),
            current=value == key(pick),
        )
        for value, group in groups.items()
    ]
    return Menu(title=title, items=tuple(items))
