"""Writes Price and gain: what free threading costs one thread, and what it brings to several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from ftbench.results import ResultTree
from ftbench.site import frame
from ftbench.site.history.rigs import Rig, rig_menus, rig_of, rigs, shared_out
from ftbench.site.pricing.texts import BENCHMARKS, PricePage, price_page

FIRST_PAGE: Final = "price.html"
FOLDER: Final = "price"
_HERE: Final = "price"


def write_price(tree: ResultTree, html_dir: Path) -> tuple[Path, ...]:
    """Write `price.html` and a page like it for every other rig; return their paths, it first.

    Everything that a page needs is in it.  Raises `OSError` where the folder cannot be written.
    """
    measured = {rig_of(figure) for figure in tree.figures if figure.benchmark in BENCHMARKS}
    # One that has nothing to show here is not what the page opens with.
    every = sorted(rigs(tree), key=lambda rig: rig not in measured)
    warnings = tuple(map(str, tree.warnings))
    if not every:
        page = PricePage(root="", title="Price and gain · ftbench", warnings=warnings)
        return (_write(html_dir / FIRST_PAGE, page),)
    addresses = {
        rig: FIRST_PAGE if rig == every[0] else f"{FOLDER}/{rig.slug}.html" for rig in every
    }
    return tuple(
        _write_rig(rig, addresses, share, html_dir)
        for rig, share in shared_out(tree, every).items()
    )


def _write_rig(rig: Rig, addresses: Mapping[Rig, str], tree: ResultTree, html_dir: Path) -> Path:
    menus = rig_menus(rig, tuple(addresses), addresses.__getitem__)
    root = "../" * addresses[rig].count("/")
    page = price_page(rig, tree, menus, root)
    page = replace(page, warnings=tuple(map(str, tree.warnings)))
    return _write(html_dir / addresses[rig], page)


def _write(path: Path, page: PricePage) -> Path:
    return frame.write(path, frame.render("price.html.j2", page, here=_HERE))
