"""Duels on the pages: the releases, the price of one thread, the list on Method and machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import fake_duels
import fake_results
import pytest
from outline import Outline
from playwright.sync_api import Browser
from watching import Watched, grave_faults, unfold

from ftbench.analysis.price import TAX, points_of
from ftbench.analysis.verdicts import evidence
from ftbench.releases import Release
from ftbench.results import ResultTree
from ftbench.results.duels import Duel, series_of
from ftbench.site.menus import TABS
from ftbench.site.method import write_method
from ftbench.site.price import write_price
from ftbench.site.releases import write_releases
from ftbench.statistics import Basis
from ftbench.statistics.sequential import judge_series

BY = "duel of 24 pairs"
PARAMS = {kernel: {"mode": "serial", "kernel": kernel} for kernel in ("calls", "floats")}


def step(factor: float, *, kernel: str = "calls", machine: str = "quiet-vm") -> Duel:
    """Return a duel of two releases, the later one first."""
    sides = fake_duels.side("3.13.15"), fake_duels.side("3.13.5")
    made = fake_duels.record(*sides, factor=1 / factor, params=PARAMS[kernel])
    return fake_duels.duel(made, machine=machine)


def tax(factor: float, *, kernel: str = "calls", release: str = "3.14.2") -> Duel:
    sides = fake_duels.side(release, "gil"), fake_duels.side(release, "ft")
    return fake_duels.duel(
        fake_duels.record(*sides, factor=factor, params=PARAMS[kernel], spread=0.01)
    )


def pages(
    write: Callable[[ResultTree, Path], tuple[Path, ...]], folder: Path, *duels: Duel
) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for tab in TABS:
        (folder / tab.file).touch()
    tree = replace(fake_results.tree(), duels=duels)
    return [path for path in write(tree, folder) if path.suffix in {".html", ".js"}]


def texts(paths: Sequence[Path]) -> list[str]:
    return [path.read_text("utf-8") for path in paths]


@pytest.mark.parametrize("write", [write_releases, write_price, write_method])
def test_pages_without_duels_of_their_machine_are_as_they_were(
    write: Callable[[ResultTree, Path], tuple[Path, ...]], tmp_path: Path
) -> None:
    foreign = step(1.2, machine="another"), replace(tax(1.2), machine="another")
    plain, same = (pages(write, tmp_path / name, *of) for name, of in (("a", ()), ("b", foreign)))
    assert texts(plain) == texts(same)
    told = (text.replace("A duel needs no floor.", "").lower() for text in texts(same))
    assert not any("duel" in text for text in told if "ftbench = (" not in text)


def test_the_page_of_a_release_has_it_among_its_alarms(tmp_path: Path) -> None:
    paths = pages(write_releases, tmp_path, step(1.12))
    (page,) = (path for path in paths if path.name == "3.13.15.html")
    (row,) = (
        row for table in Outline(page).tables for row in table if "calls" in row[0] and BY in row[5]
    )
    assert re.fullmatch(r"\+12\.\d.% .*", row[3])
    assert re.fullmatch(rf"\+11\.\d.% to \+12\.\d.% {BY}", row[5])
    assert (row[2].endswith("worse"), row[6], row[7]) == (True, "\N{EN DASH}", "3.13.5")
    assert "This machine has no noise floor." not in Outline(page).text


def test_a_duel_alone_is_no_want_of_a_floor_and_the_others_have_none(tmp_path: Path) -> None:
    (page,) = (
        path for path in pages(write_releases, tmp_path, step(1.0)) if path.name == "3.13.15.html"
    )
    programs, *_ = (table for table in Outline(page).tables if table[0][0] == "program")
    (own,) = (row for row in programs[1:] if BY in row[5])
    assert (own[2].endswith("same"), own[6]) == (True, "\N{EN DASH}")
    assert {row[6] for row in programs[1:] if row is not own} == {"none"}


def test_the_data_of_every_release_say_what_a_verdict_is_by(tmp_path: Path) -> None:
    paths = pages(write_releases, tmp_path, step(1.12))
    (data,) = (path for path in paths if path.name == "verdicts-single_thread-1.js")
    assert f'"{BY}: its whole interval' in data.read_text("utf-8")


def test_the_price_of_one_thread_is_that_of_a_duel() -> None:
    tree, duel = fake_results.tree(), tax(1.137)
    newest = Release.parse("3.14.2"), "ft"
    plain = points_of(TAX, tree.figures, evidence(tree))
    points = points_of(TAX, tree.figures, evidence(replace(tree, duels=(duel,))))
    found = points[newest].kernels["calls"]
    (verdict,) = judge_series([series_of(duel.record)]).verdicts
    assert verdict.effect is not None
    assert found == verdict.effect
    # All else is as it was, and a mean of both kinds is of the weaker one.
    assert points[newest].kernels["floats"] == plain[newest].kernels["floats"]
    assert points[newest].mean.basis is Basis.PROCESSES
    assert list(points[newest].kernels) == list(plain[newest].kernels)
    assert {key: each for key, each in points.items() if key != newest} == {
        key: each for key, each in plain.items() if key != newest
    }


def test_a_duel_is_a_price_where_no_run_measured_both() -> None:
    tree = fake_results.tree()
    apart = [replace(each, runs=frozenset({f"{each.arm.name}"})) for each in tree.figures]
    tree = replace(tree, figures=tuple(apart), duels=(tax(1.137), tax(1.1, kernel="floats")))
    points = points_of(TAX, tree.figures, evidence(tree))
    (point,) = points.values()
    assert point.mean.basis is Basis.DUEL
    assert point.mean.value == pytest.approx((1.137 * 1.1) ** 0.5, rel=0.01)


def test_the_page_says_so(tmp_path: Path) -> None:
    (page,) = pages(write_price, tmp_path, tax(1.137), tax(1.1, kernel="floats"))
    cells = [cell for table in Outline(page).tables for row in table for cell in row]
    assert (
        len([cell for cell in cells if re.match(r"1\.\d{3} 1\.\d{3} . 1\.\d{3}, by duel", cell)])
        == 4
    )


def test_the_duels_on_record_are_listed_on_method_and_machine(tmp_path: Path) -> None:
    (page,) = pages(write_method, tmp_path, step(1.12), step(1.0, kernel="floats"), tax(1.137))
    outline = Outline(page)
    (table,) = (each for each in outline.tables if each[0][:2] == ["first", "second"])
    assert [row[3:] for row in table[1:]] == [["1 worse", "24"], ["1 better, 1 same", "48"]][::-1]
    assert table[1][:2] == [
        "3.13.15, free-threaded (source-gcc12), serial",
        "3.13.5, free-threaded (source-gcc12), serial",
    ]
    assert table[2][:2] == [
        "3.14.2, GIL build (source-gcc12), serial",
        "3.14.2, free-threaded (source-gcc12), serial",
    ]
    assert outline.faults(page) == []


@pytest.mark.parametrize("write", [write_releases, write_price, write_method])
def test_in_a_browser_they_fit_and_can_be_read_by_all(
    browser: Browser,
    axe: str,
    tmp_path: Path,
    write: Callable[[ResultTree, Path], tuple[Path, ...]],
) -> None:
    paths = pages(write, tmp_path, step(1.12), tax(1.137), tax(1.1, kernel="floats"))
    context = browser.new_context(viewport={"width": 360, "height": 800})
    wanted = [path for path in paths if path.suffix == ".html" and "3.14" not in path.name][:4]
    for path in wanted:
        page = context.new_page()
        one = Watched(page, tmp_path.as_uri())
        page.goto(path.as_uri())
        unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path.name
        assert grave_faults(browser, path.as_uri(), axe, "light") == []
        assert one.faults == []
        page.close()
    context.close()
