"""Claims: the judged claims as data and as pages, without and with a browser."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import synthetic
from fake_histories import History
from outline import Outline
from playwright.sync_api import Browser
from synthetic import Plan
from watching import Watched, grave_faults, unfold

from ftbench.analysis.claims.data import claims, sources
from ftbench.analysis.claims.quantity import Quantity
from ftbench.analysis.claims.rule import TIMES, ClaimVerdict, Named, Relation, ratios_of
from ftbench.results import Figure, ResultTree, read_results
from ftbench.results.selection import Pick, first_pick, picks, shares
from ftbench.site import claims as claims_pages
from ftbench.site import frame
from ftbench.site.claims import Outcome, newest, outcomes, page_of, write_claims
from ftbench.site.menus import TABS


@pytest.fixture(scope="module")
def tree(results: Path) -> ResultTree:
    return read_results(results)


@pytest.fixture(scope="module")
def written(tree: ResultTree, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    folder = tmp_path_factory.mktemp("html")
    for tab in TABS:
        (folder / tab.file).touch()
    return write_claims(tree, folder)


def addresses(every: Sequence[Pick]) -> dict[Pick, str]:
    return {pick: f"claims/{pick.page}" for pick in every}


def told(tree: ResultTree) -> Iterator[str]:
    """Yield what the page of the first pick says of each claim, but for what was measured."""
    every = picks(tree)
    first = first_pick(every, tree)
    assert first is not None
    page = page_of(first, addresses(every), dict(shares(tree, every))[first])
    for source, judgements in page.sources:
        counts = Counter(judgement.verdict for _, judgement in judgements)
        yield f"{source.title}: {tuple(counts[verdict] for verdict in ClaimVerdict)}"
        for number, judgement in itertools.chain(*page.topics(judgements).values()):
            claim = judgement.claim
            rate = ", in operations per second" if claim.rate else ""
            yield f"{number:3} {judgement.words}"
            yield f"    {claim.quote}"
            yield from (
                f"    {ratio.what}{rate}; {judgement.here or ratio.asked}"
                for ratio in judgement.ratios
                if ratio.quantity.value
            )
            yield from (
                f"    {name} {absence(figure)}".rstrip()
                for name, figure in judgement.figures.items()
            )


def absence(figure: Figure | None) -> str:
    """Return why there is no number, "" if there is one."""
    if figure is None:
        return "not measured"
    return (
        "" if figure.median is not None else f"{figure.state}: {figure.reason}".removesuffix(": ")
    )


def test_what_is_judged_is_as_it_was(
    tmp_path: Path, assert_golden: Callable[[str, str], None]
) -> None:
    history = History(processes=3, between=0.002, within=0.01)
    synthetic.write_tree(tmp_path, Plan(releases=("3.14.2",), history=history))
    assert_golden("\n".join(told(read_results(tmp_path))), "claims.txt")


def test_one_process_of_each_decides_nothing(tree: ResultTree) -> None:
    words = [line[4:] for line in told(tree) if line[:3].strip().isdecimal()]
    assert "cannot be judged (one process: no interval)" in words
    assert not {"holds", "does not hold here"} & set(words)


def test_there_is_a_page_for_every_pick_and_nothing_on_it_is_amiss(
    written: tuple[Path, ...],
) -> None:
    assert written[0].name == "claims.html"
    assert [path.name for path in written[4:]] == ["all.html"]
    for path in written:
        assert Outline(path).faults(path) == []


def test_every_claim_and_every_source_is_on_every_page(written: tuple[Path, ...]) -> None:
    for path in written[:-1]:
        outline = Outline(path)
        numbers = [each for each in outline.ids if each.startswith("claim-")]
        assert len(numbers) == len(claims())
        assert {source.name for source in sources()} <= set(outline.ids)


def test_every_claim_is_on_the_page_of_all_in_one_of_the_outcomes(tmp_path: Path) -> None:
    history = History(processes=3, between=0.002, within=0.01)
    plan = Plan(releases=("3.13.15", "3.14.2"), history=history)
    synthetic.write_tree(tmp_path, plan)
    tree = read_results(tmp_path)
    every = picks(tree)
    parts = dict(shares(tree, every))
    found = outcomes({pick.page: page_of(pick, addresses(every), parts[pick]) for pick in every})
    assert sorted(each.number for of in found.values() for each in of) == [
        *range(1, len(claims()) + 1)
    ]
    held = found[Outcome.HELD]
    assert held
    for each in held:
        assert {judgement.verdict for *_, judgement in each.decided} == {ClaimVerdict.HOLDS}
    assert all(not each.decided and each.why for each in found[Outcome.NEVER])


def test_the_page_of_all_stays_small_with_many_machines_and_counts_whom_it_does_not_name(
    tmp_path: Path,
) -> None:
    history = History(processes=3, between=0.002, within=0.01)
    synthetic.write_tree(tmp_path, Plan(releases=("3.14.2",), history=history))
    tree = read_results(tmp_path)
    (pick,) = picks(tree)
    page = page_of(pick, addresses([pick]), tree)
    pages = {
        f"claims/vm-{machine}-{release}.html": replace(
            page, pick=replace(pick, machine=f"vm-{machine}")
        )
        for machine in range(50)
        for release in range(claims_pages.MOST_PAGES)
    }
    found = outcomes(pages)
    for each in found[Outcome.HELD]:
        ((_, named, more),) = each.named
        assert [where for where, *_ in named] == [f"claims/vm-{at}-0.html" for at in range(3)]
        assert len(named) + more == len(pages)
    union = {"title": "All", "outcomes": found}
    path = frame.write_page(tmp_path, "claims/all.html", "claims", union, "claims-all.html.j2")
    assert path.stat().st_size <= 300_000
    assert f"{len(pages) - 3} more: {ClaimVerdict.HOLDS}" in Outline(path).text


def test_outcomes_can_be_filtered_without_a_script(
    browser: Browser, written: tuple[Path, ...]
) -> None:
    page = browser.new_page()
    page.goto(written[-1].as_uri())
    shown = page.locator("tbody:visible")
    assert shown.count() == len(Outcome)
    page.get_by_label("never judged").check()
    assert shown.count() == 1
    assert "Never judged" in shown.inner_text()
    page.close()


def test_what_is_about_a_release_is_judged_on_its_page_and_called_before_on_an_older_one(
    tmp_path: Path,
) -> None:
    history = History(processes=3, between=0.002, within=0.01)
    plan = Plan(releases=("3.14.1", "3.14.2", "3.15.0rc1"), history=history)
    synthetic.write_tree(tmp_path, plan)
    tree = read_results(tmp_path)
    newest_of_all = max(picks(tree), key=lambda pick: pick.release)
    found = claims_pages.others(newest_of_all, picks(tree))
    assert [each.release.name for each in found.values()] == ["3.14.2"]
    older, *rest = write_claims(tree, tmp_path / "html")
    (newer,) = (path for path in rest if "3.15.0rc1" in path.name)
    assert "on CPython 3.14.2" in Outline(older).words
    words = Outline(newer).words
    assert "copies: 2 threads lose less, over one, than on 3.14" in words
    assert "3.14 / 3.15: " in words  # both are there to be judged
    assert "3.14 / 3.15: " not in Outline(older).words
    about = [each for each in claims() if each.about == ("3.15.0a1+",)]
    assert about
    for path in (older, newer):
        items = path.read_text("utf-8").split('<li id="claim-')[1:]
        for item, claim in zip(items, claims(), strict=True):
            if claim in about:
                assert ("about 3.15.0a1 and later" in item) is (path == older)
                assert ("measured before, on 3.14.2" in item) is (path == older)
                assert ("claimed: " in item) is (path == newer)
            elif claim.about == ("Linux", "3.14") and claim.of:
                assert ("measured later, on 3.15.0rc1" in item) is (path == newer)


def test_what_two_texts_say_is_judged_once_and_shown_under_both(written: tuple[Path, ...]) -> None:
    (number, claim) = next(each for each in enumerate(claims(), start=1) if each[1].also)
    text = written[0].read_text("utf-8")
    for also in claim.also:
        section = text.partition(f'aria-labelledby="{also["source"]}"')[2].partition("</section>")[
            0
        ]
        assert f'says the same as <a href="#claim-{number}">' in section
        assert text.count(f"<q>{also['quote']}</q>") == 2


def test_over_a_range_a_picture_has_the_nearer_end_and_no_middle() -> None:
    quantity = Quantity(value=30e6)
    named = [Named(name="RSS", unit="MB", quantity=quantity)]
    (ratio,) = ratios_of(Relation.RATIO, named, claimed=(10e6, 15e6), within=1.25)
    shares = [claims_pages.share(each, ratio) for each in (5e6, 10e6, 12e6, 15e6, 30e6)]
    assert shares == [0.5, 1, 1, 1, 2]


def test_a_range_is_told_by_its_ends_and_a_measured_one_by_its_side() -> None:
    (claim,) = (each for each in claims() if "10\N{EN DASH}15 MB" in each.quote)
    assert claim.ends == (10e6, 15e6)
    assert claim.relation is not None
    for value, off in (
        (12e6, ""),
        (2e6, "5.00x less than claimed"),
        (30e6, "2.00x more than claimed"),
    ):
        named = [Named(name="RSS", unit="MB", quantity=Quantity(value=value))]
        (ratio,) = ratios_of(claim.relation, named, claimed=claim.ends, within=claim.within)
        assert ratio.off.replace(TIMES, "x") == off
        assert ratio.asked == "claimed: 10.0 MB to 15.0 MB, counted from 8.00 MB to 18.8 MB"


def test_the_counts_are_of_all_claims(tree: ResultTree) -> None:
    every = picks(tree)
    page = page_of(every[0], addresses(every), dict(shares(tree, every))[every[0]])
    assert sum(len(ours) for _, ours in page.sources) == len(claims())


def test_a_figure_leads_to_its_series(written: tuple[Path, ...]) -> None:
    for path, start in ((written[0], "releases/"), (written[1], "../releases/")):
        graphs = [link for link in Outline(path).links if "?" in link]
        assert {link[: len(start)] for link in graphs} == {start}


def test_only_the_newest_of_each_machine_have_a_page_and_that_is_said(
    tree: ResultTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims_pages, "MOST_PAGES", 1)
    every = picks(tree)
    first = first_pick(every, tree)
    assert first is not None
    kept = newest(every, first)
    assert [pick.release.name for pick in kept if pick.machine == "quiet-vm"] == ["3.14.2"]
    assert "1 older one is on Choose" in Outline(write_claims(tree, tmp_path)[0]).words


def test_an_empty_suite_says_what_to_do(tmp_path: Path) -> None:
    (path,) = write_claims(ResultTree(), tmp_path)
    assert "Nothing has been measured yet." in Outline(path).words


def test_what_was_not_measured_is_said(tmp_path: Path) -> None:
    synthetic.write_tree(tmp_path / "tree", Plan(releases=("3.14.2",)), only="track_round")
    words = Outline(write_claims(read_results(tmp_path / "tree"), tmp_path / "html")[0]).words
    assert "not measured" in words
    assert "holds" in words


def test_what_could_not_be_read_is_named(tmp_path: Path) -> None:
    synthetic.write_tree(tmp_path / "tree", Plan(releases=("3.14.2",)), only="track_round")
    victim = min((tmp_path / "tree").glob("*/314*.json"))
    victim.write_text("{ <b>cut", encoding="utf-8")
    words = Outline(write_claims(read_results(tmp_path / "tree"), tmp_path / "html")[0]).words
    assert "What could not be read" in words
    assert victim.name in words


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_it_never_scrolls_sideways(browser: Browser, written: tuple[Path, ...], width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    for path in (
        written[0],
        written[-1],
        *(each for each in written if each.name.startswith("evil")),
    ):
        page.goto(path.as_uri())
        unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_a_browser_has_nothing_to_complain_of(browser: Browser, written: tuple[Path, ...]) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    watched = Watched(page, written[0].parent.as_uri())
    page.goto(written[0].as_uri())
    assert page.locator("svg.chart").count() == 1
    page.locator("table.compared a").first.click()
    assert page.locator("li:target").count() == 1
    page.get_by_role("link", name="busy-laptop").click()
    assert "quick profile" in page.locator(".lead").first.inner_text()
    page.close()
    assert watched.faults == []


def test_a_hostile_machine_is_plain_text(browser: Browser, written: tuple[Path, ...]) -> None:
    (path,) = (each for each in written if each.name.startswith("evil"))
    page = browser.new_page()
    watched = Watched(page, written[0].parent.as_uri())
    page.goto(path.as_uri())
    assert "<img src=x onerror=alert(1)>" in page.locator("body").inner_text()
    assert page.locator("img").count() == 0
    page.close()
    assert watched.faults == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    browser: Browser, written: tuple[Path, ...], axe: str, scheme: Any
) -> None:
    for path in (written[0], written[-1]):
        assert grave_faults(browser, path.as_uri(), axe, scheme) == []
