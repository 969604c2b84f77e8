"""Releases in a real browser, opened from a disk: no server, no network, a strict policy."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fake_histories
import fake_results
import pytest
from playwright.sync_api import Browser, Page, expect
from watching import Watched, grave_faults, unfold

from ftbench.asv.assets import assets_folder
from ftbench.errors import FtbenchError
from ftbench.facts.units import digits
from ftbench.site import timeline
from ftbench.site.filters import change, change_interval, floor_share
from ftbench.site.menus import TABS
from ftbench.site.releases import write_releases
from ftbench.site.timeline import PRECISION
from ftbench.statistics import Basis, Ratio
from ftbench.statistics.spread import Interval
from ftbench.statistics.verdict import Verdict, Word


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("html")
    for tab in TABS:
        (folder / tab.file).touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timeline, "history", fake_histories.history)
        write_releases(fake_results.joined(fake_results.tree(), fake_results.hostile()), folder)
    return folder


def address(html: Path, pattern: str, asked: str = "") -> str:
    (page,) = html.glob(pattern)
    return f"{page.as_uri()}{asked}"


@pytest.fixture
def watched(browser: Browser, html: Path) -> Iterator[Watched]:
    """Return a watched page; it must have done nothing wrong when the test ends."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    one = Watched(context.new_page(), html.as_uri())
    yield one
    context.close()
    assert one.faults == []


@pytest.fixture
def lifecycle(watched: Watched, html: Path) -> Page:
    watched.page.goto(address(html, "releases/quiet-vm*/series-lifecycle.html"))
    expect(watched.page.locator(".matrix")).to_have_count(1)
    return watched.page


def test_the_script_writes_numbers_as_the_templates_do(lifecycle: Page) -> None:
    numbers = [0, 0.0123, 0.09996, 1.94, 9.996, 99.94, 123.4, 1234.4, 1234567.2, 3.3e-7, -45.61]
    assert lifecycle.evaluate("all => all.map(ftbench.digits)", numbers) == [*map(digits, numbers)]
    codes = [0, 1, 4, 5, -5, 953, -953, 6930, 6932, -6930, -6932, 12345, -40_000, 90_000]
    ratios = [math.exp(code / PRECISION) for code in codes]
    assert lifecycle.evaluate("all => all.map(ftbench.change)", codes) == [*map(change, ratios)]
    floors = [floor_share(ratio - 1) for ratio in ratios if ratio > 1]
    rising = [code for code in codes if code > 0]
    assert lifecycle.evaluate("all => all.map(ftbench.margin)", rising) == floors


@pytest.mark.parametrize(("low", "high"), [(-200, 310), (9000, 20_000), (-30_000, 30_000)])
def test_the_script_writes_intervals_as_the_templates_do(
    lifecycle: Page, low: int, high: int
) -> None:
    ends = Interval(low=math.exp(low / PRECISION), high=math.exp(high / PRECISION))
    effect = Ratio(value=1.0, interval=ends, confidence=0.99, basis=Basis.PROCESSES)
    words = lifecycle.evaluate("ftbench.interval", {"low": low, "high": high})
    assert words == change_interval(Verdict(word=Word.SAME, effect=effect))


def test_an_alarm_leads_to_its_verdict_and_its_samples(watched: Watched, html: Path) -> None:
    page = watched.page
    page.goto(address(html, "releases.html"))
    row = page.locator(".alarms tbody tr").first
    series = row.locator("th").inner_text().split("\n")[1]
    row.get_by_role("link", name="samples").click()
    detail = page.locator(".detail")
    label, _, release = detail.locator("h3").inner_text().rpartition(", ")
    assert label.lower() in series.lower()
    assert release == "CPython 3.14.2"
    expect(detail.locator("table", has_text="Samples by process")).to_have_count(1)
    expect(detail.get_by_role("row").filter(has_text="geometric mean")).not_to_have_count(0)
    assert detail.locator("svg circle").count() >= 12
    text = detail.inner_text()
    assert "GCC 12.2.0" in text
    assert "kernel: 6.1.0" in text
    assert "involuntary context switches" in text


def test_every_release_is_a_column_the_newest_first(lifecycle: Page) -> None:
    heads = lifecycle.locator(".matrix thead th").all_inner_texts()
    assert heads[2:] == ["3.14.2", "3.13.15", "3.13.5"]
    assert lifecycle.locator(".matrix tbody").count() == 3
    assert lifecycle.locator(".matrix tbody").first.locator("tr").count() == 3


def test_each_verdict_has_a_word_a_symbol_and_an_effect(lifecycle: Page) -> None:
    cells = lifecycle.locator(".matrix td button small").all_inner_texts()
    assert len(cells) > 3
    signs = {"worse": "↑", "better": "↓", "same": "=", "not decidable": "?", "not comparable": "≠"}
    for cell in cells:
        assert signs[cell[1:].strip()] == cell[0]


def test_what_is_judged_against_can_be_chosen(lifecycle: Page) -> None:
    column = lifecycle.locator(".matrix tbody tr:first-child td:nth-child(4)")
    assert "\N{EN DASH}" in column.first.inner_text()
    lifecycle.get_by_label("Judged against").select_option("the release before it in its series")
    expect(lifecycle.locator(".matrix")).to_have_count(1)
    expect(column.first).to_contain_text("%")


def test_series_without_an_alarm_can_be_left_out(lifecycle: Page) -> None:
    lifecycle.get_by_label("only series with an alarm").check()
    expect(lifecycle.locator(".matrix tbody")).to_have_count(2)
    text = lifecycle.locator(".matrix").inner_text()
    assert "interpreters" not in text


def test_a_cell_opens_and_closes_and_tells_what_was_skipped_or_failed(lifecycle: Page) -> None:
    button = lifecycle.locator('.matrix tbody:nth-of-type(2) button[data-place="0"]').first
    button.click()
    detail = lifecycle.locator(".detail")
    expect(detail).to_contain_text("subinterpreters are new in CPython 3.14")
    expect(detail).to_contain_text("There is nothing to compare this release with.")
    assert detail.get_by_role("link").count() == 0  # asv's graphs do not work from a disk
    lifecycle.get_by_role("button", name="close").click()
    expect(detail).to_have_count(0)
    assert lifecycle.evaluate("document.activeElement.dataset.place") == "0"


def test_the_arrow_keys_move_from_cell_to_cell(lifecycle: Page) -> None:
    lifecycle.locator(".matrix td button[tabindex='0']").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowLeft"):
        lifecycle.keyboard.press(key)
    place = "[document.activeElement.dataset.arm, document.activeElement.dataset.place]"
    assert lifecycle.evaluate(place) == ["0", "2"]
    lifecycle.keyboard.press("Enter")
    expect(lifecycle.locator(".detail")).to_have_count(1)


def test_hostile_texts_run_nothing(watched: Watched, html: Path) -> None:
    page = watched.page
    page.goto(address(html, "releases/img*/series-*.html"))
    expect(page.locator(".matrix")).to_have_count(1)
    for button in page.locator(".matrix td button").all():
        button.click()
        expect(page.locator(".detail")).to_contain_text("Builds and machine")
    assert page.locator("img").count() == 0
    assert "<img src=x onerror=alert(1)>" in page.locator(".detail").inner_text()


def test_damaged_data_are_told_and_nothing_else_breaks(
    browser: Browser, html: Path, tmp_path: Path
) -> None:
    (page,) = html.glob("releases/quiet-vm*/series-lifecycle.html")
    for path in html.rglob("*"):
        if path.is_file() and "verdicts-" not in path.name:
            copy = tmp_path / path.relative_to(html)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    one = browser.new_page()
    one.goto((tmp_path / page.relative_to(html)).as_uri())
    expect(one.locator(".note")).to_contain_text("The data could not be loaded")
    assert "threads, 8 workers" in one.locator(".newest").inner_text()
    one.close()


def test_without_a_script_the_newest_release_stands_there(browser: Browser, html: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address(html, "releases/quiet-vm*/series-lifecycle.html"))
    assert "Without a script this is 3.14.2 alone." in page.locator("main").inner_text()
    assert page.locator(".newest tbody tr").count() == 3
    assert page.locator(".newest .verdict").count() > 2
    context.close()


def test_a_verdict_leads_to_asvs_graph_of_its_series(browser: Browser, site: str) -> None:
    try:
        assets_folder()
    except FtbenchError as error:
        pytest.skip(f"asv's pages need files from npm: {error}")
    page = browser.new_page()
    one = Watched(page, site)
    page.goto(f"{site}/releases.html")
    page.get_by_role("link", name="Starting and ending workers").first.click()
    expect(page.get_by_role("link", name="Raw graphs")).to_have_count(1)
    page.locator(".matrix td button").first.click()
    page.locator(".detail").get_by_role("link", name="free-threaded", exact=True).click()
    page.wait_for_selector("#main-graph canvas")
    chosen = page.locator("#graphdisplay-navigation a.active").all_inner_texts()
    assert {"ft", "threads"} <= set(chosen)
    assert page.locator("#range").input_value() != ""
    page.close()
    assert one.faults == []


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_a_page_never_scrolls_sideways(browser: Browser, html: Path, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(address(html, "releases.html"))
    unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(address(html, "releases/quiet-vm*/series-lifecycle.html"))
    page.locator(".matrix td button").first.click()
    expect(page.locator(".detail")).to_contain_text("Builds and machine")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("pattern", ["releases.html", "releases/quiet-vm*/series-must_scale.html"])
def test_axe_finds_nothing_serious(
    browser: Browser, html: Path, axe: str, scheme: Any, pattern: str
) -> None:
    assert grave_faults(browser, address(html, pattern), axe, scheme) == []


def test_axe_finds_nothing_serious_in_a_detail(browser: Browser, html: Path, axe: str) -> None:
    page = browser.new_page(bypass_csp=True)
    page.goto(address(html, "releases/quiet-vm*/series-lifecycle.html"))
    page.locator(".matrix td button").first.click()
    expect(page.locator(".detail")).to_contain_text("Builds and machine")
    page.evaluate(axe)
    found = page.evaluate("axe.run()")["violations"]
    page.close()
    grave = [each for each in found if each["impact"] in {"serious", "critical"}]
    assert [(each["id"], each["nodes"][0]["html"]) for each in grave] == []
