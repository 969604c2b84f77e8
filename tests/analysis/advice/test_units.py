"""Quantities as users write them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench.analysis.advice import units
from ftbench.errors import UsageError


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (units.seconds, "200us", 200e-6),
        (units.seconds, "200 µs", 200e-6),
        (units.seconds, "200 μs", 200e-6),
        (units.seconds, " 1.5ms ", 1.5e-3),
        (units.seconds, ".5s", 0.5),
        (units.seconds, "80ns", 80e-9),
        (units.size, "0", 0),
        (units.size, "64KiB", 65_536),
        (units.size, "1 MiB", 2**20),
        (units.size, "2GiB", 2**31),
        (units.size, "100kB", 100_000),
        (units.size, "12B", 12),
        (units.share, "5%", 0.05),
        (units.share, "0.05", 0.05),
        (units.share, "100 %", 1.0),
        (units.share, "1", 1.0),
        (units.cpu_price, "0.04/h", 0.04 / 3600),
        (units.memory_price, "0.005/GiBh", 0.005 / 3600 / 2**30),
        (units.memory_price, "0.005 /MiBh", 0.005 / 3600 / 2**20),
    ],
)
def test_a_quantity_is_read_in_its_unit(
    read: Callable[[str], float], text: str, value: float
) -> None:
    assert read(text) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("read", "text", "told"),
    [
        (units.seconds, "200", "it needs a unit: ns, us, µs, ms, s"),
        (units.seconds, "2S", "Is s meant?"),
        (units.seconds, "0us", "above zero"),
        (units.seconds, "-3us", "is not a time"),
        (units.seconds, "1e3us", "is not a time"),
        (units.seconds, "3us please", "'us please' is none of"),
        (units.seconds, "", "200us, 1.5ms or 2s"),
        (units.seconds, "nan", "is not a time"),
        (units.seconds, f"{'9' * 400}s", "finite"),
        (units.size, "64kib", "Is KiB meant?"),
        (units.size, "64KB", "Is kB meant?"),
        (units.size, "٣KiB", "is not a size"),
        (units.size, "1,5MiB", "is not a size"),
        (units.share, "5", "Was it meant to be 5%?"),
        (units.share, "101%", "more than all"),
        (units.share, "5 percent", "'percent' is none of %"),
        (units.cpu_price, "0.04", "it needs a unit: /h, /s"),
        (units.cpu_price, "0.04/d", "is not a price of a core"),
        (units.memory_price, "0.005/h", "none of /GiBh, /MiBh"),
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
    for read in (units.seconds, units.size, units.share, units.cpu_price, units.memory_price):
        with contextlib.suppress(UsageError):
            assert read(text) >= 0


@given(st.integers(0, 10**12), st.sampled_from(["B", "KiB", "MiB", "GiB"]))
def test_whole_binary_sizes_are_exact(number: int, unit: str) -> None:
    exact = number * 1024 ** ["B", "KiB", "MiB", "GiB"].index(unit)
    assert units.size(f"{number}{unit}") == pytest.approx(exact, rel=1e-15, abs=0)
