"""Writes Method and machine: how figures are produced, and what stands behind those shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ftbench.analysis.floors import Floors
from ftbench.analysis.selection import first_pick, picks, safe_name
from ftbench.results import ResultTree
from ftbench.site import frame
from ftbench.site.losses import disturbed, failed, of_machine, skipped, states
from ftbench.site.menus import Item, Menu
from ftbench.site.noisefloor import NoiseText, noise_text
from ftbench.site.provenance import MachineText, builds, machine_text, runs
from ftbench.site.sheets import Sheet

PLACE: Final = "method"
FIRST_PAGE: Final = f"{PLACE}.html"
_NOISE: Final = "ftbench noise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A whole page; `root` leads from it to the site's own folder: "" or "../".

    Without any results it has no `machine`.  `invariants` are what every run checks of its work.
    """

    root: str
    title: str
    name: str = ""
    menus: tuple[Menu, ...] = ()
    machine: MachineText | None = None
    builds: Sheet | None = None
    runs: Sheet | None = None
    noise: NoiseText | None = None
    losses: tuple[Sheet, ...] = ()
    invariants: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    command: str = _NOISE


def write_method(tree: ResultTree, html_dir: Path) -> tuple[Path, ...]:
    """Write `method.html` and a page for each further machine; return the paths, it first.

    A page needs neither a script nor a network.  Raises `OSError` where the folder cannot be
    written.
    """
    names = machines(tree)
    if not names:
        return (_write(html_dir / FIRST_PAGE, _empty(tree)),)
    floors = Floors.of(tree.noise)

    return tuple(
        _write(html_dir / address(name, names[0]), page_of(name, names, tree, floors))
        for name in names
    )


def machines(tree: ResultTree) -> tuple[str, ...]:
    """Return the machines that there are results of, first that which Choose opens with."""
    first = first_pick(picks(tree), tree)
    names = sorted({source.machine for source in tree.sources})
    return tuple(sorted(names, key=lambda name: first is None or name != first.machine))


def address(name: str, first: str) -> str:
    """Return where a machine's page lies, relative to the site's own folder."""
    return FIRST_PAGE if name == first else f"{PLACE}/{safe_name(name)}.html"


def page_of(name: str, names: Sequence[str], tree: ResultTree, floors: Floors) -> Page:
    """Return the page of one machine."""
    sources = [source for source in tree.sources if source.machine == name]
    figures = of_machine(tree.figures, name)
    machine = next((each for each in tree.machines if each.name == name), None)
    losses = (states(figures), disturbed(figures), skipped(figures), failed(figures))
    invariants = {name: told for each in sources for name, told in each.invariants.items()}
    menu = Menu(
        title="Machine",
        items=tuple(
            Item(text=each or "unnamed", href=address(each, names[0]), current=each == name)
            for each in names
        ),
    )
    return Page(
        root="" if name == names[0] else "../",
        title=f"Method, and {name} · ftbench",
        name=name,
        menus=(menu,),
        machine=machine_text(machine, sources),
        builds=builds(sources),
        runs=runs(sources),
        noise=noise_text(tree, name, floors),
        losses=losses,
        invariants=tuple(sorted(invariants.items())),
        warnings=tuple(map(str, tree.warnings)),
    )


def _empty(tree: ResultTree) -> Page:
    return Page(root="", title="Method · ftbench", warnings=tuple(map(str, tree.warnings)))


def _write(path: Path, page: Page) -> Path:
    return frame.write(path, frame.render("method.html.j2", page, here=PLACE))
