"""pools on real interpreters: every pool in every mode, and how it ends when a worker does."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest
from probing import document_of, eventually, has_mode, program, run_probe, words_of

from ftbench.facts.modes import MODES, POOL_TABLE, Mode, mode_named
from ftbench.probe.scenarios.pools import CALLS, TASKS
from ftbench.pythons import Interpreter

METRICS = {"first_cold", "cold", "full", "dispatch", "map_1", "map_64", "shutdown"}
CELLS = [
    pytest.param(name, mode, id=f"{name}-{mode.name}")
    for name, kind in POOL_TABLE.items()
    for mode in MODES
    if mode.name in kind.modes
]
NEEDS_FORK = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
FORK = mode_named("processes-fork")


@pytest.mark.parametrize(("pool", "mode"), CELLS)
def test_every_pool_lives_in_every_mode(gil_python: Interpreter, pool: str, mode: Mode) -> None:
    if not has_mode(gil_python, mode):
        pytest.skip(f"no {mode.name} here")
    words = [*words_of(mode), "--workers", "2", "--set", f"pool={pool}"]
    document = document_of(gil_python.executable, "pools", *words)
    assert set(document["metrics"]) == METRICS
    assert all(min(m["samples"]) > 0 for m in document["metrics"].values())
    assert {m["unit"] for m in document["metrics"].values()} == {"seconds"}
    results = document["notes"]["rounds"] * (1 + CALLS + 2 * TASKS)
    assert document["invariants"][0]["checked"].startswith(f"all {results} results")


@pytest.mark.parametrize("pool", ["executor", "multiprocessing"])
def test_a_free_threaded_build_has_them_too(ft_python: Interpreter, pool: str) -> None:
    words = ["--workers", "2", "--set", f"pool={pool}"]
    document = document_of(ft_python.executable, "pools", *words)
    assert document["gil"] == {"asked": False, "before": False, "after": False}


def test_what_no_library_has_is_not_available_with_what_there_is() -> None:
    done = run_probe(
        sys.executable, "pools", "--mode", "interpreters", "--set", "pool=multiprocessing"
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert "multiprocessing.Pool has threads, processes-fork" in done.stderr


def test_a_mode_that_no_pool_has_is_not_available() -> None:
    done = run_probe(sys.executable, "pools", "--mode", "serial")
    assert (done.returncode, done.stdout) == (3, "")
    assert "pools is measured in threads" in done.stderr


# -- bad ends: workers that are forked have a task of the test's in place of a real one

_BAD_TASK = """
import os, signal, sys, time
from ftbench.probe import pool_tasks
from ftbench.probe.run import cell
parent = os.getpid()
real = pool_tasks.{task}
{function}
bad.__module__, bad.__qualname__, pool_tasks.{task} = "ftbench.probe.pool_tasks", "{task}", bad
cell.main()
"""


def task_is(function: str, task: str = "echo") -> list[str]:
    """Return what runs the probe with `function`, the source of `def bad(x)`, as a task."""
    return program(_BAD_TASK.format(function=function, task=task))


def end_of(pool: str, mode: Mode, how: list[str], deadline: str = "30") -> tuple[int, str]:
    words = [*words_of(mode), "--workers", "2", "--set", f"pool={pool}", "--deadline", deadline]
    done = run_probe(sys.executable, "pools", *words, how=how)
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.mark.parametrize("pool", ["executor", "multiprocessing"])
@pytest.mark.parametrize("mode", ["threads", pytest.param("processes-fork", marks=NEEDS_FORK)])
def test_a_task_that_raises_ends_the_run_with_its_traceback(pool: str, mode: str) -> None:
    how = task_is("def bad(x): raise RuntimeError('boom at work')")
    code, story = end_of(pool, mode_named(mode), how)
    assert code == 4
    assert "nothing is recorded" in story
    assert "RuntimeError: boom at work" in story


@NEEDS_FORK
def test_a_worker_of_an_executor_that_is_killed_ends_the_run() -> None:
    how = task_is("def bad(x): os.kill(os.getpid(), signal.SIGKILL)")
    code, story = end_of("executor", FORK, how)
    assert code == 4
    assert "BrokenProcessPool" in story


@NEEDS_FORK
def test_a_task_that_multiprocessing_loses_with_its_worker_meets_the_deadline() -> None:
    how = task_is("def bad(x): os.kill(os.getpid(), signal.SIGKILL)")
    code, story = end_of("multiprocessing", FORK, how, deadline="1.5")
    assert code == 5
    assert "a task of the pool to end" in story


@pytest.mark.parametrize("pool", ["executor", "multiprocessing"])
def test_a_worker_that_hangs_meets_the_deadline(pool: str) -> None:
    how = task_is("def bad(x): time.sleep(600)")
    code, story = end_of(pool, mode_named("threads"), how, deadline="1")
    assert code == 5
    assert "--deadline" in story


@NEEDS_FORK
def test_no_process_stays_when_a_pool_hangs(tmp_path: Path) -> None:
    how = task_is(
        f"def bad(x):\n    open({str(tmp_path)!r} + f'/{{os.getpid()}}', 'w')\n    time.sleep(600)"
    )
    assert end_of("executor", FORK, how, deadline="1")[0] == 5
    pids = [int(path.name) for path in tmp_path.iterdir()]
    assert pids
    eventually(lambda: not any(map(psutil.pid_exists, pids)), "the workers are gone")


@pytest.mark.parametrize("task", ["echo", "step"])
def test_a_wrong_result_is_refused(task: str) -> None:
    # Never the same twice: the serial twin runs it too.
    how = task_is("from itertools import count\nn = count(-9)\ndef bad(x): return next(n)", task)
    code, story = end_of("executor", mode_named("threads"), how)
    assert code == 1
    assert "not the serial twin's" in story
