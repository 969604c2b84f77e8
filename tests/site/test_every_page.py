"""What is true of every page of the committed results, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

# Some two hundred looks at a page.
pytestmark = pytest.mark.timeout(600)

DESKTOP, PHONE = 1440, 390
SCREEN = 900
HEAVIEST = 300 * 1024
LOOK = """async () => {
    const {scrollHeight: height, scrollWidth: wide} = document.documentElement;
    document.querySelectorAll('details').forEach(each => { each.open = true; });
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    const labels = [], axes = [];
    document.querySelectorAll('svg.chart').forEach(svg => {
        const whole = svg.getBoundingClientRect();
        const texts = [...svg.querySelectorAll('text')].map(each =>
            ({text: each.textContent, box: each.getBoundingClientRect()}));
        texts.forEach(({text, box}, number) => {
            if (box.left < whole.left - 1 || box.right > whole.right + 1 || box.top < whole.top - 1
                || box.bottom > whole.bottom + 1 || text.includes('\\u2026')) {
                labels.push(`cut: ${text}`);
            }
            texts.slice(0, number).forEach(({text: other, box: its}) => {
                const across = Math.min(box.right, its.right) - Math.max(box.left, its.left);
                const down = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
                if (across > 1 && down > 3) {
                    labels.push(`on each other: ${text}, ${other}`);
                }
            });
        });
        /* Ticks as far from each other as their numbers are not: a logarithmic axis. */
        const ticks = texts.filter(({box}) => box.top > whole.bottom - whole.height / 4)
            .map(({text, box}) => ({
                at: box.left + box.width / 2, down: box.top,
                value: Number(text.replace(/\\u202f/g, '')),
            })).filter(({value}) => !Number.isNaN(value));
        const [a, b, c] = ticks.sort((one, other) => one.at - other.at);
        if (c && a.down === c.down) {
            const values = (c.value - b.value) / (b.value - a.value);
            if (Math.abs(values / ((c.at - b.at) / (b.at - a.at)) - 1) > 0.3) {
                axes.push(texts.some(({text}) => text.includes('log scale')));
            }
        }
    });
    const sideways = [...document.querySelectorAll('main .scroll')].filter(each =>
        each.scrollWidth > each.clientWidth + 1);
    const quiet = () => sideways.filter(each => {
        const hint = each.querySelector(':scope > .table-tools > .more');
        return !hint || !hint.getClientRects().length
            || !getComputedStyle(each).background.includes('local');
    });
    /* An observer of sizes is told between frames, on a busy machine after a few. */
    for (let frame = 0; frame < 60 && quiet().length; frame++) {
        await new Promise(done => requestAnimationFrame(done));
    }
    const silent = quiet();
    const bare = [...document.querySelectorAll('main table')].filter(each =>
        !each.tHead || !each.tHead.querySelector('.sort') || !each.caption);
    return {height, wide, labels, axes, sideways: sideways.length,
        silent: silent.map(each => each.outerHTML.slice(0, 300)),
        bare: bare.map(each => each.outerHTML.slice(0, 200))};
}"""


@pytest.fixture(scope="module")
def looked(browser: Browser, committed: Path) -> Mapping[tuple[int, str], Any]:
    """Return what each page looks like on a desktop and on a phone, by its address."""
    found = {}
    for width in (DESKTOP, PHONE):
        page = browser.new_page(viewport={"width": width, "height": SCREEN})
        for path in sorted(committed.rglob("*.html")):
            page.goto(path.as_uri())
            found[width, path.relative_to(committed).as_posix()] = page.evaluate(LOOK)
        page.close()
    assert len(found) > 2 * 50
    return found


def test_no_page_is_heavy(committed: Path) -> None:
    heavy = [path for path in committed.rglob("*.html") if path.stat().st_size > HEAVIEST]
    assert heavy == []


def test_no_group_of_questions_is_empty(committed: Path) -> None:
    pages = sorted((committed / "choose").rglob("*.html"))
    assert [page for page in pages if re.search(r"<dd>\s*</dd>", page.read_text("utf-8"))] == []


def test_no_page_is_longer_than_six_screens(looked: Mapping[tuple[int, str], Any]) -> None:
    long = {key: of["height"] for key, of in looked.items() if of["height"] > 6 * SCREEN}
    assert {key: height for key, height in long.items() if key[0] == DESKTOP} == {}


def test_no_page_scrolls_sideways(looked: Mapping[tuple[int, str], Any]) -> None:
    assert {key: of["wide"] for key, of in looked.items() if of["wide"] > key[0]} == {}


def test_every_label_of_a_picture_is_whole_and_by_itself(
    looked: Mapping[tuple[int, str], Any],
) -> None:
    assert {key: of["labels"] for key, of in looked.items() if of["labels"]} == {}


def test_a_logarithmic_axis_says_so(looked: Mapping[tuple[int, str], Any]) -> None:
    said = [each for of in looked.values() for each in of["axes"]]
    assert said
    assert all(said)


def test_a_table_that_scrolls_sideways_shows_that_it_does(
    looked: Mapping[tuple[int, str], Any],
) -> None:
    assert any(of["sideways"] for key, of in looked.items() if key[0] == PHONE)
    assert {key: of["silent"] for key, of in looked.items() if of["silent"]} == {}


def test_every_table_can_be_sorted_and_has_a_name(looked: Mapping[tuple[int, str], Any]) -> None:
    assert {key: of["bare"] for key, of in looked.items() if of["bare"]} == {}


@pytest.mark.parametrize("asked", ["", "#shared=5%25&p99=20ms", "#shared=5%25&task=1ms&workers=2"])
def test_the_ranking_never_goes_sideways_on_a_phone(
    browser: Browser, committed: Path, asked: str
) -> None:
    page = browser.new_page(viewport={"width": PHONE, "height": SCREEN})
    page.goto(f"{(committed / 'choose.html').as_uri()}{asked}")
    ranking = page.locator(".ranking")
    assert ranking.locator("td").first.is_visible()
    assert ranking.evaluate("each => each.scrollWidth - each.clientWidth") <= 0
    number = ranking.locator("td.number").last
    shown = number.evaluate("each => getComputedStyle(each, '::before').content")
    assert "memory" in shown
    page.close()


def test_every_first_page_can_be_read_without_a_script(browser: Browser, committed: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for path in sorted(committed.glob("*.html")):
        page.goto(path.as_uri())
        assert page.locator("h1").first.is_visible()
        assert page.locator("main table:visible, main svg.chart:visible").count()
        assert page.locator("button:visible, .search").count() == 0
    context.close()
