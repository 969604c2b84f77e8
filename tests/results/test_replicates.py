"""Whose samples are whose: asv pools them, the records of a cell tell its processes apart."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench.results.records import CellRecord, read_fitting
from ftbench.results.sidecar import Replicates


def of(*records: dict[str, Any]) -> Replicates:
    cell = {"group": "l.L", "params": {}}
    return Replicates.of([read_fitting(cell | record, CellRecord) for record in records])


def counted(*counts: object) -> Replicates:
    return of(*({"samples": {"round": count}} for count in counts))


@given(st.lists(st.lists(st.floats(), min_size=1), max_size=5))
def test_the_samples_of_each_process_are_got_back_from_the_pool(
    processes: list[list[float]],
) -> None:
    pooled = [sample for process in processes for sample in process]
    split = counted(*map(len, processes)).split("track_round", pooled)
    assert split == tuple(map(tuple, processes))


@pytest.mark.parametrize(
    "counts",
    [(), (2,), (2, 2), (4,), (3.0,), ("3",), (True, 2), (-1, 4), (None,), (10**30,)],
    ids=repr,
)
def test_nobody_knows_whose_they_are_if_the_counts_are_not_theirs(counts: tuple[Any, ...]) -> None:
    assert counted(*counts).split("track_round", (1.0, 2.0, 3.0)) == ()


def test_a_process_without_a_sample_of_its_own_is_none() -> None:
    assert counted(2, 0, 1).split("track_round", (1.0, 2.0, 3.0)) == ((1.0, 2.0), (3.0,))
    assert of({}, {"samples": {"round": 1, "cpu": 9}}).split("track_round", (1.0,)) == ((1.0,),)


def test_no_sample_is_no_process() -> None:
    assert counted().split("track_round", ()) == ()
    assert counted(0).split("track_round", ()) == ()


@pytest.mark.parametrize("odd", [None, 5, ["p99"], {"p99": 5}])
def test_what_one_process_doubts_is_doubtful(odd: object) -> None:
    assert of({"doubts": {"p99": "late"}}, {}, {"doubts": odd}).doubts == {"p99": "late"}


def test_the_runs_are_those_of_all_processes() -> None:
    assert of({"run": "a"}, {"run": "b"}, {"run": "a"}).runs == {"a", "b"}


def test_effort_is_the_median_of_the_processes_that_counted_it() -> None:
    effort = of(
        {"effort": {"cpu_seconds": 1.0, "minor_faults": 10}},
        {"effort": {"cpu_seconds": 5.0, "minor_faults": 20}},
        {"effort": {"cpu_seconds": 2.0, "pystats": {"collections": 4}}},
        {},
    ).effort
    assert effort == {"cpu_seconds": 2.0, "minor_faults": 15.0, "pystats.collections": 4.0}


@pytest.mark.parametrize("odd", [None, 5, "much", [1], {"cpu_seconds": "much"}, {"x": None}])
def test_effort_that_is_no_number_is_not_read(odd: object) -> None:
    assert of({"effort": odd}, {"effort": {"cpu_seconds": 1}}).effort == {"cpu_seconds": 1.0}
    assert of({"effort": {"cpu_seconds": float("nan"), "on": True}}).effort == {}


def marked(why: str, **more: float) -> dict[str, Any]:
    return {"interference": {"marked": True, "why": why, **more}}


CALM = {"interference": {"marked": False, "why": "", "foreign": 0.01}}


def test_a_marked_process_says_what_else_ran() -> None:
    assert of(marked("others used 0.4 cores")).interference == "others used 0.4 cores"
    assert of(CALM, {}).interference == ""


def test_of_several_the_worst_says_it() -> None:
    some = of(marked("few", foreign=0.3), CALM, marked("many", foreign=0.2, steal=0.5), CALM)
    assert some.interference == "2 of 4 processes, at worst: many"
    assert of(CALM, marked("few")).interference == "1 of 2 processes, at worst: few"


@pytest.mark.parametrize("odd", [None, "busy", [1], {"marked": None}])
def test_interference_that_is_no_record_is_none(odd: object) -> None:
    assert of({"interference": odd}).interference == ""


def test_a_mark_without_a_reason_is_still_a_mark() -> None:
    assert of({"interference": {"marked": True}}).interference == "it is not said what"


def test_a_share_that_is_no_number_is_no_reason_to_fail() -> None:
    odd = {"marked": True, "why": "odd", "foreign": "much", "steal": float("nan")}
    assert of({"interference": odd}, CALM).interference == "1 of 2 processes, at worst: odd"
