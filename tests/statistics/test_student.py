"""Student's t and the control of false alarms, beside scipy's own, which is slow to load."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ftbench.statistics import student

FREEDOM = np.array([1.0, 1.5, 2, 7, 30, 1e6, np.inf])
chances = st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.01, 1.0]), max_size=40)


@pytest.mark.parametrize("chance", [0.0, 1e-9, 0.005, 0.5, 0.95, 0.995, 1.0])
def test_distances_are_scipys(chance: float) -> None:
    assert student.quantile(chance, FREEDOM) == pytest.approx(stats.t.ppf(chance, FREEDOM))
    assert student.farthest(chance, FREEDOM) == pytest.approx(stats.t.isf(chance, FREEDOM))
    assert student.normal_quantile(chance) == pytest.approx(stats.norm.ppf(chance))


@pytest.mark.parametrize("distance", [-40.0, -1.0, 0.0, 0.3, 7.0, 1e6])
def test_chances_are_scipys(distance: float) -> None:
    assert student.beyond(distance, FREEDOM) == pytest.approx(stats.t.sf(distance, FREEDOM))


def test_of_nothing_known_nothing_is_said() -> None:
    assert np.isnan(student.quantile(0.9, np.nan))
    assert np.isnan(student.beyond(np.nan, 3.0))


@settings(max_examples=200, deadline=None)
@given(chances, st.sampled_from([0.001, 0.01, 0.05, 0.5, 1.0]))
def test_what_is_sure_is_scipys(found: list[float], rate: float) -> None:
    known = np.array(found, np.float64)
    wanted = stats.false_discovery_control(known, method="bh") <= rate if found else known == 1
    assert student.sure(known, rate).tolist() == wanted.tolist()
