"""trial, trial_memory: a user's function in every mode, and every bad end of it, by the probe."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import pytest
from old_module import with_old_module
from probing import has_mode
from trying import Tried

from ftbench.errors import NotAvailableError, UsageError
from ftbench.facts.modes import mode_named
from ftbench.facts.trial_modes import TRIAL_MODES, trial_mode_named
from ftbench.probe.run.child import TAIL_BYTES
from ftbench.probe.scenarios.base import scenario_named
from ftbench.probe.trial.checking import Recorder
from ftbench.probe.trial.measured import calls_beside
from ftbench.pythons import Interpreter

PLAIN = [way.name for way in TRIAL_MODES if not way.coroutine and not mode_named(way.mode).engine]
COROUTINE = [way.name for way in TRIAL_MODES if way.coroutine]
# Of each kind of worker one: the same process, threads of it, an executor's, a pool's, and a loop.
KINDS = ("serial", "threadpool", "processpool-spawn", "pool-fork", "to-thread")

SQUARES = "def f(n): return n * n\n"
BAD_TWO = "import ctypes, os, re, sys, time\ndef f(n):\n    if n == 2: {}\n    return n * n\n"


def words_for(way: str, workers: int = 2) -> list[str]:
    """Return the words of a cell of `way`, the mode's first."""
    mode = mode_named(trial_mode_named(way).mode)
    start = ["--start-method", mode.start_method] if mode.start_method else []
    return [mode.kind, *start, "--set", f"way={way}", "--workers", str(workers)]


class Asked(Tried):
    """A function with the results that it ought to have."""

    def __init__(
        self, folder: Path, source: str, wanted: Sequence[Any] = (1, 4, 9), **asked: Any
    ) -> None:
        inputs = asked.pop("given", (1, 2, 3))
        asked = {"calls": 5, "seconds": 0.0, "call_deadline": 20.0, **asked}
        super().__init__(folder, source, inputs, **asked)
        with Recorder(str(folder / "reference"), "equal") as record:
            for given, result in zip(inputs, wanted, strict=True):
                record.add(str(given), result, 0.001)

    def cell(self, python: Interpreter, way: str, *, step: str = "trial", **asked: Any) -> Any:
        """Return what a cell came to."""
        words = words_for(way, 1 if way == "serial" else 2)
        with nothing_left() as environ:
            return self.document(python, step, *words, environ=environ, **asked)

    def end(self, python: Interpreter, way: str, **asked: Any) -> tuple[int, str]:
        """Return the exit code of a cell that fails, and what it says."""
        words = words_for(way, 1 if way == "serial" else 2)
        with nothing_left() as environ:
            return self.failure(python, "trial", *words, environ=environ, **asked)


@contextmanager
def nothing_left() -> Iterator[dict[str, str]]:
    """Yield variables for a cell, of which no file and no process stays."""
    with TemporaryDirectory() as folder:  # a short path, for sockets
        yield {"TMPDIR": folder}
        assert list(Path(folder).iterdir()) == []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("TMPDIR", "").startswith(folder):
                    assert process.status() == psutil.STATUS_ZOMBIE, process.cmdline()


def needs(python: Interpreter, way: str) -> None:
    """Skip the test where this interpreter, or system, has no such mode."""
    if not has_mode(python, mode_named(trial_mode_named(way).mode)):
        pytest.skip(f"{python.name} has no {way}")


@pytest.mark.parametrize("way", PLAIN)
def test_calls_are_spread_in_each_way_and_all_results_compared(
    ft_python: Interpreter, tmp_path: Path, way: str
) -> None:
    needs(ft_python, way)
    found = Asked(tmp_path, SQUARES, chunk=2).cell(ft_python, way)
    assert {name: len(metric["samples"]) for name, metric in found["metrics"].items()} == {
        **dict.fromkeys(("call", "loop", "start", "cold", "shutdown"), 1),
        **({"cpu": 1} if sys.platform == "linux" else {}),
        "latency": 5,
    }
    # A first round and a warm one; a pass of a plain loop before both, and one beside the latter.
    calls = 10 if way == "serial" else 16
    assert found["invariants"] == [
        {"name": "results", "checked": f"{calls} results were those of the serial twin"}
    ]
    assert (found["notes"]["rounds"], found["notes"]["calls"]) == (1, calls)


KEPT = """
import os, time
SEEN = []
def f(n):
    if n not in SEEN:
        time.sleep(0.2)
        SEEN.append(n)
    return n * n
"""


@pytest.mark.parametrize("way", ["threadpool", "processpool-fork", "interpreterpool"])
def test_a_plain_loop_beside_a_round_finds_what_a_function_has_kept(
    ft_python: Interpreter, tmp_path: Path, way: str
) -> None:
    needs(ft_python, way)
    found = Asked(tmp_path, KEPT).cell(ft_python, way)["metrics"]
    assert found["cold"]["samples"][0] > 0.2
    assert found["loop"]["samples"][0] < 0.1


@pytest.mark.parametrize("way", ["serial", "threadpool", "asyncio"])
def test_a_wrong_result_of_the_loop_beside_is_found(
    gil_python: Interpreter, tmp_path: Path, way: str
) -> None:
    source = """
        import threading
        def wrong(): return threading.current_thread() is threading.main_thread()
        {}def f(n): return n * n + wrong()
    """
    asked = Asked(tmp_path, source.format("async " * (way == "asyncio")))
    code, _ = asked.end(gil_python, way)
    assert code == 13


def test_a_plain_loop_beside_a_round_makes_whole_passes_of_a_third() -> None:
    assert calls_beside(240, 12, 1e-3) == 84
    assert calls_beside(12, 12, 1e-3) == 12
    assert calls_beside(5, 12, 1e-3) == 5  # a round of the first inputs
    assert calls_beside(3, 3, 1.0) == 1  # of seconds


LOOPED = """
import asyncio
SET_UP = []
async def set_up():
    SET_UP.append(asyncio.get_running_loop())
async def f(n):
    await asyncio.sleep(0)
    assert asyncio.get_running_loop() in SET_UP
    return n * n
"""


@pytest.mark.parametrize("way", [*COROUTINE, "serial"])
def test_coroutines_run_in_loops_in_which_they_are_set_up(
    gil_python: Interpreter, tmp_path: Path, way: str
) -> None:
    asked = Asked(tmp_path, LOOPED, worker_setup=f"{tmp_path / 'crunch.py'}:set_up")
    assert asked.cell(gil_python, way)["notes"]["calls"] == (10 if way == "serial" else 16)


COUNTED = """
import asyncio, threading
now = most = 0
lock = threading.Lock()
def step(by):
    global now, most
    with lock:
        now += by
        most = max(most, now)
async def f(n):
    step(1)
    await asyncio.sleep(0.005)
    step(-1)
    if most > 3: raise OverflowError(most)
    return n or most
"""


@pytest.mark.parametrize("way", COROUTINE)
def test_no_more_coroutines_are_under_way_than_were_asked_for(
    gil_python: Interpreter, tmp_path: Path, way: str
) -> None:
    # The last is told how many there were at most: of one loop, all that may be.
    given, wanted = (1, 1, 1, 1, 1, 0), (1, 1, 1, 1, 1, 3)
    asked = Asked(tmp_path, COUNTED, wanted, given=given, calls=6)
    check = "equal" if way == "asyncio" else "none"
    document = asked.document(gil_python, "trial", *words_for(way, 3), check=check)
    assert document["notes"]["calls"] == 24


def test_asyncio_takes_no_functions(gil_python: Interpreter, tmp_path: Path) -> None:
    code, says = Asked(tmp_path, SQUARES).end(gil_python, "asyncio")
    assert (code, "asyncio takes coroutine functions alone" in says) == (3, True)


SEEN = """
import os, sys, threading
import helper
HERE = threading.local()
SET_UPS = []
def connect():
    import sqlite3
    HERE.db = sqlite3.connect(":memory:")
    SET_UPS.append(threading.get_ident())
class Asked:
    def __init__(self, by): self.by = by
    def times(self, n):
        assert len(SET_UPS) == len(set(SET_UPS)), "a worker was set up twice"
        found = HERE.db.execute("select ? * ?", (n, self.by)).fetchone()[0]
        return found, helper.NAME, Asked(found)
def same(got, wanted): return [*got[:2], vars(got[2])] == wanted
asked = Asked(3)
"""


@pytest.mark.parametrize("way", [*KINDS, "interpreterpool", "threads", "processpool-forkserver"])
def test_a_file_is_a_module_in_every_worker_whatever_its_name(
    new_python: Interpreter, tmp_path: Path, way: str
) -> None:
    (project := tmp_path / "src").mkdir()
    (project / "helper.py").write_text("NAME = 'of the project'\n", "utf-8")
    asked = Asked(tmp_path, "", [[3, "of the project", {"by": 3}]], given=[1])
    file = tmp_path / "my-jobs.v2.py"
    # A thread of a subinterpreter keeps nothing of its own from call to call, in any program.
    ours = "type('Here', (), {})" if way == "interpreterpool" else "threading.local()"
    file.write_text(SEEN.replace("threading.local()", ours), "utf-8")
    found = asked.cell(
        new_python,
        way,
        target=f"{file}:asked.times",
        worker_setup=f"{file}:connect",
        path=[str(project)],
        check=f"{file}:same",
    )
    assert found["notes"]["calls"] == (10 if way == "serial" else 14)
    assert not list(tmp_path.rglob("my-jobs*.pyc"))
    code, says = asked.end(new_python, way, target=f"{file}:asked.time", path=[str(project)])
    assert code == UsageError.exit_code
    assert "Did you mean 'times'?" in says


@pytest.mark.parametrize(
    ("way", "imports"),
    # In this process and in each that starts from nothing; a fork server has it for all of its own.
    [("processpool-fork", 1), ("processpool-forkserver", 2), ("pool-spawn", 3), ("threadpool", 1)],
)
def test_a_module_is_imported_as_often_as_in_a_program(
    gil_python: Interpreter, tmp_path: Path, way: str, imports: int
) -> None:
    source = f"open({str(tmp_path / 'imports')!r}, 'a').write('.')\n{SQUARES}"
    Asked(tmp_path, source).cell(gil_python, way)
    assert (tmp_path / "imports").read_text("utf-8") == "." * imports


WORLD = """
import os, sys
try:
    from _interpreters import get_current
except ImportError:
    get_current = lambda: (0,)
def f(n):
    loaded = sorted(name for name in sys.modules if name.startswith("ftbench"))
    if os.getpid() == os.getsid(0) and get_current()[0] == 0:  # a plain loop, beside the workers
        loaded = LIGHT
    return loaded, os.environ.get("PYTHON_GIL"), os.environ["OMP_NUM_THREADS"], sys.stdin.read()
"""
LIGHT = [f"ftbench{name}" for name in ("", ".probe", ".probe.trial")]
LIGHT += [f"ftbench.probe.trial.{name}" for name in ("asked", "target")]


def test_a_worker_has_the_function_alone_and_the_world_of_a_program(
    ft_python: Interpreter, tmp_path: Path
) -> None:
    for way in ("processpool-spawn", "pool-forkserver", "interpreterpool"):
        if has_mode(ft_python, mode_named(trial_mode_named(way).mode)):
            (folder := tmp_path / way).mkdir()
            wanted = (LIGHT, None, "1", "")
            source = WORLD.replace("LIGHT", repr(LIGHT))
            found = Asked(folder, source, [wanted], given=[1]).cell(ft_python, way)
            assert found["gil"] == {"asked": False, "before": False, "after": False}


def test_what_is_printed_goes_into_no_pipe_and_is_counted(
    gil_python: Interpreter, tmp_path: Path
) -> None:
    source = "def f(n):\n    print('x' * 99_999)\n    return n * n\n"
    for way in ("serial", "threadpool", "pool-spawn"):
        (folder := tmp_path / way).mkdir()
        found = Asked(folder, source, calls=60).cell(gil_python, way)
        beside = 0 if way == "serial" else 2 * calls_beside(60, 3, 0.001)
        assert found["notes"]["printed"] == (120 + beside) * 100_000


def test_hooks_stand_around_each_round_and_inputs_may_come_from_a_callable(
    gil_python: Interpreter, tmp_path: Path
) -> None:
    source = """
    DONE = []
    def given(): return ({"n": n} for n in (1, 2, 3))
    def before(): DONE.append("before")
    def after(): DONE.append("after")
    def f(n):
        assert DONE[-1] == "before" and len(DONE) % 2
        return n * n
    """
    names = {key: f"{tmp_path / 'crunch.py'}:{key}" for key in ("before", "after")}
    asked = Asked(tmp_path, source, inputs_from=f"{tmp_path / 'crunch.py'}:given", kwargs=True)
    assert asked.cell(gil_python, "threadpool", **names)["notes"]["calls"] == 16
    source = source.replace('DONE.append("before")', "open('/nonesuch')")
    (folder := tmp_path / "bad").mkdir()
    bad = Asked(folder, source, before=f"{folder / 'crunch.py'}:before")
    code, says = bad.end(gil_python, "threadpool")
    assert (code, "crunch.py:before raised: FileNotFoundError" in says) == (4, True)


OWN = """
from concurrent.futures import ThreadPoolExecutor
class OnlySubmits:
    def __init__(self, workers): self.pool = ThreadPoolExecutor(workers)
    def submit(self, function, *args): return self.pool.submit(function, *args)
    def shutdown(self): self.pool.shutdown()
def f(n): return n * n
"""


@pytest.mark.parametrize("factory", ["ThreadPoolExecutor", "OnlySubmits"])
def test_any_executor_will_do(gil_python: Interpreter, tmp_path: Path, factory: str) -> None:
    asked = Asked(tmp_path, OWN)
    executor = f"{tmp_path / 'crunch.py'}:{factory}"
    assert asked.cell(gil_python, "custom", executor=executor)["notes"]["calls"] == 16
    code, says = asked.end(gil_python, "custom")
    assert (code, "--executor MODULE:FACTORY" in says) == (2, True)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has PSS")
@pytest.mark.parametrize(
    ("way", "kind"),
    [
        ("serial", ""),
        ("processpool-fork", ""),
        *((way, "async ") for way in ("serial", *COROUTINE)),
    ],
)
def test_memory_is_that_of_the_tree_while_rounds_run(
    gil_python: Interpreter, tmp_path: Path, way: str, kind: str
) -> None:
    source = f"{kind}{SQUARES}"
    source = f"HELD = bytearray(b'x') * 50_000_000\n{source}"
    found = Asked(tmp_path, source).cell(gil_python, way, step="trial_memory")
    assert found["metrics"].keys() == {"pss", "uss", "rss"}
    (pss,) = found["metrics"]["pss"]["samples"]
    assert pss > found["notes"]["before"]["pss"] + 50_000_000
    assert found["notes"]["roles"].get("worker", {}).get("processes", 0) == 2 * (
        way == "processpool-fork"
    )


@pytest.mark.parametrize("way", ["threadpool", "pool-fork"])
def test_what_a_function_leaves_running_ends_with_its_cell(
    gil_python: Interpreter, tmp_path: Path, way: str
) -> None:
    source = """
    import subprocess, sys, threading
    def f(n):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        return n * n
    """
    assert Asked(tmp_path, source, calls=2).cell(gil_python, way)["notes"]["calls"] == 8


# Why it goes wrong → what is told, in each way.
ENDS = {
    "raise ValueError('no\\ntwos')": (4, "crunch.py:f raised (input 2): ValueError: no twos."),
    "sys.exit('enough')": (4, "wanted to end the program (input 2): SystemExit: enough."),
    "raise OSError('x' * 99_999 + 'two')": (4, "crunch.py:f raised (input 2): OSError: xxx"),
    "return 5": (13, "2 of 5 results are not the serial twin's"),
}


@pytest.mark.parametrize("way", [*KINDS, "interpreterpool"])
def test_a_call_that_goes_wrong_is_told_by_its_input(
    new_python: Interpreter, tmp_path: Path, way: str
) -> None:
    for number, (worst, (code, says)) in enumerate(ENDS.items()):
        (folder := tmp_path / str(number)).mkdir()
        ended, story = Asked(folder, BAD_TWO.format(worst)).end(new_python, way)
        assert (ended, says in story) == (code, True), story
        assert "2" in story.partition("\n")[2]  # the input itself
        assert len(story) < TAIL_BYTES  # so much of it is kept


@pytest.mark.parametrize("way", ["processpool-fork", "processpool-spawn", "pool-spawn", "serial"])
def test_a_crash_is_told_with_the_words_of_the_fault_handler(
    gil_python: Interpreter, tmp_path: Path, way: str
) -> None:
    code, says = Asked(tmp_path, BAD_TWO.format("ctypes.string_at(8)")).end(gil_python, way)
    assert code == 4
    assert "Segmentation fault" in says
    assert ", line 3 in f" in says.replace('", line', ", line")
    assert "input 2" in says
    assert "C stack" not in says


@pytest.mark.parametrize("way", ["processpool-fork", "processpool-spawn", "pool-fork"])
def test_a_worker_that_leaves_without_a_word_is_told_of(
    gil_python: Interpreter, tmp_path: Path, way: str
) -> None:
    code, says = Asked(tmp_path, BAD_TWO.format("os._exit(0)")).end(gil_python, way)
    assert code == 4
    assert "A process ended in the middle of crunch.py:f (input 2)" in says


HANGS = ("time.sleep(1000)", "[0 for _ in iter(int, 1)]", r"re.match('(a+)+$', 'a' * 99 + 'b')")


@pytest.mark.parametrize("way", [*KINDS, "interpreterpool", "asyncio"])
def test_a_call_that_hangs_is_ended_and_named(
    new_python: Interpreter, tmp_path: Path, way: str
) -> None:
    for number, worst in enumerate(HANGS):
        # A regular expression keeps the GIL: in a thread the guard alone can end it.
        kept = "re." in worst and way in {"threadpool", "to-thread", "interpreterpool"}
        (folder := tmp_path / str(number)).mkdir()
        source = BAD_TWO.format(worst)
        if way == "asyncio":
            source = source.replace("def f", "async def f")
        if not kept:
            code, says = Asked(folder, source, call_deadline=0.7).end(new_python, way)
            assert code == 5, says
            assert "0.7 s passed while waiting for crunch.py:f (input 2)" in says
            assert "--call-deadline" in says


def test_a_call_that_keeps_the_gil_is_ended_by_the_guard_and_named(
    gil_python: Interpreter, tmp_path: Path
) -> None:
    asked = Asked(tmp_path, BAD_TWO.format(HANGS[2]), call_deadline=0.5)
    words = [*words_for("threadpool"), "--deadline", "1"]
    code, says = asked.failure(gil_python, "trial", *words)
    assert code == 5
    assert ", line 3 in f" in says.replace('", line', ", line")
    assert "Under way was input 2." in says


SET_UPS = {
    "def set_up(): raise OSError('no database')": (4, "crunch.py:set_up raised: OSError"),
    "def set_up(): raise SystemExit(3)": (4, "crunch.py:set_up wanted to end the program"),
    "def set_up(): __import__('time').sleep(1000)": (5, "a worker's set-up, crunch.py:set_up"),
    "def set_up(): __import__('os')._exit(3)": (4, "a worker's set-up, crunch.py:set_up"),
}


@pytest.mark.parametrize("way", ["threadpool", "processpool-spawn", "pool-fork"])
def test_a_set_up_that_goes_wrong_is_told(
    gil_python: Interpreter, tmp_path: Path, way: str
) -> None:
    for number, (source, (code, says)) in enumerate(SET_UPS.items()):
        if way == "threadpool" and "_exit" in source:
            continue
        (folder := tmp_path / str(number)).mkdir()
        asked = Asked(folder, f"{source}\n{SQUARES}", call_deadline=1.5)
        ended, story = asked.end(gil_python, way, worker_setup=f"{folder / 'crunch.py'}:set_up")
        assert (ended, says in story) == (code, True), story


# What a file does when it is imported → what is told.
IMPORTS = {
    "import nonesuch": (2, "Importing crunch raised: ModuleNotFoundError"),
    "def g(: pass": (2, "Importing crunch raised: SyntaxError"),
    "1 / 0": (4, "Importing crunch raised: ZeroDivisionError"),
    "raise SystemExit(f(1))": (4, "if __name__ == '__main__':"),
    "while True: pass": (5, "waiting for importing crunch.py:f"),
    "import multiprocessing as m\nm.get_context('spawn').Pool(2).map(f, [1])": (
        4,
        "An attempt has been made to start a new process",
    ),
    "import multiprocessing as m\nm.get_context('fork').Pool(2).map(f, [1])": (
        5,
        "if __name__ == '__main__':",
    ),
}


def test_an_import_that_fails_or_begins_to_work_is_told(
    gil_python: Interpreter, tmp_path: Path
) -> None:
    for number, (source, (code, says)) in enumerate(IMPORTS.items()):
        (folder := tmp_path / str(number)).mkdir()
        asked = Asked(folder, f"{SQUARES}{source}\n", call_deadline=1.0)
        ended, story = asked.end(gil_python, "processpool-spawn")
        assert (ended, says in story) == (code, True), story


def test_a_function_that_is_none_is_refused_with_what_was_meant(
    gil_python: Interpreter, tmp_path: Path
) -> None:
    asked = Asked(tmp_path, "score = 3\ndef scores(n): return n\n")
    code, says = asked.end(gil_python, "serial", target=f"{tmp_path / 'crunch.py'}:scoers")
    assert (code, "Did you mean 'scores'?" in says) == (2, True)
    code, says = asked.end(gil_python, "serial", target=f"{tmp_path / 'crunch.py'}:score")
    assert (code, "score is no function: it is of type int" in says) == (2, True)


@pytest.mark.parametrize("way", ["serial", "processpool-spawn", "pool-fork", "interpreterpool"])
def test_a_gil_that_comes_back_is_told_with_the_import_that_did_it(
    ft_python: Interpreter, tmp_path: Path, way: str
) -> None:
    needs(ft_python, way)
    with_old_module(ft_python, tmp_path)
    for number, source in enumerate((f"import _old\n{SQUARES}", BAD_TWO.format("import _old"))):
        (folder := tmp_path / str(number)).mkdir()
        code, says = Asked(folder, source, path=[str(tmp_path)]).end(ft_python, way)
        if way == "interpreterpool":
            assert code == NotAvailableError.exit_code
            assert "module _old does not support loading in subinterpreters" in says
        else:
            assert code == 6, says
            assert "has been enabled to load module '_old'" in says


def test_a_cell_that_makes_no_sense_is_refused() -> None:
    scenario = scenario_named("trial")
    assert scenario.why_not(mode_named("threads"), scenario.parse({"way": "loky"}))
    serial = scenario.parse({"way": "serial", "workers": 2})
    assert "workers=1" in str(scenario.why_not(mode_named("serial"), serial))
    with pytest.raises(UsageError, match="threadpool"):
        scenario.parse({"way": "threadpol"})
