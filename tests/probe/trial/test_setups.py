"""A worker is set up once, whatever kind of worker it is."""

from __future__ import annotations

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
