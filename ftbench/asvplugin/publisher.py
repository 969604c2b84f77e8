"""What `asv publish` does after its own pages: names and assets, then our pages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from asv.console import log
from asv.publishing import OutputPublisher

from ftbench.asvplugin.telling import told_by_asv
from ftbench.errors import FtbenchError
from ftbench.pages.assets import assets_folder
from ftbench.pages.site import tags_of, write_assets, write_names
from ftbench.results import read_results


class SitePublisher(OutputPublisher):
    """Makes asv's pages say releases' names, lead to Choose and need no network."""

    # After asv's last, "regressions" (3): its feed is rewritten too.
    order: ClassVar = 10
    name: ClassVar = "ftbench-site"
    button_label: ClassVar = "Names"
    description: ClassVar = "Releases by name, and no network"

    @classmethod
    def publish(
        cls, conf: Any, _repo: Any, _benchmarks: Any, _graphs: Any, revisions: Mapping[str, int]
    ) -> None:
        """Rewrite the site; without npm or network it still loads asv's files from the network."""
        html_dir = Path(conf.html_dir)
        with told_by_asv():
            write_names(html_dir, tags_of(revisions))
            try:
                folder = assets_folder()
            except FtbenchError as error:
                log.warning(
                    f"The charts will need a network to be looked at (Choose will not): {error}"
                )
            else:
                write_assets(html_dir, folder)


class PagesPublisher(OutputPublisher):
    """Writes our own pages, Choose first."""

    order: ClassVar = 11
    name: ClassVar = "ftbench-pages"
    button_label: ClassVar = "Choose"
    description: ClassVar = "Every mode on every arm"

    @classmethod
    def publish(
        cls, conf: Any, _repo: Any, _benchmarks: Any, _graphs: Any, _revisions: Any
    ) -> None:
        """Read the results again, once for all pages: asv's graphs know medians alone."""
        # Only publish may pay for matplotlib: every asv command loads this module.
        from ftbench.pages.every import write_every  # noqa: PLC0415

        with told_by_asv():
            tree = read_results(Path(conf.results_dir))
            for warning in tree.warnings:
                log.warning(str(warning))
            pages = write_every(tree, Path(conf.html_dir))
        log.info(f"First page: {pages[0]}")
