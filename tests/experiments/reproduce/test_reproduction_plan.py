"""The plan asks for runs that exist, each once, as the article has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench.experiments.reproduce.plan import ARTICLE_KNOBS, NATIVE, PARTS, Step, plan
from ftbench.facts.modes import mode_named
from ftbench.facts.profiles import profile_named
from ftbench.probe.scenarios.base import scenario_named

EVERY = plan(ARTICLE_KNOBS, PARTS)


@pytest.mark.parametrize("step", EVERY, ids=lambda step: step.key)
def test_every_step_is_one_that_the_probe_takes(step: Step) -> None:
    profile = profile_named(step.profile)
    assert profile.least_rounds == profile.most_rounds
    assert mode_named(step.mode).name == step.mode
    if step.scenario != NATIVE:
        scenario = scenario_named(step.scenario)
        values = scenario.parse(step.params)
        assert scenario.hole(mode_named(step.mode), values) is None
        assert values.items() >= step.params.items()


def test_threads_are_free_of_the_gil_and_processes_are_on_the_gil_build() -> None:
    for step in EVERY:
        if step.scenario != NATIVE:
            assert step.arm == ("ft" if step.mode == "threads" else "gil")


def test_the_steps_are_the_articles() -> None:
    counts = {part: len(plan(ARTICLE_KNOBS, [part])) for part in PARTS}
    assert counts == {"lifecycle": 8, "memory": 4, "shared_set": 8, "sharded": 8, "rust": 4}
    assert len(EVERY) == 30  # the Python that Rust is compared with is the shared set's
    (memory,) = (step for step in EVERY if step.key == "memory/spawn")
    profile = profile_named(memory.profile)
    assert (profile.holds, profile.hold, profile.interval) == (30, 1.0, 0.05)
    (sharded,) = (step for step in EVERY if step.key == "sharded_writers/forkserver/4/article")
    assert sharded.params == {"workers": 8, "writers": 4, "form": "article", "duration": 5000}


def test_rust_alone_brings_the_python_that_it_is_compared_with() -> None:
    keys = [step.key for step in plan(ARTICLE_KNOBS, ["rust"])]
    assert keys == [
        "shared_set/threads/article",
        "shared_set/threads/timed",
        "native/article",
        "native/timed",
    ]


@given(st.sets(st.sampled_from(PARTS), min_size=1), st.floats(0.001, 1))
def test_a_step_is_there_once_and_takes_a_part_of_the_time(parts: set[str], scale: float) -> None:
    whole = {step.key: step for step in plan(ARTICLE_KNOBS, parts)}
    steps = plan(ARTICLE_KNOBS.scaled(scale), parts)
    assert [step.key for step in steps] == list(whole)
    for step in steps:
        assert 0 < step.seconds <= whole[step.key].seconds
        assert step.deadline > step.seconds
    assert {key: step.title for key, step in whole.items()} == {s.key: s.title for s in steps}
