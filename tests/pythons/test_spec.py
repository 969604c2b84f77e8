"""How a user names an interpreter."""

from __future__ import annotations

import pytest
from fake_builds import fake_interpreter
from hypothesis import given
from hypothesis import strategies as st

from ftbench.errors import UsageError
from ftbench.pythons.interpreter import Spec


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("3.14", "3.14"),
        ("3.14t", "3.14t"),
        ("3.14+gil", "3.14"),
        ("3.14+freethreaded", "3.14t"),
        ("v3.13.15", "3.13.15"),
        ("3.13.15t", "3.13.15t"),
        ("3.15.0rc1t", "3.15.0rc1t"),
    ],
)
def test_the_ways_to_write_it(text: str, name: str) -> None:
    assert str(Spec.parse(text)) == name


@given(
    st.integers(13, 99),
    st.none() | st.integers(0, 99),
    st.sampled_from(["", "t"]),
)
def test_a_name_is_read_back_as_what_it_names(minor: int, micro: int | None, mark: str) -> None:
    text = f"3.{minor}{'' if micro is None else f'.{micro}'}{mark}"
    assert str(Spec.parse(text)) == text


@pytest.mark.parametrize("text", ["", "3", "314t", "3.14x", "python3.14", "4.0", "3.14.2.1", "t"])
def test_what_is_no_name_is_said_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match=r"3\.14t"):
        Spec.parse(text)


@pytest.mark.parametrize(("text", "oldest"), [("3.10", "3.11"), ("3.12t", "3.13")])
def test_what_never_was_or_cannot_be_measured_is_said(text: str, oldest: str) -> None:
    with pytest.raises(UsageError, match=f"is {oldest}"):
        Spec.parse(text)


def test_a_series_takes_any_of_its_releases_a_release_only_itself() -> None:
    interpreter = fake_interpreter(version="3.14.2", free_threaded=True)
    assert Spec.parse("3.14t").matches(interpreter)
    assert Spec.parse("3.14.2t").matches(interpreter)
    assert not Spec.parse("3.14.1t").matches(interpreter)
    assert not Spec.parse("3.14").matches(interpreter)


def test_a_debug_build_is_not_what_was_asked_for() -> None:
    assert not Spec.parse("3.14").matches(fake_interpreter(debug=True))
