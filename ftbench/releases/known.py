"""The data file of known CPython releases: which there were, their commits and their dates."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from ftbench.errors import FtbenchError, UsageError
from ftbench.files import write_whole
from ftbench.releases.release import Release

DATA_FILE: Final = Path(__file__).with_name("cpython.json")
_DATE_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
_COMMIT: Final = re.compile(r"[0-9a-f]{40}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRelease:
    """A release, the commit in CPython's repository that it was made from, and that one's date.

    `date` is the committer date in UTC, in whole seconds.
    """

    release: Release
    commit: str
    date: datetime


@functools.cache
def known_releases() -> tuple[KnownRelease, ...]:
    """Return the releases of the data file, sorted; raises `FtbenchError` if it is damaged."""
    return load(DATA_FILE)


def load(path: Path) -> tuple[KnownRelease, ...]:
    """Read a data file, sorted by release; raises `FtbenchError` naming what is wrong with it."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        releases = merge((), [_from_json(entry) for entry in entries])
    except (OSError, ValueError, TypeError, KeyError, FtbenchError) as error:
        raise FtbenchError(
            f"The list of known releases, {path}, cannot be read: {error}",
            hint="Install ftbench again, or take the file back from version control.",
        ) from error
    if len(releases) != len(entries):
        raise FtbenchError(f"The list of known releases, {path}, names a release twice.")
    return releases


def merge(known: Iterable[KnownRelease], more: Iterable[KnownRelease]) -> tuple[KnownRelease, ...]:
    """Return both, sorted by release; where both have one, `more` wins."""
    by_release = {entry.release: entry for entry in (*known, *more)}
    return tuple(by_release[release] for release in sorted(by_release))


def save(path: Path, releases: Iterable[KnownRelease]) -> None:
    """Write a data file, one release a line, whole or not at all.

    Raises `FtbenchError` where the folder cannot be written to.
    """
    text = dumps(releases)
    try:
        write_whole(path, text)
    except OSError as error:
        raise FtbenchError(
            f"The list of known releases, {path}, cannot be written: {error}",
            hint="Work in a git checkout of ftbench, installed with `pip install -e .`.",
        ) from error
    known_releases.cache_clear()


def dumps(releases: Iterable[KnownRelease]) -> str:
    """Return the text of a data file."""
    lines = ",\n".join(f"  {json.dumps(to_json(entry))}" for entry in merge((), releases))
    return f"[\n{lines}\n]\n"


def to_json(entry: KnownRelease) -> dict[str, str]:
    """Return an entry as the data file says it."""
    return {
        "version": entry.release.name,
        "commit": entry.commit,
        "date": entry.date.strftime(_DATE_FORMAT),
    }


def _from_json(entry: dict[str, Any]) -> KnownRelease:
    if not _COMMIT.fullmatch(entry["commit"]):
        raise ValueError(f"{entry['commit']!r} is not a git commit")
    date = datetime.strptime(entry["date"], _DATE_FORMAT).replace(tzinfo=UTC)
    release = Release.parse(entry["version"])
    return KnownRelease(release=release, commit=entry["commit"], date=date)


def date_of(release: Release, known: Iterable[KnownRelease]) -> datetime:
    """Return the release's date; for one that is not known, a moment beside its neighbour's.

    asv keys its graphs by date, so no two releases may share one.  The neighbour is the newest
    older release of the series, or the oldest one; of all releases where the series is new.  The
    distance is that of the commit ids, in milliseconds (a few seconds from one micro release to
    the next): it depends on nothing else, is in order, and known dates are whole seconds far apart.
    """
    entries = tuple(known)
    if not entries:
        raise UsageError(f"The date of {release} cannot be told: no release is known.")
    series = [entry for entry in entries if entry.release.series == release.series]
    near = sorted(series or entries, key=lambda entry: entry.release)
    older = [entry for entry in near if entry.release <= release]
    neighbour = older[-1] if older else near[0]
    return neighbour.date + timedelta(milliseconds=_distance(neighbour.release, release))


def _distance(one: Release, other: Release) -> int:
    return int(other.commit_id, 16) - int(one.commit_id, 16)
