"""Quantities as users write them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench.analysis.advice import question
from ftbench.errors import UsageError


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (question.seconds, "200us", 200e-6),
        (question.seconds, "200 µs", 200e-6),
        (question.seconds, "200 μs", 200e-6),
        (question.seconds, " 1.5ms ", 1.5e-3),
        (question.seconds, "3m", 180.0),
        (question.seconds, ".5s", 0.5),
        (question.seconds, "80ns", 80e-9),
        (question.size, "0", 0),
        (question.size, "64KiB", 65_536),
        (question.size, "1 MiB", 2**20),
        (question.size, "2GiB", 2**31),
        (question.size, "100kB", 100_000),
        (question.size, "12B", 12),
        (question.share, "5%", 0.05),
        (question.share, "0.05", 0.05),
        (question.share, "100 %", 1.0),
        (question.share, "1", 1.0),
        (question.cpu_price, "0.04/h", 0.04 / 3600),
        (question.memory_price, "0.005/GiBh", 0.005 / 3600 / 2**30),
        (question.memory_price, "0.005 /MiBh", 0.005 / 3600 / 2**20),
    ],
)
def test_a_quantity_is_read_in_its_unit(
    read: Callable[[str], float], text: str, value: float
) -> None:
    assert read(text) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("read", "text", "told"),
    [
        (question.seconds, "200", "it needs a unit: ns, us, µs, ms, s"),
        (question.seconds, "2S", "Is s meant?"),
        (question.seconds, "0us", "above zero"),
        (question.seconds, "-3us", "is not a time"),
        (question.seconds, "1e3us", "is not a time"),
        (question.seconds, "3us please", "'us please' is none of"),
        (question.seconds, "", "200us, 1.5ms or 2s"),
        (question.seconds, "nan", "is not a time"),
        (question.seconds, f"{'9' * 400}s", "finite"),
        (question.size, "64kib", "Is KiB meant?"),
        (question.size, "64KB", "Is kB meant?"),
        (question.size, "٣KiB", "is not a size"),
        (question.size, "1,5MiB", "is not a size"),
        (question.share, "5", "Was it meant to be 5%?"),
        (question.share, "101%", "too much"),
        (question.share, "5 percent", "'percent' is none of %"),
        (question.cpu_price, "0.04", "it needs a unit: /h, /s"),
        (question.cpu_price, "0.04/d", "is not a price of a core"),
        (question.memory_price, "0.005/h", "none of /GiBh, /MiBh"),
    ],
)
def test_what_is_no_quantity_is_refused_with_what_to_write(
    read: Callable[[str], float], text: str, told: str
) -> None:
    with pytest.raises(UsageError) as raised:
        read(text)
    assert told in str(raised.value)


@given(st.text(max_size=12))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    for read in (
        question.seconds,
        question.size,
        question.share,
        question.cpu_price,
        question.memory_price,
    ):
        with contextlib.suppress(UsageError):
            assert read(text) >= 0


@given(st.integers(0, 10**12), st.sampled_from(["B", "KiB", "MiB", "GiB"]))
def test_whole_binary_sizes_are_exact(number: int, unit: str) -> None:
    exact = number * 1024 ** ["B", "KiB", "MiB", "GiB"].index(unit)
    assert question.size(f"{number}{unit}") == pytest.approx(exact, rel=1e-15, abs=0)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [("400/s", 400.0, "a second"), ("50 %", 0.5, ""), ("1.2", 1.2, ""), ("120%", 1.2, "")],
)
def test_a_load_is_a_rate_or_a_share_that_may_be_more_than_a_core(
    text: str, value: float, unit: str
) -> None:
    load = question.load(text)
    assert load.value == pytest.approx(value)
    assert load.per_second is (unit == "a second")


@pytest.mark.parametrize("text", ["0", "0/s", "50/m", "often", "400 /h"])
def test_a_load_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="a load"):
        question.load(text)
