"""A team of threads: who is told what and when, who is to blame, and what stays behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ftbench.errors import DeadlineError
from ftbench.facts.modes import mode_named
from ftbench.probe.entry_points import LEAVE, RUN
from ftbench.probe.workers import team_of
from ftbench.probe.workers.base import Deadline, Helper, Member, ended
from ftbench.probe.workers.threads import ThreadTeam

THREADS = mode_named("threads")


def _echo(*words: Any) -> tuple[Any, ...]:
    return words


Make = Callable[..., ThreadTeam]


@pytest.fixture
def make() -> Iterator[Make]:
    """Make teams; whoever is still at a gate when the test is over is told to leave."""
    teams: list[ThreadTeam] = []

    def team(seconds: float, members: list[Member], helper: Helper | None = None) -> ThreadTeam:
        made = team_of(THREADS, Deadline(seconds), members, helper)
        assert isinstance(made, ThreadTeam)
        teams.append(made)
        return made

    yield team
    for each in teams:
        for index, thread in enumerate(each._threads):
            each._tell(index, LEAVE)
            thread.join(20)
            assert not thread.is_alive()


@pytest.fixture
def hang(make: Make) -> Iterator[Member]:
    """A member of role owner that hangs until the test is over."""
    over = threading.Event()
    yield Member(role="owner", run=(over.wait, ()))
    over.set()


def _senders(count: int) -> list[Member]:
    return [Member(role="sender", run=(_echo, (index,))) for index in range(count)]


def test_reports_come_in_the_order_of_the_members_round_after_round(make: Make) -> None:
    team = make(20, _senders(5))
    try:
        for _ in range(3):
            done = team.round()
            assert done.reports == ((0,), (1,), (2,), (3,), (4,))
            assert done.cpu >= 0
    finally:
        team.end()


def test_all_are_prepared_before_the_reset_and_the_reset_comes_before_the_gate(make: Make) -> None:
    heard: list[str] = []
    members = [
        Member(role="worker", run=(heard.append, ("run",)), prepare=(heard.append, ("prepare",)))
        for _ in range(3)
    ]
    team = make(20, members)
    team.round(lambda: heard.append("reset"))
    team.end()
    assert heard == ["prepare"] * 3 + ["reset"] + ["run"] * 3


def test_members_that_prepare_nothing_wait_for_one_that_does(make: Make) -> None:
    heard: list[str] = []
    run = (heard.append, ("run",))
    prepared = Member(role="worker", run=run, prepare=(heard.append, ("prepare",)))
    team = make(20, [Member(role="worker", run=run), prepared])
    for _ in range(2):
        team.round(lambda: heard.append("reset"))
    team.end()
    assert heard == ["prepare", "reset", "run", "run"] * 2


def test_when_all_have_left_no_thread_is_there(make: Make) -> None:
    before = threading.active_count()
    team = make(20, _senders(4))
    assert threading.active_count() == before + 4
    team.end()
    assert threading.active_count() == before
    assert team.roles() == {}, "threads are no processes"


def test_a_member_that_does_not_leave_is_told(make: Make, hang: Member) -> None:
    team = make(0.2, [*_senders(1), hang])
    for index in range(2):
        team._tell(index, RUN)
    with pytest.raises(DeadlineError, match="1 of 2 members to end"):
        team.end()


class Process:
    """A helper's process that ends, or does not, within the time it is given."""

    def __init__(self, exitcode: int | None) -> None:
        self.exitcode: int | None = None
        self._ends = exitcode

    def join(self, seconds: float) -> None:
        assert seconds <= 2
        self.exitcode = self._ends


def _helper(exitcode: int | None) -> Helper:
    return Helper(role="manager", process=Process(exitcode), cpu=lambda: 0.0)


@pytest.mark.parametrize("helper", [None, _helper(None)])
def test_without_a_helper_or_with_one_that_lives_nobody_but_the_member_is_to_blame(
    helper: Helper | None,
) -> None:
    assert ended(helper, THREADS, "Worker 3 of 8: EOFError") is None


def test_a_helpers_cpu_is_in_the_rounds(make: Make) -> None:
    spent = iter([5.0, 105.0])
    helper = Helper(role="manager", process=Process(None), cpu=lambda: next(spent))
    team = make(20, _senders(1), helper)
    assert 100 <= team.round().cpu < 101
    team.end()
