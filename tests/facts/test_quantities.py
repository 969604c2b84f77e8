from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench.facts.units import digits, few, reach, scale_for, times

positive = st.floats(min_value=1e-12, max_value=1e15)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (0.0123456, "0.0123"),
        (0.09996, "0.100"),
        (1.9449, "1.94"),
        (9.996, "10.0"),
        (99.96, "100"),
        (999.6, "1\N{NARROW NO-BREAK SPACE}000"),
        (1234.4, "1\N{NARROW NO-BREAK SPACE}234"),
        (-14.44, "-14.4"),
        (math.inf, "inf"),
    ],
)
def test_numbers_have_three_significant_digits_and_no_exponent(number: float, text: str) -> None:
    assert digits(number) == text


@given(positive)
def test_what_is_shown_is_within_half_a_percent_of_the_number(number: float) -> None:
    shown = float(digits(number).replace("\N{NARROW NO-BREAK SPACE}", ""))
    assert math.isclose(shown, number, rel_tol=0.0051)


@pytest.mark.parametrize(
    ("unit", "values", "symbol"),
    [
        ("seconds", [0.0007, 0.0144, 0.29], "ms"),
        ("seconds", [2.0], "s"),
        ("seconds", [3e-10], "ns"),
        ("bytes", [13e6, 100e6], "MiB"),
        ("bytes", [2**31], "GiB"),
        ("bytes", [3], "bytes"),
        ("parsecs", [3], "parsecs"),
        ("seconds", [], "s"),
        ("ratio", [1.04, 9.0], "\N{MULTIPLICATION SIGN}"),
    ],
)
def test_a_column_has_one_unit_that_suits_its_middle(
    unit: str, values: list[float], symbol: str
) -> None:
    assert scale_for(unit, values).symbol == symbol


@given(st.lists(positive, min_size=1))
def test_a_columns_middle_value_is_never_below_one_unless_no_unit_is_smaller(
    values: list[float],
) -> None:
    scale = scale_for("seconds", values)
    middle = sorted(values)[len(values) // 2]
    assert middle / scale.size >= 1 or scale.symbol == "ns"


def test_a_ratio_is_a_multiple() -> None:
    assert times(17.93) == "17.9\N{MULTIPLICATION SIGN}"


def test_a_ratio_keeps_its_size_in_its_own_unit() -> None:
    assert scale_for("ratio", [1.036]).text(1.036) == "1.04"


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "±0 %"), (0.001, "±1 %"), (0.043, "±5 %"), (1.0, "±100 %"), (23.0, "±2300 %")],
)
def test_how_far_an_interval_reaches_is_rounded_up_and_a_number_however_wide(
    share: float, text: str
) -> None:
    assert reach(share).replace("\N{NARROW NO-BREAK SPACE}", " ") == text


def test_a_floor_without_an_end_is_wide() -> None:
    assert reach(math.inf) == reach(math.nan) == "wide"


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (0.000846, "under 0.01"), (0.01, "0.0100"), (2.5, "2.50")]
)
def test_what_is_expected_next_to_never_has_no_digits(number: float, text: str) -> None:
    assert few(number) == text
