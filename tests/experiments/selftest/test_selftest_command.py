"""The command: what it refuses, and one small real run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from ftbench.cli.measuring import selftest
from ftbench.errors import RegressionError, UsageError
from ftbench.experiments import selftest as job
from ftbench.experiments.suite import cells, chosen
from ftbench.pythons import Interpreter

ROOT = Path(__file__).resolve().parents[3]
CELL = r"^single_thread.*'calls'"


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that asv could run in, and a lock of its own."""
    shutil.copy(ROOT / "asv.conf.json", tmp_path)
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FTBENCH_MEASURING_LOCK", str(tmp_path / "lock"))
    return tmp_path


def test_the_usual_cells_are_five_of_different_scenarios() -> None:
    usual = chosen(cells(ROOT), job.USUAL)
    assert len(usual) == 5
    assert len({cell.scenario for cell in usual}) == 5


@pytest.mark.usefixtures("clone")
@pytest.mark.parametrize("slowdowns", ["", "a", "0", "101", "10,-5"])
def test_slowdowns_that_are_none_are_refused(slowdowns: str) -> None:
    with pytest.raises(UsageError, match="percents"):
        CliRunner().invoke(selftest, ["--slowdowns", slowdowns], catch_exceptions=False)


@pytest.mark.usefixtures("clone")
def test_real_processes_that_do_twice_the_work_are_slower(gil_python: Interpreter) -> None:
    words = ["--bench", CELL, "--slowdowns", "100", "--trials", "1"]
    runner = CliRunner()
    done = runner.invoke(selftest, [str(gil_python.executable), *words, "--format", "json"])
    document = json.loads(done.stdout)
    (series,) = document["series"]
    equal, slowed = series["levels"]
    assert (equal["share"], slowed["share"]) == (0.0, 1.0)
    assert slowed["effect"] > equal["effect"]
    # On a machine that is busy a duel may end undecided; the exit code then says so.
    assert isinstance(done.exception, RegressionError) is not document["passed"]
