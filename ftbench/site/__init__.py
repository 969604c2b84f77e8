"""The published site: our pages, and what makes asv's own work offline and by name.

Our pages work without a server and a network, and can be read without a script. One of all pages,
`tables.js`, sorts, filters, keeps and searches; Releases and Choose have one of their own besides.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ftbench.results import ResultTree

    Writer = Callable[[ResultTree, Path], tuple[Path, ...]]


def writer_of(tab: str) -> Writer:
    """Return what writes the pages of a tab (`menus.TABS`), and their paths, its first page first.

    It stands in the module of its name, which is loaded now, and matplotlib with it.
    """
    write: Writer = getattr(import_module(f"{__name__}.{tab}"), f"write_{tab}")
    return write
