from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ftbench.results.figure import SeriesKey, State
from ftbench.results.records import Records
from ftbench.results.sidecar import Sidecar

CELL: dict[str, Any] = {
    "group": "footprint.Footprint",
    "params": {"mode": "threads", "workers": "8"},
}
KEY = SeriesKey.of(CELL["group"], CELL["params"])
OTHER = SeriesKey.of(CELL["group"], {"mode": "threads", "workers": "4"})


def cell(**more: Any) -> dict[str, Any]:
    return {"kind": "cell", **CELL, "run": "a", "started_at": "2026-01-02T03:04:05Z", **more}


def test_a_reason_is_the_cells_own() -> None:
    sidecar = Sidecar.of(Records(cells=({"kind": "skip", **CELL, "reason": "no such thing"},)))
    assert sidecar.reason(State.SKIPPED, KEY, "track_pss") == "no such thing"
    assert sidecar.reason(State.SKIPPED, OTHER, "track_pss") == ""
    assert sidecar.reason(State.FAILED, KEY, "track_pss") == ""


def test_a_reason_that_names_a_metric_speaks_for_its_benchmark_alone() -> None:
    told = {"kind": "skip", **CELL, "metric": "pss", "reason": "this system has no pss"}
    sidecar = Sidecar.of(Records(cells=(told,)))
    assert sidecar.reason(State.SKIPPED, KEY, "track_pss") == "this system has no pss"
    assert sidecar.reason(State.SKIPPED, KEY, "track_rss") == ""


def test_the_latest_reason_wins() -> None:
    told = [{"kind": "skip", **CELL, "reason": reason} for reason in ("old", "new")]
    sidecar = Sidecar.of(Records(cells=tuple(told)))
    assert sidecar.reason(State.SKIPPED, KEY, "track_pss") == "new"


def test_a_run_starts_with_its_earliest_cell() -> None:
    late = cell(started_at="2026-01-02T05:00:00+00:00", load=[5.0, 5.0])
    early = cell(started_at="2026-01-02T04:00:00+01:00", load=[0.5, 1.0])
    (start,) = Sidecar.of(Records(cells=(late, early))).starts
    assert (start.run, start.load) == ("a", 0.5)
    assert start.at == datetime(2026, 1, 2, 3, 0, tzinfo=UTC)


def test_only_builds_that_a_cell_names_are_shown() -> None:
    records = Records(builds={"d1": {"jit": "on"}, "d2": {"jit": "off"}}, cells=(cell(build="d2"),))
    assert Sidecar.of(records).builds == ({"jit": "off"},)


def test_a_record_without_fields_tells_nothing_and_breaks_nothing() -> None:
    odd: list[dict[str, Any]] = [
        {"kind": "cell", "group": "g", "params": {}},
        {"kind": "cell", "group": 5, "params": 7},
        cell(started_at="yesterday", load="high", gil="on", invariants=[1], run=None),
        {"kind": "failure", **CELL},
    ]
    sidecar = Sidecar.of(Records(cells=tuple(odd)))
    assert sidecar.starts == ()
    assert sidecar.gil == frozenset()
    assert sidecar.invariants == {}
    assert sidecar.reason(State.FAILED, KEY, "track_pss") == "error: "


def test_the_gil_is_every_state_that_was_seen() -> None:
    records = Records(cells=(cell(gil=[False, False]), cell(gil=[False, True])))
    assert Sidecar.of(records).gil == {False, True}


def test_what_a_cell_has_nothing_of_was_asked_for_and_what_it_measured_alone_was_not() -> None:
    sidecar = Sidecar.of(Records(cells=(cell(samples={"pss": 3}),)))
    assert sidecar.asked(KEY, "track_lock_wait")
    assert not sidecar.asked(KEY, "track_pss")
    assert not sidecar.asked(OTHER, "track_pss")
    assert Sidecar().asked(OTHER, "track_pss")
