"""A CPython release: its name, its place in the order, and the commit id asv knows it by."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from ftbench.errors import UsageError

_NAME: Final = re.compile(
    r"v?([1-9])\.(0|[1-9]\d?)\.(0|[1-9]\d?)(?:(a|b|rc)(0|[1-9]\d?))?", re.ASCII
)
_NAMED: Final = re.compile(r"(3\..*?)(t|\+gil|\+freethreaded)?", re.ASCII)
_COMMIT_ID: Final = re.compile(r"([1-9])(\d\d)(\d\d)([abcf])(\d\d)", re.ASCII)
_SERIES: Final = re.compile(r"[1-9]\.(?:0|[1-9]\d?)", re.ASCII)


class Level(StrEnum):
    """How finished a release is; the letters are hex digits and sort as the levels do."""

    ALPHA = "a"
    BETA = "b"
    CANDIDATE = "c"
    FINAL = "f"

    @property
    def mark(self) -> str:
        """What stands between the number and the serial in a release's name."""
        return {Level.CANDIDATE: "rc", Level.FINAL: ""}.get(self, self.value)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Release:
    """One release, such as 3.14.2 or 3.15.0rc1, ordered by version."""

    major: int
    minor: int
    micro: int
    level: Level = Level.FINAL
    serial: int = 0

    def __post_init__(self) -> None:
        fits = _COMMIT_ID.fullmatch(self.commit_id) is not None
        if not fits or (self.level is Level.FINAL and self.serial):
            raise UsageError(f"{self.name} is no CPython release: a number in it is out of range.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `3.14.2`, `v3.14.2` or `3.15.0rc1`; raises `UsageError` for anything else."""
        match = _NAME.fullmatch(text.strip())
        if match is None:
            name = text.strip()
            raise UsageError(
                f"{text!r} is not a CPython release.",
                hint=f"{name} is a series: say which release of it."
                if is_series(name)
                else "A release is written like 3.14.7 or 3.15.0rc1.",
            )
        return cls._of(match, next(level for level in Level if level.mark == (match[4] or "")))

    @classmethod
    def from_commit_id(cls, commit_id: str) -> Self:
        """Read what `commit_id` wrote; raises `UsageError` for anything else."""
        match = _COMMIT_ID.fullmatch(commit_id)
        if match is None:
            raise UsageError(
                f"{commit_id!r} is not the commit id of a release.",
                hint="A commit id has eight digits: 31402f00 is 3.14.2, 31500c01 is 3.15.0rc1.",
            )
        return cls._of(match, Level(match[4]))

    @classmethod
    def _of(cls, match: re.Match[str], level: Level) -> Self:
        major, minor, micro, serial = (int(match[group] or 0) for group in (1, 2, 3, 5))
        return cls(major=major, minor=minor, micro=micro, level=level, serial=serial)

    @property
    def name(self) -> str:
        """The release as python.org writes it, `3.15.0rc1`."""
        serial = "" if self.level is Level.FINAL else str(self.serial)
        return f"{self.series}.{self.micro}{self.level.mark}{serial}"

    @property
    def tag(self) -> str:
        """The tag in CPython's repository, `v3.15.0rc1`."""
        return f"v{self.name}"

    @property
    def series(self) -> str:
        """The branch it was released from, `3.15`."""
        return f"{self.major}.{self.minor}"

    @property
    def commit_id(self) -> str:
        """Eight hex digits that can be read and that sort as the releases do, `31500c01`."""
        # asv cuts ids to eight characters for its files, and takes nothing but hex.
        return f"{self.major}{self.minor:02}{self.micro:02}{self.level}{self.serial:02}"

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Named:
    """What a user's word means: a release, or the newest one of a series, where `release` is None.

    `free_threaded` is None where the word does not say which of both builds.
    """

    series: str
    release: Release | None
    free_threaded: bool | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 3.14.7, 3.14, 3.14.7t or 3.14+gil; raises `UsageError` for anything else."""
        match = _NAMED.fullmatch(text.strip().removeprefix("v"))
        name, build = match.groups() if match else ("", None)
        if match is None or not (is_series(name) or _NAME.fullmatch(name)):
            raise UsageError(
                f"{text!r} names no release or build of CPython.",
                hint="Write a series or a release, with 't' for the free-threaded build: "
                "3.14, 3.14t, 3.13.15, 3.15.0rc1t (or 3.14+gil, 3.14+freethreaded).",
            )
        release = None if is_series(name) else Release.parse(name)
        return cls(
            series=release.series if release else name,
            release=release,
            free_threaded=None if build is None else build != "+gil",
        )

    def among(self, releases: Iterable[Release]) -> Release | None:
        """Return the release that is meant, if it is one of these."""
        fitting = (one for one in releases if one.series == self.series)
        return max((one for one in fitting if self.release in {None, one}), default=None)

    def __str__(self) -> str:
        return f"{self.release or self.series}{'t' if self.free_threaded else ''}"


def is_series(text: str) -> bool:
    """Tell whether `text` names a series, such as `3.14`."""
    return _SERIES.fullmatch(text) is not None


def series_key(series: str) -> tuple[int, ...]:
    """Return the sort key of a series: 3.9 comes before 3.14."""
    return tuple(int(part) for part in series.split("."))
