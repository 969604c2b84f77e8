"""CPython's releases: names and order, the known ones, and which of them a range means."""

from ftbench.releases.known import KnownRelease, known_releases
from ftbench.releases.release import Level, Release

__all__ = ["KnownRelease", "Level", "Release", "known_releases"]
