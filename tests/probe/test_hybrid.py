"""hybrid: fetchers, a bounded queue, crunchers; each item once, whatever the mode."""

from __future__ import annotations

import queue
import sys
import threading
import time
from array import array
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from probing import document_of, has_mode, program, run_probe, words_of

from ftbench.errors import DeadlineError, WorkerFailedError
from ftbench.facts.modes import MODES, Mode, mode_named
from ftbench.probe.pool_tasks import grind
from ftbench.probe.scenarios.hybrid import (
    FETCH_SECONDS,
    PER_FETCHER,
    STEPS,
    Fetches,
    Fetching,
    bounded_queue,
    one_round,
    serial_twin,
)
from ftbench.probe.workers.base import Deadline, Round
from ftbench.probe.workloads.crunching import crunch, crunching, payload_of
from ftbench.pythons import Interpreter

METRICS = {"item", "wait_p50", "cpu"}
TAILS = {"wait_p95", "wake_p95"}  # where there are items enough
PLAN = Fetches(3, 12, 0.001)
NEEDS_FORK = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")


# -- the parts


def test_items_differ_and_their_checksum_is_that_of_their_seed() -> None:
    payloads = [payload_of(number) for number in range(20)]
    assert len(set(payloads)) == 16
    assert {len(payload) for payload in payloads} == {1024}
    assert crunch(payloads[3], 10) == crunch(payloads[19], 10) == grind((3, 10))


def test_a_cruncher_reports_what_it_crunched_until_it_is_told_to_end() -> None:
    items: queue.Queue[Any] = queue.Queue()
    begin = time.perf_counter_ns()
    for number in range(3):
        items.put((begin, payload_of(number)))
    items.put(None)
    items.put("left for the others")
    count, total, end, packed = crunching(items, 5)
    waits = array("q", packed)
    assert (count, total) == (3, sum(grind((number, 5)) for number in range(3)))
    assert len(waits) == 3
    assert 0 < waits[0] <= waits[1] <= waits[2] <= end - begin
    assert items.qsize() == 1


def test_a_cruncher_without_items_has_no_end() -> None:
    items: queue.Queue[Any] = queue.Queue()
    items.put(None)
    assert crunching(items, 5) == (0, 0, 0, b"")


def test_a_bounded_queue_makes_the_next_one_wait_for_room() -> None:
    bounded = bounded_queue(mode_named("threads"), 2)
    bounded.put(1)
    bounded.put(2)
    with pytest.raises(queue.Full):
        bounded.put(3, timeout=0.01)


def test_fetchers_put_every_item_once_and_then_an_end_mark_per_worker() -> None:
    items: queue.Queue[Any] = queue.Queue()
    fetching = Fetching(items, PLAN, workers=2)
    fetching.start()
    fetches = fetching.finish(Deadline(20))
    came = [items.get_nowait() for _ in range(items.qsize())]
    assert came[-2:] == [None, None]
    assert sorted(payload for _, payload in came[:-2]) == sorted(map(payload_of, range(12)))
    assert all(put_at > fetching.begin for put_at, _ in came[:-2])
    assert len(fetches) == PLAN.items == 12
    assert min(fetches) >= PLAN.seconds


class Broken(queue.Queue[Any]):
    """A queue that takes end marks only."""

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: FBT001, FBT002
        if item is not None:
            raise RuntimeError("boom at the queue")
        super().put(item, block, timeout)


def test_a_fetcher_that_fails_is_told_and_keeps_no_worker_waiting() -> None:
    items = Broken()
    fetching = Fetching(items, PLAN, workers=2)
    fetching.start()
    with pytest.raises(WorkerFailedError, match=r"3 of 3.*nothing is recorded") as raised:
        fetching.finish(Deadline(20))
    assert "boom at the queue" in raised.value.story
    assert items.qsize() == 2


def test_fetchers_that_nobody_serves_meet_the_deadline() -> None:
    items: queue.Queue[Any] = queue.Queue(1)
    fetching = Fetching(items, PLAN, workers=1)
    fetching.start()
    with pytest.raises(DeadlineError, match="the fetchers to end"):
        fetching.finish(Deadline(0.05))
    threading.Thread(target=crunching, args=(items, 1), daemon=True).start()
    assert len(fetching.finish(Deadline(20))) == PLAN.items


def test_the_serial_twin_is_the_sum_over_all_items() -> None:
    total, seconds = serial_twin(PLAN)
    assert total == sum(crunch(payload_of(number), STEPS) for number in range(PLAN.items))
    assert seconds > 0


def test_a_rounds_costs_are_those_of_its_items() -> None:
    def round_of(start: Callable[[], None]) -> Round:
        start()
        end = time.perf_counter_ns() + 10**9
        reports = [
            (3, 5, end, array("q", [100_000, 200_000]).tobytes()),
            (1, 2, end - 1, array("q", [300_000]).tobytes()),
        ]
        return Round(reports=tuple(reports), cpu=1.0)

    cell: Any = SimpleNamespace(params={"workers": 2}, deadline=Deadline(20))
    team: Any = SimpleNamespace(round=round_of)
    costs = one_round(cell, team, queue.Queue(), Fetches(2, 4, 0.001), 7)
    assert costs.keys() == METRICS
    assert 1 <= costs["item"] * 2 * PER_FETCHER < 2
    assert costs["wait_p50"] == pytest.approx(2e-4)
    assert costs["cpu"] == 1 / (2 * PER_FETCHER)


# -- real workers


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_every_mode_crunches_every_item_once(gil_python: Interpreter, mode: Mode) -> None:
    if not has_mode(gil_python, mode):
        pytest.skip(f"no {mode.name} here")
    words = [*words_of(mode), "--workers", "2", "--set", "room=4"]
    document = document_of(gil_python.executable, "hybrid", *words)
    assert set(document["metrics"]) == METRICS | TAILS
    assert all(min(metric["samples"]) > 0 for metric in document["metrics"].values())
    assert min(document["metrics"]["wake_p95"]["samples"]) >= FETCH_SECONDS
    assert document["notes"]["items"] == 8 * PER_FETCHER
    assert f"all {8 * PER_FETCHER} items were crunched once" in document["invariants"][0]["checked"]


@pytest.mark.parametrize("mode", ["threads", pytest.param("processes-fork", marks=NEEDS_FORK)])
def test_a_free_threaded_build_has_it_too(ft_python: Interpreter, mode: str) -> None:
    words = [*words_of(mode_named(mode)), "--workers", "2"]
    document = document_of(ft_python.executable, "hybrid", *words)
    assert document["gil"]["after"] is False


# -- bad ends

_BAD = """
import os, signal, sys, time
from ftbench.probe.scenarios import hybrid as scenario
from ftbench.probe.workloads import crunching
from ftbench.probe.run import cell
parent = os.getpid()
{patch}
cell.main()
"""
_IN_A_WORKER = """
real = crunching.grind
def bad(task):
    if os.getpid() != parent:
        {worst}
    return real(task)
crunching.grind = bad
"""


def end_of(patch: str, mode: str, deadline: str = "30") -> tuple[int, str]:
    words = [*words_of(mode_named(mode)), "--workers", "2", "--deadline", deadline]
    how = program(_BAD.format(patch=patch))
    done = run_probe(sys.executable, "hybrid", *words, how=how)
    assert done.stdout == ""
    return done.returncode, done.stderr


@NEEDS_FORK
@pytest.mark.parametrize(
    ("worst", "code", "story"),
    [
        ("raise RuntimeError('boom at work')", 4, "boom at work"),
        ("os.kill(os.getpid(), signal.SIGKILL)", 4, "SIGKILL"),
        ("os._exit(3)", 4, "exited with code 3"),
        ("time.sleep(600)", 5, "cruncher"),
        ("return 0", 1, "the serial twin's"),
    ],
)
def test_a_cruncher_that_fails_ends_the_run_with_its_story(
    worst: str, code: int, story: str
) -> None:
    found, told = end_of(_IN_A_WORKER.format(worst=worst), "processes-fork", "3")
    assert found == code
    assert story in told


@pytest.mark.parametrize("mode", ["threads", pytest.param("processes-fork", marks=NEEDS_FORK)])
def test_a_fetcher_that_fails_ends_the_run_with_its_story(mode: str) -> None:
    patch = (
        "import threading\n"
        "real = scenario.payload_of\n"
        "def bad(number):\n"
        "    if threading.current_thread() is threading.main_thread():\n"
        "        return real(number)\n"
        "    raise RuntimeError('boom while fetching')\n"
        "scenario.payload_of = bad"
    )
    code, told = end_of(patch, mode)
    assert code == 4
    assert "A fetcher (8 of 8) failed" in told
    assert "boom while fetching" in told


def test_an_item_that_is_lost_is_refused() -> None:
    patch = (
        "class Loses:\n"
        "    def __init__(self, real): self.real = real; self.get = real.get; self.count = 0\n"
        "    def put(self, item):\n"
        "        self.count += 1\n"
        "        if self.count != 5: self.real.put(item)\n"
        "real = scenario.bounded_queue\n"
        "scenario.bounded_queue = lambda mode, room: Loses(real(mode, room))\n"
    )
    code, told = end_of(patch, "threads")
    assert code == 1
    assert "191 of 192 items were crunched" in told
