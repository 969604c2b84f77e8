"""Reads CPython's release tags, with their commits and dates, from its git repository."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ftbench.errors import DeadlineError, FtbenchError, UsageError
from ftbench.releases.history import FIRST
from ftbench.releases.known import KnownRelease
from ftbench.releases.release import Release

DEADLINE_SECONDS: Final = 600.0
# A tag is the commit itself or an object that points to it: the starred fields are then filled.
_FIELDS: Final = ("refname:short", "objectname", "committerdate:unix")
_STARRED: Final = ("*objectname", "*committerdate:unix")
_FORMAT: Final = "%09".join(f"%({field})" for field in (*_FIELDS, *_STARRED))


def read_tags(source: str, *, deadline: float = DEADLINE_SECONDS) -> tuple[KnownRelease, ...]:
    """Return the releases that a clone (a folder) or a URL has tags of, oldest first.

    From a URL the tags' commits alone are fetched, into a temporary folder: no history, no files.
    Raises `UsageError` for a source that is none, `DeadlineError` after `deadline` seconds.
    """
    if source and Path(source).is_dir():
        return _tags_of(Path(source), deadline)
    if "://" not in source:
        raise UsageError(
            f"{source!r} is neither a folder nor a URL.",
            hint="Name a git clone of CPython, or https://github.com/python/cpython.",
        )
    with tempfile.TemporaryDirectory(prefix="ftbench-tags-", ignore_cleanup_errors=True) as folder:
        _fetch(source, Path(folder), deadline)
        return _tags_of(Path(folder), deadline)


def check_origin(
    found: Iterable[KnownRelease], known: Iterable[KnownRelease], *, source: str
) -> None:
    """Raise `UsageError` unless `found` can be CPython's: it shares releases, and commits, with us.

    Any project may have a tag called v3.14.0.
    """
    commits = {entry.release: entry.commit for entry in known}
    shared = [entry for entry in found if entry.release in commits]
    if not shared:
        raise UsageError(
            f"{source} has a tag of none of the CPython releases that are known already.",
            hint="It should be a clone of CPython with its tags: `git fetch --tags` gets them.",
        )
    for entry in shared:
        if entry.commit != commits[entry.release]:
            raise UsageError(
                f"{source} is not CPython: its {entry.release.tag} is commit {entry.commit}, "
                f"CPython's is {commits[entry.release]}.",
                hint="Nothing was changed.",
            )


def _fetch(url: str, folder: Path, deadline: float) -> None:
    _git(folder, "init", "--quiet", "--bare", deadline=deadline)
    _git(folder, "remote", "add", "origin", url, deadline=deadline)
    _git(
        folder,
        "fetch",
        "--quiet",
        "--depth=1",
        "--filter=tree:0",
        "origin",
        "+refs/tags/v*:refs/tags/v*",
        deadline=deadline,
    )


def _tags_of(folder: Path, deadline: float) -> tuple[KnownRelease, ...]:
    lines = _git(folder, "for-each-ref", f"--format={_FORMAT}", "refs/tags", deadline=deadline)
    entries = [entry for line in lines.splitlines() if (entry := _entry(line))]
    return tuple(sorted(entries, key=lambda entry: entry.release))


def _entry(line: str) -> KnownRelease | None:
    """Return the release of one line of `_FORMAT`, None for a tag of anything else."""
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


def _git(folder: Path, *arguments: str, deadline: float) -> str:
    """Run git in `folder`, return its output; it never asks for a password."""
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ("git", "-C", str(folder), *arguments),
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=deadline,
            check=True,
        )
    except FileNotFoundError as error:
        raise FtbenchError("git is not installed.", hint="Install git, then try again.") from error
    except subprocess.TimeoutExpired as error:
        raise DeadlineError(
            f"`git {arguments[0]}` did not end within {deadline:g} seconds.",
            hint="Clone CPython by hand and name the folder instead.",
        ) from error
    except subprocess.CalledProcessError as error:
        raise UsageError(
            f"`git {arguments[0]}` failed.",
            story=str(error.stderr),
            hint="The source should be a git clone of CPython, or its URL.",
        ) from error
    return done.stdout
