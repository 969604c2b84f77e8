from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import synthetic
from synthetic import Plan

from ftbench.facts.arms import ARMS
from ftbench.report.sections import SECTIONS
from ftbench.report.sections.view import GridView
from ftbench.results import read_results
from ftbench.site.grids import BandText, GridText, LineText, grid_text

TIMES, DASH = "\N{MULTIPLICATION SIGN}", "\N{EN DASH}"
SHARED, SHARDED = (
    next(section for section in SECTIONS if section.name == name)
    for name in ("shared_set", "sharded_writers")
)
GROWN, COLD = (view for view in SHARED.views if isinstance(view, GridView))
ONE, WINDOW = (view for view in SHARDED.views if isinstance(view, GridView))


def text_of(folder: Path, plan: Plan, view: GridView = GROWN) -> GridText:
    synthetic.write_tree(folder, plan)
    return grid_text("g", view, read_results(folder).figures)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> GridText:
    return text_of(tmp_path_factory.mktemp("tree"), Plan(releases=("3.14.2",)))


def band(bands: tuple[BandText, ...], mode: str) -> BandText:
    return next(each for each in bands if each.mode == mode)


def line(found: BandText, label: str) -> LineText:
    return next(each for each in found.lines if each.label == label)


def test_the_headline_is_the_grown_set_and_the_cold_one_is_folded() -> None:
    assert (GROWN.folded, COLD.folded) == (False, True)
    assert GROWN.metric.params == {"fill": "grown"}
    assert COLD.metric.params == {"fill": "cold"}


def test_six_strategies_stand_in_every_mode_on_every_arm(grown: GridText) -> None:
    assert [each.mode for each in grown.bands] == [
        "threads",
        "processes, fork",
        "processes, forkserver",
        "processes, spawn",
        "subinterpreters",
    ]
    threads = band(grown.bands, "threads")
    assert [each.label for each in threads.lines] == [
        "lock",
        "atomic",
        "striped",
        "local",
        "actor",
        "shared memory",
    ]
    assert {len(each.cells) for each in threads.lines} == {3}


def test_the_articles_cell_is_what_every_ratio_is_to(grown: GridText) -> None:
    locked = line(band(grown.bands, "threads"), "lock").cells
    assert [cell.base for cell in locked] == [False, True, False]
    assert locked[1].ratio == f"1.00{TIMES}"
    assert "A ratio is to strategy lock, threads, free-threaded." in grown.key


def test_the_cheapest_of_a_mode_is_marked_on_every_arm(grown: GridText) -> None:
    marked = {
        each.label
        for band in grown.bands
        for each in band.lines
        if any(cell.cheapest for cell in each.cells)
    }
    assert marked == {"local"}
    assert grown.found is not None
    assert grown.found.intro == "The cheapest:"
    assert [each.words.partition(":")[0] for each in grown.found.items] == ["threads, local"] * 3


def test_a_static_hole_is_said_once(grown: GridText) -> None:
    holes = [each for band in grown.bands for each in band.lines if each.words]
    assert [(each.label, each.words, each.failed) for each in holes] == [
        (
            "lock, atomic, striped",
            "skipped: subinterpreters share no set and no dict, only memory and messages",
            False,
        )
    ]


def test_a_failure_points_to_its_story_below_the_table(grown: GridText) -> None:
    *_, failed = line(band(grown.bands, "processes, spawn"), "actor").cells
    assert (failed.words, failed.failed, failed.value) == ("failed [1]", True, "")
    (note,) = grown.notes
    assert note.startswith("[1] failed: WorkerFailedError: Worker 3 ended with exit code -9")


def test_every_column_beside_has_its_own_heading_and_unit(grown: GridText) -> None:
    assert grown.beside is not None
    assert [column.heading for column in grown.beside.columns] == [
        "wait for a lock, p99, µs",
        "CPU per op., µs",
        "memory, PSS, MiB",
        f"slowest / fastest, {TIMES}",
    ]
    assert grown.beside.columns[0].href == "index.html#shared_set.SharedSet.track_lock_wait_p99"


def test_a_strategy_without_a_lock_has_no_wait_which_is_not_a_skip(grown: GridText) -> None:
    assert grown.beside is not None
    threads = band(grown.beside.bands, "threads")
    assert [cell.value for cell in line(threads, "local").cells[:3]] == [DASH] * 3
    assert all(cell.value not in {"", DASH} for cell in line(threads, "striped").cells)
    assert grown.beside.lacks == ("has no lock to wait for",)


def test_a_cell_that_failed_has_failed_beside_too_and_holes_are_left_out(grown: GridText) -> None:
    assert grown.beside is not None
    actor = line(band(grown.beside.bands, "processes, spawn"), "actor").cells
    assert [cell.words for cell in actor[2::3]] == ["", "failed", "failed", "failed"]
    assert actor[2].value == DASH
    labels = [each.label for each in band(grown.beside.bands, "subinterpreters").lines]
    assert labels == ["local", "actor", "shared memory"]


def test_an_arm_that_was_not_measured_has_no_column_and_is_named(tmp_path: Path) -> None:
    text = text_of(tmp_path, Plan(releases=("3.14.2",), arms=ARMS[1:2]))
    assert [arm.label for arm in text.arms] == ["free-threaded"]
    assert text.key.endswith("Not measured: GIL build; free-threaded, GIL on.")
    assert {len(each.cells) for band in text.bands for each in band.lines if not each.words} == {1}


def test_writers_have_a_grid_per_window(tmp_path: Path) -> None:
    one = text_of(tmp_path, Plan(releases=("3.14.2",)), ONE)
    labels = [each.label.split() for each in band(one.bands, "threads").lines]
    assert labels == [["1", "writer"], ["2", "writers"], ["4", "writers"], ["8", "writers"]]
    assert one.beside is not None
    assert one.beside.columns[1].heading == "wait for the answer, p99, µs"
    assert one.title.endswith("window 1")
    assert WINDOW.metric.params == {"window": "64"}


def test_samples_too_few_for_an_interval_have_no_margin(tmp_path: Path) -> None:
    text = text_of(tmp_path, Plan(releases=("3.14.2",), samples=1))
    assert {cell.margin for band in text.bands for each in band.lines for cell in each.cells} == {
        ""
    }


def test_a_grid_of_failures_has_its_reasons_and_no_picture(tmp_path: Path) -> None:
    def spoil(group: str, _params: Mapping[str, str]) -> bool:
        return group.startswith(synthetic.SHARED_SET)

    text = text_of(tmp_path, Plan(releases=("3.14.2",), spoil=spoil))
    assert (text.svg, text.found, text.beside) == ("", None, None)
    (only,) = band(text.bands, "threads").lines
    assert only.label == "every strategy"
    assert only.words.startswith("failed: WorkerFailedError")
    assert only.failed
