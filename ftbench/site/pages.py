"""Every page that `asv publish` writes for us; they work without a server, a network, a script.

Releases alone has a script, which draws older releases and samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from ftbench.results import ResultTree
from ftbench.site.choose import write_choose
from ftbench.site.claims import write_claims
from ftbench.site.method import write_method
from ftbench.site.price import write_price
from ftbench.site.releases import write_releases

Writer = Callable[[ResultTree, Path], tuple[Path, ...]]

# By the name of their tab (`menus.TABS`); each returns the paths it wrote, its first page first.
# They need one another's files for links only: they may be written at the same time.
WRITERS: Final[Mapping[str, Writer]] = {
    "choose": write_choose,
    "releases": write_releases,
    "price": write_price,
    "claims": write_claims,
    "method": write_method,
}


def write_pages(
    tree: ResultTree, html_dir: Path, tabs: Iterable[str] = tuple(WRITERS)
) -> tuple[Path, ...]:
    """Write the pages of these tabs; return their paths, in the order of the tabs."""
    return tuple(path for tab in tabs for path in WRITERS[tab](tree, html_dir))
