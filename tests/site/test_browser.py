"""The published site, looked at by a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser
from watching import Watched, grave_faults, unfold

from ftbench.asv.assets import assets_folder
from ftbench.errors import FtbenchError

GRAPH = "index.html#lifecycle.Lifecycle.track_round"
FOLDER = "choose/quiet-vm_3.14.2_full_source-gcc12"
LIFECYCLE, SHARED_SET = f"{FOLDER}/lifecycle.html", f"{FOLDER}/shared_set.html"
PAGES = ("choose.html", LIFECYCLE, SHARED_SET, f"{FOLDER}/single_thread.html")


@pytest.fixture
def watched(browser: Browser, site: str) -> Iterator[Watched]:
    """Return a watched page; it must have done nothing wrong when the test ends."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    one = Watched(context.new_page(), site)
    yield one
    context.close()
    assert one.faults == []


@pytest.fixture
def offline() -> None:
    """Skip where the site's third-party files cannot be had."""
    try:
        assets_folder()
    except FtbenchError as error:
        pytest.skip(f"asv's pages need files from npm: {error}")


def test_a_question_has_one_picture_first_and_more_on_request(watched: Watched, site: str) -> None:
    page = watched.page
    page.goto(f"{site}/choose.html")
    assert page.locator("h1").inner_text().startswith("Threads, processes or subinterpreters")
    page.get_by_role("link", name="Sharing one set").click()
    assert page.locator("svg.chart").count() == 2
    assert page.locator("svg.chart:visible").count() == 1
    assert "31402f00" not in page.locator("body").inner_text()


def test_choose_works_from_a_disk(browser: Browser, project: Path) -> None:
    address = (project / "html" / "choose.html").as_uri()
    page = browser.new_page()
    one = Watched(page, address.rpartition("/")[0])
    page.goto(address)
    page.get_by_role("link", name="3.13.15").click()  # without a ranking the menus are open
    assert "CPython 3.13.15" in page.locator(".lead").inner_text()
    page.get_by_role("link", name="busy-laptop").click()
    assert "These are quick figures." in page.locator("body").inner_text()
    page.close()
    assert one.faults == []


@pytest.mark.usefixtures("offline")
def test_a_figure_leads_to_its_samples_and_by_them_to_its_raw_graph_and_back_to_choose(
    watched: Watched, site: str
) -> None:
    page = watched.page
    page.goto(f"{site}/{LIFECYCLE}")
    page.locator("td.value a").first.click()
    page.locator(".detail").get_by_role("link", name="free-threaded", exact=True).click()
    page.wait_for_selector("#main-graph canvas")
    assert page.locator("#range").input_value() == "v3.13.15..v3.14.2"
    assert page.locator("#graphdisplay-navigation a.active", has_text="threads").count() == 1
    page.get_by_role("link", name="Choose").click()
    page.wait_for_url("**/choose.html")


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    ("place", "there"),
    [
        ("index.html#/", "#summarygrid-display canvas"),
        ("index.html#/summarylist", "#summarylist-body table"),
        (GRAPH, "#main-graph canvas"),
    ],
)
def test_asvs_own_pages_work_without_a_network_and_by_name(
    watched: Watched, site: str, place: str, there: str
) -> None:
    watched.page.goto(f"{site}/{place}")
    watched.page.wait_for_selector(there)
    watched.page.wait_for_load_state("networkidle")
    text = watched.page.locator("body").inner_text()
    assert "31402f00" not in text
    assert "31315f00" not in text
    assert not watched.page.url.endswith("error.html")


@pytest.mark.usefixtures("offline")
def test_a_release_is_found_by_its_tag_and_by_its_id(watched: Watched, site: str) -> None:
    page = watched.page
    page.goto(f"{site}/{GRAPH}")
    page.wait_for_selector("#main-graph canvas")
    asked = "[$.asv.get_revision('v3.14.2'), $.asv.get_revision('31402f00')]"
    by_tag, by_id = page.evaluate(asked)
    assert by_tag == by_id
    assert page.evaluate(f"$.asv.get_commit_hash({by_id})") == "v3.14.2"
    address = "$.asv.format_hash_string({location: ['x'], params: {commits: ['v3.13.15-v3.14.2']}})"
    assert page.evaluate(address) == "#x?commits=31315f00-31402f00"


@pytest.mark.usefixtures("offline")
def test_the_hostile_machine_runs_no_script_on_asvs_pages(watched: Watched, site: str) -> None:
    watched.page.goto(f"{site}/{GRAPH}")
    watched.page.wait_for_selector("#main-graph canvas")
    watched.page.locator("#graphdisplay-navigation a", has_text="evil").hover()
    watched.page.wait_for_selector(".tooltip")
    # The browser says what it kept from running; that it did is what is wanted here.
    kept = [fault for fault in watched.faults if "Content Security Policy" in fault]
    assert kept
    watched.faults[:] = [f for f in watched.faults if f not in kept and "404" not in f]


def test_the_hostile_machine_is_plain_text_on_choose(
    watched: Watched, site: str, project: Path
) -> None:
    (page,) = (project / "html" / "choose").glob("evil-*.html")
    watched.page.goto(f"{site}/choose/{quote(page.name)}")
    assert "<img src=x onerror=alert(1)>" in watched.page.locator("body").inner_text()
    assert watched.page.locator("img").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_choose_follows_the_readers_colour_scheme(browser: Browser, site: str, scheme: Any) -> None:
    page = browser.new_page(color_scheme=scheme)
    page.goto(f"{site}/{LIFECYCLE}")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    ink = page.evaluate("getComputedStyle(document.querySelector('.chart text')).fill")
    page.close()
    lightness = [
        sum(map(int, colour.removeprefix("rgb(").rstrip(")").split(","))) for colour in (paper, ink)
    ]
    assert (lightness[0] > lightness[1]) == (scheme == "light")


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_choose_never_scrolls_sideways(browser: Browser, site: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    for address in PAGES:
        page.goto(f"{site}/{address}")
        unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_no_page_of_choose_is_longer_than_six_screens(browser: Browser, project: Path) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    paths = [*(project / "html" / FOLDER).iterdir(), *(project / "html").glob("choose*.html")]
    for path in paths:
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollHeight") <= 6 * 900
    page.close()
    assert len(paths) > len(PAGES)


def test_what_is_folded_opens_without_a_script(watched: Watched, site: str) -> None:
    watched.page.goto(f"{site}/{SHARED_SET}")
    folded = watched.page.locator("#shared_set-2")
    assert not watched.page.locator("svg[aria-labelledby=shared_set-2]").is_visible()
    folded.click()
    assert watched.page.locator("svg[aria-labelledby=shared_set-2]").is_visible()


# What cells of few samples say, in all of them.
WIDEST = """
for (const each of document.querySelectorAll(".grid small")) each.textContent = "±99 %";
for (const each of document.querySelectorAll(".grid:not(.plain) td > div > span:last-child"))
  each.textContent = "≈ 0.0565\u00d7";
"""


@pytest.mark.parametrize("width", [1000, 1280])
@pytest.mark.parametrize("wider", ["", WIDEST], ids=["few digits", "many digits"])
def test_a_grid_has_room_beside_its_picture(
    browser: Browser, site: str, width: int, wider: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(f"{site}/{SHARED_SET}")
    page.evaluate(wider)
    hidden = "[...document.querySelectorAll('.wide .scroll')].map(each => each"
    beyond = page.evaluate(f"{hidden}.scrollWidth - each.clientWidth)")
    page.close()
    assert beyond
    assert max(beyond) <= 0


def test_choose_can_be_used_from_the_keyboard(watched: Watched, site: str) -> None:
    watched.page.goto(f"{site}/choose.html")
    watched.page.keyboard.press("Tab")
    assert watched.page.evaluate("document.activeElement.textContent") == "Skip to the figures"
    watched.page.keyboard.press("Enter")
    assert watched.page.url.endswith("#main")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", PAGES)
def test_axe_finds_nothing_serious_on_choose(
    browser: Browser, site: str, axe: str, scheme: Any, address: str
) -> None:
    assert grave_faults(browser, f"{site}/{address}", axe, scheme) == []
