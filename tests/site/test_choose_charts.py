"""The pictures of Choose: every mode on every arm, and ladders in bands."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path

import pytest
import synthetic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic import Plan

from ftbench.analysis.comparison import FigureIndex, Metric
from ftbench.facts.arms import USUAL_ARMS
from ftbench.facts.modes import MODES
from ftbench.releases import Release
from ftbench.report.sections import SECTIONS
from ftbench.report.sections.view import GridView, View
from ftbench.report.sections.workers import ROUND_EMPTY, TREE_PSS
from ftbench.report.view_figures import GridFigures, ModeFigures
from ftbench.results import Figure, State, read_results
from ftbench.results.figure import Environment, SeriesKey
from ftbench.site.mode_charts import draw, needs_log
from ftbench.statistics.spread import Interval


def drawn(figures: Iterable[Figure], metric: Metric, name: str = "x") -> str:
    return draw(ModeFigures.of(name, View(metric=metric), FigureIndex(figures)))


def grid_drawn(name: str, figures: Iterable[Figure]) -> str:
    """Return the picture of a section's first grid."""
    section = next(section for section in SECTIONS if section.name == name)
    view = next(view for view in section.views if isinstance(view, GridView))
    return draw(GridFigures.of("picture", view, FigureIndex(figures)))


def figure(number: int, median: float) -> Figure:
    """Return the round of one cell, counted through modes and arms."""
    return Figure(
        environment=Environment(
            machine="m", arm=USUAL_ARMS[number % len(USUAL_ARMS)], flavour="source", profile="full"
        ),
        release=Release.parse("3.14.2"),
        series=SeriesKey(
            benchmark=ROUND_EMPTY.benchmark,
            params={"mode": MODES[number // len(USUAL_ARMS)].name, **ROUND_EMPTY.params},
        ),
        unit="seconds",
        state=State.MEASURED,
        median=median,
        interval=Interval(low=median * 0.5 - 0.1, high=median * 1.5 + 0.1),
    )


@pytest.fixture(scope="module")
def svg(results: Path) -> str:
    figures = read_results(results).figures
    ours = [f for f in figures if f.machine == "quiet-vm" and f.release.name == "3.13.15"]
    return drawn(ours, ROUND_EMPTY, name="round")


def test_a_picture_is_well_formed_and_named(svg: str) -> None:
    root = ET.fromstring(svg)  # noqa: S314 - our own
    assert root.tag == "svg"
    assert root.get("aria-labelledby") == "round"


def test_text_stays_text_in_the_pages_own_font(svg: str) -> None:
    assert ">threads<" in svg
    assert "font-family" not in svg
    assert "base64" not in svg


def test_colours_are_the_pages_and_none_is_matplotlibs(svg: str) -> None:
    assert re.findall(r"#[0-9a-f]{6}\b", svg) == []
    assert {"var(--ink)", "var(--arm-gil)", "var(--arm-ft)"} <= set(
        re.findall(r"var\([\w-]+\)", svg)
    )


def test_a_style_that_occurs_often_is_written_once(svg: str) -> None:
    (rules,) = re.findall(r"<style>(.*?)</style>", svg)
    styles = dict(re.findall(r"\.(s[0-9a-f]{6})\{([^}]*)\}", rules))
    assert set(styles) == set(re.findall(r'class="(s[0-9a-f]{6})"', svg))
    assert [svg.count(f'style="{style}"') for style in styles.values()] == [0] * len(styles)


def test_one_class_is_one_style_on_all_pictures(results: Path) -> None:
    figures = [f for f in read_results(results).figures if f.machine == "busy-laptop"]
    pictures = [drawn(figures, metric) for metric in (ROUND_EMPTY, TREE_PSS)]
    one, other = (dict(re.findall(r"\.(s[0-9a-f]{6})\{([^}]*)\}", svg)) for svg in pictures)
    assert {name: one[name] for name in one if name in other} == {
        name: other[name] for name in one if name in other
    }
    assert set(one) & set(other)


def test_each_arm_has_a_shape_of_its_own(svg: str) -> None:
    shapes = re.findall(r'<path id="round-m\w+" d="([^"]*)"[^>]*var\(--paper\)', svg)
    assert len(set(shapes)) == 3


def test_skipped_and_failed_are_written_out(svg: str) -> None:
    assert svg.count("skipped") == 3
    assert "failed" in svg


def test_the_axis_says_its_unit_and_its_scale(svg: str) -> None:
    assert "ms, log scale" in svg


def test_two_pictures_on_a_page_share_no_id(results: Path) -> None:
    figures = [f for f in read_results(results).figures if f.machine == "busy-laptop"]
    ids = [
        set(re.findall(r'id="([^"]*)"', drawn(figures, metric, name=name)))
        for name, metric in (("one", ROUND_EMPTY), ("two", TREE_PSS))
    ]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_the_same_figures_give_the_same_picture() -> None:
    figures = [figure(0, 0.002), figure(1, 0.5)]
    assert drawn(figures, ROUND_EMPTY) == drawn(figures, ROUND_EMPTY)


def test_nothing_measured_is_no_picture() -> None:
    assert drawn([], ROUND_EMPTY) == ""


def test_a_log_axis_is_for_ranges_that_demand_it() -> None:
    assert needs_log([1, 21])
    assert not needs_log([1, 19])
    assert not needs_log([0, 100])
    assert not needs_log([])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=1, max_size=15))
def test_any_costs_can_be_drawn_within_the_picture(medians: list[float]) -> None:
    figures = [figure(number, median) for number, median in enumerate(medians)]
    svg = drawn(figures, ROUND_EMPTY)
    texts = re.findall(r'<text [^>]*\bx="(-?[\d.]+)"[^>]*>', svg)
    assert texts
    assert all(0 <= float(x) <= 430 for x in texts)


def grid_of_plan(folder: Path, plan: Plan) -> str:
    synthetic.write_tree(folder, plan, only="SharedSet.track_op")
    return grid_drawn("shared_set", read_results(folder).figures)


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> str:
    return grid_of_plan(tmp_path_factory.mktemp("tree"), Plan(releases=("3.14.2",)))


def test_a_grid_is_well_formed_and_named(grid: str) -> None:
    root = ET.fromstring(grid)  # noqa: S314 - our own
    assert root.tag == "svg"
    assert root.get("aria-labelledby") == "picture"


def test_every_mode_has_every_strategy(grid: str) -> None:
    for name in ("local", "actor", "shared memory"):
        assert grid.count(f">{name}<") == 3
    assert grid.count(">lock<") == 2


def test_a_hole_is_one_label_and_one_word(grid: str) -> None:
    assert grid.count(">lock, atomic,<") == 1
    assert grid.count(">skipped<") == 1


def test_one_failed_cell_is_named_by_its_arm_beside_the_others_marks(grid: str) -> None:
    assert grid.count("▲ failed") == 1
    assert grid.count("failed") == 1


def test_a_grid_has_the_pages_colours_and_a_shape_for_each_arm(grid: str) -> None:
    assert re.findall(r"#[0-9a-f]{6}\b", grid) == []
    assert "var(--bad)" in grid
    shapes = re.findall(r'<path id="picture-m\w+" d="([^"]*)"[^>]*var\(--paper\)', grid)
    assert len(set(shapes)) == 3


def test_a_mode_that_the_release_lacks_is_one_line(tmp_path: Path) -> None:
    svg = grid_of_plan(tmp_path, Plan(releases=("3.13.15",)))
    assert svg.count(">every strategy<") == 1
    assert svg.count(">skipped<") == 1


def test_a_grid_without_a_figure_has_no_picture() -> None:
    assert grid_drawn("shared_set", []) == ""


def test_the_same_figures_give_the_same_grid(grid: str, tmp_path: Path) -> None:
    assert grid_of_plan(tmp_path, Plan(releases=("3.14.2",))) == grid


def test_a_grid_against_the_gil_build_shows_its_ratios_or_else_its_times(tmp_path: Path) -> None:
    synthetic.write_tree(tmp_path, Plan(releases=("3.14.2",)), only="SingleThread.track_kernel")
    figures = read_results(tmp_path).figures
    assert "\N{MULTIPLICATION SIGN}, linear scale" in grid_drawn("single_thread", figures)
    without = [each for each in figures if each.arm.name != "gil"]
    assert "µs, linear scale" in grid_drawn("single_thread", without)
