"""Guard rails: each release held against the lines, on made-up figures and on committed ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import fake_results
import pytest
from outline import Outline
from playwright.sync_api import Browser
from watching import Watched, grave_faults

from ftbench.analysis.guards import guard_rails, standing
from ftbench.analysis.price import GUARDED, TAX
from ftbench.releases import Release
from ftbench.report.output import Format, rendered
from ftbench.report.overview import overview
from ftbench.results import ResultTree, read_results
from ftbench.results.figure import Environment, SeriesKey
from ftbench.results.selection import Filter
from ftbench.site.guards import write_guards
from ftbench.site.menus import TABS
from ftbench.site.price import write_price

ROOT = Path(__file__).parents[2]
RELEASES = ("3.13.15", "3.14.7", "3.15.0")


def tree_of(*taxes: float, pgo: bool = True, releases: Sequence[str] = RELEASES) -> ResultTree:
    """Return results whose one kernel takes `taxes` times as long on the free-threaded builds."""
    plain = fake_results.tree(releases, series=fake_results.SERIES[-1:])
    shares = dict(zip(releases, taxes, strict=True))
    figures = []
    for each in plain.figures:
        middle = shares[each.release.name] if each.arm.free_threaded else 1.0
        processes = tuple((middle * (1 + one / 1000),) for one in range(6))
        samples = tuple(sample for process in processes for sample in process)
        figures.append(replace(each, processes=processes, samples=samples, median=middle))
    builds = ({"pgo": pgo, "lto": pgo},)
    sources = tuple(replace(each, builds=builds) for each in plain.sources)
    return replace(plain, figures=tuple(figures), sources=sources)


def words_of(tree: ResultTree, measure: str = "tax") -> dict[str, list[str]]:
    (of,) = (each for each in guard_rails(tree, tree.machines[0]) if each.measure.name == measure)
    return {
        release.name: [" ".join(filter(None, standing(each))) if each else "" for each in judged]
        for release, _, judged in of.rows
    }


def test_a_release_is_within_a_line_above_or_below_what_was_published() -> None:
    assert words_of(tree_of(1.2, 1.05, 1.12)) == {
        "3.15.0": ["above", "within", "above", "", ""],
        "3.14.7": ["within", "within", "", "within", ""],
        "3.13.15": ["above", "above", "", "", "below"],
    }


def test_builds_without_pgo_judge_no_line_of_time_and_say_where_they_are() -> None:
    why = "cannot be judged on builds without PGO and LTO (here: {})"
    assert words_of(tree_of(1.2, 1.05, 1.12, pgo=False))["3.14.7"][:2] == [why.format("within")] * 2


def test_memory_is_judged_on_any_build() -> None:
    tree = tree_of(1.3, 1.05, 1.18, pgo=False)
    series = SeriesKey(
        benchmark=GUARDED["memory"].benchmark, params={"mode": "threads", "workers": "1"}
    )
    figures = tuple(replace(each, series=series, unit="bytes") for each in tree.figures)
    assert words_of(replace(tree, figures=figures), "memory") == {
        "3.15.0": ["above", "within"],
        "3.14.7": ["within", "within"],
        "3.13.15": ["above", "above"],
    }


def test_an_interval_across_a_line_or_none_at_all_decides_nothing() -> None:
    across = words_of(tree_of(1.2, 1.1, 1.12))["3.14.7"][0]
    assert across == "cannot be judged the interval crosses it"
    tree = tree_of(1.2, 1.05, 1.12)
    alone = tuple(replace(each, processes=(each.samples,)) for each in tree.figures)
    words = words_of(replace(tree, figures=alone))["3.14.7"][0]
    assert words == "cannot be judged there is no interval"


def test_3_13_is_held_against_the_newest_3_14_of_its_arm() -> None:
    releases = ("3.13.15", "3.14.6", "3.14.7")
    assert words_of(tree_of(1.3, 9.0, 1.0, releases=releases), "older") == {"3.13.15": ["within"]}
    assert words_of(tree_of(1.3, 1.0, 9.0, releases=releases), "older") == {"3.13.15": ["below"]}
    lone = tree_of(1.3, releases=releases[:1])
    assert words_of(lone, "older") == {}


def test_the_report_says_it_of_its_release() -> None:
    wanted = Filter(release=Release.parse("3.14.7"))
    text = rendered(overview(tree_of(1.2, 1.05, 1.12), wanted), Format.TABLE, width=200)
    assert "time of one thread over the GIL build's: 1.05\N{MULTIPLICATION SIGN} (" in text
    assert "  10 %, the target: within\n" in text
    assert "40 %" not in text  # of 3.13


def pages_of(tree: ResultTree, folder: Path) -> tuple[Path, ...]:
    for tab in TABS:
        (folder / tab.file).touch()
    return write_guards(tree, folder)


def test_each_rig_has_a_page_and_nothing_on_it_is_amiss(tmp_path: Path) -> None:
    tree = fake_results.joined(tree_of(1.2, 1.05, 1.12), fake_results.hostile())
    pages = pages_of(tree, tmp_path)
    assert len(pages) == 2
    for page in pages:
        assert Outline(page).faults(page) == []
    first = Outline(pages[0])
    assert first.words.index("Two builds of one source also differ") < first.words.index(
        "the target"
    )
    assert "method.html#noise" in first.links
    assert "5 to 10 %, What's New in 3.14 1.04 to 1.11 counts as that" in first.words
    assert first.source.count('<svg class="chart"') == 2  # of memory there is nothing
    assert "10 %, the target" in first.text
    assert "This was not measured" in Outline(pages[1]).words
    assert "Nothing has been measured yet." in Outline(pages_of(ResultTree(), tmp_path)[0]).text


def test_it_opens_with_builds_as_people_run_them_though_of_one_release_and_a_quick_run(
    tmp_path: Path,
) -> None:
    def quick(of: Environment) -> Environment:
        return replace(of, flavour="source-gcc12-pgo-lto", profile="quick")

    one = tree_of(1.05, releases=RELEASES[1:2])
    optimized = replace(
        one,
        figures=tuple(replace(each, environment=quick(each.environment)) for each in one.figures),
        sources=tuple(replace(each, environment=quick(each.environment)) for each in one.sources),
    )
    tree = fake_results.joined(tree_of(1.2, 1.05, 1.12, pgo=False), replace(optimized, machines=()))
    for write, first in ((pages_of, "guards"), (write_price, "price")):
        page, other = map(Outline, write(tree, tmp_path))
        assert "source-gcc12-pgo-lto builds" in page.words
        assert "have no PGO or no LTO" not in page.words
        assert "have no PGO or no LTO" in other.words
        assert f"{first}/quiet-vm_full_source-gcc12.html" in page.links
    (words,) = words_of(optimized).values()
    assert words[:2] == ["within", "within"]


def test_the_committed_ratios_are_those_of_price_and_gain(tmp_path: Path) -> None:
    tree = read_results(ROOT / "results")
    guards = pages_of(tree, tmp_path)
    prices = {path.name: path for path in write_price(tree, tmp_path)}
    checked = 0
    for path in guards:
        text = path.read_text("utf-8")
        price = prices.get(path.name.replace("guards", "price"))
        assert price
        cells = re.findall(r'colspan="2">([\w.]+): ([^<]+) <small>([^<]+)</small>', text)
        tax = text.partition('id="older-title"')[0]
        for release, value, interval in cells:
            if f"{release}: {value}" in tax:
                assert f"{value} <small>{interval}</small>" in price.read_text("utf-8")
                checked += 1
    assert checked >= len(
        {each.release for each in tree.figures if each.benchmark == TAX.benchmark}
    )


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("html")
    pages_of(fake_results.joined(tree_of(1.2, 1.05, 1.12), fake_results.hostile()), folder)
    return folder


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_it_needs_nothing_but_itself_and_never_scrolls_sideways(
    browser: Browser, html: Path, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    watched = Watched(page, html.as_uri())
    page.goto((html / "guards.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
    assert watched.faults == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Browser, html: Path, axe: str, scheme: Any) -> None:
    assert grave_faults(browser, (html / "guards.html").as_uri(), axe, scheme) == []
