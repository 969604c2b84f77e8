"""What else ran: told from two looks at the kernel's accounting, which these tests make up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ftbench.errors import UsageError
from ftbench.probe.instruments import interference
from ftbench.probe.instruments.interference import Look, between, disturbance, look, most_repeats
from ftbench.probe.instruments.kernel import Throttled

CALM = Look(at=100.0, own=5.0, busy=50.0, stolen=1.0, cores=2)

STAT = """\
cpu  900 0 0 0 0 0 0 0 0 0
cpu0 100 10 20 5000 7 3 2 40 0 0
cpu1 200 0 50 5000 0 0 0 10 0 0
cpu7 999 999 999 999 999 999 999 999 0 0
intr 12345
procs_running 4
procs_blocked 9
"""


def after(
    seconds: float = 1.0, *, own: float = 0.0, busy: float = 0.0, stolen: float = 0.0
) -> Look:
    return CALM._replace(
        at=CALM.at + seconds,
        own=CALM.own + own,
        busy=(CALM.busy or 0.0) + busy,
        stolen=(CALM.stolen or 0.0) + stolen,
    )


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "stat").write_text(STAT)
    monkeypatch.setattr(interference, "PROC", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1}, raising=False)
    monkeypatch.setattr(os, "sysconf", lambda _name: 100, raising=False)
    return tmp_path


@pytest.mark.usefixtures("proc")
def test_a_look_counts_the_cores_that_may_be_used_and_no_idle_time() -> None:
    seen = look()
    assert (seen.busy, seen.stolen, seen.cores) == (3.85, 0.5, 2)


@pytest.mark.usefixtures("proc")
def test_two_looks_tell_something_and_a_third_later_is_later() -> None:
    first, second = look(), look()
    assert second.at >= first.at
    assert second.own >= first.own
    assert between(first, second)["foreign"] == 0.0


@pytest.mark.parametrize(
    "stat", ["", "cpu 1 2 3\n", "cpu0 1 2\n", "cpu0 a b c d e f g h\n", "procs_running\n"], ids=repr
)
def test_a_kernel_that_says_something_else_says_nothing(proc: Path, stat: str) -> None:
    (proc / "stat").write_text(stat)
    seen = look()
    assert (seen.busy, seen.stolen, seen.cores) == (None, None, 0)


def test_a_system_without_proc_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interference, "PROC", tmp_path)
    seen = look()
    assert (seen.busy, seen.stolen) == (None, None)
    assert between(seen, seen) == {}
    noticed = between(seen, seen, noticed="a core was lost")
    assert (noticed["marked"], noticed["why"]) == (True, "a core was lost")
    assert disturbance({}) == (False, 0.0)


def test_our_own_work_disturbs_nobody() -> None:
    seen = between(CALM, after(2.0, own=3.9, busy=3.95))
    assert (seen["foreign"], seen["marked"], seen["why"]) == (0.025, False, "")


def test_work_of_our_tree_that_nobody_waited_for_is_still_ours() -> None:
    seen = between(CALM, after(2.0, own=0.1, busy=3.95), tree=3.9)
    assert (seen["foreign"], seen["marked"]) == (0.025, False)


def test_more_of_ours_than_the_kernel_sees_at_all_is_nobody_elses() -> None:
    assert between(CALM, after(1.0, own=2.0, busy=1.9))["foreign"] == 0.0


def test_others_that_take_a_tenth_of_the_cores_disturb() -> None:
    assert not between(CALM, after(1.0, own=1.0, busy=1.19))["marked"]
    seen = between(CALM, after(1.0, own=1.0, busy=1.6))
    assert seen["marked"] is True
    assert seen["foreign"] == 0.6
    assert seen["why"] == "other programs used 0.60 of 2 cores meanwhile"


def test_what_the_host_takes_disturbs_alike() -> None:
    seen = between(CALM, after(1.0, own=1.0, busy=1.0, stolen=0.5))
    assert (seen["steal"], seen["marked"]) == (0.5, True)
    assert seen["why"].endswith("the host of this virtual machine took 0.50")
    assert disturbance(seen) == (True, 0.5)


def test_a_few_ticks_in_a_short_run_are_nothing() -> None:
    assert not between(CALM, after(0.1, busy=0.04))["marked"]
    assert between(CALM, after(0.1, busy=0.06))["marked"]


def test_a_run_that_a_quota_stopped_is_marked_and_counts_as_disturbed() -> None:
    early, late = Throttled(times=4, seconds=1.0), Throttled(times=6, seconds=1.5)
    seen = between(CALM._replace(throttled=early), after()._replace(throttled=late))
    assert (seen["throttled"], seen["marked"]) == (0.5, True)
    assert seen["why"] == "a CPU quota stopped it 2 times, for 0.50 s in all"
    assert disturbance(seen) == (True, 0.5)


def test_what_was_stopped_before_is_no_mark() -> None:
    before = Throttled(times=4, seconds=1.0)
    seen = between(CALM._replace(throttled=before), after()._replace(throttled=before))
    assert (seen["throttled"], seen["marked"], seen["why"]) == (0.0, False, "")


def test_stops_are_told_where_nothing_else_is() -> None:
    silent = CALM._replace(busy=None)
    seen = between(silent, silent._replace(at=101.0, throttled=Throttled(times=1, seconds=0.1)))
    assert seen["marked"]
    assert disturbance(seen) == (True, 0.1)
    assert "foreign" not in seen


def test_a_core_that_came_or_went_leaves_nothing_to_compare() -> None:
    assert between(CALM, after()._replace(cores=4)) == {}


def test_no_time_at_all_is_no_division() -> None:
    assert between(CALM, CALM)["foreign"] == 0.0


@pytest.mark.parametrize(("text", "limit"), [("", 2), ("0", 0), ("1", 1), ("10", 10)])
def test_the_limit_of_repeats_is_the_profiles_unless_said(
    text: str, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(interference.REPEATS_VARIABLE, text)
    assert most_repeats(2) == limit


@pytest.mark.parametrize("text", ["-1", "11", "two", "1.5", "²"])
def test_a_limit_that_is_none_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(interference.REPEATS_VARIABLE, text)
    with pytest.raises(UsageError, match="FTBENCH_REPEATS"):
        most_repeats(2)
