"""Trials on made-up processes: what is found, what is missed, and what equal sides raise."""

from __future__ import annotations

import random

import pytest

from ftbench.experiments.trials import Outcome, alarms, enough, outcomes
from ftbench.statistics import Basis, Ratio
from ftbench.statistics.power import floor
from ftbench.statistics.spread import Interval

PROCESSES = 5
QUIET = floor(spread=0.002, freedom=9, processes=PROCESSES)
LOUD = floor(spread=0.2, freedom=9, processes=PROCESSES)


def pool(spread: float, *, factor: float = 1.0, seed: int = 1) -> tuple[float, ...]:
    """Return the medians of twice as many processes as a side has."""
    draw = random.Random(seed)  # noqa: S311 - made up
    return tuple(factor * draw.lognormvariate(0, spread) for _ in range(2 * PROCESSES))


def tried(spread: float, share: float, *, seen: float | None = None) -> Outcome:
    """Return what became of one slowdown of one metric; `seen` is what it did in truth."""
    factor = 1 + (share if seen is None else seen)
    found = outcomes(
        {"op": pool(spread)},
        {"op": pool(spread, factor=factor, seed=2)},
        share=share,
        metrics=["op"],
        floors={"op": floor(spread=spread, freedom=9, processes=PROCESSES)},
        processes=PROCESSES,
        trials=60,
    )
    return found["op"]


@pytest.mark.parametrize("share", [0.05, 0.10, 0.20])
def test_a_quiet_series_finds_them_all(share: float) -> None:
    outcome = tried(0.002, share)
    assert (outcome.found, outcome.missed) == (60, False)
    assert outcome.interval.low > 0.8
    assert outcome.effect is not None
    assert outcome.effect.value == pytest.approx(1 + share, rel=0.01)


def test_a_loud_series_misses_and_says_so() -> None:
    outcome = tried(0.2, 0.10)
    assert outcome.rate < 0.5
    assert outcome.missed


def test_a_slowdown_below_a_tenth_need_not_be_found() -> None:
    outcome = tried(0.2, 0.05)
    assert outcome.rate < 0.5
    assert not outcome.missed


def test_what_was_not_slowed_by_as_much_need_not_be_found() -> None:
    outcome = tried(0.002, 0.10, seen=0.02)
    assert not outcome.reached
    assert not outcome.missed


def test_an_effect_that_is_not_known_counts_as_reached() -> None:
    none = Outcome(share=0.1, trials=10, found=0, effect=None)
    open_ = Ratio(value=1.0, interval=None, confidence=0.99, basis=Basis.NONE)
    assert none.missed
    assert Outcome(share=0.1, trials=10, found=0, effect=open_).missed


def test_the_rate_has_wilsons_interval() -> None:
    outcome = Outcome(share=0.1, trials=100, found=95, effect=None)
    assert isinstance(outcome.interval, Interval)
    assert 0.85 < outcome.interval.low < 0.95 < outcome.interval.high < 1


def test_the_same_trials_are_drawn_every_time() -> None:
    assert tried(0.02, 0.10) == tried(0.02, 0.10)


def test_equal_sides_raise_no_alarm() -> None:
    pools = [
        ({f"m{number}": pool(spread, seed=number)}, {f"m{number}": known})
        for number in range(30)
        for spread, known in ((0.002, QUIET), (0.2, LOUD))
    ]
    assert alarms(pools, processes=PROCESSES, pairs=20) == []


def test_sides_that_differ_although_they_should_not_raise_alarms() -> None:
    medians = (*[1.0 + n / 1e4 for n in range(5)], *[2.0 + n / 1e4 for n in range(5)])
    # With two processes in all, each side has one of them.
    raised = alarms([({"op": (medians[0], medians[-1])}, {"op": QUIET})], processes=1, pairs=20)
    assert len(raised) == 20
    assert {(number, name) for number, name, _word in raised} == {(0, "op")}


def test_a_metric_without_a_floor_is_never_found() -> None:
    found = outcomes(
        {"op": pool(0.002)},
        {"op": pool(0.002, factor=2)},
        share=1.0,
        metrics=["op"],
        floors={},
        processes=PROCESSES,
        trials=5,
    )
    assert found["op"].found == 0


def test_a_louder_series_needs_more_processes_and_some_would_never_do() -> None:
    needs = [
        enough(floor(spread=spread, freedom=50, processes=5), 0.10) or 0
        for spread in (0.005, 0.02, 0.05)
    ]
    assert 0 < needs[0] < needs[1] < needs[2]
    assert enough(floor(spread=3.0, freedom=50, processes=5), 0.10) is None
