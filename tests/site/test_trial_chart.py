"""The picture of a trial: every figure of its tables, drawn; its page in a browser."""

from __future__ import annotations

import pytest
from fake_trials import GIL, cell, trial, with_cell
from playwright.sync_api import Browser
from watching import Watched, grave_faults

from ftbench.analysis.trials import answer
from ftbench.report.output import Format, rendered
from ftbench.report.trial import document_of
from ftbench.site.trial_chart import draw


def test_every_mode_has_a_bar_a_name_and_its_number() -> None:
    picture = draw(answer(trial()))
    for words in ("■ GIL build 3.14.7", "● free-threaded 3.14.7t", "plain loop", "★", "1.75 ms"):
        assert words in picture
    assert picture.count("ThreadPoolExecutor (2)") == 2 * 2  # its label, and what its mark says


def test_nothing_measured_is_no_picture() -> None:
    assert draw(answer(trial(cells=()))) == ""


def test_an_interval_as_wide_as_it_likes_leaves_room_for_the_bars() -> None:
    wide = cell(GIL, "threadpool", 3.05e-3, processes=2, spread=2.0)
    assert "ThreadPoolExecutor" in draw(answer(with_cell(trial(), wide)))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    found = answer(trial())
    path = tmp_path_factory.mktemp("trial") / "trial.html"
    document = document_of(found, picture=draw(found))
    path.write_text(rendered(document, Format.HTML), encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("width", [360, 1200])
def test_the_page_never_scrolls_sideways(browser: Browser, page: str, width: int) -> None:
    seen = browser.new_page(viewport={"width": width, "height": 800})
    seen.goto(page)
    assert seen.evaluate("document.documentElement.scrollWidth") <= width
    assert seen.locator("figure svg").count() == 1
    seen.close()


def test_each_value_is_told_by_pointer_and_by_keys(browser: Browser, page: str) -> None:
    seen = browser.new_page(viewport={"width": 1200, "height": 800})
    watched = Watched(seen, page.rpartition("/")[0])
    seen.goto(page)
    tip, marks = seen.locator(".tip"), seen.locator("svg use[clip-path], svg g > use")
    assert not tip.is_visible()
    seen.locator("svg.chart").focus()
    first = tip.inner_text()
    assert "ms a call (" in first
    assert "GIL build 3.14.7" in first
    seen.keyboard.press("ArrowDown")
    assert tip.inner_text() not in {first, ""}
    seen.keyboard.press("Escape")
    assert not tip.is_visible()
    said = set()
    for mark in marks.all():
        mark.dispatch_event("pointerover")
        said.add(tip.inner_text())
    assert {first} < said
    seen.close()
    assert watched.faults == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_grave(browser: Browser, page: str, axe: str, scheme: str) -> None:
    assert grave_faults(browser, page, axe, scheme) == []


def test_other_formats_have_tables_alone() -> None:
    found = answer(trial())
    document = document_of(found, picture=draw(found))
    for form in (Format.TABLE, Format.MARKDOWN, Format.JSON):
        assert "<svg" not in rendered(document, form)
