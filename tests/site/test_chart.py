from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftbench.analysis.comparison import compare
from ftbench.analysis.metrics import ROUND_EMPTY, TREE_PSS
from ftbench.facts.arms import ARMS
from ftbench.facts.modes import MODES
from ftbench.releases import Release
from ftbench.results import Figure, State, read_results
from ftbench.results.keys import Environment, SeriesKey
from ftbench.site.chart import draw
from ftbench.site.span import needs_log
from ftbench.statistics.spread import Interval


def figure(number: int, median: float) -> Figure:
    """Return the round of one cell, counted through modes and arms."""
    return Figure(
        environment=Environment(
            machine="m", arm=ARMS[number % len(ARMS)], flavour="source", profile="full"
        ),
        release=Release.parse("3.14.2"),
        series=SeriesKey(
            benchmark=ROUND_EMPTY.benchmark,
            params={"mode": MODES[number // len(ARMS)].name, **ROUND_EMPTY.params},
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
    return draw(compare(ours, ROUND_EMPTY), name="round")


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
    assert "<g>" not in svg


def test_one_class_is_one_style_on_all_pictures(results: Path) -> None:
    figures = [f for f in read_results(results).figures if f.machine == "busy-laptop"]
    drawn = [draw(compare(figures, metric), name="x") for metric in (ROUND_EMPTY, TREE_PSS)]
    one, other = (dict(re.findall(r"\.(s[0-9a-f]{6})\{([^}]*)\}", svg)) for svg in drawn)
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
        set(re.findall(r'id="([^"]*)"', draw(compare(figures, metric), name=name)))
        for name, metric in (("one", ROUND_EMPTY), ("two", TREE_PSS))
    ]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_the_same_figures_give_the_same_picture() -> None:
    comparison = compare([figure(0, 0.002), figure(1, 0.5)], ROUND_EMPTY)
    assert draw(comparison, name="x") == draw(comparison, name="x")


def test_nothing_measured_is_no_picture() -> None:
    assert draw(compare([], ROUND_EMPTY), name="x") == ""


def test_a_log_axis_is_for_ranges_that_demand_it() -> None:
    assert needs_log([1, 21])
    assert not needs_log([1, 19])
    assert not needs_log([0, 100])
    assert not needs_log([])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=1, max_size=15))
def test_any_costs_can_be_drawn_within_the_picture(medians: list[float]) -> None:
    figures = [figure(number, median) for number, median in enumerate(medians)]
    drawn = draw(compare(figures, ROUND_EMPTY), name="x")
    texts = re.findall(r'<text [^>]*\bx="(-?[\d.]+)"[^>]*>', drawn)
    assert texts
    assert all(0 <= float(x) <= 430 for x in texts)
