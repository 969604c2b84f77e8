"""The dates of releases, those that are not known among them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from release_strategies import history_release

from ftbench.errors import UsageError
from ftbench.releases import KnownRelease, Level, Release, date_of, known_releases


def test_a_known_release_has_its_own_date() -> None:
    for entry in known_releases():
        assert date_of(entry.release, known_releases()) == entry.date


@given(history_release, st.permutations(known_releases()))
def test_a_date_depends_on_the_known_releases_and_nothing_else(
    release: Release, shuffled: list[KnownRelease]
) -> None:
    assert date_of(release, known_releases()) == date_of(release, shuffled)


def test_no_two_releases_share_a_date() -> None:
    """All that four series can bring: asv keys its graphs by date."""
    releases = [
        Release(major=3, minor=minor, micro=micro, level=level, serial=serial)
        for minor in range(13, 18)
        for micro in range(30)
        for level in Level
        for serial in ([0] if level is Level.FINAL else range(4))
    ]
    known = known_releases()
    assert len({date_of(release, known) for release in releases}) == len(releases)


@given(history_release, history_release)
def test_within_a_series_dates_are_in_the_order_of_versions(one: Release, other: Release) -> None:
    if one.series == other.series:
        known = known_releases()
        assert (one < other) == (date_of(one, known) < date_of(other, known))


@pytest.mark.parametrize(
    ("name", "neighbour"),
    [("3.14.99", "3.14.7"), ("3.14.5rc2", "3.14.5rc1"), ("3.14.0a0", "3.14.0a1")],
)
def test_an_unknown_release_lies_minutes_from_its_neighbour_in_the_series(
    name: str, neighbour: str
) -> None:
    known = known_releases()
    there = date_of(Release.parse(neighbour), known)
    assert abs(date_of(Release.parse(name), known) - there) < timedelta(minutes=20)


def test_a_new_series_follows_the_newest_release() -> None:
    known = known_releases()
    assert date_of(Release.parse("3.16.0a0"), known) > known[-1].date
    assert date_of(Release.parse("3.16.0a0"), known) < datetime(2100, 1, 1, tzinfo=UTC)


def test_without_known_releases_there_is_no_date() -> None:
    with pytest.raises(UsageError, match="no release is known"):
        date_of(Release.parse("3.14.2"), ())
