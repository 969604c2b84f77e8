"""Releases as files: the alarms first, every link alive, nothing that runs, nothing heavy."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import fake_histories
import fake_results
import pytest
import synthetic
from outline import Outline
from synthetic import Plan

from ftbench.probe.scenarios.base import NAMES
from ftbench.releases.known import known_releases
from ftbench.results import ResultTree, read_results
from ftbench.results.figure import Unreadable
from ftbench.site import timeline
from ftbench.site.menus import TABS
from ftbench.site.releases import write_releases

MEGABYTE = 1_000_000


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "history", fake_histories.history)


def several() -> ResultTree:
    return fake_results.joined(
        fake_results.tree(),
        fake_results.tree(machine="busy-laptop", profile="quick"),
        fake_results.hostile(),
    )


def pages_of(tree: ResultTree, folder: Path) -> list[Path]:
    for tab in TABS:
        (folder / tab.file).touch()
    return [path for path in write_releases(tree, folder) if path.suffix == ".html"]


def first_of(tree: ResultTree, folder: Path) -> Outline:
    return Outline(pages_of(tree, folder)[0])


def dead(path: Path, links: list[str]) -> list[str]:
    """Return the links to pages of ours that lead nowhere."""
    ours = [link for link in links if link[0] != "#"]
    return [link for link in ours if not (path.parent / re.split("[?#]", link)[0]).is_file()]


def test_the_first_page_is_of_the_newest_release_of_the_fullest_profile(tmp_path: Path) -> None:
    pages = pages_of(several(), tmp_path)
    assert pages[0] == tmp_path / "releases.html"
    outline = Outline(pages[0])
    assert "What did CPython 3.14.2 change?" in outline.text
    assert "on quiet-vm" in outline.words
    assert len([page for page in pages if page.name.startswith("series-")]) == 4 + 4 + 1
    own = [page for page in pages if not re.search("^series-|-against-", page.name)]
    assert len(own) == 3 + 3 + 2


def test_every_link_leads_somewhere_and_no_id_stands_twice(tmp_path: Path) -> None:
    for page in pages_of(several(), tmp_path):
        outline = Outline(page)
        assert dead(page, outline.links) == []
        assert sorted(set(outline.ids)) == sorted(outline.ids)
        jumps = [link[1:] for link in outline.links if link[0] == "#"]
        assert set(jumps) <= set(outline.ids)


def test_a_link_to_a_verdict_leads_to_the_row_of_its_series(tmp_path: Path) -> None:
    page = tmp_path / "releases.html"
    samples = [link for link in first_of(several(), tmp_path).links if "?arm=" in link]
    assert samples
    for link in samples:
        path, _, row = link.partition("#")
        assert row in Outline(page.parent / path.partition("?")[0]).ids


def test_no_page_leads_to_asvs_which_do_not_work_from_a_disk(tmp_path: Path) -> None:
    for page in pages_of(fake_results.tree(), tmp_path):
        assert [link for link in Outline(page).links if "index.html" in link] == []


def test_the_feed_has_the_alarms_and_leads_to_their_samples(tmp_path: Path) -> None:
    pages_of(several(), tmp_path)
    atom = "{http://www.w3.org/2005/Atom}"
    feed = ET.parse(tmp_path / "releases.xml")  # noqa: S314 - we wrote it
    entries = feed.findall(f"{atom}entry")
    titles = [each.findtext(f"{atom}title") or "" for each in entries]
    assert any("3.14.2 against 3.13.15: " in title and "(quiet-vm)" in title for title in titles)
    links = [each.find(f"{atom}link") for each in entries]
    hrefs = [link.get("href") or "" for link in links if link is not None]
    assert len(hrefs) == len(entries)
    assert dead(tmp_path / "releases.xml", hrefs) == []
    assert len({each.findtext(f"{atom}id") for each in entries}) == len(entries)


def rows_of(text: str) -> list[tuple[str, float]]:
    """Return the verdict of each row of the table of effects, and how many times its noise it is.

    First the alarms, then what is suspect, then the others.
    """
    table = text.partition('id="effects"')[2].partition("</table>")[0]
    rows = re.findall(
        r'class="verdict (\w+)".*?<td class="value">([\d.]+)\N{MULTIPLICATION SIGN}</td>',
        table,
        re.DOTALL,
    )
    return [(word, float(times)) for word, times in rows]


def test_alarms_stand_first_then_what_is_loudest_over_its_noise(tmp_path: Path) -> None:
    pages_of(fake_results.tree(), tmp_path)
    text = next((tmp_path / "releases").glob("*/3.13.15.html")).read_text("utf-8")
    rows = rows_of(text)
    alarms = [times for word, times in rows if word in {"worse", "better"}]
    rest = [times for word, times in rows if word not in {"worse", "better"}]
    assert len(alarms) > 1
    assert len(rest) > 1
    assert [times for _, times in rows] == [
        *sorted(alarms, reverse=True),
        *sorted(rest, reverse=True),
    ]
    assert "involuntary context switches 12.0 → 480" in text  # what has changed as much alone
    assert "minor page faults" not in text


def test_of_few_releases_every_pair_has_a_page(tmp_path: Path) -> None:
    pages = pages_of(fake_results.tree(("3.13.5", "3.13.15", "3.14.1", "3.14.2")), tmp_path)
    names = {page.name for page in pages if "-against-" in page.name}
    against = {f"3.14.2-against-{base}.html" for base in ("3.13.5", "3.13.15", "3.14.1")}
    assert against <= names
    outline = Outline(next(page for page in pages if page.name == "3.14.2-against-3.13.5.html"))
    assert "Against 3.13.5, an older release:" in outline.words
    assert set(against) <= {link.rpartition("/")[2] for link in outline.links}


def test_its_only_usual_base_is_offered_once(tmp_path: Path) -> None:
    pages = pages_of(fake_results.tree(("3.13.5", "3.13.15", "3.14.1")), tmp_path)
    assert "3.14.1-against-3.13.15.html" not in {page.name for page in pages}
    outline = Outline(next(page for page in pages if page.name == "3.14.1-against-3.13.5.html"))
    offered = [link for link in outline.links if "against" in link or link == "3.14.1.html"]
    assert len([link for link in offered if "against-3.13.15" in link]) == 0
    assert len([link for link in offered if "against-3.13.5" in link]) == 1


def test_both_bases_are_told(tmp_path: Path) -> None:
    tree = fake_results.tree(("3.13.15", "3.14.1", "3.14.2"))
    words = first_of(tree, tmp_path).words
    assert "Against 3.14.1, the release before it in its series:" in words
    assert "Against 3.13.15, the newest release of the series before:" in words


def test_the_ledgers_of_must_scale_stand_apart(tmp_path: Path) -> None:
    pages = pages_of(fake_results.tree(), tmp_path)
    (page,) = (page for page in pages if page.name == "series-must_scale.html")
    words = Outline(page).words
    assert "slow-down of 2 threads against one, same work each: must scale" in words
    assert "slow-down of 2 threads against one, same work each: known not to scale" in words


def test_the_newest_release_stands_there_without_a_script(tmp_path: Path) -> None:
    pages = pages_of(fake_results.tree(), tmp_path)
    (page,) = (page for page in pages if page.name == "series-lifecycle.html")
    words = Outline(page).words
    assert "threads, 8 workers" in words
    assert "against 3.13.15" in words
    assert re.search(
        r"(worse|better|same|not decidable|not comparable) [+\N{MINUS SIGN}]?\d", words
    )


def test_only_scenario_pages_run_a_script_of_their_own_and_none_that_is_in_a_page(
    tmp_path: Path,
) -> None:
    for page in pages_of(several(), tmp_path):
        text = page.read_text("utf-8")
        scripted = page.name.startswith("series-")
        assert Outline(page).handlers == []
        assert "default-src 'none'; script-src 'self';" in text
        scripts = re.findall(r"<script[^>]*>[^<]*", text)
        assert [s for s in scripts if not re.fullmatch(r'<script defer src="[^":]*">', s)] == []
        assert (len(scripts) > 2) == scripted  # beside those of all pages


def test_compiler_flags_that_only_one_release_has_are_named(tmp_path: Path) -> None:
    tree, flag = fake_results.tree(), "-fno-omit-frame-pointer"
    assert "different compiler flags" not in first_of(tree, tmp_path).text
    sources = [
        replace(each, builds=tuple({**build, "code_flags": flags} for build in each.builds))
        for each in tree.sources
        for flags in [[flag] if each.release.name == "3.14.2" else []]
    ]
    text = first_of(replace(tree, sources=tuple(sources)), tmp_path).text
    assert f"Only 3.14.2 was built with {flag}." in text


def test_hostile_texts_are_texts(tmp_path: Path) -> None:
    tree = fake_results.joined(fake_results.hostile(), fake_results.tree())
    why = Unreadable(path=Path("x"), why=fake_results.HOSTILE)
    pages = pages_of(replace(tree, warnings=(why,)), tmp_path)
    for page in pages:
        assert not Outline(page).tags & {"img", "iframe", "object"}
        assert "<img src=x onerror=alert(1)>" in Outline(page).text
    for data in (tmp_path / "releases").glob("*/data/*.js"):
        assert re.fullmatch(r"ftbench\.take\(.*\);\n", data.read_text("utf-8"))


def test_half_a_character_in_a_name_breaks_no_page(tmp_path: Path) -> None:
    tree = fake_results.tree(machine="half \ud800")
    assert "on half ?" in first_of(tree, tmp_path).words


def test_what_could_not_be_read_is_named_on_the_newest_releases_page(tmp_path: Path) -> None:
    tree = replace(
        fake_results.tree(), warnings=(Unreadable(path=Path("x.json"), why="it is cut"),)
    )
    assert "x.json: it is cut" in first_of(tree, tmp_path).text


def test_an_empty_suite_says_what_to_do(tmp_path: Path) -> None:
    outline = first_of(ResultTree(), tmp_path)
    assert "Nothing has been measured yet." in outline.text
    assert "make bench" in outline.text


def test_a_single_release_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    outline = first_of(fake_results.tree(("3.14.2",)), tmp_path)
    assert "There is nothing to compare it with" in outline.text


def test_what_another_profile_has_of_a_release_or_a_scenario_is_said_with_a_link(
    tmp_path: Path,
) -> None:
    full, quick = fake_results.tree(), fake_results.tree(("3.14.2",), profile="quick")
    rest = (each for each in full.figures if not each.benchmark.startswith("must_scale."))
    full = replace(full, figures=tuple(rest))
    outlines = {
        path: Outline(path) for path in pages_of(fake_results.joined(full, quick), tmp_path)
    }
    said = {
        (path.parent.name.split("_")[1] if path.parent != tmp_path else "full", path.stem): found
        for path, outline in outlines.items()
        if "-against-" not in path.stem
        if (found := re.findall(r"More of it was measured with the .*?\)", outline.words))
    }
    quicks, fulls = (
        f"More of it was measured with the {each} profile" for each in ("quick", "full")
    )
    assert said.pop(("full", "releases")) == [f"{quicks} (Contention inside CPython)"]
    (nothing,) = said.pop(("quick", "3.14.2"))  # to compare with, which the full profile has
    assert nothing.startswith(f"{fulls} (")
    assert "Contention" not in nothing
    assert said
    for (profile, page), found in said.items():
        assert profile == "quick"
        assert page.startswith("series-")
        assert [text.startswith(f"{fulls} (3.13.5, 3.13.15") for text in found] == [True]


def test_that_builds_of_one_source_differ_stands_before_any_verdict(tmp_path: Path) -> None:
    page = first_of(fake_results.tree(), tmp_path)
    assert page.words.index("Two builds of one source also differ") < page.words.index("Alarms")
    assert "method.html#noise" in page.links
    lone = first_of(fake_results.tree(("3.14.2",)), tmp_path)
    assert "Two builds of one source also" not in lone.words


def test_few_rounds_are_warned_of(tmp_path: Path) -> None:
    quick = first_of(fake_results.tree(profile="quick"), tmp_path)
    assert "These are quick figures." in quick.text


def test_nothing_is_heavy_at_sixty_releases(tmp_path: Path) -> None:
    known = [each.release.name for each in known_releases()][:60]
    kinds = [f"{group}.Group.track_{name}" for group in ("data", "io") for name in "abc"]
    series = [
        ((kind, "seconds", 0.01), {"mode": "threads", "size": str(size)})
        for kind in kinds
        for size in range(20)
    ]
    paths = write_releases(fake_results.tree(known, series=series), tmp_path)
    assert len(paths) > 60
    assert max(path.stat().st_size for path in paths) < MEGABYTE
    assert "all 60" in Outline(paths[0]).text


def test_a_verdict_without_a_floor_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    results = fake_results.write_project(tmp_path / "project", Plan(), noise=False)
    outline = first_of(read_results(results), tmp_path)
    assert "This machine has no noise floor." in outline.text
    assert "No series is judged worse or better." in outline.text


def test_that_no_run_measured_two_releases_is_warned_of_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    sittings = [
        Plan(releases=(release,), run=run)
        for release, run in (("3.13.5", "run-1"), ("3.13.15", "run-2"))
    ]
    synthetic.write_tree(tmp_path / "results", *sittings, only="Lifecycle.track_round")
    fake_results.write_noise(tmp_path / "results")
    outline = first_of(read_results(tmp_path / "results"), tmp_path)
    assert "No run measured it together with an older one." in outline.text
    assert "This machine has no noise floor." not in outline.text
    assert "0 worse, 0 better, 0 the same, " in outline.words
    assert re.search(r"\d not decidable: another sitting\.", outline.words)


def test_a_known_slowdown_is_the_first_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    plan = Plan(releases=("3.13.5", "3.13.15"))
    results = fake_results.write_project(tmp_path / "project", plan)
    fake_results.slow_down(fake_results.result_file(results, "3.13.15", "ft"), 2.5)
    outline = first_of(read_results(results), tmp_path)
    assert "1 worse, 0 better" in outline.words
    assert "This machine has no noise floor." not in outline.text
    assert "2.5" in outline.text


def test_of_most_scenarios_those_are_named_that_were_not_compared() -> None:
    every = [name for name in NAMES if timeline.scenario_titles(name)[0] != "Further"]
    few = ["pools", "single_thread"]
    assert len(every) > 2 * len(few)
    assert timeline.scenarios_in_words([*few, "pools"]) == "Pools, One thread"
    assert timeline.scenarios_in_words([*every, "instructions"]) == "all scenarios"
    most = timeline.scenarios_in_words(name for name in every if name not in few)
    before, _, lacking = most.partition(" but ")
    assert (before, {*lacking.split(", ")}) == ("all scenarios", {"Pools", "One thread"})
