"""Steps are taken one after the other: what fails stops no other, an interrupt stops all."""

from __future__ import annotations

import io

import pytest
from fake_measurements import measured
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from ftbench.errors import NotAvailableError, WorkerFailedError
from ftbench.experiments.reproduce.plan import ARTICLE_KNOBS, PARTS, Step, plan
from ftbench.experiments.reproduce.record import StepState
from ftbench.experiments.reproduce.runner import Clock, take
from ftbench.probe.run.document import Measurement
from ftbench.progress import about

STEPS = plan(ARTICLE_KNOBS, PARTS)


def told() -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, width=100, color_system=None), out


def test_every_step_is_taken_in_its_order() -> None:
    console, out = told()
    taken = take(STEPS, measured, console)
    assert [step.key for step in taken] == [step.key for step in STEPS]
    assert {step.state for step in taken} == {StepState.MEASURED}
    assert all(step.elapsed >= 0 for step in taken)
    assert f"{len(STEPS)} runs, about" in out.getvalue()
    assert out.getvalue().count(" measured  ") == len(STEPS)


def test_what_fails_and_what_is_not_available_stop_no_other() -> None:
    def measure(step: Step) -> Measurement:
        if step.key == "memory/fork":
            raise WorkerFailedError("Worker 1 of 8 failed.", story="Traceback", hint="Try again.")
        if step.key == "memory/spawn":
            raise NotAvailableError("There is no spawn here.")
        return measured(step)

    console, out = told()
    taken = {step.key: step for step in take(STEPS, measure, console)}
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
def test_an_interrupt_or_a_bug_ends_it(error: type[BaseException]) -> None:
    asked = []

    def measure(step: Step) -> Measurement:
        asked.append(step.key)
        raise error

    with pytest.raises(error):
        take(STEPS, measure, told()[0])
    assert asked == [STEPS[0].key]


def test_before_anything_is_done_the_guesses_are_all_there_is() -> None:
    assert Clock(STEPS).left(0.0) == pytest.approx(sum(step.seconds for step in STEPS))


def test_what_is_done_corrects_what_is_to_come_of_its_kind() -> None:
    first, second = STEPS[:2]
    assert first.kind == second.kind
    clock = Clock(STEPS)
    clock.done(first.seconds * 3)
    assert clock.guess(second) == pytest.approx(second.seconds * 3)
    memory = next(step for step in STEPS if step.scenario == "footprint")
    assert clock.guess(memory) == memory.seconds


def test_a_mode_that_was_not_yet_seen_is_as_slow_as_its_scenario() -> None:
    spawn = next(step for step in STEPS if step.key == "lifecycle/spawn/empty")
    clock = Clock(STEPS)
    clock.done(STEPS[0].seconds / 2)
    assert clock.guess(spawn) == pytest.approx(spawn.seconds / 2)


@given(st.lists(st.floats(0.01, 1000), min_size=len(STEPS), max_size=len(STEPS)))
def test_the_time_left_is_never_below_zero_and_nothing_in_the_end(took: list[float]) -> None:
    clock = Clock(STEPS)
    for seconds in took:
        assert 0 <= clock.left(1e9) <= clock.left(seconds) <= clock.left(0.0)
        clock.done(seconds)
    assert clock.left(0.0) == 0.0


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
