"""Method and machine: what stands behind the figures, as data and as pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import fake_duels
import pytest
import synthetic
from fake_figures import rekeyed
from outline import Outline
from playwright.sync_api import Browser
from synthetic import Plan
from watching import Watched, grave_faults

from ftbench.analysis.conditions import machine_facts
from ftbench.releases import Release
from ftbench.report.document import Table
from ftbench.results import Figure, ResultFile, ResultTree, State, read_results
from ftbench.results.figure import NoiseSeries
from ftbench.results.floors import Floors
from ftbench.results.health import SITTINGS_APART
from ftbench.site.menus import TABS
from ftbench.site.method import (
    address,
    advice_from,
    changed,
    machines,
    noise_of,
    write_method,
)
from ftbench.site.method_tables import (
    builds,
    disturbed,
    duels,
    reasons_of,
    releases_text,
    runs,
    several,
    states,
)

QUIET = "quiet-vm"


@pytest.fixture(scope="module")
def tree(results: Path) -> ResultTree:
    return read_results(results)


@pytest.fixture(scope="module")
def noisy(tree: ResultTree) -> ResultTree:
    """Return the rounds of one machine, each with an A/A run of its own."""
    figures = tuple(
        each
        for each in tree.figures
        if each.machine == QUIET and each.benchmark.endswith("e.track_round") and each.median
    )
    return replace(tree, figures=figures, noise=tuple(map(against_itself, figures)))


def against_itself(figure: Figure) -> NoiseSeries:
    shares = (0.99, 1.0, 1.02, 1.01, 1.0, 0.98, 1.01, 1.0 + len(figure.params["mode"]) / 500)
    return NoiseSeries(
        environment=figure.environment,
        release=figure.release,
        series=figure.series,
        unit=figure.unit,
        medians=tuple((figure.median or 1.0) * share for share in shares),
        order="ABBAABBA",
    )


@pytest.fixture(scope="module")
def written(
    tree: ResultTree, noisy: ResultTree, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, ...]:
    folder = tmp_path_factory.mktemp("html")
    for tab in TABS:
        (folder / tab.file).touch()
    return write_method(replace(tree, noise=noisy.noise), folder)


def rows(table: Table) -> list[tuple[str, ...]]:
    return [row.cells for row in table.rows]


def sources_of(tree: ResultTree, machine: str = QUIET) -> list[ResultFile]:
    return [source for source in tree.sources if source.machine == machine]


def test_there_is_a_page_for_every_machine_and_nothing_on_it_is_amiss(
    written: tuple[Path, ...],
) -> None:
    assert written[0].name == "method.html"
    assert len(written) == 3
    for path in written:
        assert Outline(path).faults(path) == []


def test_a_machine_opens_that_choose_opens_with(tree: ResultTree) -> None:
    names = machines(tree)
    assert len(names) == 3
    assert names[0] != min(names) or names[0] == QUIET
    assert {address(name, names[0]) for name in names} >= {"method.html"}
    assert machines(ResultTree()) == ()


def test_builds_that_are_alike_but_for_their_release_share_a_row(tree: ResultTree) -> None:
    table = builds(sources_of(tree))
    assert [row[:4] for row in rows(table)] == [
        ("GIL build", "3.13.15, 3.14.2", "source-gcc12", "on"),
        ("free-threaded; free-threaded, GIL on", "3.13.15, 3.14.2", "source-gcc12", "off; on"),
    ]
    assert {len(row) for row in rows(table)} == {len(table.columns)}
    other = [
        replace(source, builds=({**source.builds[0], "pgo": True},)) if number == 0 else source
        for number, source in enumerate(sources_of(tree))
    ]
    assert len(rows(builds(other))) == 3


def test_a_build_without_a_record_is_not_known(tree: ResultTree) -> None:
    (row,) = rows(builds([replace(sources_of(tree)[0], builds=())]))
    assert row[-1] == "not known"


def test_a_run_is_told_once_whatever_it_measured(tree: ResultTree) -> None:
    assert rows(runs(sources_of(tree))) == [
        (
            "2026-11-20 12:00",
            "3.13.15, 3.14.2",
            "gil, ft, ft-gil1",
            "full",
            "ft-gil1 passed: 0 of 52 off; ft passed: 0 of 52 off; gil passed: 0 of 52 off",
            "0.12",
        ),
    ]


def test_a_duel_is_of_builds_of_two_kinds_or_of_a_replica() -> None:
    plain = fake_duels.side("3.14.7")
    optimized = fake_duels.side("3.14.7", flavour="source-gcc12-pgo-lto")
    copy = {"code_flags": ["-O3", "-DFTBENCH_REPLICA=2"]}
    two_kinds = fake_duels.duel(fake_duels.record(plain, optimized))
    two_layouts = fake_duels.duel(fake_duels.record(plain, plain), builds=({}, copy))
    alike = "3.14.7, free-threaded ({}), serial".format
    assert [row.cells[:2] for row in duels([two_kinds, two_layouts]).rows] == [
        (alike("source-gcc12"), alike("source-gcc12-pgo-lto")),
        (alike("source-gcc12"), alike("source-gcc12, replica 2")),
    ]


def test_what_changed_on_a_machine_and_what_would_steady_it_is_said(tree: ResultTree) -> None:
    first, *others = sources_of(tree)
    tuned = {**first.machines[0], "governor": "powersave", "turbo": True}
    ours = replace(first, machines=(tuned,))
    assert any(each.startswith("turbo: ") for each in changed([ours, *others]))
    assert list(changed([ours])) == []
    assert any("governor is powersave" in each for each in advice_from(ours))
    assert advice_from(None) == ()


def test_a_record_of_nonsense_gives_no_advice(tree: ResultTree) -> None:
    first = sources_of(tree)[0]
    nonsense = {"quota_cores": "two", "affinity": "0-", "isolated": "0-999999999", "smt": "yes"}
    source = replace(first, machines=({**first.machines[0], **nonsense},))
    assert advice_from(source) == ()
    assert ("SMT", ("yes",)) in [(each.name, each.values) for each in machine_facts(None, [source])]


def figure(tree: ResultTree, **fields: Any) -> Figure:
    plain = next(each for each in tree.figures if each.state is State.MEASURED)
    return rekeyed(plain, **fields)


def test_what_was_skipped_and_what_failed_is_told_by_reason(tree: ResultTree) -> None:
    ours = [each for each in tree.figures if each.machine == QUIET]
    reasons = {row[0]: row for row in rows(reasons_of(State.SKIPPED, ours))}
    old = next(row for reason, row in reasons.items() if "concurrent.interpreters" in reason)
    assert old[2:4] == ("subinterpreters", "3.13.15")
    assert any("no wait for it" in reason for reason in reasons)
    assert rows(reasons_of(State.FAILED, ours))[0][0].startswith(
        "WorkerFailedError: Worker 3 ended"
    )
    bare = figure(tree, state=State.SKIPPED, median=None, reason="")
    assert rows(reasons_of(State.SKIPPED, [bare]))[0][0].startswith(
        "no reason on record; most likely"
    )


def test_every_figure_is_counted_once(tree: ResultTree) -> None:
    ours = [each for each in tree.figures if each.machine == QUIET]
    counted = [int(count) for row in rows(states(ours)) for count in (row[2], row[4], row[5])]
    assert sum(counted) == len(ours)
    assert sum(int(row[3]) for row in rows(states([figure(tree, interference="others")]))) == 1


def test_what_was_disturbed_is_told_cell_by_cell(tree: ResultTree) -> None:
    marked = figure(tree, interference="2 of 5 processes: others used 24 % of the cores")
    assert rows(disturbed([marked, figure(tree)]))[0][3:] == (marked.interference, "1")
    assert rows(disturbed([figure(tree)])) == []


def test_a_machine_without_noise_has_no_table(tree: ResultTree) -> None:
    noise = noise_of(tree, QUIET, Floors.of(tree.noise))
    assert (noise.series, noise.svg, noise.histogram, noise.tables) == (0, "", None, {})


def test_the_noise_of_every_series_is_counted_once(noisy: ResultTree) -> None:
    noise = noise_of(noisy, QUIET, Floors.of(noisy.noise))
    assert noise.histogram is not None
    series = {(each.arm.name, frozenset(each.params.items())) for each in noisy.noise}
    assert 0 < len(series) < len(noisy.noise)
    counts = [int(cell) for row in rows(noise.histogram) for cell in row[1:] if cell.isdecimal()]
    assert sum(counts) == noise.series == len(series)
    assert sum(int(row[2]) for row in rows(noise.tables["found"])) == len(series)
    assert noise.svg.startswith("<svg")
    floors = [float(row[3].partition("\u202f")[0]) for row in rows(noise.tables["worst"])]
    assert floors == sorted(floors, reverse=True)


def test_measured_series_without_a_floor_are_counted(noisy: ResultTree, tmp_path: Path) -> None:
    only = [each for each in noisy.noise if each.arm.name == "ft"]
    tree = replace(noisy, noise=tuple(only))
    noise = noise_of(tree, QUIET, Floors.of(only))
    assert [arm.name for arm in noise.arms] == ["ft"]
    words = Outline(write_method(tree, tmp_path)[0]).words
    assert f"{noise.series} series have a noise floor; {noise.lacking} measured" in words


def test_how_far_sittings_and_builds_lie_is_told_where_it_was_measured(
    noisy: ResultTree, tmp_path: Path
) -> None:
    again = [replace(run, medians=tuple(1.2 * m for m in run.medians)) for run in noisy.noise]
    tree = replace(noisy, noise=(*noisy.noise, *again))
    worst = noise_of(tree, QUIET, Floors.of(tree.noise)).tables["worst"]
    dashes = ("\N{EN DASH}", "\N{EN DASH}")
    known = noise_of(noisy, QUIET, Floors.of(noisy.noise)).tables["worst"]
    assert {row.cells[-2:] for row in known.rows} == {dashes}
    assert {row.cells[-2:] for row in worst.rows} == {("20.0\u202f%", dashes[0])}
    words = Outline(write_method(tree, tmp_path)[0]).words
    assert "how far two sittings differ, and two builds of the same source" in words


def test_floors_of_other_conditions_are_counted(noisy: ResultTree, tmp_path: Path) -> None:
    slow = [replace(run, machines=({"governor": "slow"},)) for run in noisy.noise]
    figures = [replace(each, machines=({"governor": "fast"},)) for each in noisy.figures]
    given = tuple(Floors.of(slow).given(figures))
    tree = replace(noisy, noise=tuple(slow), figures=given)
    noise = noise_of(tree, QUIET, Floors.of(slow))
    assert noise.elsewhere == noise.series > 0
    words = Outline(write_method(tree, tmp_path)[0]).words
    assert f"the floor of {noise.elsewhere} was measured under other conditions" in words


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["3.14.2", "3.13.5", "3.14.2"], "3.13.5, 3.14.2"),
        ([f"3.13.{micro}" for micro in range(9)], "9 from 3.13.0 to 3.13.8"),
    ],
)
def test_many_releases_are_their_ends(names: list[str], text: str) -> None:
    assert releases_text(map(Release.parse, names)) == text


def test_many_names_are_cut_short() -> None:
    assert several(["a", "b", "a"]) == "a; b"
    assert several("abcdef") == "a; b; c and 3 more"


def test_an_empty_suite_still_tells_the_method(tmp_path: Path) -> None:
    (path,) = write_method(ResultTree(), tmp_path)
    words = Outline(path).words
    assert f"differed by up to {SITTINGS_APART * 100:g} % (docs/stick.md)" in words
    assert "Nothing has been measured yet." in words
    assert "How a figure is produced" in words


def test_a_failure_that_is_everywhere_and_what_cannot_be_read(tmp_path: Path) -> None:
    def spoil(benchmark: str, params: Mapping[str, str]) -> bool:
        return True

    plan = Plan(releases=("3.14.2",), spoil=spoil)
    synthetic.write_tree(tmp_path / "tree", plan, only="track_round")
    victim = min((tmp_path / "tree").glob("*/314*.json"))
    victim.write_text("{ <b>cut", encoding="utf-8")
    (path,) = write_method(read_results(tmp_path / "tree"), tmp_path / "html")
    words = Outline(path).words
    assert "What could not be read" in words
    assert victim.name in words
    assert "This machine has no noise floor" in words


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_the_method_never_scrolls_sideways(
    browser: Browser, written: tuple[Path, ...], width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    for path in written:
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_a_browser_has_nothing_against_the_method(
    browser: Browser, written: tuple[Path, ...]
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    watched = Watched(page, written[0].parent.as_uri())
    page.goto(written[0].as_uri())
    assert page.locator("svg.chart").count() == 1
    page.get_by_role("link", name="busy-laptop").click()
    assert "busy-laptop" in page.locator(".lead").first.inner_text()
    (evil,) = (each for each in written if each.name.startswith("evil"))
    page.goto(evil.as_uri())
    assert "<img src=x onerror=alert(1)>" in page.locator("body").inner_text()
    assert page.locator("img").count() == 0
    page.close()
    assert watched.faults == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_method(
    browser: Browser, written: tuple[Path, ...], axe: str, scheme: Any
) -> None:
    assert grave_faults(browser, written[0].as_uri(), axe, scheme) == []
