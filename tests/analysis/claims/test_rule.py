"""The rule: the range that a relation names, and the interval that lies in it or does not."""

from __future__ import annotations

import itertools

from hypothesis import assume, given
from hypothesis import strategies as st

from ftbench.analysis.claims.quantity import Quantity
from ftbench.analysis.claims.rule import (
    TIMES,
    ClaimedRatio,
    ClaimVerdict,
    Named,
    Relation,
    cores_of,
    decide,
    ratios_of,
)
from ftbench.statistics.spread import Interval

END = st.floats(1e-3, 1e3)


def ratio(value: float, spread: Interval | None = None, *, low: float, high: float) -> ClaimedRatio:
    return ClaimedRatio(
        what="a / b", unit=TIMES, quantity=Quantity(value=value, spread=spread), low=low, high=high
    )


@given(st.tuples(END, END, END).map(sorted), st.tuples(END, END).map(sorted))
def test_a_ratio_is_in_its_range_outside_or_across_an_edge(
    points: list[float], edges: list[float]
) -> None:
    (low, value, high), (least, most) = points, edges
    verdict = ratio(value, Interval(low=low, high=high), low=least, high=most).verdict
    if least <= low <= high <= most:
        assert verdict is ClaimVerdict.HOLDS
    elif high < least or low > most:
        assert verdict is ClaimVerdict.NOT
    else:
        assert verdict is ClaimVerdict.CANNOT


@given(END, END, END)
def test_without_an_interval_nothing_is_decided(value: float, a: float, b: float) -> None:
    low, high = sorted((a, b))
    found = ratio(value, low=low, high=high)
    assert found.verdict is ClaimVerdict.CANNOT
    assert decide((found,), "") == (ClaimVerdict.CANNOT, "(one process: no interval)")


def sure(value: float) -> Quantity:
    spread = Interval(low=value, high=value)
    return Quantity(value=value, spread=spread, processes=((value,), (value,)))


def verdict_of(relation: Relation, claimed: float | None, *values: float) -> ClaimVerdict:
    """Judge figures of two processes each, which agree to the last digit."""
    quantities = [
        Named(name=str(index), unit=TIMES, quantity=sure(value))
        for index, value in enumerate(values)
    ]
    return decide(
        ratios_of(relation, quantities, claimed=() if claimed is None else (claimed,), within=1.25),
        "",
    )[0]


@given(st.lists(END, min_size=2, max_size=5))
def test_ascending_is_strictly_so(values: list[float]) -> None:
    pairs = list(itertools.pairwise(values))
    assume(not any(1 < after / before < 1 + 1e-9 for before, after in pairs))
    holds = all(after / before > 1 for before, after in pairs)
    verdict = verdict_of(Relation.ASCENDING, None, *values)
    assert (verdict is ClaimVerdict.HOLDS) is holds


@given(st.lists(END, min_size=2, max_size=5), st.floats(1, 10))
def test_alike_is_near_the_first_whatever_the_order_of_the_others(
    values: list[float], claimed: float
) -> None:
    first, *others = values
    factors = [max(other / first, first / other) for other in others]
    assume(all(abs(factor / claimed - 1) > 1e-9 for factor in factors))
    asked = (Relation.ALIKE, claimed)
    verdict = verdict_of(*asked, *values)
    assert verdict is verdict_of(*asked, first, *reversed(others))
    assert (verdict is ClaimVerdict.HOLDS) is all(factor <= claimed for factor in factors)


@given(END, END)
def test_a_ratio_may_differ_by_the_factor_up_or_down(above: float, below: float) -> None:
    asked = (Relation.RATIO, above / below)
    assert verdict_of(*asked, above, below) is ClaimVerdict.HOLDS
    assert verdict_of(*asked, above * 1.24, below) is ClaimVerdict.HOLDS
    assert verdict_of(*asked, above / 1.24, below) is ClaimVerdict.HOLDS
    assert verdict_of(*asked, above * 1.26, below) is ClaimVerdict.NOT
    assert verdict_of(*asked, above / 1.26, below) is ClaimVerdict.NOT


def test_at_least_and_at_most_take_one_figure_or_two() -> None:
    assert verdict_of(Relation.AT_LEAST, 2.0, 4.0, 2.0) is ClaimVerdict.HOLDS
    assert verdict_of(Relation.AT_LEAST, 0.5, 0.4) is ClaimVerdict.NOT
    assert verdict_of(Relation.AT_MOST, 2.0, 4.1, 2.0) is ClaimVerdict.NOT
    assert verdict_of(Relation.AT_MOST, 0.5, 0.4) is ClaimVerdict.HOLDS


def test_what_is_missing_comes_before_what_is_in_the_way_and_that_before_the_ratio() -> None:
    holds = ratio(2.0, Interval(low=1.9, high=2.1), low=1.0, high=3.0)
    missing = ClaimedRatio(
        what="a", unit=TIMES, quantity=Quantity(word="failed", reason="why"), low=1.0, high=3.0
    )
    across = ratio(2.0, Interval(low=0.5, high=4.0), low=1.0, high=3.0)
    assert decide((holds,), "") == (ClaimVerdict.HOLDS, "")
    assert decide((holds,), "on 2 cores") == (ClaimVerdict.CANNOT, "on 2 cores")
    assert decide((holds, missing), "on 2 cores") == (ClaimVerdict.UNMEASURED, "(failed)")
    assert decide((holds, across), "") == (ClaimVerdict.CANNOT, "from so few processes")


def test_a_quota_of_cores_counts_as_cores() -> None:
    assert cores_of({"cores": 16, "usable_cores": 8, "quota_cores": 2.5}) == 2.5
    assert cores_of({"cores": 16, "usable_cores": 8, "quota_cores": None}) == 8
    assert cores_of({"cores": 4}) == 4
    assert cores_of({}) == 1
    assert cores_of({"cores": "many", "usable_cores": -1, "quota_cores": True}) == 1
