"""The article's knobs, fractions of them, and the names of its parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench.errors import UsageError
from ftbench.experiments.reproduce.plan import ARTICLE_KNOBS, LEAST_MS, PARTS, ordered, parts_named


def test_all_of_it_is_what_the_article_ran() -> None:
    knobs = ARTICLE_KNOBS
    assert (knobs.workers, knobs.rounds) == (8, 1000)
    assert (knobs.holds, knobs.hold, knobs.interval) == (30, 1.0, 0.05)
    assert (knobs.duration, knobs.writers) == (5000, (1, 2, 4, 8))
    assert knobs.scaled(1.0) == knobs


@given(st.floats(min_value=0, max_value=1, exclude_min=True))
def test_a_fraction_is_never_more_than_the_whole_nor_less_than_something(scale: float) -> None:
    some, whole = ARTICLE_KNOBS.scaled(scale), ARTICLE_KNOBS
    assert 1 <= some.rounds <= whole.rounds
    assert 1 <= some.holds <= whole.holds
    assert LEAST_MS <= some.duration <= whole.duration
    assert (some.workers, some.hold, some.interval, some.writers) == (8, 1.0, 0.05, (1, 2, 4, 8))


def test_a_tenth_is_a_tenth_of_rounds_and_seconds() -> None:
    tenth = ARTICLE_KNOBS.scaled(0.1)
    assert (tenth.rounds, tenth.holds, tenth.duration) == (100, 3, 500)


@pytest.mark.parametrize("scale", [0, -1, 1.01, float("nan"), float("inf")])
def test_a_scale_that_is_none_is_told_what_would_be_one(scale: float) -> None:
    with pytest.raises(UsageError, match="above 0 and at most 1"):
        ARTICLE_KNOBS.scaled(scale)


@given(st.lists(st.sampled_from(PARTS), min_size=1))
def test_parts_come_once_and_in_the_articles_order(names: list[str]) -> None:
    found = parts_named(" ,".join(names))
    assert set(found) == set(names)
    assert list(found) == sorted(found, key=PARTS.index)
    assert ordered(found) == found


def test_without_a_word_it_is_every_part() -> None:
    assert parts_named(None) == PARTS
