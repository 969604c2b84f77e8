"""The range syntax."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from release_strategies import history_release

from ftbench.errors import UsageError
from ftbench.releases import History, Release, known_releases, select


def releases(*names: str) -> list[Release]:
    return [Release.parse(name) for name in names]


KNOWN = [entry.release for entry in known_releases()]
NOTHING_INSTALLED = History.of(KNOWN)
HERE = History.of(
    KNOWN,
    gil=releases("3.13.5", "3.13.15", "3.14.7"),
    free_threaded=releases("3.13.15", "3.14.7", "3.14.2", "3.16.0a0"),
)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("3.13", "3.13.15 3.13.5"),
        ("3.14", "3.14.7 3.14.2"),
        ("3.13.5..3.13.15", "3.13.15"),
        ("3.13.4..3.13.15", "3.13.15 3.13.5"),
        ("v3.13.4..31315f00", "3.13.15 3.13.5"),
        ("3.13..3.14", "3.14.7 3.14.2"),
        ("3.14.2..", "3.16.0a0 3.14.7"),
        ("..3.13.5", "3.13.5"),
        ("3.14.2^!", "3.14.2"),
        ("3.14.3^!", "3.14.3"),
        ("3.14.2", "3.14.2"),
        ("3.14^!", "3.14.7"),
        ("HEAD", "3.16.0a0"),
        ("installed", "3.16.0a0 3.14.7 3.14.2 3.13.15 3.13.5"),
        ("installed:gil", "3.14.7 3.13.15 3.13.5"),
        ("installed:ft", "3.16.0a0 3.14.7 3.14.2 3.13.15"),
        ("releases", "3.16.0a0 3.14.7 3.14.2 3.13.15 3.13.5"),
        ("known:3.14.5..3.14.7", "3.14.7 3.14.6"),
        ("known:3.16", "3.16.0a0"),
        (" 3.14 ", "3.14.7 3.14.2"),
    ],
)
def test_a_range_means_the_installed_releases_in_it_newest_first(text: str, names: str) -> None:
    assert [release.name for release in select(text, HERE)] == names.split()


def test_where_none_of_a_range_is_installed_it_means_all_of_it() -> None:
    """So that a machine without interpreters can publish."""
    for history in (HERE, NOTHING_INSTALLED):
        names = [release.name for release in select("3.13.6..3.13.9", history)]
        assert names == ["3.13.9", "3.13.8", "3.13.7"]


def test_known_means_every_release_installed_or_not() -> None:
    assert select("known:3.13", HERE) == select("3.13", NOTHING_INSTALLED)
    assert len(select("known:releases", HERE)) == len(KNOWN) + 1


@pytest.mark.parametrize("text", ["3.13.15..3.13.5", "3.13.5..3.13.5", "3.15.0rc1.."])
def test_an_empty_range_is_refused_with_what_was_probably_meant(text: str) -> None:
    with pytest.raises(UsageError, match="no release in") as caught:
        select(text, NOTHING_INSTALLED)
    assert "Did you mean" in str(caught.value)


def test_an_empty_range_of_known_releases_is_just_empty() -> None:
    """asv's publish asks for such ranges by itself."""
    assert select("known:3.14.2..3.13", HERE) == ()


@pytest.mark.parametrize(
    "text", ["", "main", "3.12", "3.14.77", "3.14.2..3.14.77", "a..b", "3.13.1...3.13.5", "known:"]
)
def test_a_range_with_an_unknown_name_in_it_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="known or installed here"):
        select(text, HERE)


@pytest.mark.parametrize("text", ["installed:jit", "installed:", "installed:3.14"])
def test_an_unknown_build_is_refused_with_those_there_are(text: str) -> None:
    with pytest.raises(UsageError, match="installed:ft, installed:gil"):
        select(text, HERE)


def test_asking_for_what_is_not_installed_says_how_to_install_it() -> None:
    with pytest.raises(UsageError, match="ftbench pythons install"):
        select("installed:ft", NOTHING_INSTALLED)


sets = st.sets(history_release, min_size=2)


@given(sets, sets, st.data())
def test_a_range_and_the_two_around_it_make_up_the_whole_history(
    known: set[Release], installed: set[Release], data: st.DataObject
) -> None:
    history = History.of(known, free_threaded=installed)
    ends = data.draw(st.lists(st.sampled_from(sorted(history.releases)), min_size=2, max_size=2))
    older, newer = sorted(ends)
    parts = (f"..{older}", f"{older}..{newer}", f"{newer}..")
    together = [release for part in reversed(parts) for release in select(f"known:{part}", history)]
    assert together == sorted(history.releases, reverse=True)


@given(sets, sets)
def test_what_a_range_means_is_installed_or_else_nothing_in_it_is(
    known: set[Release], installed: set[Release]
) -> None:
    history = History.of(known, gil=installed)
    for series in history.series:
        chosen = set(select(series, history))
        assert chosen <= set(select(f"known:{series}", history))
        assert chosen <= installed or not history.branch(series) & installed


@given(st.text(max_size=30))
def test_no_text_gets_anything_but_releases_or_a_clear_refusal(text: str) -> None:
    chosen: tuple[Release, ...] = ()
    with contextlib.suppress(UsageError):
        chosen = select(text, HERE)
    assert set(chosen) <= HERE.releases
