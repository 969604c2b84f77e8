"""The pools behind one interface: what they answer, and how they fail."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import pytest

from ftbench.errors import DeadlineError, FtbenchError, WorkerFailedError
from ftbench.facts.modes import POOL_MODES, POOL_TABLE, mode_named, no_such_pool
from ftbench.probe import pool_tasks
from ftbench.probe.workers.base import Deadline
from ftbench.probe.workers.pools import NAP_SECONDS, Pool, check, pool_of

# The libraries that have a pool of threads: in this process, and quickly made.
OF_THREADS = [name for name, kind in POOL_TABLE.items() if "threads" in kind.modes]
WORKERS = 3


@pytest.fixture(params=OF_THREADS)
def pool(request: pytest.FixtureRequest) -> Iterator[Pool]:
    pool = pool_of(request.param, mode_named("threads"), WORKERS, Deadline(20))
    yield pool
    pool.deadline = Deadline(20)
    pool.shutdown()


def test_a_task_that_is_handed_over_comes_back(pool: Pool) -> None:
    assert pool.call(pool_tasks.echo, 7) == 7
    handles = [pool.submit(pool_tasks.echo, number) for number in range(20)]
    assert [pool.result(handle) for handle in handles] == list(range(20))


@pytest.mark.parametrize("chunk", [1, 4, 100])
def test_a_map_returns_its_results_in_order(pool: Pool, chunk: int) -> None:
    items = range(50)
    assert pool.map(pool_tasks.step, items, chunk) == list(map(pool_tasks.step, items))


def test_a_pool_is_full_when_each_of_its_workers_has_taken_a_task(pool: Pool) -> None:
    begin = perf_counter()
    full = pool.fill()
    # The nap that holds a worker comes after the moment that counts.
    assert begin < full < perf_counter() - 0.9 * NAP_SECONDS
    seen = {pool.result(pool.submit(pool_tasks.nap, 0.0))[:2] for _ in range(20)}
    assert 1 <= len(seen) <= WORKERS


def _raise(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize("error", [RuntimeError("boom"), TimeoutError("boom")])
def test_a_task_that_raises_is_a_worker_that_failed(pool: Pool, error: BaseException) -> None:
    for fail in (
        lambda: pool.call(_raise, error),
        lambda: pool.result(pool.submit(_raise, error)),
        lambda: pool.map(_raise, [error], 1),
    ):
        with pytest.raises(WorkerFailedError) as raised:
            fail()
        assert "boom" in raised.value.story
        assert "nothing is recorded" in raised.value.message


def test_a_task_that_hangs_meets_the_deadline(pool: Pool) -> None:
    for wait in (
        lambda: pool.call(time.sleep, 0.4),
        lambda: pool.map(time.sleep, [0.4], 1),
        pool.fill,
    ):
        pool.deadline = Deadline(0.02)
        pool.submit(time.sleep, 0.4)
        with pytest.raises(DeadlineError, match=r"deadline of 0\.02 s"):
            wait()


def test_a_pool_that_does_not_shut_down_meets_the_deadline(pool: Pool) -> None:
    pool.submit(time.sleep, 0.4)
    pool.deadline = Deadline(0.05)
    with pytest.raises(DeadlineError, match="pool to shut down"):
        pool.shutdown()


def test_shutting_down_waits_for_the_tasks(tmp_path: Path) -> None:
    pool = pool_of("executor", mode_named("threads"), 1, Deadline(20))
    for name in "ab":
        pool.submit((tmp_path / name).touch)
    assert pool.shutdown() >= 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_shutdown_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = pool_of("executor", mode_named("threads"), 1, Deadline(20))
    monkeypatch.setattr(pool, "_end", lambda: _raise(RuntimeError("cannot end")))
    with pytest.raises(WorkerFailedError) as raised:
        pool.shutdown()
    assert "cannot end" in raised.value.story


@pytest.mark.parametrize("name", POOL_TABLE)
def test_a_pool_has_the_modes_of_the_table_and_says_so_of_the_others(name: str) -> None:
    kind = POOL_TABLE[name]
    assert set(kind.modes) <= set(POOL_MODES)
    for mode in map(mode_named, POOL_MODES):
        reason = no_such_pool(name, mode)
        if mode.name in kind.modes:
            assert reason is None
        else:
            assert reason is not None
            assert all(each in reason for each in (kind.title, *kind.modes))


@pytest.mark.parametrize("answers", [[1, 2, 4], [1, 2], [], [1, 2, 3, 4]])
def test_results_that_are_not_the_serial_twins_are_refused(answers: list[int]) -> None:
    check([1, 2, 3], (1, 2, 3))
    with pytest.raises(FtbenchError, match="nothing is recorded"):
        check(answers, (1, 2, 3))
