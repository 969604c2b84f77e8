"""CPython's releases as the repository that asv walks: a commit is a release, and there is no git.

asv names commits by hash; ours are `Release.commit_id`.  A branch is a series, or "releases", which
holds them all.  Every name that reaches asv's user is the release's own.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC
from typing import Any, ClassVar, Final

from asv import util
from asv.repo import Repo

from ftbench.asv import as_user_errors
from ftbench.errors import UsageError
from ftbench.pythons import Interpreter, discover
from ftbench.releases import History, Release, date_of, known_releases, select
from ftbench.releases.history import EVERY, HEAD, KNOWN

_iter_chunks = util.iter_chunks


class CPythonRepo(Repo):
    """The history of releases; raises `util.UserError` for a name or range that means nothing."""

    dvcs: ClassVar = "cpython"
    _default_branch: ClassVar = EVERY

    def __init__(
        self,
        _url: str,
        _mirror_path: str,
        *,
        find_installed: Callable[[], Iterable[Interpreter]] = discover,
    ) -> None:
        """Ignore both arguments of asv: there is nothing to clone and nothing to mirror."""
        self._find_installed = find_installed
        self._measured: frozenset[Release] = frozenset()

    @as_user_errors()
    def get_hash_from_name(self, name: str | None) -> str:
        """Return the commit id of a release, tag, branch, id or HEAD; None is the first branch."""
        return self._release(name or HEAD).commit_id

    @as_user_errors()
    def get_hash_from_parent(self, name: str) -> str:
        return self._history.parent(self._release(name)).commit_id

    def get_name_from_hash(self, commit: str) -> str | None:
        """Return the release's name, None for what is none; asv passes names here too."""
        try:
            return self._release(commit).name
        except UsageError:
            return None

    def get_decorated_hash(self, commit: str, hash_length: int = 8) -> str:
        """Return what asv prints for a commit: the release's name alone says it all."""
        # `asv run` asks for it whenever it comes to a release.
        ROUNDS.come_to(commit)
        return self.get_name_from_hash(commit) or commit[:hash_length]

    def get_tags(self) -> dict[str, str]:
        """Return what asv's charts name on their axis, oldest first."""
        return {release.name: release.commit_id for release in sorted(self._history.landmarks)}

    @as_user_errors()
    def get_date(self, commit: str) -> int:
        """Return the release's date as JavaScript has it, in milliseconds; no two are alike."""
        date = date_of(self._release(commit), known_releases())
        return round(date.astimezone(UTC).timestamp() * 1000)

    def get_date_from_name(self, name: str) -> int:
        return self.get_date(name)

    def get_revisions(self, commits: Collection[str]) -> dict[str, int]:
        """Return a number for each commit, by version: by date, series would make a saw."""
        # These have results: from here on they belong to the history, known on this machine or not.
        releases = {commit: release_of_id(commit) for commit in commits}
        self._measured = frozenset(release for release in releases.values() if release)
        # An id of no release goes first, and asv then warns that it is on no branch.
        order = sorted(commits, key=lambda commit: (releases[commit] is not None, commit))
        return {commit: number for number, commit in enumerate(order)}

    @as_user_errors()
    def get_branch_commits(self, branch: str | None) -> list[str]:
        return _commit_ids(self._history.branch(self.get_branch_name(branch)))

    def get_new_branch_commits(
        self, branches: Iterable[str | None], existing: Collection[str]
    ) -> list[str]:
        """Return the installed releases of the branches that are newer than all measured ones."""
        installed = {release.commit_id for release in self._history.installed}
        new = super().get_new_branch_commits(branches, existing)
        return [commit for commit in new if commit in installed]

    @as_user_errors()
    def get_hashes_from_range(self, range: str) -> list[str]:  # noqa: A002 - asv names it so
        """Return the commit ids that a range means (`ftbench.releases.history`), newest first."""
        return _commit_ids(select(range, self._history))

    def get_range_spec(self, commit_a: str, commit_b: str) -> str:
        """Return the range after a, up to b: of all releases, so that every machine agrees."""
        return f"{KNOWN}{commit_a}..{commit_b}"

    def get_new_range_spec(self, latest_result: str, branch: str | None = None) -> str:
        return self.get_range_spec(latest_result, self.get_branch_name(branch))

    @classmethod
    def url_match(cls, _url: str) -> bool:
        """Never guess from a URL that this class is meant: the configuration says so."""
        return False

    def pull(self) -> None:
        """Do nothing: new releases come with `ftbench releases add`."""

    def checkout(self, path: str, commit_hash: str) -> None:
        """Do nothing: a release is installed, not checked out."""

    @functools.cached_property
    def _builds(self) -> frozenset[tuple[Release, bool]]:
        builds = (interpreter.build for interpreter in self._find_installed())
        return frozenset((build.release, build.free_threaded) for build in builds)

    @property
    def _history(self) -> History:
        return History.of(
            {*self._measured, *(entry.release for entry in known_releases())},
            gil={release for release, free_threaded in self._builds if not free_threaded},
            free_threaded={release for release, free_threaded in self._builds if free_threaded},
        )

    def _release(self, name: str) -> Release:
        """Return what a name means; an id always means its release, so that results are found."""
        return release_of_id(name) or self._history.find(name)


def release_of_id(commit: str) -> Release | None:
    """Return the release of a commit id, None for what is none."""
    try:
        return Release.from_commit_id(commit)
    except UsageError:
        return None


def _commit_ids(releases: Iterable[Release]) -> list[str]:
    return [release.commit_id for release in sorted(releases, reverse=True)]


class Rounds:
    """Knows how often a run has come to a release: asv names it, then chunks its environments."""

    def __init__(self) -> None:
        self._visits: Counter[str] = Counter()
        self._commit = ""

    def come_to(self, commit: str) -> None:
        self._commit = commit

    def iter_chunks(self, environments: Sequence[Any], size: int) -> Iterator[list[Any]]:
        """Do what asv's `iter_chunks` does, with every other round turned."""
        self._visits[self._commit] += 1
        turned = self._visits[self._commit] % 2 == 0
        yield from _iter_chunks(environments[::-1] if turned else environments, size)


ROUNDS: Final = Rounds()
