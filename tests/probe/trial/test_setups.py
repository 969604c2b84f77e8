"""A worker is set up once, whatever kind of worker it is."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from trying import Tried

from ftbench.pythons import Interpreter

# A second set-up would be seen in the results.
COUNTED = """
    import os, threading
    known = {}
    def connect():
        known[threading.get_ident()] = known.get(threading.get_ident(), 0) + 1
    def f(n):
        return n, known[threading.get_ident()]
"""


@pytest.mark.parametrize(
    ("way", "mode"),
    [
        ("interpreterpool", ["interpreters"]),
        ("threadpool", ["threads"]),
        ("processpool-spawn", ["processes", "--start-method", "spawn"]),
    ],
)
def test_a_worker_is_set_up_once(
    new_python: Interpreter, tmp_path: Path, way: str, mode: list[str]
) -> None:
    tried = Tried(tmp_path, COUNTED, worker_setup=f"{tmp_path / 'crunch.py'}:connect", calls=24)
    tried.notes(new_python, "trial_serial")
    words = [*mode[1:], "--set", f"way={way}", "--workers", "2"]
    document = tried.document(new_python, "trial", mode[0], *words)
    assert document["notes"]["calls"] >= 48


def test_a_file_s_constants_are_as_a_program_has_them(
    ft_python: Interpreter, tmp_path: Path
) -> None:
    """Else threads would count references to them, which no program that is started does."""
    program = "import sys\nprint(sys.getrefcount(3.25), sys.getrefcount(1234567))\n"
    (script := tmp_path / "script.py").write_text(program, encoding="utf-8")
    done = subprocess.run(
        [ft_python.executable, script], capture_output=True, text=True, check=True
    )
    source = """
        import sys
        def f(n):
            return f"{sys.getrefcount(3.25)} {sys.getrefcount(1234567)}"
    """
    tried = Tried(tmp_path, source, [1])
    tried.notes(ft_python, "trial_serial")
    (entry,) = json.loads((tmp_path / "reference").read_text("utf-8").splitlines()[0])
    assert entry["wanted"] == repr(done.stdout.strip())
