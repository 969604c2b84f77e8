"""What a member says, and what of a process is counted as its CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from ftbench.probe import entry_points
from ftbench.probe.entry_points import (
    DONE,
    FAILED,
    LEAVE,
    PREPARE,
    READY,
    RUN,
    STORY_LIMIT,
    member_main,
    obey,
)
from ftbench.probe.workloads import ids as sharing_turns
from ftbench.probe.workloads.ids import turns

Steps = Mapping[int, tuple[Callable[..., Any], tuple[Any, ...]]]


def _gate(words: Iterable[int]) -> Callable[[], int]:
    return iter(words).__next__


def test_a_member_does_what_it_is_told_until_it_may_leave() -> None:
    said: list[tuple[str, Any]] = []
    steps: Steps = {RUN: (divmod, (7, 2)), PREPARE: (str, ("ready",))}
    words = _gate([PREPARE, RUN, RUN, LEAVE, RUN])
    obey(words, lambda *word: said.append(word), steps)
    assert said == [(READY, None), (DONE, "ready"), (DONE, (3, 1)), (DONE, (3, 1))]
    assert words() == RUN, "what comes after leaving is not read"


class Line:
    """The member's end of a line: `words` come in, `sent` went out."""

    def __init__(self, *words: int) -> None:
        self.recv = _gate(words)
        self.sent: list[tuple[str, Any, int]] = []

    def send(self, message: tuple[str, Any, int]) -> None:
        self.sent.append(message)


def test_a_process_tells_the_cpu_of_each_step_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    # Its clock when it starts and is ready, then before and after each step, and when it leaves.
    clock = iter([100, 110, 500, 530, 900, 907, 1_000])
    monkeypatch.setattr(entry_points, "process_time_ns", lambda: next(clock))
    line = Line(PREPARE, RUN, LEAVE)
    member_main(line, {PREPARE: (int, ()), RUN: (int, ())})
    assert line.sent == [(READY, None, 10), (DONE, 0, 30), (DONE, 0, 7)]


def _boom() -> None:
    raise RuntimeError("boom" + "x" * 2 * STORY_LIMIT)


@pytest.mark.parametrize(
    ("function", "args", "said"), [(_boom, (), "xxx"), (exit, (3,), "SystemExit: 3")]
)
def test_a_failure_is_told_with_the_end_of_its_traceback(
    function: Callable[..., Any], args: tuple[Any, ...], said: str
) -> None:
    line = Line(RUN, LEAVE)
    with pytest.raises(SystemExit) as caught:
        member_main(line, {RUN: (function, args)})
    assert caught.value.code == 1
    [ready, (word, story, cpu)] = line.sent
    assert ready[0] == READY
    assert (word, cpu) == (FAILED, 0)
    assert said in story
    assert len(story) <= STORY_LIMIT


def test_a_fixed_amount_of_work_is_so_many_turns() -> None:
    assert list(turns(640, 0.0, 64)) == [None] * 10
    assert list(turns(3, 600.0, 1)) == [None] * 3


def test_a_time_box_ends_at_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # It begins at 10, and ends at 12.
    clock = iter([10.0, 10.5, 11.0, 11.9, 12.0])
    monkeypatch.setattr(sharing_turns, "perf_counter", lambda: next(clock))
    assert list(turns(0, 2.0, 64)) == [None] * 3
