from __future__ import annotations

import pytest

from ftbench.errors import FtbenchError
from ftbench.experiments.overhead import (
    LOOPS,
    Heat,
    TargetVerdict,
    cost_of,
    verdict,
)
from ftbench.probe.overhead import ARTICLE, BARE, HARNESS
from ftbench.statistics import Basis, Ratio
from ftbench.statistics.spread import Interval


def heat(*bare: float, overhead: float = 1.01, checked: str = "3 of 4 new") -> Heat:
    return Heat(
        samples={
            HARNESS: tuple(overhead * each for each in bare),
            BARE: bare,
            ARTICLE: tuple(2 * each for each in bare),
        },
        checked=checked,
        every=64,
        clock=5e-8,
        instrument=2e-9,
    )


def test_ratios_are_of_pairs_of_one_moment_not_of_medians() -> None:
    """The machine got three times slower in between; harness and bare loop did so together."""
    row = cost_of(LOOPS[0], [heat(1e-6, 3e-6, 2e-6), heat(9e-6, 1e-6)])
    assert row.overhead.value == pytest.approx(1.01)
    assert row.overhead.basis is Basis.PROCESSES
    assert row.against_article is not None
    assert row.against_article.value == pytest.approx(1.01 / 2)
    assert row.seconds(BARE) == 2e-6


def test_a_scenario_whose_bare_loop_is_the_articles_has_no_second_ratio() -> None:
    found = heat(1e-6, 2e-6)
    samples = {name: found.samples[name] for name in (HARNESS, BARE)}
    lone = Heat(samples=samples, checked="", every=1, clock=1e-8, instrument=1e-7)
    row = cost_of(LOOPS[0], [lone])
    assert row.against_article is None
    assert row.overhead.basis is Basis.NONE
    assert verdict(row.overhead) is TargetVerdict.OPEN


def test_processes_that_did_different_work_are_not_put_together() -> None:
    with pytest.raises(FtbenchError, match="did not do the same work"):
        cost_of(LOOPS[0], [heat(1e-6), heat(1e-6, checked="2 of 4 new")])


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.99, 1.01, TargetVerdict.WITHIN),
        (0.99, 1.02, TargetVerdict.WITHIN),
        (1.02, 1.03, TargetVerdict.OPEN),
        (0.99, 1.03, TargetVerdict.OPEN),
        (1.021, 1.03, TargetVerdict.ABOVE),
    ],
)
def test_a_verdict_needs_the_whole_interval_on_one_side(
    low: float, high: float, word: TargetVerdict
) -> None:
    interval = Interval(low=low, high=high)
    ratio = Ratio(value=1.01, interval=interval, confidence=0.99, basis=Basis.PROCESSES)
    assert verdict(ratio) is word


def test_without_an_interval_there_is_no_verdict() -> None:
    ratio = Ratio(value=1.0, interval=None, confidence=0.99, basis=Basis.NONE)
    assert verdict(ratio) is TargetVerdict.OPEN
