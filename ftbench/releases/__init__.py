"""CPython's releases: names and order, the known ones, and which of them a range means."""

from ftbench.releases.history import History, select
from ftbench.releases.known import KnownRelease, date_of, known_releases
from ftbench.releases.release import Level, Named, Release

__all__ = [
    "History",
    "KnownRelease",
    "Level",
    "Named",
    "Release",
    "date_of",
    "known_releases",
    "select",
]
