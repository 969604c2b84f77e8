from __future__ import annotations

import sys
from pathlib import Path

import pytest
from rich.console import Console

from ftbench.errors import InterpreterError, UsageError
from ftbench.experiments.overhead import LOOPS, OPERATIONS, loops_of
from ftbench.probe.overhead import CONTESTS, MODES
from ftbench.probe.scenarios import sharded_writers, shared_set
from ftbench.pythons import Interpreter, install
from ftbench.pythons.interpreter import Spec

Pair = tuple[Interpreter, Interpreter]
QUIET = Console(quiet=True)


def test_every_loop_has_a_contest_and_is_told_of_in_the_report() -> None:
    assert {loop.scenario for loop in LOOPS} == set(CONTESTS) == set(OPERATIONS)
    assert {loop.mode.name for loop in LOOPS} <= set(MODES)
    assert len(set(LOOPS)) == len({(loop.scenario, loop.mode, loop.workers) for loop in LOOPS})


def test_one_worker_and_eight_of_each_kind_in_each_scenario() -> None:
    for scenario in OPERATIONS:
        for mode in MODES:
            found = {
                loop.workers
                for loop in LOOPS
                if (loop.scenario, loop.mode.name) == (scenario, mode)
            }
            assert found == {1, 8}, (scenario, mode)


def test_a_turn_is_whole_strides_of_every_worker() -> None:
    """Else the harness would do less than the number of operations that the plan says."""
    strides = {"lifecycle": 1, "sharded_writers": sharded_writers.EVERY}
    for loop in LOOPS:
        memory = shared_set.EVERY if loop.mode.kind == "threads" else shared_set.EVERY_ONE
        every = strides.get(loop.scenario, memory)
        assert loop.operations % (loop.workers * every) == 0, loop


def test_scenarios_can_be_picked() -> None:
    assert loops_of([]) == LOOPS
    assert {loop.scenario for loop in loops_of(["lifecycle"])} == {"lifecycle"}
    with pytest.raises(UsageError, match="'footprint' is not known"):
        loops_of(["lifecycle", "footprint"])


@pytest.fixture
def obtained(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked for by name; what is obtained is always of the pair."""
    asked: list[str] = []

    def ensure(spec: Spec, *, console: Console) -> Interpreter:
        asked.append(str(spec))
        return pair[spec.free_threaded]

    monkeypatch.setattr(install, "ensure", ensure)
    monkeypatch.setattr(install, "ensure_pair", lambda _console: pair)
    return asked


def test_by_default_it_is_the_newest_pairs_free_threaded_build(
    pair: Pair, obtained: list[str]
) -> None:
    interpreter, arm = install.choose(None, None, QUIET)
    assert (interpreter, arm.name) == (pair[1], "ft")
    interpreter, arm = install.choose(None, "gil", QUIET)
    assert (interpreter, arm.name) == (pair[0], "gil")
    assert obtained == []


@pytest.mark.parametrize(
    ("release", "arm", "spec", "chosen"),
    [
        ("3.14.7", None, "3.14.7t", "ft"),
        ("3.14.7t", None, "3.14.7t", "ft"),
        ("3.14", "gil", "3.14", "gil"),
        ("v3.14.7", "ft-gil1", "3.14.7t", "ft-gil1"),
    ],
)
def test_a_release_is_obtained_as_the_arms_build(
    release: str, arm: str | None, spec: str, chosen: str, obtained: list[str]
) -> None:
    interpreter, found = install.choose(release, arm, QUIET)
    assert (obtained, found.name) == ([spec], chosen)
    assert interpreter.build.free_threaded is found.free_threaded


@pytest.mark.usefixtures("obtained")
def test_a_path_is_measured_as_its_build_runs_by_itself(pair: Pair) -> None:
    for mine, name in zip(pair, ("gil", "ft"), strict=True):
        interpreter, arm = install.choose(str(mine.executable), None, QUIET)
        assert (interpreter.build, arm.name) == (mine.build, name)
    assert install.choose(str(pair[1].executable), "ft-gil1", QUIET)[1].gil


def test_an_arm_that_the_build_is_not_is_refused(pair: Pair, obtained: list[str]) -> None:
    with pytest.raises(UsageError, match="Arm ft is a free-threaded build, which"):
        install.choose(str(pair[0].executable), "ft", QUIET)
    with pytest.raises(UsageError, match=r"Arm gil is a GIL build, which 3\.14t is"):
        install.choose("3.14t", "gil", QUIET)
    with pytest.raises(UsageError, match="names no release or build"):
        install.choose("newest", None, QUIET)
    assert obtained == []


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_what_is_no_cpython_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InterpreterError, match="could not be started"):
        install.at(tmp_path / "python3")
    other = tmp_path / "pypy"
    other.write_text('#!/bin/sh\necho \'{"implementation": "PyPy", "version": "3.11.1"}\'\n')
    other.chmod(0o755)
    with pytest.raises(InterpreterError, match=r"it is PyPy 3\.11\.1, and what is measured is CPy"):
        install.at(other)
