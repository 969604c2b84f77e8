"""The history that asv walks: every known or installed release, and what a name or a range means.

    3.14                one series (`releases`: all of them)
    3.13.5..3.13.15     git's range: after 3.13.5, up to 3.13.15; an end may be left out
    3.14.2^!  3.14.2    this release alone
    installed           what has an interpreter here; `installed:ft`, `installed:gil` by build
    known:3.14          any of the first three, whether installed or not

A range means the installed releases in it; if there is none, all of them, so that a machine
without interpreters can publish.  `a..b` and `X^!` are what asv's site prints.
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Self

from ftbench.errors import UsageError
from ftbench.releases.release import Level, Release, is_series, series_key

# The history begins with the first release that has a free-threaded build.
FIRST: Final = Release(major=3, minor=13, micro=0, level=Level.ALPHA, serial=1)
# The branch that holds every release; each series is a branch too.
EVERY: Final = "releases"
HEAD: Final = "HEAD"


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The known releases, and those that can be run here by build, which may be unknown."""

    known: frozenset[Release]
    gil: frozenset[Release] = frozenset()
    free_threaded: frozenset[Release] = frozenset()

    @classmethod
    def of(
        cls,
        known: Collection[Release],
        *,
        gil: Collection[Release] = (),
        free_threaded: Collection[Release] = (),
    ) -> Self:
        """Make a history; leaves out what is older than free-threading."""
        known, gil, free_threaded = (
            frozenset(release for release in releases if release >= FIRST)
            for releases in (known, gil, free_threaded)
        )
        return cls(known=known, gil=gil, free_threaded=free_threaded)

    @property
    def installed(self) -> frozenset[Release]:
        """The releases that have an interpreter here, of either build."""
        return self.gil | self.free_threaded

    @property
    def releases(self) -> frozenset[Release]:
        return self.known | self.installed

    @property
    def series(self) -> tuple[str, ...]:
        """The series that have a release, oldest first."""
        return tuple(sorted({release.series for release in self.releases}, key=series_key))

    def branch(self, name: str) -> frozenset[Release]:
        """Return the releases of a series, or all of them; raises `UsageError` for no branch."""
        if name == EVERY:
            return self.releases
        releases = frozenset(release for release in self.releases if release.series == name)
        if not releases:
            raise self.unknown(name)
        return releases

    def tip(self, branch: str) -> Release:
        """Return the newest release of a branch that can be run here, or else the newest of it."""
        releases = self.branch(branch)
        # Of another branch if need be: `asv run` takes the tip of each, and must find one to run.
        return max(releases & self.installed or self.installed or releases)

    def find(self, name: str) -> Release:
        """Return the release of a name, tag, commit id, branch (its tip), HEAD; or `UsageError`."""
        if name == HEAD:
            return self.tip(EVERY)
        if name == EVERY or is_series(name):
            return self.tip(name)
        for read in (Release.parse, Release.from_commit_id):
            with contextlib.suppress(UsageError):
                release = read(name)
                if release in self.releases:
                    return release
        raise self.unknown(name)

    def parent(self, release: Release) -> Release:
        """Return the release before in its series, installed if possible; raises `UsageError`."""
        older = {other for other in self.branch(release.series) if other < release}
        if not older:
            raise UsageError(f"{release} is the first release of {release.series}.")
        return max(older & self.installed or older)

    @property
    def landmarks(self) -> frozenset[Release]:
        """The 25 or so releases on a chart's axis: final ones, begun series, installed ones."""
        finals = {release for release in self.releases if release.level is Level.FINAL}
        begun = {release.series for release in finals}
        newest = {max(self.branch(series)) for series in self.series if series not in begun}
        return frozenset(finals | newest | self.installed)

    def unknown(self, name: str) -> UsageError:
        """Say that `name` means nothing here, and what was probably meant."""
        names = [EVERY, *self.series, *(release.name for release in sorted(self.releases))]
        near = difflib.get_close_matches(name.removeprefix("v"), names, n=1)
        meant = f"Did you mean {near[0]}? " if near else ""
        return UsageError(
            f"{name!r} is no CPython release or series that is known or installed here.",
            hint=f"{meant}`ftbench releases` lists what is known, `ftbench releases add` takes "
            "new ones, `ftbench pythons` lists what is installed.",
        )


KNOWN: Final = "known:"
_INSTALLED: Final = "installed"
_SINGLE: Final = "^!"
_TO: Final = ".."


def select(text: str, history: History) -> tuple[Release, ...]:
    """Return the releases of a range, newest first; raises `UsageError` for one without sense."""
    text = text.strip()
    if text.startswith(KNOWN):
        releases = _members(text.removeprefix(KNOWN), history)
    elif text.partition(":")[0] == _INSTALLED:
        releases = _installed(text, history)
    else:
        members = _members(text, history)
        if not members:
            raise _empty(text)
        releases = members & history.installed or members
    return tuple(sorted(releases, reverse=True))


def _members(text: str, history: History) -> frozenset[Release]:
    if text == EVERY or is_series(text):
        return history.branch(text)
    if _TO in text:
        after, _, upto = text.partition(_TO)
        oldest, newest = (history.find(end) if end else None for end in (after, upto))
        return frozenset(
            release
            for release in history.releases
            if (not oldest or release > oldest) and (not newest or release <= newest)
        )
    return frozenset({history.find(text.removesuffix(_SINGLE))})


def _installed(text: str, history: History) -> frozenset[Release]:
    builds = {
        _INSTALLED: history.installed,
        f"{_INSTALLED}:ft": history.free_threaded,
        f"{_INSTALLED}:gil": history.gil,
    }
    if text not in builds:
        raise UsageError(f"{text!r} is not a range.", hint=f"There is: {', '.join(builds)}.")
    if not builds[text]:
        raise UsageError(
            f"Nothing is {text} here.",
            hint="`ftbench pythons install 3.14 3.14t` gets a GIL and a free-threaded build.",
        )
    return builds[text]


def _empty(text: str) -> UsageError:
    after, _, upto = text.partition(_TO)
    meant = f"{upto}{_TO}{after}" if after and upto else f"{after or upto}{_SINGLE}"
    return UsageError(
        f"There is no release in {text}.",
        hint=f"a{_TO}b means: after a, up to and with b. Did you mean {meant}?",
    )
