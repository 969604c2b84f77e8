"""Verdicts: the rule, what may not change them, and how often they are right on simulated costs."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from fake_figures import Noise
from hypothesis import given, settings
from hypothesis import strategies as st

from ftbench.statistics import Basis, Processes
from ftbench.statistics.power import Floor, floor
from ftbench.statistics.spread import estimates
from ftbench.statistics.verdict import (
    NO_FLOOR,
    NO_RATIO,
    RATE,
    Control,
    JudgedPairs,
    Pair,
    Verdict,
    Word,
    judge,
)

FLOOR = Floor(spread=0.01, freedom=14, processes=5, effect=0.03)
OPPOSITE = {Word.WORSE: Word.BETTER, Word.BETTER: Word.WORSE}

quick = settings(max_examples=40, deadline=None)
costs = st.floats(min_value=0.8, max_value=1.25)
process = st.lists(costs, min_size=1, max_size=4).map(tuple)
sides = st.lists(process, min_size=1, max_size=4).map(tuple)
floors = st.builds(
    Floor,
    spread=st.floats(min_value=0, max_value=0.1),
    freedom=st.integers(min_value=1, max_value=60),
    processes=st.just(5),
    effect=st.floats(min_value=0, max_value=0.2),
)
margins = st.sampled_from([0.005, 0.02, 0.03, 0.1])
pairs = st.builds(Pair, before=sides, after=sides, margin=margins, floor=floors)


def only(pair: Pair) -> Verdict:
    (verdict,) = judge([pair]).verdicts
    return verdict


def ends(verdict: Verdict) -> tuple[float, float]:
    assert verdict.effect is not None
    assert verdict.effect.interval is not None
    return verdict.effect.interval.low, verdict.effect.interval.high


def around(cost: float, off: float = 0.01) -> Processes:
    """Five processes around a cost, as far from it as the floor's spread."""
    return tuple((cost * (1 + off * each),) for each in (-1.2, 0.9, 0.2, -0.7, 0.8))


@pytest.mark.parametrize(
    ("after", "word"),
    [
        (1.20, Word.WORSE),
        (1.06, Word.WORSE),
        (1.04, Word.UNDECIDED),
        (1.02, Word.UNDECIDED),
        (1.00, Word.SAME),
        (0.98, Word.UNDECIDED),
        (0.94, Word.BETTER),
        (0.80, Word.BETTER),
    ],
)
def test_a_word_needs_the_whole_interval_on_one_side_of_the_floor(after: float, word: Word) -> None:
    verdict = only(Pair(margin=0.03, before=around(1.0), after=around(after), floor=FLOOR))
    assert verdict.word is word
    assert verdict.alarm is (word in OPPOSITE)
    assert verdict.effect is not None
    assert verdict.effect.value == pytest.approx(after)
    assert verdict.effect.basis is Basis.PROCESSES
    assert verdict.floor == FLOOR
    assert (verdict.needs is None) is (word is not Word.UNDECIDED)
    assert verdict.why


@quick
@given(st.lists(pairs, max_size=8))
def test_the_words_are_what_the_rule_makes_of_the_numbers(given_pairs: list[Pair]) -> None:
    judged = judge(given_pairs)
    assert len(judged.verdicts) == len(given_pairs)
    for verdict, pair in zip(judged.verdicts, given_pairs, strict=True):
        low, high = ends(verdict)
        assert pair.floor is not None
        above, below = 1 + pair.floor.effect, 1 / (1 + pair.floor.effect)
        assert verdict.p is not None
        if verdict.word is Word.WORSE:
            assert low > above
            assert verdict.p <= RATE
        elif verdict.word is Word.BETTER:
            assert high < below
            assert verdict.p <= RATE
        elif verdict.word is Word.SAME:
            assert 1 / (1 + pair.margin) * (1 - 1e-8) <= low
            assert high <= (1 + pair.margin) * (1 + 1e-8)
        elif verdict.word is Word.NOISY:
            assert pair.floor.effect > pair.margin
        else:
            assert verdict.word is Word.UNDECIDED
            edge = (1 + pair.margin) * (1 - 1e-8)
            assert high >= edge or low <= 1 / edge
        if not verdict.word.open:
            assert verdict.needs is None


@quick
@given(st.lists(pairs, max_size=6))
def test_swapping_before_and_after_inverts_every_verdict(given_pairs: list[Pair]) -> None:
    swapped = [replace(pair, before=pair.after, after=pair.before) for pair in given_pairs]
    first, second = judge(given_pairs), judge(swapped)
    assert second.by_chance == pytest.approx(first.by_chance)
    for verdict, inverse in zip(first.verdicts, second.verdicts, strict=True):
        assert inverse.word is OPPOSITE.get(verdict.word, verdict.word)
        assert inverse.effect is not None
        assert 1 / inverse.effect.value == pytest.approx(ends_and_value(verdict)[0])
        low, high = ends(inverse)
        assert (1 / high, 1 / low) == pytest.approx(ends(verdict))
        assert inverse.p == pytest.approx(verdict.p)
        assert inverse.needs == verdict.needs


def ends_and_value(verdict: Verdict) -> tuple[float, float, float]:
    assert verdict.effect is not None
    return verdict.effect.value, *ends(verdict)


def alike(first: JudgedPairs, second: JudgedPairs) -> bool:
    return first.by_chance == pytest.approx(second.by_chance) and all(
        one.word is other.word
        and one.p == pytest.approx(other.p, rel=1e-6, abs=1e-12)
        and ends_and_value(one) == pytest.approx(ends_and_value(other))
        for one, other in zip(first.verdicts, second.verdicts, strict=True)
    )


@quick
@given(st.lists(pairs, max_size=6), st.sampled_from([2.0**-30, 2.0**-3, 2.0, 2.0**40]))
def test_the_unit_does_not_matter(given_pairs: list[Pair], scale: float) -> None:
    """Powers of two: another factor rounds, and what lies on an edge may fall off it."""

    def scaled(side: Processes) -> Processes:
        return tuple(tuple(scale * sample for sample in process) for process in side)

    others = [
        replace(pair, before=scaled(pair.before), after=scaled(pair.after)) for pair in given_pairs
    ]
    assert alike(judge(given_pairs), judge(others))


@quick
@given(st.lists(pairs, max_size=6), st.randoms(use_true_random=False))
def test_neither_the_order_of_samples_nor_of_processes_nor_of_pairs_matters(
    given_pairs: list[Pair], random: Random
) -> None:
    def shuffled(side: Processes) -> Processes:
        mixed = [tuple(random.sample(process, len(process))) for process in side]
        return tuple(random.sample(mixed, len(mixed)))

    order = random.sample(range(len(given_pairs)), len(given_pairs))
    others = [
        replace(
            given_pairs[number],
            before=shuffled(given_pairs[number].before),
            after=shuffled(given_pairs[number].after),
        )
        for number in order
    ]
    first, second = judge(given_pairs), judge(others)
    assert second.verdicts == tuple(first.verdicts[number] for number in order)
    assert second.by_chance == pytest.approx(first.by_chance)


@quick
@given(st.lists(pairs, min_size=1, max_size=6))
def test_a_family_takes_alarms_back_and_raises_none(given_pairs: list[Pair]) -> None:
    """What is judged beside it changes neither an effect nor what is the same."""
    for together, pair in zip(judge(given_pairs).verdicts, given_pairs, strict=True):
        alone = only(pair)
        assert (together.effect, together.p) == (alone.effect, alone.p)
        if together.word is not alone.word:
            assert alone.alarm
            assert together.word.open or together.word is Word.SAME
            assert together.needs is None or together.needs >= 1


def test_many_equal_series_ask_more_of_an_alarm() -> None:
    pair = Pair(margin=0.03, before=around(1.0), after=around(1.06), floor=FLOOR)
    assert only(pair).word is Word.WORSE
    equal = Pair(margin=0.03, before=around(1.0), after=around(1.0), floor=FLOOR)
    judged = judge([pair, *[equal] * 600])
    doubtful = judged.verdicts[0]
    assert doubtful.word is Word.UNDECIDED
    assert "chance" in doubtful.why
    assert doubtful.needs
    assert judge([pair] * 601).verdicts[0].word is Word.WORSE


def test_the_control_is_that_of_benjamini_and_hochbergs_own_example() -> None:
    """Their article's fifteen p (section 4.1): four are rejected at 5 %, where Bonferroni has 3."""
    chances = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
    chances += [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000]
    control = Control.of(np.array(chances), 0.05)
    assert control.sure.tolist() == [True] * 4 + [False] * 11
    assert control.bar == pytest.approx(0.05 * 4 / 15)
    assert control.next_bar == pytest.approx(0.05 * 5 / 15)


def test_without_a_floor_there_is_an_effect_and_no_verdict() -> None:
    verdict = only(Pair(margin=0.03, before=around(1.0), after=around(2.0)))
    assert (verdict.word, verdict.why) == (Word.UNDECIDED, NO_FLOOR)
    assert (verdict.floor, verdict.p, verdict.needs) == (None, None, None)
    assert ends(verdict)[0] > 1.5
    one = only(Pair(margin=0.03, before=((1.0, 1.1, 0.9),), after=((2.0, 2.1, 1.9),)))
    assert one.word is Word.UNDECIDED
    assert one.effect is not None
    assert one.effect.basis is Basis.NONE
    assert one.effect.interval is None


def test_one_process_has_the_spread_of_the_floor_whatever_its_samples_say() -> None:
    """Samples that agree to the last digit say nothing of what another process would have."""
    verdict = only(Pair(margin=0.03, before=((1.0,) * 50,), after=((1.02,) * 50,), floor=FLOOR))
    assert verdict.word is Word.UNDECIDED
    assert verdict.effect is not None
    assert verdict.effect.basis is Basis.FLOOR
    reach = 2.9768 * 0.01 * math.sqrt(2)  # t of 99.5 % with the floor's 14 degrees of freedom
    assert ends(verdict) == pytest.approx((1.02 * math.exp(-reach), 1.02 * math.exp(reach)), 1e-4)


@pytest.mark.parametrize("margin", [0.0, 0.03])
def test_a_floor_out_of_all_proportion_is_too_noisy_and_needs_no_number(margin: float) -> None:
    wide = Floor(spread=200.0, freedom=1, processes=2, effect=1e300)
    verdict = only(Pair(margin=margin, before=((1.0,),) * 2, after=((1.0,),) * 2, floor=wide))
    assert (verdict.word, verdict.needs) == (Word.NOISY, None)


@pytest.mark.parametrize("bad", [(), ((),), ((1.0,), ()), ((0.0,),), ((1.0, math.nan),)])
def test_what_has_no_ratio_is_not_decidable_and_of_no_family(bad: Processes) -> None:
    good = Pair(margin=0.03, before=around(1.0), after=around(1.2), floor=FLOOR)
    judged = judge([replace(good, after=bad), good, replace(good, before=bad), good])
    assert [verdict.word for verdict in judged.verdicts] == [
        Word.UNDECIDED,
        Word.WORSE,
        Word.UNDECIDED,
        Word.WORSE,
    ]
    for number in (0, 2):
        assert judged.verdicts[number] == Verdict(word=Word.UNDECIDED, floor=FLOOR, why=NO_RATIO)
    assert judged.verdicts[1] == judge([good, good]).verdicts[0]


def test_no_pairs_have_no_verdicts() -> None:
    assert judge([]) == JudgedPairs(verdicts=(), by_chance=0.0, rate=RATE)
    assert judge([Pair(margin=0.03, before=around(1.0), after=around(2.0))]).by_chance == 0


def test_what_never_moves_is_the_same_and_differs_for_sure() -> None:
    """Bytes, say: of three processes here and of seven there, whatever their mean rounds to."""
    still = Floor(spread=0.0, freedom=7, processes=5, effect=0.0)
    same = only(
        Pair(margin=0.03, before=((4096.1,),) * 3, after=((4096.1, 4096.1),) * 7, floor=still)
    )
    assert (same.word, same.p) == (Word.SAME, 1.0)
    more = only(Pair(margin=0.03, before=((4096.0,),) * 3, after=((4104.0,),) * 7, floor=still))
    assert (more.word, more.p) == (Word.WORSE, 0.0)
    assert ends(more) == pytest.approx((4104 / 4096, 4104 / 4096))
    floored = replace(still, effect=0.01)
    assert (
        only(Pair(margin=0.03, before=((4096.0,),), after=((4104.0,),), floor=floored)).word
        is Word.SAME
    )


@pytest.mark.parametrize(("effect", "word"), [(0.029, Word.SAME), (0.031, Word.NOISY)])
def test_noise_makes_nothing_the_same(effect: float, word: Word) -> None:
    """Equal to the last digit, and still: a floor above the margin hides what the margin is for."""
    floor = replace(FLOOR, spread=0.001, effect=effect)
    verdict = only(
        Pair(margin=0.03, before=around(1.0, 0.001), after=around(1.0, 0.001), floor=floor)
    )
    assert verdict.word is word
    assert (verdict.needs is None) is (word is Word.SAME)
    finer = Pair(margin=0.02, before=around(1.0, 0.001), after=around(1.0, 0.001), floor=floor)
    assert only(finer).word is Word.NOISY


@pytest.mark.parametrize("spread", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("slower", [1.05, 1.1, 1.5])
def test_a_slowdown_is_never_the_same_however_noisy_the_machine_is(
    spread: float, slower: float
) -> None:
    rng, noise = np.random.default_rng(3), Noise(between=spread, within=0)
    known = floor(spread=spread, freedom=20, processes=5)
    pairs = [
        Pair(
            margin=0.03,
            before=noise.drawn(rng, 5, 1),
            after=noise.drawn(rng, 5, 1, cost=slower),
            floor=known,
        )
        for _ in range(300)
    ]
    assert not [each for each in judge(pairs).verdicts if each.word is Word.SAME]


def test_a_change_beyond_the_floor_is_an_alarm_above_the_margin_and_below_it() -> None:
    loud = replace(FLOOR, spread=0.03, effect=0.1)
    assert (
        only(Pair(margin=0.03, before=around(1.0), after=around(1.5), floor=loud)).word
        is Word.WORSE
    )
    still = replace(FLOOR, spread=0.001, effect=0.002)
    slight = Pair(margin=0.03, before=around(1.0, 0.001), after=around(1.01, 0.001), floor=still)
    assert only(slight).word is Word.WORSE


def simulated(
    count: int, shape: tuple[int, int, int], truth: float = 1.0, *, effect: float = 0.0
) -> list[Pair]:
    """Pairs of `shape`: processes before and after, and of the A/A run that their floor is of."""
    rng = np.random.default_rng(sum(shape))
    noise = Noise(between=0.02, within=0.03, disturbed=0.02)
    before, after, idle = shape
    scatters = estimates([noise.drawn(rng, idle, 9) for _ in range(count)]).scatter.tolist()
    return [
        Pair(
            margin=0.03,
            before=noise.drawn(rng, before, 9),
            after=noise.drawn(rng, after, 9, cost=truth),
            floor=Floor(
                spread=math.sqrt(scatter / (idle - 1)),
                freedom=idle - 1,
                processes=5,
                effect=effect,
            ),
        )
        for scatter in scatters
    ]


@pytest.mark.parametrize("shape", [(1, 1, 8), (1, 4, 8), (5, 5, 8), (2, 3, 2), (12, 12, 4)])
def test_an_interval_covers_the_truth_at_its_rate(shape: tuple[int, int, int]) -> None:
    """Processes differ, samples scatter, some are disturbed; the floor itself is an estimate."""
    found = [ends(verdict) for verdict in judge(simulated(4000, shape, 1.3)).verdicts]
    assert 0.985 <= sum(low <= 1.3 <= high for low, high in found) / 4000 <= 0.995


def test_a_p_is_right_where_the_true_effect_is_just_the_floor() -> None:
    verdicts = judge(simulated(4000, (5, 5, 8), 1.05, effect=0.05)).verdicts
    for share in (0.02, 0.1, 0.5):
        found = sum(verdict.p is not None and verdict.p <= share for verdict in verdicts) / 4000
        assert found == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 4000))


def test_false_alarms_are_at_most_the_stated_share_of_all() -> None:
    """One series in ten is slower by much, and the others by just as much as their floor."""
    false = alarms = 0
    for slow, edge in zip(
        np.array_split(np.array(simulated(400, (5, 5, 8), 1.3, effect=0.05), object), 10),
        np.array_split(np.array(simulated(3600, (5, 5, 8), 1.05, effect=0.05), object), 10),
        strict=True,
    ):
        verdicts = judge([*slow, *edge]).verdicts
        alarms += sum(verdict.alarm for verdict in verdicts)
        false += sum(verdict.alarm for verdict in verdicts[len(slow) :])
    assert alarms >= 380
    assert false / alarms <= 2 * RATE


def test_alarms_by_chance_are_as_many_as_expected() -> None:
    """Of equal pairs without any floor to speak of, so that there are some in 200 families."""
    bare = Floor(spread=0.02, freedom=1000, processes=5, effect=0.0)
    noise, rng = Noise(between=0.02, within=0.0), np.random.default_rng(4)
    judged = [
        judge(
            [
                Pair(
                    margin=0.03,
                    before=noise.drawn(rng, 1, 1),
                    after=noise.drawn(rng, 1, 1),
                    floor=bare,
                )
                for _ in range(50)
            ]
        )
        for _ in range(200)
    ]
    alarms = sum(verdict.alarm for each in judged for verdict in each.verdicts)
    expected = sum(each.by_chance for each in judged)
    assert 1 < expected < 3
    assert abs(alarms - expected) <= 4 * math.sqrt(expected)
    assert (
        judge([Pair(margin=0.03, before=((1.0,),), after=((1.0,),), floor=FLOOR)] * 600).by_chance
        < 0.01
    )


@pytest.mark.parametrize(
    "shapes",
    [
        [(1, 1, 8), (2, 2, 8), (4, 4, 8), (8, 8, 8), (16, 16, 8)],  # more processes
        [(5, 5, 2), (5, 5, 4), (5, 5, 8), (5, 5, 16)],  # a longer A/A run
    ],
)
def test_more_processes_never_widen_the_expected_interval(
    shapes: list[tuple[int, int, int]],
) -> None:
    def width(shape: tuple[int, int, int]) -> float:
        found = [ends(verdict) for verdict in judge(simulated(300, shape)).verdicts]
        return float(np.mean([math.log(high / low) for low, high in found]))

    widths = [width(shape) for shape in shapes]
    assert all(more < fewer for fewer, more in pairwise(widths)), widths


@pytest.mark.parametrize(
    ("after", "word"), [(1.09, Word.WORSE), (1.015, Word.SAME), (1.0, Word.SAME)]
)
def test_as_many_processes_as_it_needs_decide_it(after: float, word: Word) -> None:
    """In 19 of 20 cases, were effect and spread what they seemed."""
    known = Floor(spread=0.03, freedom=60, processes=5, effect=0.05)
    level = ((1.0,),)
    first = only(Pair(margin=0.03, before=level, after=((after,),), floor=known))
    assert first.word is Word.NOISY
    assert first.needs is not None
    rng = np.random.default_rng(first.needs)
    noise = Noise(between=known.spread, within=0)
    others = [
        Pair(
            margin=0.03,
            before=noise.drawn(rng, 1 + first.needs, 1),
            after=noise.drawn(rng, 1 + first.needs, 1, cost=after),
            floor=known,
        )
        for _ in range(200)
    ]
    later = Counter(verdict.word for verdict in judge(others).verdicts)
    assert later[word] >= 0.92 * 200, (first.needs, later)


@pytest.mark.parametrize("effect", [0.03, 0.05])
def test_what_is_neither_beyond_the_floor_nor_within_the_margin_is_never_decided(
    effect: float,
) -> None:
    floor = replace(FLOOR, effect=effect)
    assert only(Pair(margin=0.03, before=((1.0,),), after=((1.03,),), floor=floor)).needs is None
