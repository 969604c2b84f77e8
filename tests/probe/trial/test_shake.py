"""trial_shake: what threads share is found within the usual calls, and a pure function is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from trying import Tried

from ftbench.errors import DeadlineError, WorkerFailedError
from ftbench.pythons import Interpreter

PURE = """
    def f(n):
        values = []
        for i in range(300):
            values.append(n * i)
        return sum(values)
"""
SCRATCH = """
    values = []
    def f(n):
        values.clear()
        for i in range(300):
            values.append(n * i)
        return sum(values)
"""
RAISES = """
    known = {}
    def f(n):
        for i in range(200):
            known[n, i] = i
        for i in range(200):
            del known[n, i]
        return n
"""


def _shaken(tried: Tried, python: Interpreter, mode: str = "threads") -> dict[str, object]:
    tried.notes(python, "trial_serial")
    notes = tried.notes(python, "trial_shake", mode, seed=7)
    assert notes["seed"] == 7
    return notes


@pytest.mark.parametrize("source", [PURE, "def f(n): return n"])
def test_nothing_is_found_of_a_pure_function(
    pair: tuple[Interpreter, Interpreter], tmp_path: Path, source: str
) -> None:
    for python in pair:
        notes = _shaken(Tried(tmp_path, source), python)
        assert (notes["wrong"], notes["raised"], notes["first"], notes["story"]) == (0, 0, None, "")
        assert isinstance(notes["calls"], int)
        assert notes["calls"] >= 800
        assert notes["gil"] is (python is pair[0])


def test_a_list_that_calls_share_is_found_on_the_free_threaded_build(
    ft_python: Interpreter, tmp_path: Path
) -> None:
    notes = _shaken(Tried(tmp_path, SCRATCH), ft_python)
    assert isinstance(notes["wrong"], int)
    assert notes["wrong"] > 0
    assert "wanted: " in str(notes["story"]) or notes["raised"]
    assert notes["trials"] != 200 or notes["wrong"] < 20  # it was found often enough


def test_an_error_that_the_twin_did_not_have_is_a_finding(
    ft_python: Interpreter, tmp_path: Path
) -> None:
    notes = _shaken(Tried(tmp_path, RAISES, [1]), ft_python)
    assert isinstance(notes["raised"], int)
    assert notes["wrong"] == notes["raised"] > 0
    assert "raised crunch" in str(notes["first"]) or "KeyError" in str(notes["first"])
    assert "crunch.py" in str(notes["story"])


CRASHES = """
    import ctypes, threading
    def f(n):
        if threading.current_thread().name.startswith("Thread-1"):
            ctypes.string_at(0)
        return n
"""
LOCKS = """
    import threading, time
    one, other = threading.Lock(), threading.Lock()
    def f(n):
        if threading.current_thread() is threading.main_thread():
            return n
        first, second = (one, other) if n == 1 else (other, one)
        with first:
            time.sleep(0.2)
            with second:
                return n
"""


def test_a_crash_says_where(ft_python: Interpreter, tmp_path: Path) -> None:
    tried = Tried(tmp_path, CRASHES)
    tried.notes(ft_python, "trial_serial")
    code, said = tried.failure(ft_python, "trial_shake", "threads")
    assert code == WorkerFailedError.exit_code
    assert "Segmentation fault" in said
    assert "crunch.py" in said


def test_a_deadlock_says_where(ft_python: Interpreter, tmp_path: Path) -> None:
    tried = Tried(tmp_path, LOCKS, [1, 2])
    tried.notes(ft_python, "trial_serial")
    code, said = tried.failure(ft_python, "trial_shake", "threads", call_deadline=20.0)
    assert code == DeadlineError.exit_code, said
    assert "with second" in said


OVERWRITES = """
    import asyncio
    current = None
    async def f(n):
        global current
        current = n
        await asyncio.sleep(0)
        return current
"""
LOCAL = OVERWRITES.replace("current = None", "").replace("global current", "")


@pytest.mark.parametrize("mode", ["asyncio", "asyncio-per-thread"])
def test_coroutines_that_share_are_found_where_they_await(
    ft_python: Interpreter, tmp_path: Path, mode: str
) -> None:
    found = _shaken(Tried(tmp_path, OVERWRITES), ft_python, mode)
    # A loop's calls all await at once; of two threads, both must be between two lines.
    assert found["wrong"] or mode != "asyncio"
    assert (found["raised"], bool(found["calls"])) == (0, True)
    (folder := tmp_path / "local").mkdir()
    assert _shaken(Tried(folder, LOCAL), ft_python, mode)["wrong"] == 0


def test_what_is_done_before_a_round_is_done_before_these_calls_too(
    gil_python: Interpreter, tmp_path: Path
) -> None:
    source = """
        served = []
        def serve(): served.append(1)
        def close(): served.clear()
        def f(n): return n * served[0]
    """
    hooks = {
        "before": f"{tmp_path / 'crunch.py'}:serve",
        "after": f"{tmp_path / 'crunch.py'}:close",
    }
    notes = _shaken(Tried(tmp_path, source, **hooks), gil_python)
    assert (notes["wrong"], notes["raised"]) == (0, 0)
