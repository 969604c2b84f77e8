"""One contest in a clean process: what it yields, how it fails, and that nothing stays behind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ftbench.errors import DeadlineError, NotAvailableError, WorkerFailedError
from ftbench.experiments import overhead
from ftbench.experiments.overhead import Heat, Loop, heat
from ftbench.facts.arms import Arm, arm_named
from ftbench.facts.modes import mode_named
from ftbench.probe.run import programs

GIL = arm_named("gil")


def loop(scenario: str = "lifecycle", mode: str = "threads") -> Loop:
    return Loop(scenario=scenario, mode=mode_named(mode), workers=2, operations=16)


def run(python: Path, what: Loop | None = None, *, arm: Arm = GIL, deadline: float = 60.0) -> Heat:
    return heat(python, arm, what or loop(), pairs=2, deadline=deadline)


def replaced(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Let the measured process run `program` in place of the contest."""
    monkeypatch.setattr(overhead, "_CONTEST", program)


FORK = pytest.param(
    "processes-fork", marks=pytest.mark.skipif(sys.platform == "win32", reason="no fork")
)


@pytest.mark.parametrize("mode", ["threads", FORK])
@pytest.mark.parametrize("scenario", ["lifecycle", "shared_set", "sharded_writers"])
def test_a_process_yields_as_many_samples_of_each_loop_as_pairs(
    measured_python: Path, scenario: str, mode: str
) -> None:
    found = run(measured_python, loop(scenario, mode))
    assert {"harness", "bare"} <= set(found.samples)
    assert {len(samples) for samples in found.samples.values()} == {2}
    assert all(sample > 0 for samples in found.samples.values() for sample in samples)
    assert "serial twin" in found.checked
    assert found.clock > 0
    assert found.every >= 1


def test_nothing_of_the_callers_python_settings_gets_there(
    measured_python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    monkeypatch.setenv("PYTHON_GIL", "0")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    assert run(measured_python).samples


def test_a_mode_without_a_bare_loop_is_not_available(measured_python: Path) -> None:
    with pytest.raises(NotAvailableError, match="measured in threads, processes-fork"):
        run(measured_python, loop(mode="processes-spawn"))


def test_a_worker_that_raises_is_the_story(
    measured_python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = (
        "from ftbench.probe import overhead\n"
        "def locked(*args): raise ZeroDivisionError('of a worker')\n"
        "overhead.locked = locked\n"
        "overhead.main()"
    )
    replaced(monkeypatch, bad)
    with pytest.raises(WorkerFailedError) as raised:
        run(measured_python, loop("shared_set"))
    assert "ZeroDivisionError: of a worker" in raised.value.story


def test_a_process_that_hangs_ends_at_its_deadline(
    measured_python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "BACKSTOP_SECONDS", 0.5)
    replaced(monkeypatch, "import time; time.sleep(600)")
    with pytest.raises(DeadlineError, match=r"did not end within 1 s") as raised:
        run(measured_python, deadline=0.5)
    assert "--deadline" in raised.value.hint


def test_a_loop_that_hangs_ends_at_its_own_deadline(
    measured_python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = (
        "import time\n"
        "from ftbench.probe import overhead\n"
        "overhead.locked = lambda *args: time.sleep(600)\n"
        "overhead.main()"
    )
    replaced(monkeypatch, hangs)
    with pytest.raises(DeadlineError, match="deadline of 1 s passed while waiting for 2 worker"):
        run(measured_python, loop("shared_set"), deadline=1.0)
