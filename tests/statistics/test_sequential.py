"""How a series of a duel ends."""

from __future__ import annotations

import numpy as np
import pytest
import series as simulated
from hypothesis import given, settings
from hypothesis import strategies as st

from ftbench.errors import FtbenchError
from ftbench.statistics.sequential import (
    FIRST_LOOK,
    MOST_PAIRS,
    Look,
    Series,
    bar,
    chance,
    fewest,
    judge_series,
    look,
    needed,
)
from ftbench.statistics.verdict import RATE, ROUNDING, Word

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


def test_what_is_open_says_how_many_more_pairs_it_takes() -> None:
    drawn = pairs(0.012, 0.03, count=400)
    found = look(Series(logs=drawn[:30], margin=0.001)).verdict
    assert found.word is Word.UNDECIDED
    assert found.needs
    assert 20 < found.needs < 200
    more = look(Series(logs=drawn[: 30 + found.needs], margin=0.001)).verdict
    assert (more.word, more.needs) == (Word.WORSE, None)
    near = look(Series(logs=pairs(0.0, 0.04, count=12), margin=0.03)).verdict
    assert near.word is Word.UNDECIDED
    assert near.needs
    assert look(Series(logs=pairs(0.0001, 0.5, count=30), margin=0.003)).verdict.needs is None
    assert look(Series(logs=(0.1,) * 4, margin=0.03)).verdict.needs is None  # of few nobody knows


@pytest.mark.parametrize(("effect", "spread"), [(0.02, 0.05), (0.03, 0.05), (0.02, 0.02)])
def test_so_many_pairs_find_it_in_19_of_20_series(effect: float, spread: float) -> None:
    count = needed(np.log1p(effect), spread)
    looks = [*range(11, count, 7), count]
    found = [
        any(
            look(Series(logs=drawn[:pairs], margin=0.0)).verdict.word is Word.WORSE
            for pairs in reversed(looks)
        )
        for drawn in (pairs(effect, spread, seed=seed, count=count) for seed in range(60))
    ]
    assert sum(found) >= 0.9 * len(found)


def test_a_series_without_pairs_is_open_and_one_that_is_no_series_is_refused() -> None:
    found = look(Series(logs=(), margin=0.03))
    assert (found.verdict.word, found.verdict.effect, found.more) == (Word.UNDECIDED, None, True)
    with pytest.raises(FtbenchError, match="finite"):
        Series(logs=(float("nan"),), margin=0.03)


def test_pairs_of_several_sittings_are_pooled_with_a_look_after_each_of_them() -> None:
    drawn = pairs(0.007, 0.02, count=2 * MOST_PAIRS)
    halves = [look(Series(logs=each, margin=0.002)) for each in (drawn[:60], drawn[60:], drawn)]
    assert [each.verdict.word for each in halves] == [Word.UNDECIDED, Word.UNDECIDED, Word.WORSE]
    assert not any(each.more for each in halves)
    assert bar(RATE, 2 * MOST_PAIRS) > bar(RATE)


def test_repeated_until_it_alarms_a_duel_has_a_false_alarm_in_1_5_percent_by_the_fourth() -> None:
    bars = {most: bar(RATE, most) for most in (60, 120, 180, 240)}
    sums = np.abs(np.arange(-241, 242))
    paths, alarmed = (sums == 0).astype(np.float64), []
    for tosses in range(1, 241):
        paths = (np.roll(paths, 1) + np.roll(paths, -1)) / 2
        if tosses >= FIRST_LOOK:
            most = Series(logs=(0.0,) * tosses, margin=0.0).most
            there = sums >= bars[most] * tosses**0.5 - ROUNDING
            alarmed.append(float(paths[there].sum()))
            paths[there] = 0
    assert 1.4 * RATE < sum(alarmed) < 1.5 * RATE
    assert sum(alarmed[: MOST_PAIRS - FIRST_LOOK + 1]) < RATE


@pytest.mark.parametrize("among", [1, 2, 24, 2000])
def test_the_fewest_pairs_decide_and_fewer_do_not(among: int) -> None:
    count = fewest(among=among)
    words = [
        look(Series(logs=(0.05,) * pairs, margin=0.03), among=among).verdict.word
        for pairs in (count - 1, count)
    ]
    assert words == [Word.UNDECIDED, Word.WORSE]


TRIALS, SEED = 4000, 7


@pytest.fixture(scope="module")
def rules() -> dict[str, simulated.Rule]:
    return simulated.rules(SEED, TRIALS)


def alarms(kind: str, rule: simulated.Rule) -> tuple[float, float]:
    """Return between which shares series without an effect surely have a false alarm."""
    logs = simulated.KINDS[kind](np.random.default_rng(SEED), TRIALS)
    return simulated.bounds(int((simulated.first(logs, *rule) > 0).sum()), TRIALS)


@pytest.mark.parametrize("kind", [kind for kind in simulated.KINDS if kind != simulated.UNDRAWN])
def test_of_series_without_an_effect_one_in_a_hundred_at_most_has_an_alarm(
    kind: str, rules: dict[str, simulated.Rule]
) -> None:
    low, high = alarms(kind, rules["the rule"])
    assert low <= RATE
    assert high < 2 * RATE


def test_other_rules_have_more_alarms_and_so_has_this_one_where_the_order_is_not_drawn(
    rules: dict[str, simulated.Rule],
) -> None:
    assert alarms("normal, sd 2 %", rules["t, 99 % at each look"])[0] > 5 * RATE
    assert alarms("two clusters, ±8 %", rules["t, 1 % over all looks"])[0] > 5 * RATE
    assert alarms(simulated.UNDRAWN, rules["the rule"])[0] > 5 * RATE


def test_a_coin_reaches_a_bar_at_most_as_often_as_it_says() -> None:
    coin = np.random.default_rng(SEED).choice([-1.0, 1.0], (TRIALS, MOST_PAIRS))
    for rate in (0.05, RATE):
        assert 0.8 * rate < chance(bar(rate)) <= rate
        reached = simulated.first(coin, simulated.rule, bar(rate))
        low, high = simulated.bounds(int((reached > 0).sum()), TRIALS)
        assert low < chance(bar(rate)) < high


@pytest.mark.parametrize(
    ("effect", "spread", "count", "least"),
    [
        (0.01, 0.02, 60, 0.65),
        (0.02, 0.025, 45, 0.95),
        (0.05, 0.02, 15, 0.95),
        (0.05, 0.03, 20, 0.95),
    ],
)
def test_a_difference_is_found_within_so_many_pairs(
    effect: float, spread: float, count: int, least: float
) -> None:
    logs = simulated.normal(np.random.default_rng(SEED), TRIALS, spread) + np.log1p(effect)
    ended = simulated.first(logs, simulated.rule, bar(RATE))
    assert simulated.bounds(int(((ended > 0) & (ended <= count)).sum()), TRIALS)[0] > least


def test_what_does_not_differ_is_soon_the_same_and_what_differs_by_the_margin_is_not() -> None:
    logs = simulated.normal(np.random.default_rng(SEED), TRIALS)
    ended = simulated.same(logs, 0.03)
    assert simulated.bounds(int(((ended > 0) & (ended <= 24)).sum()), TRIALS)[0] > 0.95
    wrong = simulated.same(logs + np.log1p(0.03), 0.03)
    assert simulated.bounds(int((wrong > 0).sum()), TRIALS)[1] < RATE


@pytest.mark.parametrize("kind", ["normal, sd 2 %", "two clusters, ±8 %"])
def test_the_simulation_ends_series_as_looks_do(kind: str) -> None:
    logs = simulated.KINDS[kind](np.random.default_rng(SEED), 5) + 0.03
    simulation = simulated.first(logs, simulated.rule, bar(RATE)).tolist()
    for series, expected in zip(logs, simulation, strict=True):
        count, found = ended(tuple(series.tolist()), margin=0.0)
        assert (count if found.verdict.alarm else 0) == expected
