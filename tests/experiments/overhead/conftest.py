"""A loop and its samples, made up; an interpreter that holds the measured side."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench.pythons import Interpreter, venvs


@pytest.fixture(scope="session")
def measured_python(gil_python: Interpreter, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a virtual environment with the measured side, of a GIL build."""
    return venvs.ready(tmp_path_factory.mktemp("overhead") / "venv", gil_python)
