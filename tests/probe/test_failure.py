"""failure: crashes of which a library tells, those it hides, and work that is called off."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from probing import document_of, has_mode, program, run_probe, words_of

from ftbench.errors import DeadlineError, FtbenchError
from ftbench.facts.modes import MODES, POOL_TABLE, Mode, mode_named
from ftbench.facts.profiles import profile_named
from ftbench.probe import pool_tasks
from ftbench.probe.scenarios.base import Cell, by_round, scenario_named
from ftbench.probe.scenarios.failure import (
    WAITING,
    WATCH_SECONDS,
    call_off,
    crash,
    none_left,
)
from ftbench.probe.workers.base import Deadline
from ftbench.probe.workers.pools import Pool, pool_of
from ftbench.pythons import Interpreter

FAILURE = scenario_named("failure")
EVERY = {"detect", "recover", "lost", "cancel", "uncancelled", "stop"}
THREADS = ("executor", "multiprocessing")
CELLS = [
    pytest.param(name, mode, id=f"{name}-{mode.name}")
    for name, kind in POOL_TABLE.items()
    for mode in MODES
    if kind.futures and mode.name in kind.modes
]
NEEDS_FORK = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")


def _look_away(phase: str, seconds: float, members: Mapping[int, str]) -> None:
    """Observe nothing."""


def a_cell(pool: str, deadline: float = 20.0) -> Cell:
    return Cell(
        mode=mode_named("threads"),
        params=FAILURE.parse({"pool": pool, "workers": 4}),
        profile=profile_named("smoke"),
        deadline=Deadline(deadline),
        observe=_look_away,
    )


# -- the parts


def test_staying_ends_at_its_moment_and_answers() -> None:
    until = time.perf_counter() + 0.02
    assert pool_tasks.stay(until, 7) == 7
    assert time.perf_counter() >= until


def test_dying_without_being_killed_raises_at_its_moment() -> None:
    when = time.perf_counter() + 0.01
    with pytest.raises(RuntimeError, match="on purpose"):
        pool_tasks.die(when, False)
    assert time.perf_counter() >= when


@pytest.mark.parametrize("name", THREADS)
def test_a_crash_in_a_thread_costs_its_own_task_and_the_pool_lives_on(name: str) -> None:
    cell = a_cell(name)
    pool = pool_of(name, cell.mode, 4, cell.deadline)
    pool.fill()
    cost, working = crash(cell, pool, WATCH_SECONDS)
    assert working is pool
    assert cost["lost"] == 1
    assert 0 < cost["detect"] <= cost["recover"]
    pool.shutdown()


def test_a_crash_that_does_not_happen_is_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_tasks, "die", lambda _when, _killed: 0)
    cell = a_cell("executor")
    pool = pool_of("executor", cell.mode, 4, cell.deadline)
    with pytest.raises(FtbenchError, match="came back"):
        crash(cell, pool, WATCH_SECONDS)
    pool.shutdown()


def test_a_crash_of_which_no_word_comes_meets_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_tasks, "die", lambda _when, _killed: time.sleep(0.6))
    cell = a_cell("executor", deadline=0.1)
    pool = pool_of("executor", cell.mode, 4, Deadline(20))
    with pytest.raises(DeadlineError, match="word of a worker that died"):
        crash(cell, pool, WATCH_SECONDS)
    pool.shutdown()


def test_tasks_that_wait_are_cancelled_and_those_at_work_are_not() -> None:
    cell = a_cell("executor")
    pool = pool_of("executor", cell.mode, 4, cell.deadline)
    pool.fill()
    cost = call_off(pool)
    assert 0 < cost["cancel"] < 1
    assert 4 <= cost["uncancelled"] < 128  # more of them on a machine that has others to run
    assert 0 < cost["stop"] < 10


def test_what_cannot_be_cancelled_runs_and_is_checked() -> None:
    cell = a_cell("multiprocessing")
    pool = pool_of("multiprocessing", cell.mode, 4, cell.deadline)
    pool.fill()
    cost = call_off(pool)
    assert "cancel" not in cost
    assert cost["uncancelled"] == 4 + WAITING


def test_a_pool_that_does_not_stop_meets_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(mode_named("threads"), 1, Deadline(0.05), None)
    monkeypatch.setattr(pool, "_stop", lambda: time.sleep(0.3))
    with pytest.raises(DeadlineError, match="the pool to stop"):
        pool.stop()


def test_a_worker_process_that_is_left_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    fake: Any = SimpleNamespace(active_children=list)
    monkeypatch.setitem(sys.modules, "multiprocessing", fake)
    none_left()
    fake.active_children = lambda: ["one"]
    with pytest.raises(FtbenchError, match="1 worker processes are there"):
        none_left()


def test_what_was_not_detected_once_or_cannot_be_cancelled_has_no_figure() -> None:
    told = {"detect": 0.1, "recover": 0.2, "lost": 4, "uncancelled": 9, "stop": 0.3}
    silent = {name: cost for name, cost in told.items() if name != "detect"}
    metrics = by_round(FAILURE.metrics, [told, silent])
    assert {name: metric.samples for name, metric in metrics.items()} == {
        "recover": (0.2, 0.2),
        "lost": (4, 4),
        "uncancelled": (9, 9),
        "stop": (0.3, 0.3),
    }
    assert metrics["lost"].unit == metrics["uncancelled"].unit == "tasks"


def test_joblib_has_no_tasks_that_can_be_watched_alone() -> None:
    reason = FAILURE.why_not(mode_named("loky"), FAILURE.parse({"pool": "joblib"}))
    assert reason is not None
    assert "joblib.Parallel waits for all" in reason


# -- real pools


@pytest.mark.parametrize(("pool", "mode"), CELLS)
def test_every_pool_that_has_tasks_is_measured_in_every_mode(
    gil_python: Interpreter, pool: str, mode: Mode
) -> None:
    if not has_mode(gil_python, mode):
        pytest.skip(f"no {mode.name} here")
    words = [*words_of(mode), "--workers", "4", "--set", f"pool={pool}"]
    document = document_of(gil_python.executable, "failure", *words)
    hides = pool == "multiprocessing" and mode.kind == "processes"
    without = {"cancel"} if pool == "multiprocessing" else set()
    assert set(document["metrics"]) == EVERY - without - ({"detect"} if hides else set())
    assert document["notes"].get("undetected") == (WATCH_SECONDS if hides else None)
    lost = set(document["metrics"]["lost"]["samples"])
    assert lost <= {1, 2}
    if hides or mode.kind != "processes":
        assert lost == {1}
    assert all(min(metric["samples"]) > 0 for metric in document["metrics"].values())


@pytest.mark.parametrize("pool", THREADS)
def test_a_free_threaded_build_has_it_too(ft_python: Interpreter, pool: str) -> None:
    words = ["--workers", "2", "--set", f"pool={pool}"]
    document = document_of(ft_python.executable, "failure", *words)
    assert document["gil"]["after"] is False
    assert document["metrics"]["lost"]["samples"] == [1]


def test_a_pool_of_one_worker_is_refused() -> None:
    done = run_probe(sys.executable, "failure", "--workers", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "workers must be from 2" in done.stderr


# -- bad ends

_BAD = """
import os, time
from ftbench.probe import pool_tasks
from ftbench.probe.run import cell
parent = os.getpid()
def bad(*args):
    {worst}
name = {name!r}
bad.__module__, bad.__qualname__ = "ftbench.probe.pool_tasks", name
setattr(pool_tasks, name, bad)
cell.main()
"""


@NEEDS_FORK
@pytest.mark.parametrize(
    ("pool", "name", "worst", "code", "story"),
    [
        ("executor", "echo", "raise RuntimeError('boom at work')", 4, "boom at work"),
        ("multiprocessing", "echo", "raise RuntimeError('boom at work')", 4, "boom at work"),
        ("executor", "echo", "return -1", 1, "not the serial twin's"),
        ("executor", "die", "return 0", 1, "was to crash came back"),
        ("executor", "die", "time.sleep(600)", 5, "word of a worker that died"),
        ("multiprocessing", "echo", "time.sleep(600)", 5, "a task of the pool to end"),
    ],
)
def test_what_goes_wrong_otherwise_ends_the_run_with_its_story(
    pool: str, name: str, worst: str, code: int, story: str
) -> None:
    how = program(_BAD.format(name=name, worst=worst))
    words = ["--mode", "processes-fork", "--workers", "4", "--set", f"pool={pool}"]
    done = run_probe(sys.executable, "failure", *words, "--deadline", "3", how=how)
    assert (done.returncode, done.stdout) == (code, "")
    assert story in done.stderr
