"""The map of winners in a real browser: by pointer and keyboard, light and dark, on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import synthetic
from playwright.sync_api import Browser, Page
from synthetic import Plan
from watching import Watched, grave_faults, unfold

from ftbench.probe.scenarios.crossover import PAYLOADS, SIZES
from ftbench.results import read_results
from ftbench.site.choose import write_choose

ONLY = tuple(
    f"Crossover.track_{cost}_{size.name}_{payload.name}"
    for cost in ("task", "p99", "cpu")
    for size in SIZES
    for payload in PAYLOADS
)
SECTION = "section[aria-labelledby=crossover]"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("map")
    plan = Plan(releases=("3.14.2",))
    synthetic.write_tree(folder / "results", plan, only=(*ONLY, "Crossover.track_pss"))
    pages = write_choose(read_results(folder / "results"), folder / "html")
    return next(page for page in pages if page.stem == "crossover").as_uri()


@pytest.fixture(params=[1280, 390], ids=["desktop", "phone"])
def page(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": request.param, "height": 900})
    one = context.new_page()
    watched = Watched(one, address.rpartition("/choose/")[0])
    one.goto(address)
    yield one
    context.close()
    assert watched.faults == []


def test_there_is_a_map_per_arm_that_fits_into_the_window(page: Page) -> None:
    maps = page.locator(f"{SECTION} .maps svg:visible")
    assert maps.count() == 3
    width = page.evaluate("document.documentElement.clientWidth")
    for number in range(3):
        box = maps.nth(number).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["width"] >= 260
    unfold(page)
    assert page.locator(f"{SECTION} .maps svg:visible").count() == 6
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_table_opens_by_keyboard_and_leads_to_the_series(page: Page) -> None:
    summary = page.locator("#crossover-8-workers-table")
    table = page.locator(f"{SECTION} table.winners").first
    assert not table.is_visible()
    summary.focus()
    page.keyboard.press("Enter")
    assert table.is_visible()
    assert table.locator("tbody").count() == len(SIZES)
    assert table.locator("td").count() == len(SIZES) * len(PAYLOADS) * 3
    href = table.locator("td a").first.get_attribute("href")
    assert href is not None
    assert href.startswith("../../index.html#crossover.Crossover.track_task_10us_0?")


def test_the_picture_has_a_name_and_its_winners_in_words(page: Page) -> None:
    picture = page.get_by_role("img", name="free-threaded", exact=True).first
    assert picture.count() == 1
    said = page.locator(f"{SECTION} figcaption").all_inner_texts()
    assert any("plain loop" in each and "threads" in each for each in said)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_and_hatching_follow_the_readers_colours(
    browser: Browser, address: str, scheme: Any
) -> None:
    page = browser.new_page(color_scheme=scheme)
    page.goto(address)
    fills = page.evaluate(
        f"[...document.querySelectorAll('{SECTION} .maps text')].map(e => getComputedStyle(e).fill)"
    )
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.close()
    assert fills
    assert paper not in fills
    assert "rgb(0, 0, 0)" not in fills


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(browser: Browser, address: str, axe: str, scheme: Any) -> None:
    assert grave_faults(browser, address, axe, scheme) == []
