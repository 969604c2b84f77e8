"""Price and gain: ratios, efficiencies, their means, as a golden file, as pages, in a browser."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import fake_results
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from outline import Outline
from playwright.sync_api import Browser
from watching import Watched, grave_faults, unfold

from ftbench.analysis.price import (
    CRUNCHING,
    MUST_NOT,
    MUST_SCALE,
    TAX,
    WORK,
    means_of,
    points_of,
    titled,
)
from ftbench.analysis.verdicts import evidence
from ftbench.facts.arms import USUAL_ARMS
from ftbench.facts.units import digits
from ftbench.releases import Release
from ftbench.releases.known import known_releases
from ftbench.results import Figure, ResultTree
from ftbench.results.figure import SeriesKey, Unreadable
from ftbench.site.menus import TABS
from ftbench.site.price import TOPICS, compared, draw_points, newest_of_series, write_price
from ftbench.statistics import ratio
from ftbench.statistics.ratio import Effects

NEWEST = Release.parse("3.14.2")
NOTHING = evidence(ResultTree())  # beside the figures


def test_what_the_tables_say_is_as_it_was(
    tmp_path: Path, assert_golden: Callable[[str, str], None]
) -> None:
    tables = Outline(pages_of(fake_results.tree(), tmp_path)[0]).tables
    rows = "\n\n".join("\n".join(" | ".join(row) for row in table) for table in tables)
    assert_golden(rows, "price.txt")


def figure_of(tree: ResultTree, kernel: str, arm: str) -> Figure:
    (figure,) = (
        figure
        for figure in tree.figures
        if kernel in figure.params.values() and figure.arm.name == arm and figure.release == NEWEST
    )
    return figure


def test_a_tax_is_the_ratio_to_the_gil_build_of_the_same_release() -> None:
    tree = fake_results.tree()
    points = points_of(TAX, tree.figures, NOTHING)
    above, below = (figure_of(tree, "calls", arm).processes for arm in ("ft", "gil"))
    assert points[NEWEST, "ft"].kernels["calls"] == ratio(above, below)
    assert {arm for _, arm in points} == {"ft", "ft-gil1"}
    assert points[NEWEST, "ft"].kernels.keys() == {"calls", "floats"}


def test_figures_of_different_runs_make_no_tax() -> None:
    tree = fake_results.tree()
    figures = [
        replace(each, runs=frozenset({"run-2"})) if each.arm.name == "gil" else each
        for each in tree.figures
    ]
    assert points_of(TAX, figures, NOTHING) == {}


def test_instructions_over_the_gil_builds_are_a_column_of_their_own(tmp_path: Path) -> None:
    counted = [
        replace(
            each,
            series=SeriesKey(benchmark=WORK.benchmark, params=each.params),
            unit="instructions",
            runs=frozenset({arm}),
        )
        for each in fake_results.tree().figures
        for arm in [each.arm.name]
        if each.benchmark == TAX.benchmark
    ]
    timed = points_of(TAX, fake_results.tree().figures, NOTHING)
    assert points_of(WORK, counted, NOTHING).keys() == timed.keys()
    tree = fake_results.tree()
    plain, more = (
        Outline(pages_of(each, tmp_path)[0]).tables[0][0]
        for each in (tree, replace(tree, figures=(*tree.figures, *counted)))
    )
    assert not any("its instructions" in cell for cell in plain)
    assert sum("its instructions" in cell for cell in more) == 2


def test_an_efficiency_is_the_inverse_of_the_relative_cost() -> None:
    tree = fake_results.tree()
    point = points_of(CRUNCHING[0], tree.figures, NOTHING)[NEWEST, "ft"]
    medians = [sorted(each)[1] for each in figure_of(tree, "sum_of_squares", "ft").processes]
    middle = math.exp(sum(map(math.log, medians)) / len(medians))
    found = point.kernels["sum_of_squares"]
    assert found.value == pytest.approx(1 / middle)
    assert found.interval is not None
    assert found.interval.low < found.value < found.interval.high


def test_the_ledgers_are_kept_apart() -> None:
    figures = fake_results.tree().figures
    must, known_not = (points_of(each[0], figures, NOTHING) for each in (MUST_SCALE, MUST_NOT))
    assert must[NEWEST, "ft"].kernels.keys() == {"function_calls"}
    assert known_not[NEWEST, "ft"].kernels.keys() == {"shared_deque"}


def test_a_pattern_whose_control_is_off_is_in_no_mean() -> None:
    figures = [
        replace(each, doubt="x") if "function_calls" in each.params.values() else each
        for each in fake_results.tree().figures
    ]
    assert points_of(MUST_SCALE[0], figures, NOTHING) == {}
    assert points_of(MUST_NOT[0], figures, NOTHING)[NEWEST, "ft"].kernels.keys() == {"shared_deque"}


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_a_damaged_sample_leaves_its_kernel_out(bad: float) -> None:
    figures = [
        replace(each, processes=((bad, 1.0),), samples=(bad, 1.0))
        if {"sum_of_squares", "calls"} & {*each.params.values()}
        else each
        for each in fake_results.tree().figures
    ]
    for measure, kernel in ((CRUNCHING[0], "words"), (TAX, "floats")):
        assert points_of(measure, figures, NOTHING)[NEWEST, "ft"].kernels.keys() == {kernel}


def effects_of(values: list[float], errors: list[float], freedom: float) -> Effects:
    return Effects(
        value=np.log(values),
        error=np.array(errors),
        freedom=np.full(len(values), float(freedom)),
        basis=np.zeros(len(values), dtype=np.int64),
    )


def test_a_mean_is_geometric_and_its_error_that_of_independent_kernels() -> None:
    means = means_of(effects_of([1.0, 4.0, 3.0], [0.3, 0.4, 0.1], 4), [[0, 1], [2]])
    assert np.exp(means.value) == pytest.approx([2.0, 3.0])
    assert means.error == pytest.approx([0.25, 0.1])
    assert means.freedom == pytest.approx([0.25**2 * 4 / (0.09**2 + 0.16**2), 4])
    assert means.freedom[1] < means.freedom[0] < 8


def test_kernels_without_an_error_make_a_mean_without_one() -> None:
    means = means_of(effects_of([1.0, 4.0], [0.0, math.nan], 1), [[0, 1], [0]])
    assert math.isnan(means.error[0])
    assert means.error[1] == 0
    assert [each.interval is None for each in means.ratios(0.99)] == [True, False]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_the_interval_of_a_mean_covers_the_truth_at_its_rate(seed: int, kernels: int) -> None:
    chance = np.random.default_rng(seed)
    trials, processes = 400, 4
    spreads = chance.uniform(0.01, 0.1, kernels)
    taken = chance.normal(0, spreads[:, None], (trials, kernels, processes))
    errors = taken.std(axis=2, ddof=1) / math.sqrt(processes)
    effects = Effects(
        value=taken.mean(axis=2).ravel(),
        error=errors.ravel(),
        freedom=np.full(trials * kernels, processes - 1.0),
        basis=np.zeros(trials * kernels, dtype=np.int64),
    )
    groups = np.arange(trials * kernels).reshape(trials, kernels).tolist()
    intervals = [each.interval for each in means_of(effects, groups).ratios(0.99)]
    covered = sum(each is not None and each.low <= 1 <= each.high for each in intervals)
    # Of 400 at 99 %: fewer than 380 is as good as impossible.
    assert covered >= 380


def test_the_newest_release_of_each_series_is_where_it_stands() -> None:
    every = [Release.parse(name) for name in ("3.13.5", "3.14.0", "3.13.15", "3.15.0rc1")]
    assert [each.name for each in newest_of_series(every)] == ["3.15.0rc1", "3.14.0", "3.13.15"]


def pages_of(tree: ResultTree, folder: Path) -> tuple[Path, ...]:
    for tab in TABS:
        (folder / tab.file).touch()
    return write_price(tree, folder)


def test_the_first_page_is_of_a_rig_that_has_something_to_show(tmp_path: Path) -> None:
    bare = fake_results.tree(machine="bare", series=fake_results.SERIES[:1])
    pages = pages_of(
        fake_results.joined(bare, fake_results.tree(profile="quick"), fake_results.hostile()),
        tmp_path,
    )
    assert pages[0] == tmp_path / "price.html"
    assert "on quiet-vm" in Outline(pages[0]).words
    assert len(pages) == 3
    for page in pages:
        assert Outline(page).faults(page) == []
        assert page.stat().st_size < 900_000


def test_each_topic_has_a_picture_and_a_table(tmp_path: Path) -> None:
    source = Outline(pages_of(fake_results.tree(), tmp_path)[0]).source
    assert source.count('<svg class="chart"') == 4
    assert source.count("by release") == 4
    # Of native code there is nothing.
    nothing = "This was not measured on this machine with this profile."
    assert source.count(nothing) == len(TOPICS) - 4


@pytest.mark.parametrize(
    ("kernels", "alike", "said"),
    [
        (("one", "two", "three"), True, "means are of the 3 kernels that all releases have"),
        (("one",), False, "no line joins releases that differ in their kernels"),
    ],
)
def test_a_mean_is_compared_over_one_set_of_kernels_or_its_line_is_broken(
    kernels: tuple[str, ...], *, alike: bool, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest release has these and two of its own, which are slow; the oldest all four."""
    tree = fake_results.tree(("3.14.1", "3.14.2"))
    like = {each.release: each for each in tree.figures if each.benchmark == CRUNCHING[0].benchmark}
    sets = dict(
        zip(sorted(like), (("one", "two", "three", "four"), (*kernels, "x", "y")), strict=True)
    )

    def relative(release: Release, kernel: str) -> Figure:
        middle = 1.9 if kernel in {"x", "y"} else 1.1
        processes = tuple((middle + each / 1000,) for each in range(4))
        series = SeriesKey(
            benchmark=CRUNCHING[0].benchmark, params={"mode": "threads", "kernel": kernel}
        )
        return replace(like[release], series=series, processes=processes, median=middle)

    figures = [relative(release, kernel) for release, of in sets.items() for kernel in of]
    points = points_of(CRUNCHING[0], figures, NOTHING)
    older, newer = (point for _, point in sorted(points.items()))
    assert (set(older.of) == set(newer.of)) is alike
    if alike:
        assert newer.mean.value == pytest.approx(older.mean.value)
    assert len(newer.kernels) == len(kernels) + 2
    assert f"{said} (" in compared(points)
    drawn: list[int] = []
    monkeypatch.setattr(
        "ftbench.site.svg.lines",
        lambda _, lines, *, linewidth, **__: drawn.append(len(lines)) if linewidth < 1 else None,
    )
    draw_points(points, name="x", rules=())
    assert drawn == [1 if alike else 2]
    same = points_of(CRUNCHING[0], [relative(each, "one") for each in sets], NOTHING)
    assert compared(same) == ""
    assert titled(CRUNCHING[0], same).endswith(", 2 threads: one alone")


def test_beside_a_mean_stand_its_worst_and_its_best_kernel(tmp_path: Path) -> None:
    tree = fake_results.tree()
    source = Outline(pages_of(tree, tmp_path)[0])
    point = points_of(TAX, tree.figures, NOTHING)[NEWEST, "ft"]
    low, high = sorted(point.kernels, key=lambda kernel: point.kernels[kernel].value)
    worst, best = (f"{each} {digits(point.kernels[each].value)}" for each in (high, low))
    assert f"worst {worst}, best {best}; 2 kernels" in source.tables[0][1][1]
    lacking = figure_of(tree, "sum_of_squares", "ft")
    tree = replace(tree, figures=tuple(each for each in tree.figures if each is not lacking))
    page = Outline(pages_of(tree, tmp_path)[0])
    assert any(cell.endswith(" words alone") for cell in page.tables[0][1])


def test_what_another_profile_has_beside_is_said_with_a_link(tmp_path: Path) -> None:
    """The full page lacks a kernel of a release, the quick one two releases and the tax."""
    full, quick = fake_results.tree(), fake_results.tree(("3.14.2",), profile="quick")
    lacking = figure_of(full, "sum_of_squares", "ft")
    full = replace(full, figures=tuple(each for each in full.figures if each is not lacking))
    rest = tuple(each for each in quick.figures if each.benchmark != TAX.benchmark)
    quick = replace(quick, figures=rest)
    first, other = pages_of(fake_results.joined(full, quick), tmp_path)
    words = Outline(first).words
    assert words.count("More of it was measured with the quick profile (3.14.2).") == 1
    words = Outline(other).words
    more = "was measured with the full profile"
    assert "profile. To measure it: FTBENCH_PROFILE=quick" in words
    assert f"It {more} (3.13.5, 3.13.15, 3.14.2)." in words
    assert words.count(f"More of it {more} (3.13.5, 3.13.15).") == 3
    assert Outline(other).faults(other) == []
    (alone,) = pages_of(fake_results.tree(), tmp_path)
    assert "was measured with" not in Outline(alone).words


def test_builds_without_pgo_and_few_rounds_are_warned_of(tmp_path: Path) -> None:
    text = Outline(pages_of(fake_results.tree(profile="quick"), tmp_path)[0]).words
    assert "These builds have no PGO or no LTO." in text
    assert "These are quick figures." in text


def test_an_arm_that_was_not_measured_has_no_column(tmp_path: Path) -> None:
    page = pages_of(fake_results.tree(arms=USUAL_ARMS[:2]), tmp_path)[0]
    assert "free-threaded, GIL on" not in Outline(page).text.partition("What one thread pays")[2]


def test_an_empty_suite_says_what_to_do_and_names_what_could_not_be_read(tmp_path: Path) -> None:
    tree = ResultTree(warnings=(Unreadable(path=Path("x.json"), why="it is cut"),))
    text = Outline(pages_of(tree, tmp_path)[0]).text
    assert "Nothing has been measured yet." in text
    assert "x.json: it is cut" in text


def test_sixty_releases_stay_light(tmp_path: Path) -> None:
    known = [each.release.name for each in known_releases()][:60]
    (page,) = pages_of(fake_results.tree(known), tmp_path)
    assert page.stat().st_size < 900_000


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("html")
    pages_of(fake_results.joined(fake_results.tree(), fake_results.hostile()), folder)
    return folder


def test_it_needs_nothing_but_itself(browser: Browser, html: Path) -> None:
    page = browser.new_page()
    watched = Watched(page, html.as_uri())
    page.goto((html / "price.html").as_uri())
    assert page.locator("svg.chart:visible").count() == 4
    page.get_by_role("link", name="<img").click()
    assert page.locator("img").count() == 0
    page.close()
    assert watched.faults == []


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_it_never_scrolls_sideways(browser: Browser, html: Path, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto((html / "price.html").as_uri())
    unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Browser, html: Path, axe: str, scheme: Any) -> None:
    assert grave_faults(browser, (html / "price.html").as_uri(), axe, scheme) == []
