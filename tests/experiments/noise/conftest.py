"""Cells and an interpreter, made up."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fake_measurements import BUILD

from ftbench.experiments.suite import SuiteCell
from ftbench.pythons import Interpreter, Origin, PythonBuild


@pytest.fixture
def interpreter() -> Interpreter:
    """A free-threaded 3.14.2 that nobody will start."""
    return Interpreter(
        executable=Path(sys.executable),
        prefix=Path("nowhere"),
        build=PythonBuild.from_record(BUILD),
        origin=Origin.SOURCE,
    )


@pytest.fixture
def cells() -> tuple[SuiteCell, ...]:
    """Three cells with two metrics each."""
    return tuple(
        SuiteCell(
            group="lifecycle.Lifecycle",
            scenario="lifecycle",
            mode="threads",
            params={"workers": workers},
            values=("threads", "none", workers),
            metrics={"round": "seconds", "cpu": "seconds"},
        )
        for workers in (1, 2, 8)
    )
