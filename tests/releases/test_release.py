"""A release's name, order and commit id."""

import string

import pytest
from hypothesis import given
from packaging.version import Version
from release_strategies import any_release

from ftbench.errors import UsageError
from ftbench.releases import Level, Named, Release
from ftbench.releases.release import is_series, series_key


@given(any_release)
def test_a_name_reads_back_as_its_release(release: Release) -> None:
    assert Release.parse(release.name) == release
    assert Release.parse(release.tag) == release
    assert str(release) == release.name


@given(any_release)
def test_a_commit_id_is_eight_lower_case_hex_digits_and_reads_back(release: Release) -> None:
    """asv cuts ids to eight characters, splits file names at '-' and wants hex."""
    assert len(release.commit_id) == 8
    assert set(release.commit_id) <= set(string.hexdigits.lower())
    assert Release.from_commit_id(release.commit_id) == release


@given(any_release, any_release)
def test_releases_and_their_commit_ids_are_in_the_order_of_versions(
    one: Release, other: Release
) -> None:
    assert (one < other) == (Version(one.name) < Version(other.name))
    assert (one < other) == (one.commit_id < other.commit_id)
    assert (one == other) == (one.commit_id == other.commit_id)


@pytest.mark.parametrize(
    ("name", "commit_id"),
    [
        ("3.13.15", "31315f00"),
        ("3.14.10", "31410f00"),
        ("3.14.2", "31402f00"),
        ("3.15.0a1", "31500a01"),
        ("3.15.0b4", "31500b04"),
        ("3.15.0rc2", "31500c02"),
    ],
)
def test_a_commit_id_can_be_read_by_eye(name: str, commit_id: str) -> None:
    assert Release.parse(name).commit_id == commit_id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "3.14",
        "3.14.x",
        "3.14.02",
        "3.14.2.1",
        "v",
        "3.14.0c1",
        "3.14.100",
        "٣.١٤.٢",
        "main",
    ],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="is not a CPython release") as caught:
        Release.parse(text)
    assert "3.14.7" in str(caught.value) or "which release of it" in str(caught.value)


@pytest.mark.parametrize("text", ["", "3.14.2", "31402F00", "31402e00", "31402f0", "v31402f00"])
def test_anything_else_is_no_commit_id(text: str) -> None:
    with pytest.raises(UsageError, match="commit id"):
        Release.from_commit_id(text)


@pytest.mark.parametrize(
    "numbers",
    [
        {"major": 10, "minor": 0, "micro": 0},
        {"major": 3, "minor": 100, "micro": 0},
        {"major": 3, "minor": 14, "micro": -1},
        {"major": 3, "minor": 14, "micro": 0, "serial": 1},
    ],
)
def test_a_release_that_has_no_commit_id_cannot_be_made(numbers: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="out of range"):
        Release(
            major=numbers["major"],
            minor=numbers["minor"],
            micro=numbers["micro"],
            serial=numbers.get("serial", 0),
        )


def test_the_tag_and_the_series_are_cpythons() -> None:
    release = Release(major=3, minor=15, micro=0, level=Level.CANDIDATE, serial=1)
    assert (release.tag, release.series) == ("v3.15.0rc1", "3.15")


def test_a_series_is_told_from_a_release_and_sorts_by_number() -> None:
    assert is_series("3.14")
    assert not is_series("3.14.2")
    assert not is_series("3")
    assert sorted(["3.14", "3.9", "3.10"], key=series_key) == ["3.9", "3.10", "3.14"]


RELEASES = tuple(map(Release.parse, ("3.13.15", "3.14.6", "3.14.7", "3.15.0b1", "3.15.0rc1")))


@pytest.mark.parametrize(
    ("text", "release", "free_threaded"),
    [
        ("3.14.7", "3.14.7", None),
        (" v3.14.6 ", "3.14.6", None),
        ("3.14.7t", "3.14.7", True),
        ("3.14+freethreaded", "3.14.7", True),
        ("3.14.6+gil", "3.14.6", False),
        ("3.14", "3.14.7", None),
        ("3.15t", "3.15.0rc1", True),
    ],
)
def test_a_word_names_a_release_or_the_newest_of_a_series_and_maybe_a_build(
    text: str, release: str, *, free_threaded: bool | None
) -> None:
    named = Named.parse(text)
    assert named.among(RELEASES) == Release.parse(release)
    assert named.free_threaded is free_threaded


@pytest.mark.parametrize("text", ["3.12", "3.14.8", "3.15.0"])
def test_what_is_not_among_them_is_none_of_them(text: str) -> None:
    assert Named.parse(text).among(RELEASES) is None


@pytest.mark.parametrize("text", ["", "t", "3", "3.14x", "3.14.7tt", "4.0", "3.14..7", "gil"])
def test_what_names_nothing_is_said_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="names no release") as caught:
        Named.parse(text)
    assert "3.14t" in caught.value.hint
