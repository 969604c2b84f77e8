"""What leads from page to page: tabs and pickers, plain links that need no script."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from ftbench.releases import Release
from ftbench.results.selection import PageT, Pick, Rig, nearest

# What is chosen, the widest first: the title, what tells the choices apart, and its text.
_Level = tuple[str, Callable[[Any], Any], Callable[[Any], str]]
_MACHINE: Final = ("Machine", attrgetter("machine"), attrgetter("machine"))
_RELEASE: Final = ("Release", attrgetter("release"), attrgetter("release.name"))
_PROFILE: Final = ("Profile", attrgetter("profile"), attrgetter("profile"))
_BUILDS: Final = ("Build", attrgetter("builds"), attrgetter("build_title"))
_FLAVOUR: Final = ("Build", attrgetter("flavour"), attrgetter("flavour"))
_LEVELS: Final[Mapping[type, tuple[_Level, ...]]] = {
    Pick: (_MACHINE, _RELEASE, _BUILDS, _PROFILE),
    Rig: (_MACHINE, _FLAVOUR, _PROFILE),
}
_ALWAYS: Final = ("Machine", "Release")
# Of more items, only the ends and the neighbours of the current one are shown at once.
_MOST: Final = 12
_NEIGHBOURS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One of our pages as the bar at the top of each names it."""

    name: str
    title: str

    @property
    def file(self) -> str:
        return f"{self.name}.html"


TABS: Final = (
    Tab(name="choose", title="Choose"),
    Tab(name="releases", title="Releases"),
    Tab(name="price", title="Price and gain"),
    Tab(name="guards", title="Guard rails"),
    Tab(name="claims", title="Claims"),
    Tab(name="method", title="Method"),
)


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

    @property
    def near(self) -> tuple[Item, ...]:
        """The items that are shown at once; the others are folded away."""
        if len(self.items) <= _MOST:
            return self.items
        current = next(place for place, item in enumerate(self.items) if item.current)
        last = len(self.items) - 1
        return tuple(
            item
            for place, item in enumerate(self.items)
            if place in {0, last} or abs(place - current) <= _NEIGHBOURS
        )


def address(pick: Pick, first: Pick, tab: str) -> str:
    """Return where the page of a pick lies, relative to the site's own folder."""
    return f"{tab}.html" if pick == first else f"{tab}/{pick.page}"


def menus(
    current: PageT,
    addresses: Mapping[PageT, str],
    having: Collection[PageT] | None = None,
    lacks: str = "",
) -> tuple[Menu, ...]:
    """Return the menus of a page; `addresses` are those of all pages of its kind.

    An item leads to the page that differs in it and in as little else as there are results for.
    Rather it leads to one of those `having` what is looked for, and says where none of its has.
    """
    menus = []
    choices = list(addresses)
    for title, key, text in _LEVELS[type(current)]:
        groups: dict[Any, list[PageT]] = {}
        for choice in sorted(choices, key=key):
            groups.setdefault(key(choice), []).append(choice)
        items = []
        for value, group in groups.items():
            here, name = value == key(current), text(group[0]) or "unnamed"
            own = group if having is None else [page for page in group if page in having]
            href = addresses[current if here else nearest(own or group, current)]
            items.append(Item(text=name if own else f"{name} ({lacks})", href=href, current=here))
        if len(items) > 1 or title in _ALWAYS:
            menus.append(Menu(title=title, items=tuple(items)))
        choices = groups[key(current)]
    return tuple(menus)


def elsewhere(
    current: PageT, having: Mapping[PageT, str], parts: Mapping[PageT, Sequence[str]] | None = None
) -> tuple[Item, ...]:
    """Return links to the other pages of its machine and release that have what `current` lacks.

    `having` are the addresses of all that have it. Each is named by what is another of it, and by
    the `parts` that it has, without which it is left out.
    """
    alike = [level for level in _LEVELS[type(current)] if level[0] in _ALWAYS]
    other = [level for level in _LEVELS[type(current)] if level[0] not in _ALWAYS]
    return tuple(
        Item(
            text=", ".join(
                f"{text(page)} {title.lower()}"
                for title, key, text in other
                if key(page) != key(current)
            )
            + (f" ({', '.join(parts[page])})" if parts else ""),
            href=href,
            current=False,
        )
        for page, href in having.items()
        if page != current and (parts is None or parts[page])
        if all(key(page) == key(current) for _, key, _ in alike)
    )


def release_menu(
    releases: Sequence[Release], current: Release, address: Callable[[Release], str]
) -> Menu:
    """Return the menu of a rig's releases, the newest first."""
    items = (
        Item(text=release.name, href=address(release), current=release == current)
        for release in sorted(releases, reverse=True)
    )
    return Menu(title="Release", items=tuple(items))
