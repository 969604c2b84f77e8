"""The main job, killed at two moments; `tests/tools/kills.py` does so as often as one likes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from kills import killed

from ftbench.pythons import Interpreter


@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX alone kills like this")
def test_nothing_runs_on_and_the_next_run_goes_on(
    tmp_path: Path, pair: tuple[Interpreter, Interpreter]
) -> None:
    job = killed(tmp_path / "project", pair, count=2, seed=4)
    assert job.outcomes["runs that were let alone"] == 2
