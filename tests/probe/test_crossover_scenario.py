"""crossover: the loops that carry tasks, their clocks, and real pools in every mode."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from probing import bad_errand, document_of, has_mode, run_probe, words_of

from ftbench.errors import DeadlineError, FtbenchError, WorkerFailedError
from ftbench.facts.modes import MODES, Mode, mode_named
from ftbench.probe.instruments import counters
from ftbench.probe.pool_tasks import grind
from ftbench.probe.scenarios import crossover
from ftbench.probe.scenarios.crossover import (
    CROSSOVER,
    PAYLOADS,
    SIZES,
    WAVES,
    Place,
    by_pool,
    carried,
    cpu_seconds,
    in_a_loop,
    metrics,
    places,
)
from ftbench.probe.workers.base import Deadline
from ftbench.probe.workers.pools import ExecutorPool, Pool, pool_of
from ftbench.probe.workloads.crunching import errand
from ftbench.pythons import Interpreter

THREADS = mode_named("threads")
NAMES = [f"{size.name}_{payload.name}" for size in SIZES for payload in PAYLOADS]
LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="the clock is Linux's")


def small(count: int = 5, *, answer: int | None = None) -> Place:
    """Return a place whose tasks take next to no time."""
    told = errand(3, b"abc") if answer is None else answer
    return Place(size=SIZES[0], steps=3, payload=PAYLOADS[1], data=b"abc", count=count, answer=told)


# -- the work


def test_an_answer_proves_the_payload_and_the_work() -> None:
    assert errand(10, b"payload") != errand(10, b"paylobd")
    assert errand(10, b"payload") != errand(11, b"payload")
    assert errand(10, b"") == grind((0, 10))


def test_the_map_has_every_size_with_every_payload() -> None:
    every = places(2)
    assert [place.name for place in every] == NAMES
    assert [place.count for place in every] == [2 * n for waves in WAVES for n in waves]
    # A worker has two at least between the one that sets it to work and its last.
    assert min(place.count for place in places(64)) == 4 * 64
    assert [place.count for place in places(1)] == [place.count for place in every]
    more = places(2, lambda steps: steps + steps // 10)
    assert [place.steps for place in more[:: len(PAYLOADS)]] == [110, 1_100, 11_000, 110_000]
    assert not {place.answer for place in more} & {place.answer for place in every}
    for place in every:
        assert len(place.data) == place.payload.size
        assert place.answer == errand(place.size.steps, place.data)


def test_sizes_are_a_ladder_of_fixed_work() -> None:
    for size in SIZES:
        assert size.steps == pytest.approx(size.nominal / 100e-9)
    assert [size.steps for size in SIZES] == sorted(size.steps for size in SIZES)
    assert [payload.size for payload in PAYLOADS] == [0, 2**10, 2**16, 2**20]


@pytest.mark.parametrize(
    ("mode", "workers", "why"),
    [
        ("serial", 1, None),
        ("threads", 2, None),
        ("processes-spawn", 8, None),
        ("serial", 8, "workers=1"),
        ("threads", 1, "as the plain loop does"),
        ("interpreters", 1, "as the plain loop does"),
        ("asyncio", 8, "is measured in"),
    ],
)
def test_one_worker_is_a_plain_loop_and_nothing_else(
    mode: str, workers: int, why: str | None
) -> None:
    found = CROSSOVER.why_not(mode_named(mode), {"workers": workers})
    assert (found is None) if why is None else (found is not None and why in found)


# -- the loops


def test_a_loops_task_has_its_share_of_the_time_of_all() -> None:
    begin = time.perf_counter()
    task = in_a_loop(small(7))
    assert 0 < 7 * task <= time.perf_counter() - begin


class Window(ExecutorPool):
    """A pool of threads that remembers the most tasks that it had at a time."""

    most = 0
    now = 0

    def submit_then(self, call: Callable[[], None], function: Any, *args: Any) -> Any:
        self.now += 1
        self.most = max(self.most, self.now)
        return super().submit_then(call, function, *args)

    def result(self, handle: Any) -> Any:
        self.now -= 1
        return super().result(handle)


@pytest.mark.parametrize(("workers", "count", "most"), [(2, 9, 2), (3, 9, 3), (1, 3, 1)])
def test_as_many_tasks_are_under_way_as_there_are_workers(
    workers: int, count: int, most: int
) -> None:
    pool = Window(THREADS, workers, Deadline(20), ThreadPoolExecutor(workers))
    assert by_pool(pool, small(count)) > 0
    pool.shutdown()
    assert (pool.most, pool.now) == (most, 0)


def test_what_sets_a_pool_to_work_is_no_part_of_a_tasks_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    numbers = itertools.count()
    slow = 0.2

    def slow_at_first(steps: int, payload: bytes) -> int:
        time.sleep(slow if next(numbers) < 2 else 0)
        return errand(steps, payload)

    monkeypatch.setattr(crossover, "errand", slow_at_first)
    pool = pool_of("executor", THREADS, 2, Deadline(20))
    begin = time.perf_counter()
    task = by_pool(pool, small(8))
    pool.shutdown()
    # Of eight tasks the two of the first wave take all but next to nothing of the time.
    assert 2 * task <= time.perf_counter() - begin - slow


class OneCore(Pool):
    """A pool on one core that all tasks under way share alike, by a clock of its own."""

    def __init__(self, workers: int, first: Iterable[float]) -> None:
        super().__init__(THREADS, workers, Deadline(20), None)
        self.now = 0.0
        self.needs = itertools.chain(first, itertools.repeat(1.0))
        self.ahead: list[list[Any]] = []  # seconds of work left, what to call
        self.ended: list[int] = []
        self.put = self.ended.append

    def submit_then(self, call: Callable[[], None], *_task: Any) -> Any:
        self.ahead.append([next(self.needs), call])

    def result(self, _handle: Any) -> Any:
        return errand(3, b"abc")

    def get(self, timeout: float) -> int:
        """Go on until a task ends; return its number."""
        assert timeout > 0
        done = min(self.ahead, key=lambda each: each[0])
        self.now += done[0] * len(self.ahead)
        for each in self.ahead:
            each[0] -= done[0] if each is not done else 0
        self.ahead.remove(done)
        done[1]()
        return self.ended.pop()


@pytest.mark.parametrize("first", [[0.25, 0.5, 0.75], [1.0, 1.0, 1.0], [0.5, 1.0, 0.75]])
def test_work_that_is_done_when_the_clock_starts_is_made_up_for(
    first: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = OneCore(3, first)
    monkeypatch.setattr(crossover, "SimpleQueue", lambda: pool)
    monkeypatch.setattr(time, "perf_counter", lambda: pool.now)
    assert by_pool(pool, small(12)) == pytest.approx(1.0)


def test_an_answer_that_is_not_the_serial_twins_is_refused() -> None:
    pool = pool_of("executor", THREADS, 2, Deadline(20))
    for carry in (in_a_loop, lambda place: by_pool(pool, place)):
        with pytest.raises(FtbenchError, match="serial twin"):
            carry(small(answer=-1))
    pool.shutdown()


def test_a_task_that_fails_ends_the_round_with_its_story(monkeypatch: pytest.MonkeyPatch) -> None:
    def boom(_steps: int, _data: bytes) -> int:
        raise RuntimeError("boom on the way")

    monkeypatch.setattr(crossover, "errand", boom)
    pool = pool_of("executor", THREADS, 2, Deadline(20))
    with pytest.raises(WorkerFailedError) as raised:
        by_pool(pool, small())
    assert "boom on the way" in raised.value.story
    pool.shutdown()


def test_tasks_that_never_come_back_meet_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(THREADS, 2, Deadline(0.05), None)
    monkeypatch.setattr(pool, "submit_then", lambda *_task: None)
    with pytest.raises(DeadlineError, match="a task of the pool to end"):
        by_pool(pool, small())


# -- the clocks


@LINUX_ONLY
def test_the_clock_of_others_is_that_of_oneself() -> None:
    before = time.process_time()
    found = counters.cpu_seconds_of([os.getpid()])
    assert before <= found <= time.process_time()


@LINUX_ONLY
def test_the_clock_of_others_counts_what_they_crunch() -> None:
    code = "sum(range(10**6)); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert counters.cpu_seconds_of([child.pid]) > 0
        child.communicate(b"\n")
    with pytest.raises(OSError, match=r"."):
        counters.cpu_seconds_of([child.pid])


def test_where_the_system_does_not_tell_there_is_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "knows_cpu_of_others", lambda: False)
    assert cpu_seconds([1]) is None
    assert (cpu_seconds([]) or 0) > 0
    figures = carried(small(), in_a_loop, [1])
    assert metrics({"10us_1kib": [figures]}).keys() == {"task_10us_1kib"}


def test_what_a_place_came_to_is_per_task(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([1.0, 3.0])
    monkeypatch.setattr(crossover, "cpu_seconds", lambda _pids: next(clock))
    assert carried(small(4), lambda _place: 2.0, []) == {"task": 2.0, "cpu": 0.5}


def test_metrics_have_a_sample_per_turn_for_every_place() -> None:
    turns = {name: [{"task": float(n), "cpu": n + 0.25}] * 3 for n, name in enumerate(NAMES)}
    found = metrics(turns)
    assert set(found) == {f"{cost}_{name}" for cost in ("task", "cpu") for name in NAMES}
    assert found["task_10us_1kib"].samples == (1.0,) * 3
    assert found["cpu_10us_1kib"].samples == (1.25,) * 3


def test_the_memory_is_that_of_the_tree_at_the_end() -> None:
    look = {
        "processes": [
            {"role": "parent", "rss": 3, "uss": 1, "pss": 2},
            {"role": "worker", "rss": 5, "uss": 2, "pss": None},
        ]
    }
    seen = {"samples": [look], "reader": "psutil", "interval": 0.5, "duty": 0.1}
    assert CROSSOVER.from_observation is not None
    found = CROSSOVER.from_observation({"after": seen}, 2)
    assert {name: metric.samples for name, metric in found.metrics.items()} == {
        "rss": (8.0,),
        "uss": (3.0,),
    }
    assert found.notes["roles"]["worker"]["processes"] == 1


# -- real pools


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_every_mode_has_every_place(pair: tuple[Interpreter, Interpreter], mode: Mode) -> None:
    python = pair[MODES.index(mode) % 2]
    if not has_mode(python, mode):
        pytest.skip(f"no {mode.name} here")
    document = document_of(python.executable, "crossover", *words_of(mode), "--workers", "2")
    found = document["metrics"]
    assert {f"task_{name}" for name in NAMES} <= set(found)
    assert all(sample > 0 for metric in found.values() for sample in metric["samples"])
    processes = document["notes"]["roles"].get("worker", {"processes": 0})["processes"]
    assert processes == (2 if mode.kind == "processes" else 0)
    answers = sum(document["notes"]["tasks"].values())
    assert document["invariants"][0]["checked"].startswith(f"all {answers} answers are ")


def test_a_plain_loop_is_there_too(gil_python: Interpreter) -> None:
    document = document_of(gil_python.executable, "crossover", "--mode", "serial", "--workers", "1")
    assert {f"task_{name}" for name in NAMES} <= set(document["metrics"])
    assert set(document["notes"]["roles"]) == {"parent"}


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_a_worker_that_ends_ends_the_run_with_its_story() -> None:
    words = ["--mode", "processes", "--start-method", "fork", "--workers", "2", "--deadline", "4"]
    done = run_probe(sys.executable, "crossover", *words, how=bad_errand("os._exit(3)"))
    assert (done.returncode, done.stdout) == (4, "")
    assert "BrokenProcessPool" in done.stderr
