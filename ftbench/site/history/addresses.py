"""Where the pages of a rig lie, all relative to the site's own folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from ftbench.analysis.selection import safe_name
from ftbench.analysis.verdicts.history import Against
from ftbench.facts.arms import Arm
from ftbench.releases import Release
from ftbench.site.history.rigs import Rig
from ftbench.site.history.series import Series
from ftbench.site.history.timeline import AGAINST

FIRST_PAGE: Final = "releases.html"
FOLDER: Final = "releases"
SCRIPT: Final = "releases/releases.js"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """The addresses of one rig; the newest release of the first rig has the first page.

    `scenarios` are those that it has results of.
    """

    rig: Rig
    newest: Release
    first: bool
    scenarios: frozenset[str]

    @property
    def folder(self) -> str:
        """The rig's own folder."""
        return f"{FOLDER}/{self.rig.slug}"

    def release(self, release: Release) -> str:
        """Return where the page of a release lies."""
        if self.first and release == self.newest:
            return FIRST_PAGE
        return f"{self.folder}/{release.name}.html"

    def root(self, release: Release) -> str:
        """Return what leads from a release's page to the site's own folder."""
        return "../" * self.release(release).count("/")

    def scenario(self, scenario: str) -> str:
        """Return where the page of a scenario lies."""
        return f"{self.folder}/series-{safe_name(scenario)}.html"

    def data(self, name: str) -> str:
        """Return where a file of data lies."""
        return f"{self.data_folder}/{name}.js"

    def nearest(self, scenario: str) -> str:
        """Return where the page of a scenario lies; of one that there is not, the first page."""
        known = scenario in self.scenarios
        return self.scenario(scenario) if known else self.release(self.newest)

    @property
    def data_folder(self) -> str:
        """Where the files of data lie."""
        return f"{self.folder}/data"

    def cell(self, series: Series, arm: Arm, release: Release, against: Against) -> str:
        """Return the address of one verdict on its scenario's page, with its samples.

        Without a script it still leads to the row of its series.
        """
        asked = {
            "arm": arm.name,
            "release": release.name,
            "against": str(AGAINST.index(against)),
        }
        return f"{self.scenario(series.scenario)}?{urlencode(asked)}#{series.key}"
