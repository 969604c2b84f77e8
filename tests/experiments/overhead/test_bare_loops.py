"""Bare loops do the harness's work: the ids, the sets and the answers of the serial twin."""

from __future__ import annotations

import multiprocessing
import queue
import sys
import threading
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from ftbench.probe import overhead
from ftbench.probe.scenarios.reports import ID_SPACE
from ftbench.probe.workloads import inserting
from ftbench.probe.workloads.ids import draw, prepare

MANY = 640
PLAN = (MANY, 0.0, 64, ID_SPACE)


def forks(test: Callable[[], None]) -> Callable[[], None]:
    """Mark a test that forks; threads of other tests may still be there, and matter nothing."""
    warned = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
    return pytest.mark.skipif(sys.platform == "win32", reason="no fork")(warned(test))


def drawn(*indices: int) -> set[int]:
    return {uid for index in indices for uid in islice(draw(index, ID_SPACE), MANY)}


def test_an_object_that_draws_draws_the_same_ids() -> None:
    ids = overhead.Ids(3)
    assert [ids.following() for _ in range(MANY)] == list(islice(draw(3, ID_SPACE), MANY))


@pytest.mark.parametrize("loop", [overhead.locked, overhead.locked_as_in_the_article])
@pytest.mark.parametrize("shared", [set(), {}], ids=["set", "dict"])
def test_a_loop_under_the_lock_inserts_what_the_harness_inserts(
    loop: Callable[..., overhead.Span], shared: Any
) -> None:
    shared.clear()
    prepare(0, PLAN)
    begin, end = loop(0, MANY, shared, threading.Lock())
    theirs: set[int] = set()
    prepare(0, PLAN)
    inserting.locked(0, PLAN, theirs, threading.Lock())
    assert set(shared) == theirs == drawn(0)
    assert begin < end


@pytest.mark.parametrize("loop", [overhead.producing, overhead.producing_as_in_the_article])
def test_every_id_is_answered_and_inserted_once(loop: Callable[..., overhead.Span]) -> None:
    """Two producers, the second with the first one's ids once more: only half of them are new."""
    inbox: Any = queue.SimpleQueue()
    acks: tuple[Any, ...] = (queue.SimpleQueue(), queue.SimpleQueue())
    found: list[int] = []
    writer = threading.Thread(target=lambda: found.append(overhead.writing(2, inbox, acks)))
    writer.start()
    for index in range(2):
        prepare(index, PLAN)
    spans = [loop(0, MANY, (inbox,), acks[0])]
    inbox.put((1, next(draw(0, ID_SPACE))))
    assert acks[1].get(timeout=10) is False
    spans.append(loop(1, MANY, (inbox,), acks[1]))
    writer.join(10)
    assert found == [len(drawn(0, 1))]
    assert all(begin < end for begin, end in spans)


@forks
def test_a_process_that_computes_something_else_is_left_out() -> None:
    here = multiprocessing.current_process().pid
    _, said = overhead.processes(
        "fork", 2, lambda: int(multiprocessing.current_process().pid == here)
    )
    assert said == []
