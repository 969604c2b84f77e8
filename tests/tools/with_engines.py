"""Builds of this machine that have an engine: its wheels come from a network, once."""

from __future__ import annotations

import pytest

from ftbench.pythons import Interpreter, discover
from ftbench.pythons.engines import COMMAND, lacks


def build_with(engine: str, *, free_threaded: bool) -> Interpreter:
    """Return the newest build of a kind that has an engine; skips where there is none."""
    for interpreter in reversed(discover()):
        kind = interpreter.build.free_threaded
        if kind is free_threaded and not lacks(interpreter, engine):
            return interpreter
    pytest.skip(
        f"needs {engine} on a {'free-threaded' if free_threaded else 'GIL'} build: {COMMAND}"
    )
