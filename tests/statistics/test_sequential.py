"""How a series of a duel ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftbench.errors import FtbenchError
from ftbench.statistics.sequential import (
    FIRST_LOOK,
    MOST_PAIRS,
    Look,
    Series,
    judge_series,
    look,
)
from ftbench.statistics.verdict import RATE, Word

quick = settings(max_examples=40, deadline=None)
logs = st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=MOST_PAIRS).map(tuple)


def ended(logs: tuple[float, ...], *, margin: float = 0.03, floor: float = 0.0) -> tuple[int, Look]:
    for pairs in range(FIRST_LOOK, len(logs) + 1):
        found = look(Series(logs=logs[:pairs], margin=margin, floor=floor))
        if not found.more:
            return pairs, found
    return len(logs), found


def pairs(
    effect: float, spread: float, *, seed: int = 1, count: int = MOST_PAIRS
) -> tuple[float, ...]:
    drawn = np.random.default_rng(seed).normal(np.log1p(effect), spread, count)
    return tuple(drawn.tolist())


@pytest.mark.parametrize(
    ("effect", "floor", "word"),
    [
        (0.05, 0.0, Word.WORSE),
        (-0.05, 0.0, Word.BETTER),
        (0.0, 0.0, Word.SAME),
        (0.1, 0.04, Word.WORSE),
        (0.05, 0.049, Word.NOISY),
    ],
)
def test_a_series_ends_by_what_its_pairs_show(effect: float, floor: float, word: Word) -> None:
    count, found = ended(pairs(effect, 0.02), floor=floor)
    assert found.verdict.word is word
    assert (count < MOST_PAIRS) is (word is not Word.NOISY)


def test_what_lies_within_a_floor_above_the_margin_is_not_waited_for() -> None:
    count, found = ended(pairs(0.0, 0.02), floor=0.06)
    assert (found.verdict.word, found.more) == (Word.NOISY, False)
    assert count < MOST_PAIRS


def test_pairs_that_are_all_alike_end_as_soon_as_a_coin_would_not_show_the_same() -> None:
    count, found = ended((0.05,) * MOST_PAIRS)
    assert found.verdict.word is Word.WORSE
    assert 2.0 ** (1 - count) < RATE
    assert ended((0.0,) * MOST_PAIRS)[1].verdict.word is Word.SAME


def test_five_pairs_of_one_cluster_decide_nothing() -> None:
    found = look(Series(logs=(0.081, 0.079, 0.08, 0.082, 0.078), margin=0.03))
    assert found.more
    assert found.verdict.effect is not None
    assert found.verdict.effect.interval is None


def test_a_stray_pair_hides_no_difference() -> None:
    stray = (0.7, *pairs(-0.03, 0.01, count=24))
    assert ended(stray)[1].verdict.word is Word.BETTER


@quick
@given(logs)
def test_swapped_sides_invert_the_effect(logs: tuple[float, ...]) -> None:
    there = look(Series(logs=logs, margin=0.03)).verdict
    back = look(Series(logs=tuple(-log for log in logs), margin=0.03)).verdict
    assert there.effect is not None
    assert back.effect is not None
    assert there.effect.value * back.effect.value == pytest.approx(1, abs=1e-5)
    if there.effect.interval and back.effect.interval:
        assert there.effect.interval.low <= there.effect.value <= there.effect.interval.high
        assert there.effect.interval.low * back.effect.interval.high == pytest.approx(1, abs=1e-5)


def test_one_of_many_series_has_to_be_surer_and_survives_the_judgement_of_all() -> None:
    one = pairs(0.02, 0.025, count=20)
    alone, among = (look(Series(logs=one, margin=0.01), among=among).verdict for among in (1, 12))
    assert (alone.word, among.word) == (Word.WORSE, Word.UNDECIDED)
    same = [Series(logs=pairs(0.0, 0.01, seed=seed, count=20), margin=0.03) for seed in range(11)]
    weak, strong = Series(logs=one, margin=0.01), Series(logs=(0.05,) * 20, margin=0.01)
    assert judge_series([weak, *same]).verdicts[0].word is Word.UNDECIDED
    judged = judge_series([strong, *same])
    assert [each.word for each in judged.verdicts] == [Word.WORSE] + [Word.SAME] * 11
    assert judge_series([weak]).verdicts[0].word is Word.WORSE
    assert judge_series([]).verdicts == ()


def test_a_series_without_pairs_is_open_and_one_that_is_no_series_is_refused() -> None:
    found = look(Series(logs=(), margin=0.03))
    assert (found.verdict.word, found.verdict.effect, found.more) == (Word.UNDECIDED, None, True)
    with pytest.raises(FtbenchError, match="finite"):
        Series(logs=(float("nan"),), margin=0.03)
    with pytest.raises(FtbenchError, match=str(MOST_PAIRS)):
        Series(logs=(0.0,) * (MOST_PAIRS + 1), margin=0.03)
