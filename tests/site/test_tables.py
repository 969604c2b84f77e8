"""What every page has besides its words, in a real browser and from a disk: without a server."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from watching import Watched

from ftbench.site.frame import write_search

DASH, TIMES, LARGE = "\N{EN DASH}", "\N{MULTIPLICATION SIGN}", "1\u202f234"
PICK = "choose/quiet-vm_3.14.2_full_source-gcc12"
LIFECYCLE = f"{PICK}/lifecycle.html"
SERIES = "releases/quiet-vm_full_source-gcc12/series-lifecycle.html"
TABBED = ("choose.html", LIFECYCLE, "releases.html", "price.html", "claims.html", "method.html")


@pytest.fixture
def page(browser: Browser, project: Path) -> Iterator[Page]:
    """Return a page that must have done nothing wrong when the test ends."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    one = Watched(context.new_page(), (project / "html").as_uri())
    yield one.page
    context.close()
    assert one.faults == []


@pytest.fixture
def go(page: Page, project: Path) -> Any:
    return lambda address: page.goto(f"{(project / 'html').as_uri()}/{address}")


def column(table: Locator, number: int) -> list[str]:
    """Return what a column shows, of the rows that are shown."""
    cells = table.locator(f"tbody tr:visible > :nth-child({number}):not([scope=rowgroup])")
    return [text.strip() for text in cells.all_inner_texts()]


def made(page: Page, head: str, *cells: str) -> Locator:
    """Put a table of one column into a page, and return it."""
    rows = "".join(f"<tr><td>{cell}</td></tr>" for cell in cells)
    page.evaluate(
        """([head, rows]) => {
            const place = document.createElement('div');
            place.className = 'scroll made';
            place.innerHTML = `<table><caption>made</caption>
                <thead><tr><th>${head}</th></tr></thead><tbody>${rows}</tbody></table>`;
            document.querySelector('main').prepend(place);
            ftbenchTables(place);
        }""",
        [head, rows],
    )
    return page.locator(".made table")


@pytest.mark.parametrize(
    ("cells", "rising"),
    [
        (["2 ms", "300 µs", "1.5 s", DASH, "≈ 7 ns"], ["≈ 7 ns", "300 µs", "2 ms", "1.5 s", DASH]),
        (["1 MiB", "64 KiB", "512 B"], ["512 B", "64 KiB", "1 MiB"]),
        (
            ["+12 %", "\u22125.0 %", f"2.3{TIMES}", f"0.4{TIMES}", "0.0 %"],
            [f"0.4{TIMES}", "\u22125.0 %", "0.0 %", "+12 %", f"2.3{TIMES}"],
        ),
        ([LARGE, "98.5", "none", "0.5"], ["0.5", "98.5", LARGE, "none"]),
        (["3.14.10", "3.14.7", "3.15.0rc1"], ["3.14.7", "3.14.10", "3.15.0rc1"]),
        (["threads", "", "Processes", "loky"], ["loky", "Processes", "threads", ""]),
    ],
)
def test_a_column_is_sorted_by_what_it_means_and_back_again(
    page: Page, go: Any, cells: list[str], rising: list[str]
) -> None:
    go(LIFECYCLE)
    table = made(page, "cost", *cells)
    head = table.locator("th")
    head.get_by_role("button").click()
    assert column(table, 1) == rising
    expect(head).to_have_attribute("aria-sort", "ascending")
    page.keyboard.press("Enter")
    falling = [each for each in rising if each not in {"", DASH, "none"}][::-1]
    assert column(table, 1)[: len(falling)] == falling
    expect(head).to_have_attribute("aria-sort", "descending")
    page.keyboard.press("Space")
    assert column(table, 1) == cells
    assert head.get_attribute("aria-sort") is None


def test_bands_are_sorted_each_by_itself(page: Page, go: Any) -> None:
    go(LIFECYCLE)
    body = page.locator("table").first.locator("tbody").first
    before = body.locator("td.value").all_inner_texts()
    page.get_by_role("button", name="ms", exact=True).or_(
        page.get_by_role("button", name="µs", exact=True)
    ).first.click()
    after = [float(text.split()[0]) for text in body.locator("td.value").all_inner_texts()]
    assert len(after) == len(before) > 1
    assert after == sorted(after)
    assert body.locator("tr").first.locator("[scope=rowgroup]").count() == 1


def test_a_filter_leaves_the_rows_with_all_words_and_their_headings(page: Page, go: Any) -> None:
    go(LIFECYCLE)
    table, box = page.locator(".scroll table").first, page.locator(".scroll").first
    rows = table.locator("tbody tr:has(td)").count()
    box.get_by_placeholder("Filter rows").fill("GIL build threads")
    assert column(table, 1) == ["■GIL build"]
    assert table.locator("[scope=rowgroup]:visible").all_inner_texts() == ["threads"]
    expect(box.locator("output")).to_have_text(re.compile(rf"1 of {rows}"))
    box.get_by_placeholder("Filter rows").fill("")
    assert table.locator("tbody tr:visible:has(td)").count() == rows


def had(page: Page, box: Locator, kind: str) -> tuple[list[str], list[list[str]]]:
    """Return the columns and rows of a table's file."""
    with page.expect_download() as caught:
        box.locator(f":scope > .table-tools button:text-is('{kind}')").click()
    assert caught.value.suggested_filename.endswith(f".{kind.lower()}")
    text = Path(caught.value.path()).read_text(encoding="utf-8")
    if kind == "JSON":
        found = json.loads(text)
        return found["columns"], found["rows"]
    heads, *rows = csv.reader(text.splitlines())
    return heads, rows


@pytest.mark.parametrize("kind", ["CSV", "JSON"])
@pytest.mark.parametrize("address", [*TABBED, SERIES, "claims/all.html"])
def test_each_table_can_be_had_as_a_file_that_says_the_same(
    page: Page, go: Any, address: str, kind: str
) -> None:
    go(address)
    page.wait_for_load_state("networkidle")
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    tables = page.locator("main table:visible")
    assert tables.count()
    for number in range(tables.count()):
        table = tables.nth(number)
        _, rows = had(page, table.locator("xpath=.."), kind)
        shown = table.evaluate(
            """table => [...table.querySelectorAll('tbody tr')]
                .filter(row => !row.querySelector(':scope > [scope=rowgroup]:only-child'))
                .map(row => [...row.cells].flatMap(cell => cell.matches('.strip') ? [] : [cell])
                    .map(cell => cell.textContent.replace(/\\s/g, '')))"""
        )
        assert len(rows) == len(shown)
        for row, cells in zip(rows, shown, strict=True):
            last, *_ = (re.sub(r"\s", "", text) for text in reversed(row))
            assert cells[-1].endswith(last) or last in cells[-1]


def test_a_file_is_of_what_is_shown_and_says_it_in_order(page: Page, go: Any) -> None:
    go(LIFECYCLE)
    table = made(page, "cost", "2 ms", "1 ms", "=1+1", "@x", "+1|'x'!A0", "+3 %")
    box = page.locator(".made")
    assert had(page, box, "CSV") == (
        ["cost"],
        [["2 ms"], ["1 ms"], ["'=1+1"], ["'@x"], ["'+1|'x'!A0"], ["+3 %"]],
    )
    assert had(page, box, "JSON")[1][2] == ["=1+1"]
    table.locator("th button").click()
    box.get_by_placeholder("Filter rows").fill("ms")
    assert had(page, box, "JSON") == (["cost"], [["1 ms"], ["2 ms"]])


def test_the_table_that_a_script_draws_has_all_that_too(page: Page, go: Any) -> None:
    go(SERIES)
    matrix = page.locator(".matrix").first
    expect(matrix).to_be_visible()
    box = matrix.locator("xpath=..")
    heads, rows = had(page, box, "JSON")
    assert heads[:2] == ["series", "arm"]
    assert {len(row) for row in rows} == {len(heads)}
    assert [row[1] for row in rows[:3]] == ["GIL build", "free-threaded", "free-threaded, GIL on"]
    assert rows[0][0] == rows[2][0]
    matrix.locator("tbody button").first.click()
    expect(page.locator(".detail svg")).to_be_visible()
    matrix.locator("thead button").first.click()
    assert had(page, box, "JSON")[1] == sorted(rows, key=lambda row: row[0]) or len(rows) > 3
    below = "document.querySelector('.below').closest('tbody').previousElementSibling.id"
    assert page.evaluate(below).startswith("s-")
    dots = page.locator(".detail svg")
    dots.focus()
    expect(page.locator(".detail .tip")).to_contain_text("process 1: ")


@pytest.mark.parametrize("address", [LIFECYCLE, "price.html", "claims.html", "releases.html"])
def test_a_picture_says_its_values_to_the_pointer_and_to_the_keyboard(
    page: Page, go: Any, address: str
) -> None:
    go(address)
    picture = page.locator("svg.chart:has(use):visible").first
    tip = picture.locator("xpath=following-sibling::output")
    assert picture.locator("title").count() == 0
    picture.focus()
    expect(tip).to_be_visible()
    first = tip.inner_text()
    assert re.search(r"[:;,] .*\d", first)
    page.keyboard.press("ArrowDown")
    assert tip.inner_text() != first
    page.keyboard.press("ArrowUp")
    assert tip.inner_text() == first
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    place = picture.evaluate(
        """svg => {
            const mark = [...svg.querySelectorAll('use')].find(each => each.said);
            mark.scrollIntoView({block: 'center'});
            const box = mark.getBoundingClientRect();
            return [box.left + box.width / 2, box.top + box.height / 2, mark.said];
        }"""
    )
    page.mouse.move(*place[:2])
    expect(tip).to_have_text(place[2])
    page.mouse.move(0, 0)
    expect(tip).to_be_hidden()


def test_what_a_mark_says_is_what_the_table_says(page: Page, go: Any) -> None:
    go(LIFECYCLE)
    picture = page.locator("svg.chart").first
    said = picture.evaluate("svg => [...svg.querySelectorAll('use')].map(e => e.said || '')")
    row = page.locator("table").first.locator("tbody tr:has(td.value)").first
    value, interval = (row.locator(f"td.{name}").inner_text() for name in ("value", "range"))
    mode = page.locator("table [scope=rowgroup]").first.inner_text()
    unit = page.locator("table thead th").nth(1).inner_text()
    assert f"{mode}, GIL build: {value.split()[0]} {unit} ({interval})" in said


def test_without_a_script_a_mark_has_its_words_as_a_title(browser: Browser, project: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((project / "html" / LIFECYCLE).as_uri())
    assert re.search(r": [\d.]+ ", page.locator("use title").first.text_content() or "")
    assert page.locator("td.value").first.is_visible()
    assert page.locator(".table-tools, .search").count() == 0
    context.close()


@pytest.mark.parametrize(
    ("asked", "first", "there"),
    [
        ("starting ending", "Starting and ending workers", "lifecycle.html"),
        ("lifecycle.Lifecycle.track_round", "lifecycle.Lifecycle.track_round", "#metric-"),
        ("claim GIL", "Claim ", "#claim-"),
        ("noise floor", "The noise floor", "method.html#noise"),
    ],
)
def test_the_search_finds_pages_benchmarks_and_claims(
    page: Page, go: Any, asked: str, first: str, there: str
) -> None:
    go(LIFECYCLE)
    box = page.get_by_label("Search pages, benchmarks and claims")
    box.focus()
    box.fill(asked)
    hit = page.locator(".search li a").first
    expect(hit).to_contain_text(first)
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.href") == hit.get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{there}*")
    name = page.url.partition("#")[2]
    if name:
        expect(page.locator(f"#{name}")).to_be_visible()


def test_a_search_that_finds_nothing_says_so_and_ends(page: Page, go: Any) -> None:
    go("price.html")
    box = page.get_by_label("Search pages, benchmarks and claims")
    box.fill("xyzzy")
    expect(page.locator(".search li")).to_have_text("Nothing found.")
    page.keyboard.press("Escape")
    expect(page.locator(".search ul")).to_be_hidden()
    assert box.input_value() == ""


def test_the_index_has_text_of_results_as_text(tmp_path: Path) -> None:
    path = tmp_path / "a b" / "x.html"
    path.parent.mkdir()
    title = "<title>1 &lt; 2 · ftbench</title>"
    path.write_text(f'{title}<h2 id="n">A &amp; <b>B</b></h2><h2 id="menu-1">no</h2>', "utf-8")
    text = write_search(tmp_path, [path, path.with_suffix(".js")]).read_text("utf-8")
    assert json.loads(text.partition(" = ")[2].rstrip(";\n")) == [
        ["1 < 2", "", "a%20b/x.html"],
        ["A & B", "1 < 2", "a%20b/x.html#n"],
    ]


@pytest.mark.parametrize("address", TABBED)
def test_each_heading_has_a_link_to_itself_that_opens_what_it_is_in(
    page: Page, go: Any, address: str
) -> None:
    go(address)
    headings = page.locator("main :is(h1, h2, h3):not(.picker *)")
    links = page.locator("main a.own")
    assert links.count() == headings.count()
    for number in range(links.count()):
        href = links.nth(number).get_attribute("href") or ""
        go("method.html" if address != "method.html" else "price.html")
        go(f"{address}{href}")
        expect(page.locator(f"[id='{href[1:]}']")).to_be_visible()
