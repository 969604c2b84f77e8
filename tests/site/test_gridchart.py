from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import synthetic
from synthetic import Plan

from ftbench.analysis.grid import grid_of
from ftbench.analysis.metrics import sharded_writers, shared_set
from ftbench.report.sections.ladders import BY_STRATEGY, BY_WRITERS
from ftbench.results import read_results
from ftbench.site.gridchart import draw_grid

OP = shared_set("op", "op", "grown")


def svg_of(folder: Path, plan: Plan) -> str:
    synthetic.write_tree(folder, plan, only="SharedSet.track_op")
    grid = grid_of(read_results(folder).figures, OP, BY_STRATEGY.ladder)
    return draw_grid(grid, BY_STRATEGY, name="picture")


@pytest.fixture(scope="module")
def svg(tmp_path_factory: pytest.TempPathFactory) -> str:
    return svg_of(tmp_path_factory.mktemp("tree"), Plan(releases=("3.14.2",)))


def test_a_picture_is_well_formed_and_named(svg: str) -> None:
    root = ET.fromstring(svg)  # noqa: S314 - our own
    assert root.tag == "svg"
    assert root.get("aria-labelledby") == "picture"


def test_every_mode_has_every_strategy(svg: str) -> None:
    for name in ("local", "actor", "shared memory"):
        assert svg.count(f">{name}<") == 5
    assert svg.count(">lock<") == 4


def test_a_hole_is_one_line_and_one_word(svg: str) -> None:
    assert svg.count(">lock, atomic, striped<") == 1
    assert svg.count(">skipped<") == 1


def test_one_failed_cell_is_named_by_its_arm_beside_the_others_marks(svg: str) -> None:
    assert svg.count("▲ failed") == 1
    assert svg.count("failed") == 1


def test_colours_are_the_pages_and_none_is_matplotlibs(svg: str) -> None:
    assert re.findall(r"#[0-9a-f]{6}\b", svg) == []
    assert "var(--bad)" in svg


def test_each_arm_has_a_shape_of_its_own(svg: str) -> None:
    shapes = re.findall(r'<path id="picture-m\w+" d="([^"]*)"[^>]*var\(--paper\)', svg)
    assert len(set(shapes)) == 3


def test_a_mode_that_the_release_lacks_is_one_line(tmp_path: Path) -> None:
    drawn = svg_of(tmp_path, Plan(releases=("3.13.15",)))
    assert drawn.count(">every strategy<") == 1
    assert drawn.count(">skipped<") == 1


def test_nothing_measured_is_no_picture() -> None:
    grid = grid_of([], sharded_writers("op", "op", 1), BY_WRITERS.ladder)
    assert draw_grid(grid, BY_WRITERS, name="picture") == ""


def test_the_same_figures_give_the_same_picture(svg: str, tmp_path: Path) -> None:
    assert svg_of(tmp_path, Plan(releases=("3.14.2",))) == svg
