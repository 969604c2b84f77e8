from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser

from ftbench.facts.arms import USUAL_ARMS
from ftbench.releases import Release
from ftbench.results import ResultFile, ResultTree
from ftbench.results.figure import Environment, Start
from ftbench.results.selection import Pick, Rig, first_pick, nearest, newest_first, picks, rigs
from ftbench.site.menus import Item, Menu, address, elsewhere, menus
from ftbench.site.method import write_method


def source(
    release: str = "3.14.2",
    *,
    machine: str = "m",
    profile: str = "full",
    flavour: str = "source",
    arm: int = 1,
    day: int = 1,
) -> ResultFile:
    start = Start(run=f"run-{day}", at=datetime(2026, 1, day, tzinfo=UTC), load=0.0)
    return ResultFile(
        path=Path("x.json"),
        environment=Environment(
            machine=machine, arm=USUAL_ARMS[arm], flavour=flavour, profile=profile
        ),
        release=Release.parse(release),
        starts=(start,),
    )


def pick(machine: str = "m", release: str = "3.14.2", flavour: str = "source") -> Pick:
    return Pick(
        machine=machine,
        release=Release.parse(release),
        profile="full",
        builds=(("ft", flavour),),
    )


def test_there_is_a_pick_for_every_machine_release_profile_and_build() -> None:
    tree = ResultTree(
        sources=(
            source(),
            source(arm=0),
            source("3.15.0rc1"),
            source(machine="n"),
            source(profile="quick"),
            source(flavour="debian"),
        )
    )
    assert len(picks(tree)) == 5


def test_of_what_follows_releases_builds_as_people_run_them_come_first() -> None:
    plain = [
        replace(source(name, flavour="source"), builds=({"pgo": False, "lto": False},))
        for name in ("3.13.5", "3.14.2")
    ]
    optimized = [
        replace(
            source(name, profile="quick", flavour="source-pgo-lto"),
            builds=({"pgo": True, "lto": True},),
        )
        for name in ("3.13.5", "3.14.2")
    ]
    for ours, first in ((optimized, "source-pgo-lto"), (optimized[:1], "source")):
        assert rigs(ResultTree(sources=(*plain, *ours)))[0].flavour == first


def test_first_comes_what_was_measured_last() -> None:
    tree = ResultTree(sources=(source("3.15.0rc1"), source("3.13.5", profile="quick", day=9)))
    first = first_pick(picks(tree), tree)
    assert first is not None
    assert first.release.name == "3.13.5"


def test_of_one_run_the_full_profile_and_the_newest_final_release_come_first() -> None:
    tree = ResultTree(
        sources=(source("3.13.5"), source(), source("3.15.0rc1"), source(profile="quick"))
    )
    first = first_pick(picks(tree), tree)
    assert first is not None
    assert (first.release.name, first.profile) == ("3.14.2", "full")


def test_what_has_few_of_the_scenarios_does_not_come_first_though_it_is_newer() -> None:
    few = replace(source(day=9), scenarios={"native": 900})
    many = replace(source(profile="quick"), scenarios=dict.fromkeys(("native", "grain", "data"), 1))
    tree = ResultTree(sources=(many, few))
    first = first_pick(picks(tree), tree)
    assert first is not None
    assert first.profile == "quick"


def test_a_machine_that_was_measured_in_part_does_not_come_first_until_it_has_most() -> None:
    every = ("native", "grain", "data", "pools")
    whole = replace(source(machine="whole"), scenarios=dict.fromkeys(every, 1))
    for count, first in ((2, "whole"), (3, "later")):
        part = replace(source(machine="later", day=9), scenarios=dict.fromkeys(every[:count], 900))
        tree = ResultTree(sources=(whole, part))
        found = first_pick(picks(tree), tree)
        assert found is not None
        assert found.machine == first


def test_of_a_release_builds_as_people_run_them_come_first_whenever_they_were_measured() -> None:
    plain = {"pgo": False, "lto": False}
    every = [
        replace(source(flavour=flavour, day=day, arm=arm), builds=(build,))
        for flavour, day, build in (
            ("source-gcc12", 9, plain),
            ("source-gcc12-pgo-lto", 2, {"pgo": True, "lto": True}),
            ("source-gcc13-pgo", 8, {"pgo": True, "lto": False}),
        )
        for arm in (0, 1)
    ]
    of_another = replace(
        source("3.14.1", flavour="x-pgo-lto"), builds=({"pgo": True, "lto": True},)
    )
    tree = ResultTree(sources=(*every, of_another))
    first = first_pick(picks(tree), tree)
    assert first is not None
    assert (first.release.name, first.flavours) == ("3.14.2", ("source-gcc12-pgo-lto",))
    assert first.title.endswith("source-gcc12-pgo-lto")
    without = ResultTree(sources=tuple(each for each in every if "lto" not in each.flavour))
    second = first_pick(picks(without), without)
    assert second is not None
    assert second.flavours == ("source-gcc12",)


def test_no_results_have_no_first_pick() -> None:
    assert first_pick((), ResultTree()) is None


names = st.text(min_size=1, max_size=300)


@given(names, names)
def test_a_page_has_a_name_that_every_system_takes(machine: str, flavour: str) -> None:
    name = pick(machine, flavour=flavour).page
    assert re.fullmatch(r"[a-z0-9][a-z0-9._-]*\.html", name)
    assert len(name) < 120


@given(names, names)
def test_two_machines_never_share_a_page(one: str, other: str) -> None:
    same = pick(one).page == pick(other).page
    assert same == (one == other)


def test_the_nearest_pick_keeps_the_machine_then_the_release() -> None:
    every = [pick("a", "3.13.5"), pick("a", "3.14.2"), pick("b", "3.13.5")]
    assert nearest(every, pick("b", "3.14.2")) == pick("b", "3.13.5")
    assert nearest(every[:2], pick("b", "3.14.2")) == pick("a", "3.14.2")


def test_menus_lead_to_every_release_and_mark_the_current_one() -> None:
    every = (pick(release="3.13.5"), pick(release="3.14.2"), pick("n", "3.13.5"))
    machine, release = menus(every[0], {each: address(each, every[1], "choose") for each in every})
    assert [item.text for item in machine.items] == ["m", "n"]
    assert [(item.text, item.current) for item in release.items] == [
        ("3.13.5", True),
        ("3.14.2", False),
    ]
    assert release.items[1].href == "choose.html"


def test_a_menu_leads_rather_to_what_has_the_answer_and_names_what_has_none() -> None:
    every = (pick(), pick("n"), pick("o"), pick("o", "3.15.0rc1"))
    machine, _ = menus(every[0], {each: each.page for each in every}, {every[0], every[3]}, "none")
    assert [(item.text, item.href) for item in machine.items] == [
        ("m", every[0].page),
        ("n (none)", every[1].page),
        ("o", every[3].page),
    ]
    _, release = menus(every[2], {each: each.page for each in every}, {every[3]}, "none")
    assert [(item.text, item.current, item.href) for item in release.items] == [
        ("3.14.2 (none)", True, every[2].page),
        ("3.15.0rc1", False, every[3].page),
    ]


def near(count: int, current: int) -> list[str]:
    names = [f"host-{number:02d}" for number in range(count)]
    items = (Item(text=name, href="", current=name == names[current]) for name in names)
    return [item.text[-2:] for item in Menu(title="Machine", items=tuple(items)).near]


def test_what_a_page_lacks_is_looked_for_on_the_same_machine_and_release_alone() -> None:
    every = picks(
        ResultTree(
            sources=(
                source(profile="full"),
                source(profile="quick"),
                source(profile="quick", flavour="debian"),
                source("3.13.5", profile="quick"),
                source(machine="other", profile="quick"),
            )
        )
    )
    full = next(each for each in every if each.profile == "full")
    found = elsewhere(full, {each: each.page for each in every})
    assert {each.text: each.href for each in found} == {
        "quick profile": "m_3.14.2_quick_source.html",
        "debian build, quick profile": "m_3.14.2_quick_debian.html",
    }
    assert elsewhere(full, {full: "here"}) == ()
    rigs = [Rig(machine=name, profile="quick", flavour="source") for name in ("m", "other")]
    here = replace(rigs[0], profile="full")
    assert [each.href for each in elsewhere(here, {each: each.machine for each in rigs})] == ["m"]


def test_of_many_items_the_ends_and_the_neighbours_are_shown_at_once() -> None:
    assert len(near(12, 0)) == 12
    assert near(50, 20) == ["00", "18", "19", "20", "21", "22", "49"]
    assert near(50, 0) == ["00", "01", "02", "49"]
    assert near(50, 49) == ["00", "47", "48", "49"]


@pytest.mark.parametrize("width", [375, 1280])
def test_of_fifty_machines_each_is_two_clicks_away_without_a_script(
    browser: Browser, tmp_path: Path, width: int
) -> None:
    sources = tuple(source(machine=f"amd-epyc-{number:02d}-2cpu") for number in range(50))
    first, *_ = write_method(ResultTree(sources=sources), tmp_path)
    context = browser.new_context(
        viewport={"width": width, "height": 800}, java_script_enabled=False
    )
    page = context.new_page()
    page.goto(first.as_uri())
    wanted = page.get_by_role("link", name="amd-epyc-33-2cpu")
    assert wanted.count() == 0
    page.get_by_text("all 50").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    wanted.click()
    assert "amd-epyc-33-2cpu" in page.title()
    context.close()


def test_profile_and_build_are_menus_only_where_there_is_a_choice() -> None:
    one = pick()
    every = (one, pick(flavour="debian"), replace(one, profile="quick"))
    assert [menu.title for menu in menus(one, dict.fromkeys(every, ""))] == [
        "Machine",
        "Release",
        "Build",
        "Profile",
    ]
    assert address(every[1], one, "choose") == f"choose/{every[1].page}"


def test_the_newest_of_every_series_and_machine_come_before_the_second_newest() -> None:
    names = ("3.13.5", "3.13.15", "3.14.2", "3.14.0")
    every = [pick(machine, name) for name in names for machine in ("a", "b")]
    ordered = [(each.release.name, each.machine) for each in newest_first(every)]
    assert sorted(ordered[:4]) == [
        ("3.13.15", "a"),
        ("3.13.15", "b"),
        ("3.14.2", "a"),
        ("3.14.2", "b"),
    ]
    assert len(ordered) == len(every)
