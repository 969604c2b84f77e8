"""What `asv publish` does after its own pages: names and assets, then our pages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from asv.console import log
from asv.publishing import OutputPublisher

from ftbench.asv import background_publish
from ftbench.asv.assets import assets_folder
from ftbench.asv.errors import told_by_asv
from ftbench.asv.site_patches import tags_of, write_assets, write_names
from ftbench.errors import FtbenchError


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
        """Write them, from the results alone: asv's graphs know medians, and no more.

        Where there are many results, they have been begun before asv's own pages.
        """
        begun = background_publish.running()
        with told_by_asv():
            if begun:
                written = begun.finish()
            else:
                written = background_publish.write_pages(
                    Path(conf.results_dir), Path(conf.html_dir)
                )
        for warning in written.warnings:
            log.warning(str(warning))
        log.info(f"First page: {written.pages[0]}")
