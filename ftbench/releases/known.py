"""Known CPython releases: the data file, and the tags of CPython's repository that feed it."""

from __future__ import annotations

import functools
import json
import os
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from ftbench.errors import DeadlineError, FtbenchError, UsageError
from ftbench.files import write_whole
from ftbench.processes import run
from ftbench.releases.history import FIRST
from ftbench.releases.release import Release

DATA_FILE: Final = Path(__file__).with_name("cpython.json")
_DATE_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
_COMMIT: Final = re.compile(r"[0-9a-f]{40}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRelease:
    """A release, the commit it was made from, and the committer date in UTC, in whole seconds."""

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
    """Write a data file, one release a line, whole or not at all; raises `FtbenchError`."""
    lines = ",\n".join(f"  {json.dumps(to_json(entry))}" for entry in merge((), releases))
    try:
        write_whole(path, f"[\n{lines}\n]\n")
    except OSError as error:
        raise FtbenchError(
            f"The list of known releases, {path}, cannot be written: {error}",
            hint="Work in a git checkout of ftbench, installed with `pip install -e .`.",
        ) from error
    known_releases.cache_clear()


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
    """Return the release's date; for one that is not known, a moment beside its neighbour's."""
    entries = merge((), known)
    if not entries:
        raise UsageError(f"The date of {release} cannot be told: no release is known.")
    series = [entry for entry in entries if entry.release.series == release.series]
    near = series or entries
    older = [entry for entry in near if entry.release <= release]
    # The newest older release of the series, or its oldest; of all if the series is new.
    neighbour = older[-1] if older else near[0]
    # asv keys its graphs by date, so no two releases may share one.  In milliseconds this is always
    # the same, in order, and far below the distance of known dates.
    distance = int(release.commit_id, 16) - int(neighbour.release.commit_id, 16)
    return neighbour.date + timedelta(milliseconds=distance)


DEADLINE_SECONDS: Final = 600.0
# A tag is the commit itself or an object that points to it: the starred fields are then filled.
_FIELDS: Final = ("refname:short", "objectname", "committerdate:unix")
_STARRED: Final = ("*objectname", "*committerdate:unix")
_FORMAT: Final = "%09".join(f"%({field})" for field in (*_FIELDS, *_STARRED))


def read_tags(source: str) -> tuple[KnownRelease, ...]:
    """Return the releases that a clone (a folder) or a URL has tags of, sorted; or `UsageError`."""
    if source and Path(source).is_dir():
        return _tags_of(Path(source))
    if "://" not in source:
        raise UsageError(
            f"{source!r} is neither a folder nor a URL.",
            hint="Name a git clone of CPython, or https://github.com/python/cpython.",
        )
    with tempfile.TemporaryDirectory(prefix="ftbench-tags-", ignore_cleanup_errors=True) as folder:
        # No more than the commits of the tags.
        _git(folder, "init", "--quiet", "--bare")
        _git(folder, "remote", "add", "origin", source)
        commits = ("--depth=1", "--filter=tree:0", "origin", "+refs/tags/v*:refs/tags/v*")
        _git(folder, "fetch", "--quiet", *commits)
        return _tags_of(Path(folder))


def check_origin(
    found: Iterable[KnownRelease], known: Iterable[KnownRelease], *, source: str
) -> None:
    """Raise `UsageError` unless `found` shares releases, and their commits, with those known."""
    commits = {entry.release: entry.commit for entry in known}
    shared = [entry for entry in found if entry.release in commits]
    if not shared:
        raise UsageError(
            f"{source} has no tag of any known CPython release.",
            hint="It should be a clone of CPython with its tags: `git fetch --tags` gets them.",
        )
    for entry in shared:
        if entry.commit != commits[entry.release]:
            raise UsageError(
                f"{source} is not CPython: its {entry.release.tag} is commit {entry.commit}, "
                f"CPython's is {commits[entry.release]}.",
                hint="Nothing was changed.",
            )


def _tags_of(folder: Path) -> tuple[KnownRelease, ...]:
    lines = _git(folder, "for-each-ref", f"--format={_FORMAT}", "refs/tags")
    entries = [entry for line in lines.splitlines() if (entry := _entry(line))]
    return tuple(sorted(entries, key=lambda entry: entry.release))


def _entry(line: str) -> KnownRelease | None:
    name, *fields = line.split("\t")
    commit, date = fields[2:] if fields[2] else fields[:2]
    try:
        release = Release.parse(name)
    except UsageError:
        return None
    if release.tag != name or release < FIRST or not date:
        return None
    return KnownRelease(
        release=release, commit=commit, date=datetime.fromtimestamp(int(date), tz=UTC)
    )


def _git(folder: str | Path, *arguments: str) -> str:
    """Run git in `folder`, return its output; it never asks for a password."""
    try:
        done = run(
            ("git", "-C", folder, *arguments),
            environ={**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            deadline=DEADLINE_SECONDS,
        )
    except FileNotFoundError as error:
        raise FtbenchError("git is not installed.", hint="Install git, then try again.") from error
    except DeadlineError as error:
        raise DeadlineError(
            f"`git {arguments[0]}` did not end within {DEADLINE_SECONDS:g} seconds.",
            hint="Clone CPython by hand and name the folder instead.",
        ) from error
    if done.code:
        raise UsageError(
            f"`git {arguments[0]}` failed.",
            story=done.err,
            hint="The source should be a git clone of CPython, or its URL.",
        )
    return done.out
