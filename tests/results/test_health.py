"""How steady runs were: the stick's index of each figure, its marks, and a run's own check."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import fake_results
import pytest
import synthetic
from synthetic import Plan

from ftbench.facts.arms import USUAL_ARMS
from ftbench.results import Figure, ResultTree, health, read_results
from ftbench.results.figure import SeriesKey
from ftbench.results.health import by_run, far, given

FIGURE = fake_results.tree(fake_results.RELEASES[:1]).figures[0]
RELATIVE = "cpu_scaling.CpuScaling.track_relative_1"


def beside(*seconds: float, run: str = "r", stick: str = "s", **fields: Any) -> Figure:
    """Return a figure of a cell, of a process for each of `seconds`."""
    speeds = tuple((run, stick, each) for each in seconds)
    return replace(FIGURE, **{"interference": "", "speeds": speeds, **fields})


def marks(*figures: Figure) -> list[str]:
    return [figure.interference for figure in given(figures)]


def test_the_usual_speed_of_a_run_is_the_median_of_its_cells() -> None:
    found = list(given([beside(0.002), beside(0.002), beside(0.0028)]))
    assert [figure.slow for figure in found] == [(1.0,), (1.0,), (pytest.approx(1.4),)]
    assert marks(beside(0.002), beside(0.002), beside(0.0028), beside(0.0018), beside(0.0016)) == [
        "",
        "",
        "measured while the machine was 1.40 times as slow as usual in this run",
        "",
        "measured while the machine was 1.25 times as fast as usual in this run",
    ]


def test_metrics_of_one_cell_count_once() -> None:
    many = beside(0.004)
    figures = [many, *(replace(many, unit="ratio") for _ in range(9)), beside(0.002), beside(0.002)]
    assert [figure.slow for figure in given(figures)] == [(2.0,)] * 10 + [(1.0,)] * 2


def test_runs_sticks_and_machines_have_speeds_of_their_own() -> None:
    other = replace(FIGURE.environment, machine="other")
    apart = [beside(1.0), beside(2.0, run="q"), beside(3.0, stick="t")]
    apart.append(beside(4.0, environment=other))
    assert {figure.slow for figure in given(apart)} == {(1.0,)}


def test_of_several_processes_the_worst_is_told_beside_what_else_ran() -> None:
    usual = [beside(0.002)] * 1
    calm = [beside(0.002), beside(0.002), *usual]
    *_, found = given([*calm, beside(0.002, 0.003, 0.0024, interference="others used 0.5 cores")])
    assert found.slow == (1.0, 1.5, 1.2)
    assert found.interference == (
        "others used 0.5 cores; 2 of 3 processes, at worst: measured while the machine was "
        "1.50 times as slow as usual in this run"
    )


def test_memory_is_not_marked_and_keeps_its_index() -> None:
    *_, found = given([beside(0.002), beside(0.002), beside(0.004, unit="bytes")])
    assert (found.slow, found.interference) == ((2.0,), "")


def test_without_a_stick_nothing_is_said() -> None:
    old = replace(FIGURE, interference="x")
    assert list(given([old])) == [old]


def test_a_tenth_off_is_still_near() -> None:
    assert far([0.9, 1.1, 1.0, 0.899, 1.101]) == [0.899, 1.101]


def test_a_run_of_an_arm_has_its_cells_and_its_speeds() -> None:
    alike = replace(FIGURE, series=SeriesKey(benchmark=RELATIVE, params={}), runs=frozenset("ab"))
    other = replace(alike, environment=replace(alike.environment, arm=USUAL_ARMS[1]), median=1.5)
    found = by_run([replace(alike, median=1.2), other, *given([beside(1.0, 3.0, run="a")])])
    ours, theirs = found[FIGURE.machine, USUAL_ARMS[0]], found[FIGURE.machine, USUAL_ARMS[1]]
    assert ours["a"] == ([1.2], [0.5, 1.5])
    assert ours["b"] == ([1.2], [])
    assert theirs["b"] == ([1.5], [])


def read(folder: Path, *speeds: object) -> ResultTree:
    """Return results in which the cells of each file have one of `speeds`, by turns."""
    synthetic.write_tree(folder, Plan(releases=("3.13.15", "3.14.2")), only="_round")
    for number, path in enumerate(sorted(folder.glob("*/*.records.jsonl"))):
        name = path.name.removesuffix(".records.jsonl") + ".json"
        fake_results.edit_records(
            path.with_name(name), "cell", speed=speeds[number % len(speeds)], run="one"
        )
    return read_results(folder)


def test_records_are_read_and_those_that_say_nothing_are_none(tmp_path: Path) -> None:
    fast, slow = ({"stick": "1-3.11", "seconds": each, "slices": 5} for each in (0.002, 0.003))
    odd = [{}, {"stick": 5, "seconds": 0.002}, {"stick": "x", "seconds": -1}, {"seconds": "x"}]
    figures = read(tmp_path, fast, fast, fast, slow, *odd).figures
    found = {times for figure in figures for times in figure.slow}
    assert found == {1.0, 1.5}
    assert not read(tmp_path / "odd", *odd).warnings


def test_sources_have_the_health_of_their_runs(tmp_path: Path) -> None:
    tree = read(tmp_path, {"stick": "1-3.11", "seconds": 0.002})
    found = [health for source in tree.sources for health in source.health.values()]
    assert found
    assert all(set(health.slow) == {1.0} for health in found)


def test_what_a_run_checks_itself_by_is_measured() -> None:
    for name in health._ALIKE:
        module, group, metric = name.split(".")
        benchmark = getattr(import_module(f"benchmarks.{module}"), group)
        assert hasattr(benchmark, metric)


def scaled(metric: str, median: float, pattern: str = "closures", **fields: Any) -> Figure:
    series = SeriesKey(
        benchmark=f"must_scale.MustScale.track_{metric}",
        params={"mode": "threads", "pattern": pattern},
    )
    # asv's median, of all samples at once, is not what is shown and judged.
    own = (median - 0.1,), (median**2 / (median - 0.1),)
    return replace(FIGURE, series=series, unit="ratio", median=1.0, processes=own, **fields)


@pytest.mark.parametrize(("control", "told"), [(1.051, True), (1.05, False), (0.94, True)])
def test_a_pattern_whose_control_is_off_judges_no_scaling(control: float, *, told: bool) -> None:
    shared = ("relative_2", "relative_4", "relative_cpu_2", "op")
    figures = [
        *(scaled(metric, 1.6) for metric in shared),
        scaled("relative_2", 1.6, "imports"),
        scaled("control_2", control),
        scaled("control_cpu_2", 1.0),
        scaled("control_2", 1.0, "imports"),
        scaled("control_2", 1.0, environment=replace(FIGURE.environment, profile="quick")),
    ]
    doubtful = [figure.series for figure in given(figures) if figure.doubt == health.OFF_CONTROL]
    assert doubtful == [figure.series for figure in figures[:2]] * told
    # CPU time has a control of its own.
    figures[6] = scaled("control_cpu_2", control)
    doubtful = [figure.series for figure in given(figures) if figure.doubt]
    assert doubtful == [figure.series for figure in figures[:3]] * told
