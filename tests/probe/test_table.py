"""What people read of a measurement."""

from __future__ import annotations

import pytest

from ftbench.probe.run.document import Measurement, Switch, quantity, table
from ftbench.probe.run.outcome import Invariant, Metric

MEASURED = Measurement(
    scenario="lifecycle",
    mode="threads",
    params={"workers": 8, "task": "empty"},
    profile="quick",
    metrics={
        "round": Metric(unit="seconds", samples=(0.0018, 0.0021, 0.0019)),
        "peak": Metric(unit="bytes", samples=(25.5 * 2**20,)),
    },
    invariants=(Invariant(name="checksum", checked="24 workers' checksums are right"),),
    gil=Switch(asked=False, before=False, after=False),
    build={
        "version": "3.14.2",
        "free_threaded": True,
        "compiler": "GCC 12.2.0",
        "pgo": True,
        "lto": None,
    },
    machine={"cpu": "A Processor", "usable_cores": 2},
    load=(0.1, 0.25),
    started_at="2026-11-21T02:00:00Z",
    elapsed=1.5,
    notes={},
)

GOLDEN = """\
lifecycle · threads · workers=8, task=empty · profile quick
CPython 3.14.2, free-threaded build, GIL off, GCC 12.2.0, PGO
A Processor, 2 cores, load 0.1 to 0.25

metric    median     least      most  samples
round     1.9 ms    1.8 ms    2.1 ms        3
peak    25.5 MiB  25.5 MiB  25.5 MiB        1

checked: 24 workers' checksums are right"""


def test_the_table_is_aligned_and_says_on_what_it_was_measured() -> None:
    assert table(MEASURED) == GOLDEN


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1.83e-3, "seconds", "1.83 ms"),
        (12.0, "seconds", "12 s"),
        (4.2e-6, "seconds", "4.2 µs"),
        (0.0, "seconds", "0 ns"),
        (25.6 * 2**20, "bytes", "25.6 MiB"),
        (-(2**20), "bytes", "-1 MiB"),
        (512, "bytes", "512 bytes"),
        (3.0, "runs", "3 runs"),
    ],
)
def test_a_quantity_has_the_unit_that_suits_its_size(value: float, unit: str, text: str) -> None:
    assert quantity(value, unit) == text
