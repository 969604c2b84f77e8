"""The parts of pauses: the schedule, who ticks, who makes garbage, and what a round comes to."""

from __future__ import annotations

import gc
import time
from array import array
from collections.abc import Iterator
from typing import Any

import pytest

from ftbench.errors import FtbenchError
from ftbench.probe.scenarios import pauses, pauses_workers
from ftbench.probe.scenarios.pauses import CYCLES, LIVE, MILLI, PERIOD, TICKS, TRIGGERS, MakerReport

PARAMS = {"heap": "small", "workers": 2, "trigger": "collect"}
SMALL = LIVE["small"]


@pytest.fixture(autouse=True)
def _no_heap_stays() -> Iterator[None]:
    yield
    pauses_workers.HELD.clear()
    pauses_workers.SURVIVORS.clear()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A clock of the test's, in nanoseconds: it stands until somebody sleeps or moves it."""
    now = [1_000]
    monkeypatch.setattr(pauses_workers, "perf_counter_ns", lambda: now[0])

    def sleep(seconds: float) -> None:
        now[0] += round(seconds * 1e9)

    monkeypatch.setattr(pauses_workers, "sleep", sleep)
    return now


def test_times_come_when_they_are_due(clock: list[int]) -> None:
    first = 1_000 + pauses_workers.LEAD
    assert [(at, clock[0]) for at in pauses_workers.due([0, 10, 40])] == [
        (first, first),
        (first + 10, first + 10),
        (first + 40, first + 40),
    ]


def test_a_pause_makes_every_tick_late_that_was_due_in_it(clock: list[int]) -> None:
    """Not one: who looks only when it can would call the pause a single event."""
    late = []
    for number, at in enumerate(pauses_workers.due(range(0, 100, 10))):
        if number == 2:
            clock[0] += 45
        late.append(clock[0] - at)
    assert late == [0, 0, 45, 35, 25, 15, 5, 0, 0, 0]


def test_a_ticker_reports_every_tick() -> None:
    begin, end, cpu, packed = pauses_workers.tick(MILLI // 10, 50)
    late = array("q", packed)
    assert len(late) == 50
    assert min(late) >= 0
    assert end - begin >= pauses_workers.LEAD + 49 * MILLI // 10
    assert 0 <= cpu <= end - begin


def test_ticks_are_late_by_what_their_thread_could_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.sleep
    slow = iter([0.03])
    monkeypatch.setattr(pauses_workers, "sleep", lambda seconds: real(seconds + next(slow, 0)))
    late = array("q", pauses_workers.tick(MILLI, 20)[3])
    assert late[0] >= 30 * MILLI
    assert late[10] >= 20 * MILLI


def test_the_live_heap_is_built_once_and_is_two_containers_a_record() -> None:
    pauses_workers.settle(100)
    built = pauses_workers.HELD[100]
    pauses_workers.settle(100)
    assert pauses_workers.HELD[100] is built
    assert len(built) == 100
    assert all(gc.is_tracked(each) and gc.is_tracked(each["list"]) for each in built)


def test_one_cycle_in_ten_survives() -> None:
    gc.disable()
    try:
        gc.collect()
        kept = pauses_workers.litter(1_000)
        assert len(kept) == 100
        assert gc.collect() == 900
        assert all(each[0] is each for each in kept)
    finally:
        gc.enable()


def _made(trigger: str, steps: int) -> MakerReport:
    pauses_workers.settle(SMALL)
    times = (0, steps * MILLI, MILLI)
    step, _times = TRIGGERS[trigger]
    return MakerReport(*pauses_workers.make(step, CYCLES, SMALL, times))


def test_who_collects_reports_every_collection_and_what_it_freed() -> None:
    made = _made("collect", 3)
    assert made.cycles == 3_000
    assert made.collections >= 3
    assert made.collected >= 3_000
    assert len(array("q", made.took)) >= 3
    assert 0 < max(array("q", made.took)) < made.end - made.begin
    assert made.checksum == SMALL * (SMALL - 1)


def test_who_churns_leaves_it_to_the_collector_when_to_come() -> None:
    made = _made("churn", 30)
    assert made.cycles == 30_000
    assert made.collections == len(array("q", made.took)) >= 1
    assert len(pauses_workers.SURVIVORS) == pauses_workers.YOUNG


def test_nobody_hears_of_collections_after_the_round() -> None:
    def fail(_step: int, _count: int) -> None:
        raise RuntimeError("boom")

    before = list(gc.callbacks)
    _made("collect", 1)
    with pytest.raises(RuntimeError, match="boom"):
        pauses_workers.make(fail, 1, SMALL, (0, MILLI, MILLI))
    assert gc.callbacks == before


def test_collections_are_due_while_everybody_ticks() -> None:
    for _step, times in TRIGGERS.values():
        assert times[1] <= PERIOD * TICKS
    assert len(range(*TRIGGERS["collect"][1])) == 3


def test_there_is_one_maker_and_so_many_tickers() -> None:
    members = pauses.members_of(PARAMS | {"workers": 5}, SMALL)
    assert [member.role for member in members] == [pauses.MAKER] + [pauses.TICKER] * 5
    assert members[0].prepare == (pauses_workers.settle, (SMALL,))


def _packed(*times: int) -> bytes:
    return array("q", times).tobytes()


def _round(**changed: Any) -> MakerReport:
    made = MakerReport(
        begin=0,
        end=1_000,
        cpu=250,
        cycles=3_000,
        collections=3,
        collected=3_000,
        checksum=SMALL * (SMALL - 1),
        took=_packed(5_000, 9_000, 7_000),
    )
    return made._replace(**changed)


def test_a_round_costs_the_quantiles_of_all_ticks_and_the_longest_collection() -> None:
    late = [us * 1e-6 for us in range(5_000, 0, -1)]
    costs = pauses.costs_of(_round(), late)
    assert costs.keys() == {spec.name for spec in pauses.METRICS}
    expected = [2500.5e-6, 4950.01e-6, 4995.001e-6, 5e-3, 9e-6]
    assert list(costs.values()) == pytest.approx(expected)
    assert pauses.costs_of(_round(), late[:499]).keys() == {"p50", "max", "collect"}


def test_the_invariants_say_how_often_and_how_much_was_collected() -> None:
    collections, heap = pauses.check([_round(), _round(collections=4)], "collect", SMALL)
    assert "in each of 2 rounds there were 3 collections or more" in collections.checked
    assert "1000 records" in heap.checked


@pytest.mark.parametrize(
    ("changed", "story"),
    [
        ({"collections": 2}, "2 collections in a round, and there should be 3"),
        ({"took": b""}, "there should be 3"),
        ({"collected": 2_999}, "Of 3000 cycles the collector freed 2999"),
        ({"checksum": 1}, "not what was built"),
    ],
)
def test_a_collector_that_did_not_do_its_work_is_refused(
    changed: dict[str, Any], story: str
) -> None:
    with pytest.raises(FtbenchError, match=story):
        pauses.check([_round(), _round(**changed)], "collect", SMALL)


def test_a_churn_may_leave_something_uncollected_but_not_everything() -> None:
    pauses.check([_round(collections=1, collected=10)], "churn", SMALL)
    with pytest.raises(FtbenchError, match="0 collections in a round"):
        pauses.check([_round(collections=0, took=b"")], "churn", SMALL)


def test_notes_say_by_what_kind_of_collector() -> None:
    notes = pauses.notes([_round()], "small")
    assert (notes["live"], notes["collections"]) == (2_000, 3)
    assert notes["on_cpu"] == 0.25
    assert notes["gc"] == {"mode": pauses.gc_mode(), "threshold": list(gc.get_threshold())}


@pytest.mark.parametrize(
    ("free_threaded", "threshold", "mode"),
    [
        (0, (2_000, 10, 10), "generational"),
        (0, (2_000, 10, 0), "incremental"),
        (1, (2_000, 10, 0), "free-threaded"),
        (None, (700, 10, 10), "generational"),
    ],
)
def test_the_kind_of_collector_is_told_by_the_build_and_its_thresholds(
    monkeypatch: pytest.MonkeyPatch,
    free_threaded: int | None,
    threshold: tuple[int, int, int],
    mode: str,
) -> None:
    monkeypatch.setattr("sysconfig.get_config_var", lambda _name: free_threaded)
    monkeypatch.setattr(gc, "get_threshold", lambda: threshold)
    assert pauses.gc_mode() == mode
