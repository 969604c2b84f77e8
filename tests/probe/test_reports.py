"""What is made of the members' reports: sums, shares, and the two invariants."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench.errors import FtbenchError
from ftbench.probe.instruments.clocks import clock_cost
from ftbench.probe.scenarios.reports import (
    Plan,
    Report,
    Run,
    check,
    instrument,
    new_ids,
    on_cpu,
    seconds_of,
)
from ftbench.probe.workloads.ids import draw

TIMES = st.lists(st.integers(0, 10**12), max_size=20)


def report(**fields: int | bytes) -> Report:
    """A report of a worker of which only some things matter."""
    some = {"begin": 0, "end": 1, "cpu": 0, "attempts": 1, "inserts": 0, "waits": b"", "more": None}
    return Report(**{**some, **fields})  # type: ignore[arg-type]


@given(TIMES, TIMES)
def test_packed_nanoseconds_come_back_as_seconds_in_their_order(
    first: list[int], second: list[int]
) -> None:
    packed = [array("q", times).tobytes() for times in (first, second)]
    assert seconds_of(packed) == pytest.approx([each / 1e9 for each in (*first, *second)])


def test_the_share_on_a_cpu_is_that_of_all_together() -> None:
    two = [report(begin=0, end=100, cpu=100), report(begin=50, end=350, cpu=100)]
    assert on_cpu(two) == pytest.approx(0.5)
    assert on_cpu([report(begin=5, end=5, cpu=0)]) == 0


@given(
    st.integers(1, 5),
    st.integers(0, 60),
    st.integers(1, 100),
    st.sets(st.integers(0, 99), max_size=30),
)
def test_the_serial_twin_finds_what_is_new(
    workers: int, operations: int, id_space: int, grown: set[int]
) -> None:
    drawn = []
    for index in range(workers):
        ids = draw(index, id_space)
        drawn += [next(ids) for _ in range(operations)]
    plan = Plan(operations, 0.0, 1, id_space)
    assert new_ids(workers, plan, sorted(grown)) == len(set(drawn) - grown)


def run_of(inserts: int) -> Run:
    """A round of ten operations."""
    return Run(reports=(report(attempts=10),), inserts=inserts, end=1, cpu=0.0)


TEN_IDS = Plan(operations=10, seconds=0.0, every=1, id_space=10**7)


def test_what_the_twin_found_in_every_round_is_accepted_and_told() -> None:
    held = check([run_of(10)] * 3, 1, TEN_IDS)
    assert held.name == "inserts"
    assert held.checked.startswith("in each of 3 rounds 10 of 10 ids were new")


@pytest.mark.parametrize("inserts", [[9], [11], [10, 10, 9], [11, 10]])
def test_one_round_that_differs_refuses_the_run(inserts: list[int]) -> None:
    with pytest.raises(FtbenchError, match="10 in the serial twin: nothing is recorded"):
        check([run_of(new) for new in inserts], 1, TEN_IDS)


def test_of_a_time_box_only_the_growth_is_known() -> None:
    held = check([run_of(3)], 1, TEN_IDS._replace(operations=0))
    assert (held.name, held.checked) == (
        "inserts",
        "3 of 10 ids were new, and the set grew by as many",
    )


def test_the_instrument_tells_its_stride_and_what_its_clock_costs() -> None:
    notes = instrument([0.5, 0.1, 0.25], 64)
    assert {name: notes[name] for name in ("rounds", "every", "on_cpu")} == {
        "rounds": 3,
        "every": 64,
        "on_cpu": 0.25,
    }
    assert 0 < notes["clock"] < 1


def test_a_clock_call_costs_something() -> None:
    assert 0 < clock_cost(10) < 1
