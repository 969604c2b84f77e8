"""What the probe's command line and its scenarios take, and what they say of the rest."""

from __future__ import annotations

import multiprocessing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftbench.errors import FtbenchError, UsageError
from ftbench.facts.modes import (
    EVERY_MODE,
    KINDS,
    MODE_NAMES,
    MODES,
    START_METHODS,
    Mode,
    mode_named,
)
from ftbench.facts.profiles import PROFILES, current_profile, profile_named
from ftbench.probe.__main__ import mode_name, parameters
from ftbench.probe.run.outcome import Metric
from ftbench.probe.scenarios.base import MOST_WORKERS, NAMES, Param, Scenario, scenario_named
from ftbench.probe.workers import unavailable

WORKERS = Param(default=8)
TASK = Param(default="empty", choices=("empty", "article"))


@given(st.integers(1, MOST_WORKERS))
def test_a_whole_number_in_range_is_taken_as_text_and_as_number(number: int) -> None:
    assert WORKERS.parse("workers", str(number)) == number
    assert WORKERS.parse("workers", number) == number


@settings(deadline=None)  # how fast is no matter here, and the machine may be busy
@given(st.integers(max_value=0) | st.integers(MOST_WORKERS + 1))
def test_a_number_out_of_range_is_told_the_range(number: int) -> None:
    with pytest.raises(UsageError, match=f"from 1 to {MOST_WORKERS}, not {number}"):
        WORKERS.parse("workers", number)


@pytest.mark.parametrize("value", [2.5, True, None, "2.0", ""])
def test_what_is_no_whole_number_is_never_rounded_to_one(value: object) -> None:
    with pytest.raises(UsageError, match="whole number"):
        WORKERS.parse("workers", value)  # type: ignore[arg-type]


@given(st.text())
def test_a_choice_is_itself_or_refused(text: str) -> None:
    if text in TASK.choices:
        assert TASK.parse("task", text) == text
    else:
        with pytest.raises(UsageError, match="There is: article, empty"):
            TASK.parse("task", text)


def test_every_default_is_allowed() -> None:
    for scenario in map(scenario_named, NAMES):
        defaults = {name: param.default for name, param in scenario.params.items()}
        assert scenario.parse({}) == scenario.parse(defaults) == defaults


def test_the_mode_table_is_the_start_methods_and_the_kinds() -> None:
    for mode in EVERY_MODE:
        assert mode.name == "-".join(filter(None, (mode.kind, mode.start_method)))
        assert mode_named(mode.name) is mode
        assert mode_name(mode.kind, mode.start_method) == mode.name or mode.kind == "processes"
    assert len({mode.name for mode in EVERY_MODE}) == len(EVERY_MODE)
    assert tuple(mode.name for mode in MODES) == MODE_NAMES
    assert set(START_METHODS) == {"fork", "forkserver", "spawn"}
    assert {mode.kind for mode in MODES} == {"threads", "processes", "interpreters"}
    assert set(KINDS) == {mode.kind for mode in EVERY_MODE}


def test_an_engine_that_is_not_installed_is_named() -> None:
    absent = Mode(name="none", kind="none", title="none", workers="loky", engine="no_such_engine")
    assert unavailable(absent) == "no_such_engine is not installed in this interpreter"


def test_a_scenario_has_its_own_modes() -> None:
    reason = scenario_named("lifecycle").why_not(mode_named("asyncio"), {})
    assert reason is not None
    assert "lifecycle is measured in threads" in reason


def test_a_system_lacks_exactly_the_start_methods_that_it_does_not_have() -> None:
    for mode in MODES:
        if mode.start_method:
            has = mode.start_method in multiprocessing.get_all_start_methods()
            assert (unavailable(mode) is None) is has


def test_processes_without_a_start_method_are_the_default_ones() -> None:
    default = multiprocessing.get_context().get_start_method()
    assert mode_name("processes", None) == f"processes-{default}"


@pytest.mark.parametrize("name", MODE_NAMES)
def test_a_mode_is_also_known_by_its_whole_name(name: str) -> None:
    assert mode_name(name, None) == name


def test_assignments_become_parameters() -> None:
    assert parameters(["task=empty", "workers=3"], None) == {"task": "empty", "workers": "3"}
    assert parameters(["workers=3"], "2") == {"workers": "2"}
    with pytest.raises(UsageError, match="KEY=VALUE"):
        parameters(["task"], None)


def test_a_profile_changes_how_long_and_nothing_else() -> None:
    smoke, quick, full = (profile_named(name) for name in ("smoke", "quick", "full"))
    assert set(PROFILES) == {"smoke", "quick", "full"}
    assert smoke.seconds <= quick.seconds <= full.seconds
    assert smoke.hold <= quick.hold <= full.hold
    # An interval over processes needs three.
    assert smoke.processes < 3 <= quick.processes <= full.processes
    for profile in PROFILES.values():
        assert 2 <= profile.least_rounds <= profile.most_rounds
        assert profile.processes >= 1
        assert profile.hold >= 0


def test_the_profile_comes_from_the_environment() -> None:
    assert current_profile({}).name == "quick"
    assert current_profile({"FTBENCH_PROFILE": ""}).name == "quick"
    assert current_profile({"FTBENCH_PROFILE": "smoke"}).name == "smoke"
    with pytest.raises(UsageError, match="Did you mean 'smoke'"):
        current_profile({"FTBENCH_PROFILE": "smokey"})


def metrics_of(scenario: Scenario) -> dict[str, Metric]:
    return {each.name: Metric(unit=each.unit, samples=(1.0,)) for each in scenario.metrics}


@pytest.mark.parametrize("name", NAMES)
def test_the_metrics_of_its_table_are_what_a_scenario_may_yield(name: str) -> None:
    scenario = scenario_named(name)
    assert all(each.says.endswith(".") for each in scenario.metrics)
    assert set(scenario.slowed) <= {each.name for each in scenario.metrics}
    scenario.check(metrics_of(scenario))


def test_a_metric_that_is_lacking_strange_or_in_another_unit_is_an_error() -> None:
    scenario = scenario_named("cpu_scaling")
    whole = metrics_of(scenario)
    of_three = {"unit_3": whole["unit_2"], "relative_3": whole["relative_2"]}
    scenario.check(whole | of_three)
    scenario.check({name: each for name, each in whole.items() if not name.endswith("8")})
    for wrong in (
        {name: each for name, each in whole.items() if name != "serial"},
        whole | {"strange": whole["serial"]},
        whole | {"unit_some": whole["serial"]},
        whole | {"serial": whole["relative_1"]},
    ):
        with pytest.raises(FtbenchError, match="other metrics than its table has"):
            scenario.check(wrong)
