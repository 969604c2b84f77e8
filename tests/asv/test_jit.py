"""The arm `jit`: where it is measured, in which state, and what is said where it is not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from asv.config import Config
from fake_builds import Install, chosen, commit, fake_interpreter, interpreter, names
from probing import document_of, environment
from rich.console import Console

from ftbench.asv.environment import MissingInterpreterError, nothing_for
from ftbench.errors import GilStateError, NotAvailableError
from ftbench.experiments import suite
from ftbench.experiments.bench import arms_with, environment_names
from ftbench.experiments.turns import Layout
from ftbench.facts.arms import ARMS, arm_named
from ftbench.fleet import measure as fleet
from ftbench.fleet.plan import Work
from ftbench.probe.run.measure import CELL
from ftbench.pythons import discover

ROOT = Path(__file__).parents[2]
JIT = arm_named("jit")
FLAVOUR = "source-gcc12-jitoff"
PAIR = fake_interpreter(version="3.14.2", jit="off"), interpreter("3.14.2t")


def test_only_gil_builds_with_a_jit_that_can_be_asked_have_the_arm(
    conf: Config, install: Install
) -> None:
    old = fake_interpreter(version="3.13.5", jit="off")
    plain = fake_interpreter("/opt/plain", version="3.14.0")
    free = fake_interpreter("/opt/free", version="3.14.2", jit="off", free_threaded=True)
    install(old, plain, free)
    assert names(chosen(conf, "jit")) == []
    assert "GIL build with a JIT" in nothing_for(JIT)
    install(old, PAIR[0])
    (one,) = chosen(conf, "jit")
    assert one.name.endswith(f"-build{FLAVOUR}-profilesmoke-PYTHON_JIT1")
    assert one.interpreter(commit("3.14.2")) == PAIR[0]
    with pytest.raises(MissingInterpreterError, match=r"3\.13\.5 has no GIL build with a JIT"):
        one.interpreter(commit("3.13.5"))


def test_the_main_job_measures_it_where_it_is_and_is_no_longer_where_it_is_not() -> None:
    assert environment_names(PAIR, "smoke")[-1].endswith("-PYTHON_JIT1")
    assert (
        environment_names(PAIR, "smoke", ["ft", "jit"])
        == [name for name in environment_names(PAIR, "smoke") if "pyft" in name or "JIT1" in name][
            :1
        ]
        + environment_names(PAIR, "smoke")[-1:]
    )
    without = (interpreter("3.14.2"), PAIR[1])
    assert len(environment_names(without, "smoke")) == len(ARMS) - 1
    cells = suite.chosen(suite.cells(ROOT), r"^lifecycle\.")
    measured = {cell.mode for cell in cells if JIT in arms_with(cell, PAIR)}
    assert "threads" in measured
    assert "interpreters" not in measured  # whose workers have no JIT
    assert not any(JIT in arms_with(cell, without) for cell in cells)


def test_a_fleets_run_of_an_arm_that_no_build_has_measures_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "ensure_pair", lambda *_: (interpreter("3.14.2"), PAIR[1]))
    work = Work(
        host="a",
        releases=("3.14.2",),
        arms=("jit",),
        bench=".",
        profile="smoke",
        deadline=9,
        suite="",
        sitting="",
    )
    with pytest.raises(NotAvailableError, match="No build here has the arms jit"):
        fleet.measure(work, tmp_path, "box", Console())


def test_it_is_on_in_its_own_arm_alone() -> None:
    layout = Layout(1, 0, None)
    found = {arm.name: layout.environment(arm)["PYTHON_JIT"] for arm in ARMS}
    assert found == {"gil": "0", "ft": "0", "ft-gil1": "0", "jit": "1"}
    assert {arm.name: arm.variables["PYTHON_JIT"] for arm in ARMS} == found


def test_a_cell_whose_jit_is_not_as_asked_for_is_thrown_away() -> None:
    asked = {"scenario": "lifecycle", "mode": "threads", "params": {"workers": 1}, "gil": True}
    more = {"params": {"workers": 1, "task": "empty"}, "profile": "smoke", "deadline": 20}
    request = json.dumps({**asked, **more, "jit": True})
    command = [sys.executable, "-P", "-c", CELL, request]
    done = subprocess.run(
        command, input=b"\n" * 1000, capture_output=True, check=False, env=environment(None)
    )
    assert done.returncode == GilStateError.exit_code
    assert b"The JIT was not as asked for" in done.stdout


@pytest.mark.parametrize("on", [True, False])
def test_its_state_is_on_record(on: bool) -> None:  # noqa: FBT001
    here = next((each for each in discover() if each.serves(JIT)), None)
    if here is None:
        pytest.skip("no build here has a JIT that can be asked")
    words = "single_thread", "--mode", "serial", "--set", "kernel=calls"
    document = document_of(here.executable, *words, environ={"PYTHON_JIT": f"{on:d}"})
    assert document["jit"] == {"asked": on, "before": on, "after": on}
    assert document["build"]["jit"] == here.build.jit  # what it is by itself
