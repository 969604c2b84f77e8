from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
import synthetic
from fake_figures import crossover, rekeyed
from fake_figures import tree as fake_tree
from outline import Outline
from synthetic import Plan

from ftbench.facts.arms import USUAL_ARMS
from ftbench.probe.scenarios.base import NAMES
from ftbench.report.sections import SECTIONS
from ftbench.report.sections.view import GridView, View
from ftbench.report.sections.workers import ROUND_EMPTY
from ftbench.results import read_results
from ftbench.site.choose import write_choose
from ftbench.site.menus import TABS


@pytest.fixture(scope="module")
def pages(results: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    folder = tmp_path_factory.mktemp("html")
    for tab in TABS:
        (folder / tab.file).touch()
    return write_choose(read_results(results), folder)


def named(section: str, pages: tuple[Path, ...]) -> Path:
    """Return the page of a question, of the pick that comes first."""
    return next(page for page in pages if page.stem == section)


def answers(page: Path, pages: tuple[Path, ...]) -> bool:
    """Tell whether a page has the answer, and not one of the questions alone."""
    return page == pages[0] or page.parent.name == "choose"


def test_choose_is_the_first_page_and_has_one_for_every_other_pick(pages: tuple[Path, ...]) -> None:
    assert pages[0].name == "choose.html"
    assert len([page for page in pages if page.parent.name == "choose"]) == 3


def test_every_link_between_the_pages_leads_somewhere(pages: tuple[Path, ...]) -> None:
    for page in pages:
        inner = [link for link in Outline(page).links if "/series-" not in link and link[0] != "#"]
        assert inner
        files = {link.partition("#")[0] for link in inner}
        assert [file for file in files if not (page.parent / file).exists()] == []


def test_figures_lead_to_their_samples(pages: tuple[Path, ...]) -> None:
    folder, found = pages[0].parent, 0
    for page in pages:
        start = "../" * len(page.relative_to(folder).parts[1:]) + "releases/"
        outer = [link for link in Outline(page).links if "?arm=" in link]
        assert {link[: len(start)] for link in outer} <= {start}
        found += len(outer)
    assert found


def test_only_a_picture_of_ratios_has_a_rule_at_one(pages: tuple[Path, ...]) -> None:
    for section, ruled in (("latency", False), ("cpu_scaling", True)):
        text = named(section, pages).read_text(encoding="utf-8")
        caption = text.partition("<figcaption>")[2]
        assert ("rule is at 1" in caption.partition("</figcaption>")[0]) is ruled


def test_a_page_loads_nothing_but_scripts_of_its_own(pages: tuple[Path, ...]) -> None:
    for page in pages:
        outline = Outline(page)
        banned = {"img", "iframe", "object", "embed"}
        assert not outline.tags & (banned if answers(page, pages) else {*banned, "form"})
        assert "default-src 'none'; script-src 'self'; img-src" in outline.source
        scripts = re.findall(r"<script[^>]*>", outline.source)
        assert scripts
        for script in scripts:
            address = re.fullmatch(r'<script defer src="([^":]+)">', script)
            assert address
            assert (page.parent / unquote(address[1])).is_file()
        assert outline.handlers == []
        text = page.read_text(encoding="utf-8")
        assert "default-src 'none'" in text
        assert not re.search(r"https?://(?!www\.w3\.org/)", text)


def test_what_another_profile_has_and_this_one_lacks_is_said_with_a_link(tmp_path: Path) -> None:
    ranked = tuple(crossover())
    one_of_each = {each.arm: each for each in ranked}.values()
    of = {"params": {"mode": "threads", **ROUND_EMPTY.params}, "benchmark": ROUND_EMPTY.benchmark}
    others = (rekeyed(each, profile="quick", **of) for each in one_of_each)
    pages = write_choose(fake_tree([*ranked, *others]), tmp_path)
    full, quick = (page for page in pages if answers(page, pages))
    words = "What a ranking needs was measured with the full profile."
    assert words in Outline(quick).text
    assert words not in Outline(full).text
    assert "quick (no ranking)" in Outline(quick).text
    assert "full (no ranking)" not in Outline(quick).text
    said = re.search(
        r'was measured with the <a href="([^"]*)">full profile', quick.read_text("utf-8")
    )
    assert said
    assert (quick.parent / unquote(said[1])).resolve() == full.resolve()
    missing = Outline(full).text.partition("--bench ^lifecycle")[2]
    assert missing.lstrip().startswith("It was measured with the quick profile.")


def test_no_id_stands_twice_on_a_page(pages: tuple[Path, ...]) -> None:
    for page in pages:
        ids = Outline(page).ids
        assert sorted(set(ids)) == sorted(ids)


def test_a_page_stays_light(pages: tuple[Path, ...]) -> None:
    assert max(page.stat().st_size for page in pages) < 300_000


def test_a_doubtful_figure_is_called_so_and_said_why_below_its_table(
    results: Path, tmp_path: Path
) -> None:
    tree = read_results(results)
    figures = tuple(
        replace(each, doubt="its control is off")
        if each.benchmark == "must_scale.MustScale.track_relative_2"
        else each
        for each in tree.figures
    )
    pages = write_choose(replace(tree, figures=figures), tmp_path)
    section = named("must_scale", pages).read_text(encoding="utf-8")
    assert "doubtful: " in section
    assert "above its control: " not in section
    assert "\N{DAGGER}: its control is off." in section


def page_for(tree: Path, out: Path) -> str:
    out.mkdir()
    return "".join(Outline(page).text for page in write_choose(read_results(tree), out))


def test_a_failure_and_a_skip_are_told_with_their_reasons(tmp_path: Path) -> None:
    synthetic.write_tree(tmp_path / "tree", Plan(releases=("3.13.15",)))
    text = page_for(tmp_path / "tree", tmp_path / "html")
    assert "failed: WorkerFailedError: Worker 3 ended with exit code -9" in text
    assert "skipped: subinterpreters need concurrent.interpreters" in text


def test_memory_stands_beside_the_time(tmp_path: Path) -> None:
    synthetic.write_tree(tmp_path / "tree", Plan(releases=("3.14.2",)))
    assert "memory, MiB" in page_for(tmp_path / "tree", tmp_path / "html")


def test_a_section_that_was_never_measured_is_one_line_that_says_how_to_measure_it(
    tmp_path: Path,
) -> None:
    synthetic.write_tree(tmp_path / "tree", Plan(releases=("3.14.2",)), only="track_round")
    text = page_for(tmp_path / "tree", tmp_path / "html")
    assert text.count("This was not measured on this machine and release.") == len(SECTIONS) - 1
    assert "FTBENCH_PROFILE=full asv run 3.14.2^! --bench ^shared_set" in text
    assert "What does it cost when eight workers share one set" not in text
    assert "memory, MiB" not in text


def test_a_section_of_which_nothing_could_be_measured_says_once_why(tmp_path: Path) -> None:
    def spoil(benchmark: str, params: Mapping[str, str]) -> bool:
        return benchmark.startswith("sharded_writers.")

    plan = Plan(releases=("3.13.15",), spoil=spoil)
    synthetic.write_tree(tmp_path / "tree", plan)
    text = page_for(tmp_path / "tree", tmp_path / "html")
    begin = text.index("This could not be measured.")
    section = text[begin : text.index("--bench ^sharded_writers")]
    assert section.count("failed: WorkerFailedError: Worker 3") == 1
    assert section.count("skipped: subinterpreters need concurrent.interpreters") == 1


def test_every_question_has_a_page_and_its_old_address_leads_there(
    pages: tuple[Path, ...],
) -> None:
    names = {section.name for section in SECTIONS}
    for page in pages:
        outline = Outline(page)
        jumps = [link[1:] for link in outline.links if link[0] == "#"]
        assert [jump for jump in jumps if jump not in outline.ids] == []
        assert (names <= {*outline.ids}) is answers(page, pages)
    assert names - {page.stem for page in pages} == {"instructions"} & names


def test_every_scenario_has_a_section_and_its_map_or_one_view_is_open() -> None:
    # Instructions stand beside the times of three others.
    assert {section.name for section in SECTIONS} == {*NAMES} - {"instructions"}
    for section in SECTIONS:
        opened = [not view.folded for view in section.views]
        assert opened == [not section.mapped] + [False] * (len(opened) - 1)


def quoted(view: View | GridView) -> set[str]:
    """Return the benchmarks of a view's picture and of all its tables."""
    if isinstance(view, View):
        return {*view.benchmarks} | ({view.beside.metric.benchmark} if view.beside else set())
    ladder = view.rungs.ladder
    crossings = view.crossings.every if view.crossings else ()
    further = [each.metric for each in view.beside] + [each.metric for each in crossings]
    further += [view.control] if view.control else []
    return {*view.benchmarks} | {
        ladder.at(metric, value).benchmark for metric in further for value in ladder.values
    }


def test_every_figure_that_a_section_quotes_is_tracked() -> None:
    tracked = set(synthetic.benchmarks())
    wanted = set[str]().union(*(quoted(view) for each in SECTIONS for view in each.views))
    assert len(wanted) > len(SECTIONS)
    assert wanted - tracked == set()


def test_an_arm_that_is_missing_is_not_measured(tmp_path: Path) -> None:
    synthetic.write_tree(tmp_path / "tree", Plan(releases=("3.14.2",), arms=USUAL_ARMS[:1]))
    text = page_for(tmp_path / "tree", tmp_path / "html")
    assert text.count("not measured") > 2
    assert "ratio" in text


def test_a_picture_of_ratios_says_so_and_columns_beside_lead_to_their_histories(
    tmp_path: Path,
) -> None:
    only = (
        "SingleThread.track_kernel",
        "SharedSet.track_op",
        "SharedSet.track_lock_wait_p99",
        "Grain.track_relative_100us",
        "Grain.track_idle_100us",
    )
    synthetic.write_tree(tmp_path / "tree", Plan(releases=("3.14.2",)), only=only)
    (tmp_path / "html").mkdir()
    pages = write_choose(read_results(tmp_path / "tree"), tmp_path / "html")
    assert (
        "Medians over the GIL build's, with 99 % intervals"
        in Outline(named("single_thread", pages)).words
    )
    grain = Outline(named("grain", pages))
    # The rows of grain have a benchmark each: a column has no history of its own.
    assert "idle share" in grain.words
    assert not any("#grain.Grain.track_idle" in link for link in grain.links)


def test_an_empty_suite_says_what_to_do(tmp_path: Path) -> None:
    text = page_for(tmp_path / "nothing", tmp_path / "html")
    assert "Nothing has been measured yet." in text
    assert "make bench" in text


def test_what_could_not_be_read_is_named(tmp_path: Path) -> None:
    synthetic.write_tree(tmp_path / "tree", Plan(releases=("3.14.2",)))
    victim = min((tmp_path / "tree").glob("*/314*.json"))
    victim.write_text("{ <b>cut", encoding="utf-8")
    text = page_for(tmp_path / "tree", tmp_path / "html")
    assert "What could not be read" in text
    assert victim.name in text


def test_few_samples_are_shown_without_nonsense(tmp_path: Path) -> None:
    synthetic.write_tree(tmp_path / "tree", Plan(releases=("3.14.2",), samples=1))
    assert "one process: no interval" in page_for(tmp_path / "tree", tmp_path / "html")
    synthetic.write_tree(tmp_path / "two", Plan(releases=("3.14.2",), samples=2))
    assert "-0." not in page_for(tmp_path / "two", tmp_path / "html2")
