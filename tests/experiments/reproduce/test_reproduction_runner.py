"""Steps are taken one after the other: what fails stops no other, an interrupt stops all."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from fake_measurements import measured
from rich.console import Console

from ftbench.errors import NotAvailableError, WorkerFailedError
from ftbench.experiments.reproduce.plan import ARTICLE_KNOBS, PARTS, Step, plan
from ftbench.experiments.reproduce.record import StepState
from ftbench.experiments.reproduce.runner import take
from ftbench.probe.run.document import Measurement
from ftbench.progress import about
from ftbench.results.journal import Journal

STEPS = plan(ARTICLE_KNOBS, PARTS)


def journal(folder: Path, run: str = "now") -> Journal:
    return Journal(folder / "journal", "stamp", run)


def told() -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, width=100, color_system=None), out


def test_every_step_is_taken_in_its_order(tmp_path: Path) -> None:
    console, out = told()
    taken = take(STEPS, 1, measured, console, journal(tmp_path))
    assert [step.key for step in taken] == [step.key for step in STEPS]
    assert {step.state for step in taken} == {StepState.MEASURED}
    assert all(step.elapsed >= 0 for step in taken)
    assert f"{len(STEPS)} runs, about" in out.getvalue()
    assert out.getvalue().count(" measured  ") == len(STEPS)


def test_what_fails_and_what_is_not_available_stop_no_other(tmp_path: Path) -> None:
    def measure(step: Step) -> Measurement:
        if step.key == "memory/fork":
            raise WorkerFailedError("Worker 1 of 8 failed.", story="Traceback", hint="Try again.")
        if step.key == "memory/spawn":
            raise NotAvailableError("There is no spawn here.")
        return measured(step)

    console, out = told()
    taken = {step.key: step for step in take(STEPS, 1, measure, console, journal(tmp_path))}
    assert len(taken) == len(STEPS)
    fork, spawn = taken["memory/fork"], taken["memory/spawn"]
    assert (fork.state, fork.reason, fork.story) == (
        StepState.FAILED,
        "Worker 1 of 8 failed.",
        "Traceback",
    )
    assert (fork.exit_code, fork.measurement) == (4, None)
    assert (spawn.state, spawn.exit_code) == (StepState.UNAVAILABLE, 3)
    assert [key for key, step in taken.items() if step.state is not StepState.MEASURED] == [
        "memory/fork",
        "memory/spawn",
    ]
    assert "There is no spawn here." in out.getvalue()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_an_interrupt_or_a_bug_ends_it(tmp_path: Path, error: type[BaseException]) -> None:
    asked = []

    def measure(step: Step) -> Measurement:
        asked.append(step.key)
        raise error

    with pytest.raises(error):
        take(STEPS, 1, measure, told()[0], journal(tmp_path))
    assert asked == [STEPS[0].key]


def test_each_process_takes_all_steps_forth_and_back(tmp_path: Path) -> None:
    asked = []

    def measure(step: Step) -> Measurement:
        asked.append(step.key)
        return measured(step)

    steps = STEPS[:3]
    keys = [step.key for step in steps]
    taken = take(steps, 3, measure, told()[0], journal(tmp_path))
    assert asked == [*keys, *reversed(keys), *keys]
    assert [step.process for step in taken] == [0] * 3 + [1] * 3 + [2] * 3


@pytest.mark.parametrize(("ended", "left"), [(3, 24), (8, 16), (12, 16), (23, 8)])
def test_what_was_measured_before_a_kill_is_taken_over_by_whole_families(
    tmp_path: Path, ended: int, left: int
) -> None:
    """What is compared is of one sitting: a family of steps that was cut is measured again."""
    steps = plan(ARTICLE_KNOBS, ["lifecycle"])
    asked: list[str] = []

    def measure(step: Step) -> Measurement:
        if len(asked) == ended:
            raise KeyboardInterrupt
        asked.append(step.key)
        return measured(step)

    with pytest.raises(KeyboardInterrupt):
        take(steps, 3, measure, told()[0], journal(tmp_path, "first"))
    asked.clear()
    console, out = told()
    ended = 100
    taken = take(steps, 3, measure, console, journal(tmp_path, "second"))
    assert len(asked) == left
    assert len(taken) == 24
    assert {step.state for step in taken} == {StepState.MEASURED}
    for number in range(3):
        assert len({step.sitting for step in taken if step.process == number}) == 1
    over = f"{24 - left} of 24 processes were measured by 2"
    assert (over in " ".join(out.getvalue().split())) is (left < 24)
    assert f"{left} runs, about" in out.getvalue()


def test_families_are_what_a_table_compares() -> None:
    families = {step.key.partition("/")[0]: step.family for step in STEPS}
    assert families.pop("native") == "shared_set"
    assert all(name == family for name, family in families.items())


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "under a minute"),
        (59.9, "under a minute"),
        (60, "1 min"),
        (1800, "30 min"),
        (3600, "1 h 0 min"),
        (5400, "1 h 30 min"),
    ],
)
def test_a_time_is_told_as_people_do(seconds: float, words: str) -> None:
    assert about(seconds) == words
