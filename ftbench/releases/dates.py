"""The date of any release, also of one that the data file does not have."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from ftbench.errors import UsageError
from ftbench.releases.known import KnownRelease
from ftbench.releases.release import Release


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
