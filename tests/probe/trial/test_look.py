"""trial_look: what a build makes of a function, from its import to a subinterpreter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from old_module import with_old_module
from trying import Tried

from ftbench.errors import (
    DeadlineError,
    FtbenchError,
    GilStateError,
    UsageError,
    WorkerFailedError,
)
from ftbench.probe.trial import look
from ftbench.pythons import Interpreter


def _look(python: Interpreter, folder: Path, source: str, **asked: Any) -> dict[str, Any]:
    found: dict[str, Any] = Tried(folder, source, [1], **asked).notes(python, "trial_look")["look"]
    return found


def test_a_pure_function_is_all_right(
    pair: tuple[Interpreter, Interpreter], tmp_path: Path
) -> None:
    for python in pair:
        found = _look(python, tmp_path, "def f(n): return n")
        assert found["said"] == ["importable, picklable"]
        assert (found["effects"], found["coroutine"], found["subinterpreter"]) == ([], False, "")
        assert found["seconds"] < 0.1


def test_it_is_called_in_a_subinterpreter(new_python: Interpreter, tmp_path: Path) -> None:
    found = _look(new_python, tmp_path, "def f(n): return n")
    assert found["said"] == ["importable, picklable, runs in a subinterpreter"]


EFFECTS = """
    import os, socket, sqlite3, subprocess, tempfile, threading
    from pathlib import Path

    FOLDER = Path({folder!r})

    def f(n):
        print("x" * 9)
        for i in range(5):
            (FOLDER / str(i)).write_text("")
        (FOLDER / "4").unlink()
        with tempfile.TemporaryFile():
            pass
        with socket.socket() as one:
            one.connect_ex(("127.0.0.1", 9))
        subprocess.run(["true"])
        sqlite3.connect(":memory:").close()
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()
        os.environ["FTBENCH_TEST"] = "1"
        return n
"""


def test_what_a_call_does_beyond_its_process_is_said_and_asked_about(
    gil_python: Interpreter, tmp_path: Path
) -> None:
    (files := tmp_path / "files").mkdir()
    found = _look(gil_python, tmp_path, EFFECTS.format(folder=str(files)))
    names = ", ".join(str(files / name) for name in "012")
    assert found["effects"] == [
        f"writes files ({names}, 2 more)",
        "opens sockets (127.0.0.1:9)",
        "starts processes (true)",
    ]
    assert "a call prints 10 bytes" in found["said"]
    assert "a call starts threads" in found["said"]
    assert any("changes the folder or the environment" in said for said in found["said"])


def test_reading_and_what_goes_with_the_cell_are_no_effects(
    ft_python: Interpreter, tmp_path: Path
) -> None:
    source = """
        import os, sqlite3, tempfile
        def f(n):
            with open(__file__) as file, tempfile.NamedTemporaryFile() as other:
                other.write(file.read().encode())
            with open(os.devnull, "w") as nothing:
                nothing.write("x")
            sqlite3.connect(":memory:").close()
            return n
    """
    assert _look(ft_python, tmp_path, source)["effects"] == []


def test_work_that_importing_starts_is_said(gil_python: Interpreter, tmp_path: Path) -> None:
    source = """
        import subprocess, time
        print("x" * 9)
        subprocess.run(["true"])
        time.sleep(0.6)
        def f(n): return n
    """
    found = _look(gil_python, tmp_path, source)
    assert found["effects"] == []  # a call has none
    told = " ".join(found["said"])
    assert "importing takes" in told
    assert "importing starts processes (true), prints 10 bytes" in told
    assert "__main__" in told


LEAVES_THREADS = """
    import threading, time
    def f(n):
        threading.Thread(target=time.sleep, args=(9,)).start()
"""
CHANGES_IN_A_PICKLE = """
    class R:
        def __init__(self, n):
            self.n = n
        def __reduce__(self):
            return R, (self.n + 1,)
    def f(n): return R(n)
"""


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def f(n): return lambda: n", "its result cannot go to another process"),
        ("def f(n): yield n", "it returns a generator, which has computed nothing yet"),
        ("f = lambda n: n", "the function cannot go to another process"),
        ("def f(n, k=[]): k.append(n); return len(k)", "comes to another result"),
        (
            "import time\nk = {}\ndef f(n):\n    if n not in k: time.sleep(0.05)\n    k[n] = n",
            "keeps something between calls",
        ),
        (
            "import functools\n@functools.lru_cache\ndef f(n): return n",
            "keeps its results (functools)",
        ),
        (LEAVES_THREADS, "leaves 2 threads behind"),
        (CHANGES_IN_A_PICKLE, "comes out of a pickle as another one"),
    ],
)
def test_what_else_is_noticed(
    gil_python: Interpreter, tmp_path: Path, source: str, words: str
) -> None:
    assert any(words in said for said in _look(gil_python, tmp_path, source)["said"])


def test_arguments_that_a_call_changes(gil_python: Interpreter, tmp_path: Path) -> None:
    tried = Tried(tmp_path, "def f(values): values.append(1)", [[2]])
    found = tried.notes(gil_python, "trial_look")["look"]
    assert "a call changes its arguments" in found["said"]


def test_what_prepares_a_round_prepares_these_calls(
    new_python: Interpreter, tmp_path: Path
) -> None:
    source = """
        from pathlib import Path
        PLACE = Path(__file__).with_name("server")
        def before(): PLACE.touch()
        def after(): PLACE.unlink()
        def f(n): return PLACE.stat().st_size
    """
    hooks = {name: f"{tmp_path}/crunch.py:{name}" for name in ("before", "after")}
    found = _look(new_python, tmp_path, source, **hooks)
    assert found["said"] == ["importable, picklable, runs in a subinterpreter"]


def test_a_coroutine_function_is_known_as_one(new_python: Interpreter, tmp_path: Path) -> None:
    found = _look(new_python, tmp_path, "async def f(n): return n")
    assert found["coroutine"]
    assert found["subinterpreter"] == ""


@pytest.mark.parametrize(
    ("source", "kind", "words"),
    [
        ("import nothing_of_that_name", UsageError, ("No module named", "crunch.py")),
        ("def g(n): pass", UsageError, ("'f' is not known", "There is: g.")),
        ("f = 3", UsageError, ("no function",)),
        ("1 / 0\ndef f(n): pass", WorkerFailedError, ("ZeroDivisionError", "crunch.py")),
        ("import time\ntime.sleep(50)", DeadlineError, ("importing",)),
        ("def f(n): raise LookupError(n)", WorkerFailedError, ("LookupError: 1", "input 1")),
        ("import os\ndef f(n): os._exit(7)", WorkerFailedError, ("ended with code 7",)),
        (
            "import ctypes\ndef f(n): ctypes.string_at(0)",
            WorkerFailedError,
            ("Segmentation fault", "crunch.py", "line 2 in f"),
        ),
        ("import time\ndef f(n): time.sleep(50)", DeadlineError, ("1.5 s", "input 1")),
        ("import sys\nsys.exit(3)\ndef f(n): pass", WorkerFailedError, ("Importing crunch",)),
        ("async def f(n): yield n", UsageError, ("asynchronous generator",)),
    ],
)
def test_bad_ends_say_where(
    ft_python: Interpreter,
    tmp_path: Path,
    source: str,
    kind: type[FtbenchError],
    words: tuple[str, ...],
) -> None:
    tried = Tried(tmp_path, source)
    code, said = tried.failure(ft_python, "trial_look", call_deadline=1.5)
    assert code == kind.exit_code, said
    assert all(each in said for each in words), said


# -- extension modules

USES_OLD = "from helping import old\ndef f(n): return n"


def test_who_switches_the_gil_on_is_named_with_who_imports_it(
    ft_python: Interpreter, tmp_path: Path
) -> None:
    with_old_module(ft_python, tmp_path)
    code, said = Tried(tmp_path, USES_OLD).failure(ft_python, "trial_look")
    assert code == GilStateError.exit_code, said
    lines = [line.strip() for line in said.splitlines()]
    assert "_old switched it on" in lines[0]
    assert lines[3:6:2] == ["from helping import old", "import _old"]


def test_with_the_gil_on_by_request_nobody_is_to_blame(
    ft_python: Interpreter, tmp_path: Path
) -> None:
    with_old_module(ft_python, tmp_path)
    tried = Tried(tmp_path, USES_OLD)
    notes = tried.notes(ft_python, "trial_look", "serial", "--gil", "on")
    assert notes["look"]["said"][0].startswith("importable")


def test_a_module_that_no_subinterpreter_loads_is_named(
    new_python: Interpreter, tmp_path: Path
) -> None:
    with_old_module(new_python, tmp_path)
    tried = Tried(tmp_path, USES_OLD)
    notes = tried.notes(new_python, "trial_look", "serial", "--gil", "on")
    assert notes["look"]["subinterpreter"] == "_old does not load in a subinterpreter"


def test_a_crash_in_a_subinterpreter_is_a_reason(new_python: Interpreter, tmp_path: Path) -> None:
    source = """
        import sys, ctypes
        from concurrent import interpreters
        def f(n):
            if interpreters.get_current() != interpreters.get_main():
                import os
                os.kill(os.getpid(), 9)
            return n
    """
    found = _look(new_python, tmp_path, source)
    assert found["subinterpreter"] == "in a subinterpreter: It was killed by SIGKILL."
    source = """
        from concurrent import interpreters
        def f(n): return n if interpreters.get_current() == interpreters.get_main() else 0
    """
    found = _look(new_python, tmp_path, source)
    assert found["subinterpreter"] == ""
    assert any("globals are each interpreter's own" in said for said in found["said"])


def test_modules_like_numpy_that_load_once_are_named() -> None:
    story = 'File "/x/site-packages/numpy/_core/__init__.py", line 24, in <module>\nImportError'
    assert look._package(story, ["/y"]) == "numpy"
    assert look._package(story.replace("x/site-packages", "y"), ["/x", "/y"]) == "numpy"


def test_a_subinterpreter_finds_the_files_that_the_inputs_made(
    new_python: Interpreter, tmp_path: Path
) -> None:
    source = """
        import os, tempfile
        place = os.path.join(tempfile.gettempdir(), "numbers")
        def numbers():
            with open(place, "w") as file: file.write("7")
            return [1, 2]
        def f(n):
            with open(place) as file: return n * int(file.read())
    """
    tried = Tried(tmp_path, source, inputs_from=f"{tmp_path / 'crunch.py'}:numbers")
    look = tried.notes(new_python, "trial_look")["look"]
    assert look["subinterpreter"] == ""
    assert "runs in a subinterpreter" in look["said"][0]
