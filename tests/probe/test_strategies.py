"""Every strategy inserts what its serial twin does, in threads; and says so, or nothing is kept."""

from __future__ import annotations

import threading
from array import array
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftbench.errors import FtbenchError
from ftbench.facts.modes import MODES, mode_named
from ftbench.probe.scenarios.reports import Plan, Report, new_ids, reports_of
from ftbench.probe.scenarios.shared_set_strategies import (
    MANAGED,
    STRATEGIES,
    Strategy,
    Work,
    Yield,
    hole,
    managed,
)
from ftbench.probe.workers import shared_state_of, team_of
from ftbench.probe.workers.base import Deadline
from ftbench.probe.workers.threads import ThreadState
from ftbench.probe.workloads import inserting
from ftbench.probe.workloads.ids import draw
from ftbench.probe.workloads.locks import NO_WAITS

THREADS = mode_named("threads")
EVERY_STRATEGY = pytest.mark.parametrize("name", STRATEGIES)
LOCKED = ("lock", "striped", "shared_memory")


def _work(workers: int, plan: Plan, drawn: int = 0) -> Work:
    grown = array("q", set(islice(draw(workers, plan.id_space), drawn)))
    return Work(workers=workers, plan=plan, drawn=drawn, grown=grown)


def _rounds(name: str, work: Work, count: int) -> list[tuple[tuple[Report, ...], Yield]]:
    """Run `count` rounds; return each one's reports and what it came to."""
    means = shared_state_of(THREADS)
    strategy = STRATEGIES[name](THREADS, means, work)
    team = team_of(THREADS, Deadline(30), strategy.members(), means.helper)
    found = []
    try:
        for _ in range(count):
            reports = reports_of(team.round(strategy.reset))
            found.append((reports, strategy.finish(reports)))
    finally:
        team.end()
        means.close()
    return found


@EVERY_STRATEGY
@settings(max_examples=15, deadline=None)
@given(
    workers=st.integers(1, 4),
    pace=st.tuples(st.integers(1, 6), st.integers(1, 8)),
    id_space=st.integers(1, 60) | st.integers(1, 1 << 62),
    drawn=st.integers(0, 40),
)
def test_what_is_new_is_what_the_serial_twin_finds_new_in_every_round(
    name: str, workers: int, pace: tuple[int, int], id_space: int, drawn: int
) -> None:
    turns, every = pace
    work = _work(workers, Plan(turns * every, 0.0, every, id_space), drawn)
    expected = new_ids(workers, work.plan, work.grown)
    for reports, yielded in _rounds(name, work, 2):
        assert yielded.inserts == expected
        own = reports[:workers]
        assert [report.attempts for report in own] == [turns * every] * workers
        assert yielded.end >= max(report.end for report in own)


@EVERY_STRATEGY
def test_free_locks_are_timed_one_in_so_many_and_waits_always(name: str) -> None:
    [(reports, _)] = _rounds(name, _work(2, Plan(32, 0.0, 8, 1_000)), 1)
    for report in reports[:2]:
        quicks, waits = (array("q", each) for each in report.waits)
        assert len(quicks) <= 4 <= len(quicks) + len(waits) or name not in LOCKED
        assert name in LOCKED or report.waits == NO_WAITS
        assert all(wait >= 0 for wait in (*quicks, *waits))


class Busy:
    """A lock that is never free at first sight."""

    def __init__(self) -> None:
        self._real = threading.Lock()
        self.release = self._real.release

    def acquire(self, blocking: bool = True) -> bool:  # noqa: FBT001, FBT002 - as a lock has it
        return blocking and self._real.acquire()


@pytest.mark.parametrize("name", LOCKED)
def test_who_always_finds_its_lock_taken_times_every_wait(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(ThreadState, "lock", lambda _self: Busy())
    plan = Plan(32, 0.0, 8, 1_000)
    [(reports, yielded)] = _rounds(name, _work(2, plan), 1)
    for report in reports:
        assert [len(array("q", each)) for each in report.waits] == [0, 32]
    assert yielded.inserts == new_ids(2, plan)


@EVERY_STRATEGY
def test_a_time_box_is_as_long_as_it_says(name: str) -> None:
    [(reports, yielded)] = _rounds(name, _work(2, Plan(0, 0.05, 4, 500)), 1)
    for report in reports[:2]:
        assert report.end - report.begin >= 0.05e9
        assert report.attempts > 0
        assert report.attempts % 4 == 0
    assert 0 < yielded.inserts <= 500


def test_the_articles_loop_times_every_operation_and_adds_up() -> None:
    work = Work(workers=2, plan=Plan(0, 0.05, 64, 500), drawn=0, grown=array("q"), article=True)
    [(reports, yielded)] = _rounds("lock", work, 1)
    for report in reports:
        assert report.waits == NO_WAITS
        assert 0 < report.more < report.end - report.begin
    assert yielded.inserts <= sum(report.attempts for report in reports)


def _claims_one_more(real: Any) -> Any:
    def bad(*args: Any) -> Any:
        report = list(real(*args))
        report[4] += 1
        return tuple(report)

    return bad


@pytest.mark.parametrize(
    ("name", "loop"),
    [("lock", "locked"), ("atomic", "atomic"), ("striped", "striped"), ("actor", "owning")],
)
def test_who_claims_more_than_the_set_has_grown_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, loop: str
) -> None:
    monkeypatch.setattr(inserting, loop, _claims_one_more(getattr(inserting, loop)))
    with pytest.raises(FtbenchError, match=r"but the set grew by .*: nothing is recorded"):
        _rounds(name, _work(2, Plan(16, 0.0, 4, 1_000)), 1)


class LosesItsFirst:
    """A queue that loses the first batch of ids that is put into it."""

    def __init__(self, real: Any) -> None:
        self.get = real.get
        self._put = real.put
        self._lost = False

    def put(self, batch: Any) -> None:
        if self._lost or batch is None:
            self._put(batch)
        self._lost = True


def test_an_id_that_does_not_arrive_is_refused() -> None:
    means: Any = shared_state_of(THREADS)
    real = means.queue()
    means.queue = lambda: LosesItsFirst(real)
    strategy = STRATEGIES["actor"](THREADS, means, _work(1, Plan(16, 0.0, 4, 1_000)))
    team = team_of(THREADS, Deadline(30), strategy.members())
    reports = reports_of(team.round(strategy.reset))
    team.end()
    with pytest.raises(FtbenchError, match="16 ids were sent and 12 arrived"):
        strategy.finish(reports)


def test_subinterpreters_have_no_object_in_common_and_all_else_is_possible() -> None:
    for mode in MODES:
        for name in STRATEGIES:
            reason = hole(name, mode)
            if mode.kind == "interpreters" and name in MANAGED:
                assert (
                    reason == "subinterpreters share no set and no dict, only memory and messages"
                )
            else:
                assert reason is None


def test_a_manager_serves_processes_alone() -> None:
    served = {(mode.kind, name) for mode in MODES for name in STRATEGIES if managed(name, mode)}
    assert served == {("processes", name) for name in ("lock", "atomic", "striped")}


@pytest.mark.parametrize(
    ("operations", "id_space", "grown", "slots"),
    [
        (16_000, 10**7, 0, 65_536),  # half full, and chance moves little
        (64, 10**7, 0, 1_024),  # chance rules
        (1, 10**7, 0, 256),
        (64, 100, 20, 128),  # no more ids than these
        (0, 1_000, 0, 1_024),  # time-boxed: a slot for every id
    ],
)
def test_a_stripe_of_the_table_has_room_for_what_chance_may_put_there(
    operations: int, id_space: int, grown: int, slots: int
) -> None:
    sizes: list[int] = []
    means: Any = shared_state_of(THREADS)
    means.buffer = lambda size: sizes.append(size) or bytearray(size)  # type: ignore[func-returns-value]
    work = _work(2, Plan(operations, 0.1, 1, id_space), 0)
    work = Work(
        workers=2, plan=work.plan, drawn=grown, grown=array("q", range(grown)), article=False
    )
    table: Strategy = STRATEGIES["shared_memory"](THREADS, means, work)
    table.reset()
    assert sizes == [slots * 8]
    assert table.size() == grown
