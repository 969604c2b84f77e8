"""`ftbench try` on real interpreters: whatever a function does ends in a story and a code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from old_module import with_old_module
from probing import eventually

from ftbench.asv.measuring_lock import VARIABLE
from ftbench.errors import GilStateError
from ftbench.files import builds_folder
from ftbench.probe.run.child import clean_environment
from ftbench.pythons import Interpreter

ROOT = Path(__file__).parents[3]
FTBENCH = (sys.executable, "-c", "from ftbench.cli import main; main()")
CODE = """
import asyncio, ctypes, os, sys, threading, time

SCRATCH = []

def score(n=20_000):
    total = 0
    for each in range(n):
        total = (total * 31 + each) % 1_000_003
    return total

def racy(n=300):
    SCRATCH.clear()
    for each in range(n):
        SCRATCH.append(each)
        time.sleep(0)
    return sum(SCRATCH)

def crash(n=1):
    if os.getpid() != LOADER or threading.current_thread() is not threading.main_thread():
        ctypes.string_at(0)
    return score()

LOADER = os.getpid()

def leave(n=1):
    if threading.current_thread() is not threading.main_thread():
        sys.exit(3)
    return score()

def hang(n=1):
    if threading.current_thread() is not threading.main_thread():
        time.sleep(60)
    return score()

def chatty(n=1):
    print("printed " * 1000)
    return score()

def closure(n=1):
    return lambda: n

def drawn(n=1):
    return os.urandom(8).hex()

def writes(n=1):
    with open(os.environ["NOTES"], "a") as file:
        file.write("called\\n")
    return n

def brings_back(n=1):
    if threading.current_thread() is not threading.main_thread():
        import _old
    return n

async def fetch(n=0.002):
    await asyncio.sleep(n)
    return n
"""
QUICK = ("--budget", "1ms", "--no-memory", "--shake", "0", "--workers", "2", "--format", "json")
THREADS = ("--mode", "threadpool")


class Try:
    """The command, in a folder with a cache of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "crunch.py").write_text(CODE)
        mine = {
            VARIABLE: str(folder / "lock"),
            "FTBENCH_CACHE": str(folder / "cache"),
            "FTBENCH_REPEATS": "0",
            "PYTHONPATH": str(ROOT),
            "NOTES": str(folder / "notes"),
        }
        self.environ = clean_environment(os.environ, mine)
        if builds_folder().is_dir():  # what was built for all tests
            (folder / "cache").mkdir()
            (folder / "cache" / "builds").symlink_to(builds_folder())

    def start(self, function: str, *words: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*FTBENCH, "try", f"crunch.py:{function}", *QUICK, *map(str, words)],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def ended(self, function: str, *words: object) -> tuple[int, dict[str, Any], str]:
        """Return how it ended, its document and what it said."""
        process = self.start(function, *words)
        out, said = process.communicate(timeout=150)
        return process.returncode, json.loads(out) if out else {}, said


@pytest.fixture
def command(tmp_path: Path) -> Try:
    return Try(tmp_path)


def on(interpreter: Interpreter) -> tuple[str, str]:
    return "--python", str(interpreter.executable)


def failed(document: dict[str, Any]) -> dict[str, int]:
    (build,) = document["builds"]
    return {each["mode"]: each["exit_code"] for each in build["without"] if each["failed"]}


def ranked(document: dict[str, Any]) -> set[str]:
    return {each["mode"] for build in document["builds"] for each in build["ranked"]}


def test_both_builds_answer(command: Try, pair: tuple[Interpreter, Interpreter]) -> None:
    left = command.folder / "cache" / "trial"  # of one that was killed
    left.mkdir(parents=True)
    (left / "inputs.jsonl").write_text("[[1], {}]\n")
    code, document, said = command.ended(
        "score", *on(pair[0]), *on(pair[1]), "--mode", "threadpool,processpool-fork", "--shake", 20
    )
    assert code == 0, said
    assert [each["arm"] for each in document["builds"]] == ["gil", "ft"]
    assert ranked(document) == {"serial", "threadpool", "processpool-fork"}
    for phase in ("pre-flight", "determinism", "kind of work", "calibration", "thread safety"):
        assert phase in said
    assert "A first result" in said
    assert not left.exists()
    assert list((command.folder / "cache" / "journals").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("racy", "--shake", 100), 13, "wanted: 44850"),
        (("crash",), 4, "crunch.py"),
        (("leave",), 4, "wanted to end the program"),
        (("hang", "--call-deadline", "1s"), 5, "deadline of 1 s"),
    ],
)
def test_what_goes_wrong_in_threads_alone_is_told_and_not_ranked(
    command: Try, ft_python: Interpreter, words: tuple[Any, ...], code: int, says: str
) -> None:
    mode = "threadpool" if words == ("crash",) else "threadpool,processpool-fork"
    ended, document, said = command.ended(*words, *on(ft_python), "--mode", mode)
    assert ended == code, said
    assert failed(document) == {"threadpool": code}
    assert ranked(document) == {"serial"} | ({"processpool-fork"} if "," in mode else set())
    assert says in said


def test_results_that_differ_by_themselves_ask_for_a_check(
    command: Try, gil_python: Interpreter
) -> None:
    code, document, said = command.ended("drawn", *on(gil_python), *THREADS)
    assert (code, document) == (13, {})
    assert "another result each time" in said
    assert "--check" in said
    assert command.ended("drawn", *on(gil_python), *THREADS, "--check", "none")[0] == 0


def test_what_cannot_be_imported_is_told_with_a_way_out(
    command: Try, gil_python: Interpreter
) -> None:
    (command.folder / "crunch.py").write_text("import no_such_package\ndef score(): pass\n")
    code, _, said = command.ended("score", *on(gil_python))
    assert (code, "--with no_such_package" in said) == (2, True), said
    (command.folder / "crunch.py").write_text("import time\ndef score(): pass\ntime.sleep(60)\n")
    code, _, said = command.ended("score", *on(gil_python), "--call-deadline", "1s")
    assert (code, "__main__" in said) == (5, True), said


def test_what_prints_or_does_not_pickle_is_no_failure(
    command: Try, gil_python: Interpreter
) -> None:
    code, document, said = command.ended("chatty", *on(gil_python), *THREADS)
    assert (code, ranked(document)) == (0, {"serial", "threadpool"}), said
    words = ("--mode", "threadpool,processpool-fork", "--check", "none")
    code, document, said = command.ended("closure", *on(gil_python), *words)
    assert (code, ranked(document)) == (0, {"serial", "threadpool"}), said
    skipped = {each["mode"]: each["skipped"] for each in document["builds"][0]["without"]}
    assert "another process" in skipped["processpool-fork"]


def test_coroutine_functions(command: Try, ft_python: Interpreter) -> None:
    code, document, said = command.ended("fetch", *on(ft_python))
    assert code == 0, said
    assert ranked(document) == {"serial", "asyncio", "asyncio-per-thread"}
    assert "waiting" in said


def test_a_gil_that_comes_back_in_the_middle_is_told_and_the_rest_is_measured(
    command: Try, ft_python: Interpreter
) -> None:
    with_old_module(ft_python, command.folder)
    modes = ("--mode", "threadpool,processpool-fork")
    code, document, said = command.ended("brings_back", *on(ft_python), *modes)
    assert code == GilStateError.exit_code, said
    assert failed(document) == {"threadpool": code}
    assert ranked(document) == {"serial", "processpool-fork"}
    assert "has been enabled to load module '_old'" in said


def test_side_effects_want_a_yes(command: Try, gil_python: Interpreter) -> None:
    code, _, said = command.ended("writes", *on(gil_python), *THREADS)
    assert code == 2, said
    assert "notes" in said
    assert "--yes" in said
    before = (command.folder / "notes").read_text().count("called")
    assert before <= 4  # the first look
    assert command.ended("writes", *on(gil_python), *THREADS, "--yes")[0] == 0


def running(folder: Path) -> list[str]:
    """Return the commands of the processes that work for a trial in that folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("FTBENCH_CACHE") == str(folder / "cache"):
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX alone kills so")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_trial_that_is_ended_leaves_nothing_running_and_goes_on(
    command: Try, gil_python: Interpreter, number: int
) -> None:
    words = (*on(gil_python), "--mode", "threadpool,processpool-fork", "--budget", "8s")
    process = command.start("score", *words)
    journals = command.folder / "cache" / "journals"
    end = time.monotonic() + 90
    while process.poll() is None and time.monotonic() < end:
        kept = "".join(path.read_text() for path in journals.glob("*.jsonl"))
        if kept.count('"asked": "trial ') == 3:
            break
        time.sleep(0.05)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    eventually(lambda: not running(command.folder), "nothing of it runs")
    code, document, said = command.ended("score", *words)
    assert code == 0, said
    assert "reused" in said, said
    assert ranked(document) == {"serial", "threadpool", "processpool-fork"}
    assert list(journals.iterdir()) == []
