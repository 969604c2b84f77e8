"""What the names in a history mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from release_strategies import history_release

from ftbench.errors import UsageError
from ftbench.releases import History, Release


def releases(*names: str) -> list[Release]:
    return [Release.parse(name) for name in names]


KNOWN = releases(
    "3.13.0rc1", "3.13.0", "3.13.1", "3.13.2", "3.14.0a1", "3.14.0", "3.15.0a1", "3.15.0a2"
)


def test_a_release_has_five_names() -> None:
    history = History.of(KNOWN, gil=releases("3.13.2"))
    for name in ("3.13.2", "v3.13.2", "31302f00", "3.13", "HEAD"):
        assert history.find(name).name == "3.13.2"


def test_an_installed_release_need_not_be_known() -> None:
    history = History.of(KNOWN, free_threaded=releases("3.14.9", "3.16.0a0"))
    assert history.find("3.14.9").name == "3.14.9"
    assert history.series == ("3.13", "3.14", "3.15", "3.16")


def test_what_is_older_than_free_threading_is_not_part_of_the_history() -> None:
    """The interpreter that runs asv is a CPython too, and no release under test."""
    history = History.of(releases("3.12.1"), gil=releases("3.11.2", "3.13.0"))
    assert [release.name for release in history.releases] == ["3.13.0"]


def test_a_branch_stands_at_the_newest_release_that_can_be_run_here() -> None:
    history = History.of(KNOWN, gil=releases("3.13.1", "3.14.0a1"))
    assert history.tip("3.13").name == "3.13.1"
    assert history.tip("3.14").name == "3.14.0a1"
    assert history.tip("releases").name == "3.14.0a1"


def test_a_series_with_nothing_installed_stands_where_everything_does() -> None:
    history = History.of(KNOWN, gil=releases("3.13.1"))
    assert history.tip("3.15").name == "3.13.1"


def test_without_interpreters_a_branch_stands_at_its_newest_release() -> None:
    history = History.of(KNOWN)
    assert history.tip("3.13").name == "3.13.2"
    assert history.tip("releases").name == "3.15.0a2"


def test_the_parent_is_the_release_before_in_the_series() -> None:
    history = History.of(KNOWN)
    assert history.parent(Release.parse("3.13.2")).name == "3.13.1"
    assert history.parent(Release.parse("3.13.0")).name == "3.13.0rc1"
    with pytest.raises(UsageError, match=r"first release of 3\.14"):
        history.parent(Release.parse("3.14.0a1"))


def test_the_parent_is_an_installed_release_where_there_is_one() -> None:
    history = History.of(KNOWN, gil=releases("3.13.0", "3.13.2"))
    assert history.parent(Release.parse("3.13.2")).name == "3.13.0"


def test_landmarks_are_the_finals_the_newest_of_a_young_series_and_what_is_installed() -> None:
    history = History.of(KNOWN, gil=releases("3.13.0rc1"))
    names = [release.name for release in sorted(history.landmarks)]
    assert names == ["3.13.0rc1", "3.13.0", "3.13.1", "3.13.2", "3.14.0", "3.15.0a2"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [("3.13.22", "3.13.2"), ("v3.14.00", "3.14.0"), ("relaeses", "releases"), ("3.12", "3.1")],
)
def test_an_unknown_name_is_refused_with_what_was_probably_meant(name: str, meant: str) -> None:
    with pytest.raises(UsageError, match="Did you mean") as caught:
        History.of(KNOWN).find(name)
    assert f"Did you mean {meant}" in str(caught.value)
    assert "ftbench releases add" in str(caught.value)


@pytest.mark.parametrize("name", ["", "main", "master", "31399f00", "3.99", "3.14.0^"])
def test_a_name_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="no CPython release or series"):
        History.of(KNOWN).find(name)


@given(st.sets(history_release, min_size=1), st.sets(history_release))
def test_every_release_is_found_by_its_name_and_is_on_its_series_branch(
    known: set[Release], installed: set[Release]
) -> None:
    """A release on no branch would be drawn on every one (asv, publish.py)."""
    history = History.of(known, gil=installed)
    for release in history.releases:
        assert history.find(release.name) == release
        assert release in history.branch(release.series)
        assert release in history.branch("releases")
