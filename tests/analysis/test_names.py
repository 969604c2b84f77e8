"""What series are called: words that need no source, of every metric that has a benchmark."""

from __future__ import annotations

import pytest

from ftbench.analysis.names import cell_name, metric_name, remark, series_name
from ftbench.probe.scenarios.base import NAMES, scenario_named


@pytest.mark.parametrize("name", NAMES)
def test_no_two_metrics_of_a_scenario_are_called_alike_nor_as_in_the_source(name: str) -> None:
    specs = [spec for spec in scenario_named(name).metrics if spec.tracked]
    names = [metric_name(f"{name}.Any.track_{spec.name}") for spec in specs]
    assert len(set(names)) == len(names)
    for spec, words in zip(specs, names, strict=True):
        assert spec.says.endswith(".")
        assert words != spec.name.replace("_", " ")
        assert " " in words or words == spec.unit
        assert not {";", "_"} & set(words)


def test_a_maintainer_understands_a_series_without_the_source() -> None:
    params = {"mode": "threads", "kernel": "objects"}
    assert series_name("cpu_scaling.CpuScaling.track_unit_2", params) == (
        "cpu_scaling, wall time per unit of work, 2 workers: threads, creating objects"
    )
    assert cell_name({"mode": "threads", "workers": "1", "task": "empty", "pattern": ""}) == (
        "threads, 1 worker, empty task"
    )
    assert metric_name("grain.Grain.track_idle_10us").endswith("tasks of 10\N{NO-BREAK SPACE}µs")


def test_a_metric_of_nobody_knows_whom_keeps_its_name_and_what_it_says() -> None:
    assert metric_name("mine.Suite.time_all_of_it") == "all of it"
    assert remark("mine.Suite.time_all_of_it", "Says this.") == "Says this."
    assert remark("cpu_scaling.CpuScaling.track_cpu", "") == "by their own clocks."
