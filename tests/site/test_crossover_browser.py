"""The map of winners in a real browser: by pointer and keyboard, light and dark, on a phone."""

from __future__ import annotations

import re
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


@pytest.fixture
def choose(browser: Browser, address: str) -> Iterator[Page]:
    """Return the page with the form, from the disk; it must have done nothing wrong."""
    home = address.rpartition("/choose/")[0]
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    one = context.new_page()
    watched = Watched(one, home)
    one.goto(f"{home}/choose.html")
    yield one
    context.close()
    assert watched.faults == []


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
    assert re.match(r"\.\./\.\./releases/.*/series-crossover\.html\?arm=.*#s-", href)


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


def best(page: Page) -> str:
    return page.locator(".said span").first.inner_text().strip()


def test_the_answer_and_the_form_are_on_the_first_screen(choose: Page) -> None:
    for each in (".said", "form", ".ranking tbody tr >> nth=0"):
        box = choose.locator(each).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 900
    assert best(choose).startswith("Fastest: ")
    assert "cores, full profile" in choose.locator(".answer").inner_text()


def test_a_question_is_answered_as_it_is_written_and_kept_in_the_address(choose: Page) -> None:
    usual, asked = best(choose), choose.locator("#asked")
    choose.locator("[name=task]").fill("3ms")
    choose.locator("[name=payload]").fill("0")
    choose.locator("[name=shared]").fill("5%")
    assert asked.inner_text().startswith(
        "A task of 3.00\N{NO-BREAK SPACE}ms, no payload, 2 workers"
    )
    assert best(choose) != usual
    said, rows = best(choose), choose.locator(".ranking tbody").inner_text()
    assert choose.url.endswith("#task=3ms&payload=0&shared=5%25")
    choose.reload()
    assert (best(choose), choose.locator(".ranking tbody").inner_text()) == (said, rows)
    choose.goto(choose.url.partition("#")[0] + "#task=200us")
    assert best(choose) == usual


def test_what_is_written_wrong_is_told_and_leaves_the_answer(choose: Page) -> None:
    usual = best(choose)
    choose.locator("[name=task]").fill("3")
    assert choose.get_by_role("alert").inner_text().startswith("'3' is not a time: it needs a unit")
    assert best(choose) == usual
    choose.locator("[name=task]").fill("5s")
    assert choose.locator("#wrong").inner_text() == ""
    assert best(choose) == "No recommendation: every mode is ruled out or was not measured."
    assert not choose.locator(".ranking").is_visible()


def test_the_readers_own_task_is_marked_on_every_map(choose: Page) -> None:
    def center(selector: str) -> tuple[float, float]:
        box = choose.locator(f".maps svg:visible {selector}").first.bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    assert choose.locator(".maps svg:visible .yours").count() == 3
    choose.locator("[name=task]").fill("1ms")
    choose.locator("[name=payload]").fill("1KiB")
    here = center(".yours")
    choose.locator("[name=payload]").fill("64KiB")
    assert center(".yours")[0] == here[0]
    assert center(".yours")[1] < here[1]
    assert choose.locator("#crossover-2-workers").is_visible()
    for name, text in ("payload", "2MiB"), ("workers", "8"):  # beyond the map, and on another
        usual = choose.locator(f"[name={name}]").input_value()
        choose.locator(f"[name={name}]").fill(text)
        assert choose.locator(".maps svg .yours").count() == 0
        choose.locator(f"[name={name}]").fill(usual)
        assert choose.locator(".maps svg:visible .yours").count() == 3


def test_an_address_of_the_one_long_page_leads_to_its_question(choose: Page, address: str) -> None:
    choose.goto("about:blank")
    choose.goto(f"{address.rpartition('/choose/')[0]}/choose.html#crossover")
    choose.wait_for_url(address)
    assert choose.locator("#crossover-2-workers").is_visible()


def test_without_a_script_there_is_the_usual_answer_and_no_form(
    browser: Browser, address: str
) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(f"{address.rpartition('/choose/')[0]}/choose.html")
    assert best(page).startswith("Fastest: ")
    assert page.locator(".ranking tbody tr").count() > 3
    assert not page.locator("form").is_visible()
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1440])
def test_the_form_has_no_serious_fault_and_fits(
    browser: Browser, address: str, axe: str, scheme: Any, width: int
) -> None:
    first = f"{address.rpartition('/choose/')[0]}/choose.html#task=3ms&shared=5%25&p99=20ms"
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(first)
    unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
    if width == 1440:
        assert grave_faults(browser, first, axe, scheme) == []
