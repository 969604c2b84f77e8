"""The command: what it tries, and one small real run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ftbench.cli.measuring import selftest
from ftbench.errors import RegressionError
from ftbench.experiments.selftest import TARGETS, Target, targets_of, with_targets
from ftbench.experiments.suite import cells, chosen
from ftbench.probe.scenarios.base import scenario_named
from ftbench.pythons import Interpreter

ROOT = Path(__file__).resolve().parents[3]
SUITE = cells(ROOT)


@pytest.mark.parametrize("target", TARGETS, ids=lambda each: each.title)
def test_each_target_is_of_cells_whose_metrics_extra_work_reaches(target: Target) -> None:
    own = [cell for cell in SUITE if target.has(cell)]
    assert own
    assert set(target.metrics) <= {each.name for each in scenario_named(target.scenario).metrics}


def test_of_what_is_asked_the_cells_with_targets_are_tried_or_else_all() -> None:
    few = with_targets(chosen(SUITE, "^cpu_scaling"))
    assert 0 < len(few) < len(chosen(SUITE, "^cpu_scaling"))
    assert with_targets(chosen(SUITE, "^hybrid")) == list(chosen(SUITE, "^hybrid"))
    assert {cell.scenario for cell in with_targets(SUITE)} == {each.scenario for each in TARGETS}


def test_a_share_and_a_time_take_the_place_of_the_targets() -> None:
    (cell, *_) = (each for each in SUITE if each.scenario == "single_thread")
    equal, *found = targets_of(cell, None, None)
    assert equal.share == 0
    assert [(each.share, each.seconds) for each in found] == [(0.02, 15), (0.01, 60)]
    assert targets_of(cell, 0.0, None) == [equal]
    assert targets_of(cell, 0.01, None) == found[1:]
    (other,) = targets_of(cell, 0.04, 7.0)
    assert (other.share, other.seconds) == (0.04, 7)


def tried(python: Interpreter, bench: str, *words: str) -> Any:
    """Return the target of a real run; its exit code says what its document does."""
    asked = [str(python.executable), "--bench", bench, "--trials", "1", *words]
    done = CliRunner().invoke(selftest, [*asked, "--format", "json"])
    document = json.loads(done.stdout)
    # On a machine that is busy a duel may end undecided, or even alarmed; the exit code says so.
    assert isinstance(done.exception, RegressionError) is not document["passed"]
    assert not document["lost"]
    return document["targets"]


@pytest.mark.usefixtures("clone")
def test_real_processes_that_do_twice_the_work_are_slower(gil_python: Interpreter) -> None:
    (target,) = tried(gil_python, "^single_thread.*'calls'", "--slowdown", "100%")
    (series,) = target["series"]
    assert series["share"] == 1
    assert series["effect"] > 1.3
