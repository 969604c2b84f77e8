"""The suite: what the benchmarks have, and what a pattern chooses of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench.errors import UsageError
from ftbench.experiments import suite
from ftbench.facts.modes import mode_named
from ftbench.probe.scenarios.base import NAMES, scenario_named

ROOT = Path(__file__).resolve().parents[3]
ALL = suite.cells(ROOT)


def test_every_scenario_has_cells_and_each_is_one_of_the_probe() -> None:
    """Parameters are the scenario's own, and none of the cells is a hole."""
    assert {cell.scenario for cell in ALL} == set(NAMES)
    for cell in ALL:
        scenario = scenario_named(cell.scenario)
        assert scenario.why_not(mode_named(cell.mode), scenario.parse(cell.params)) is None


def test_cells_are_told_apart_by_their_titles() -> None:
    """Passes keep what they measure by it."""
    assert len({cell.title for cell in ALL}) == len(ALL)


def test_a_cell_has_the_metrics_that_are_tracked_with_their_units() -> None:
    """Names without `track_`, as the probe has them."""
    footprint = next(cell for cell in ALL if cell.scenario == "footprint")
    assert set(footprint.metrics) == {"pss", "uss", "rss", "per_worker", "peak", "left"}
    assert set(footprint.metrics.values()) == {"bytes"}


def test_a_pattern_is_matched_with_what_asv_calls_a_series() -> None:
    """With its parameters, and the other metrics of a cell are left out."""
    found = suite.chosen(ALL, r"Lifecycle\.track_round\('threads', 'none', 8, 'empty'\)")
    assert [(cell.title, dict(cell.metrics)) for cell in found] == [
        ("lifecycle.Lifecycle(threads, 8, empty)", {"round": "seconds"})
    ]


def test_without_a_pattern_all_is_chosen_but_what_counts_and_spark() -> None:
    """None means everything that a machine's noise is in, and that comes to its end soon."""
    counted, spark = suite.chosen(ALL, "instructions"), suite.chosen(ALL, "pools.*'spark'")
    assert {cell.scenario for cell in counted} == {"instructions"}
    assert [(cell.scenario, cell.mode) for cell in spark] == [("pools", "spark")]
    usual = suite.chosen(ALL, None)
    assert [each for each in ALL if each not in (*counted, *spark)] == [*usual]
    assert suite.chosen((), None) == ()


@pytest.mark.parametrize(
    ("pattern", "why"), [("(", "no regular expression"), ("nothing_like_it", "matches no")]
)
def test_a_pattern_that_chooses_nothing_is_refused(pattern: str, why: str) -> None:
    """With what was wrong with it."""
    with pytest.raises(UsageError, match=why):
        suite.chosen(ALL, pattern)


def test_a_folder_without_benchmarks_is_refused(tmp_path: Path) -> None:
    """The suite is that of a clone."""
    with pytest.raises(UsageError, match="no folder benchmarks"):
        suite.cells(tmp_path)
