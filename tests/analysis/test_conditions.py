from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fake_figures import figure

from ftbench.analysis.conditions import builds, machine_facts, notices, own_check
from ftbench.facts.arms import USUAL_ARMS
from ftbench.releases import Release
from ftbench.results import Machine, ResultFile, State
from ftbench.results.figure import Environment, Health, Start
from ftbench.results.selection import Pick

QUIET = ResultFile(
    path=Path("x.json"),
    environment=Environment(machine="m", arm=USUAL_ARMS[1], flavour="source-gcc12", profile="full"),
    release=Release.parse("3.14.2"),
    builds=({"version": "3.14.2", "pgo": True, "jit": "none", "configure_args": []},),
    machines=({"cores": 4, "memory_bytes": 2**33, "smt": None, "virtual": False},),
    gil=frozenset({False}),
    starts=(Start(run="r", at=datetime(2026, 1, 1, tzinfo=UTC), load=0.5),),
)
PICK = Pick(machine="m", release=QUIET.release, profile="full", builds=(("ft", "source-gcc12"),))


def titles(source: ResultFile, pick: Pick = PICK) -> list[str]:
    return [notice.title for notice in notices(pick, [source])]


def test_a_full_run_on_a_quiet_machine_needs_no_warning() -> None:
    assert titles(QUIET) == []


def test_quick_figures_are_called_quick() -> None:
    assert titles(QUIET, replace(PICK, profile="quick")) == ["These are quick figures."]


def test_figures_that_were_disturbed_are_counted_and_no_load_of_another_run_is() -> None:
    loaded = [replace(QUIET, starts=(replace(QUIET.starts[0], load=9.0),))]
    quiet, lacking = figure(), figure(median=None, interference="load", state=State.SKIPPED)
    assert notices(PICK, loaded, [quiet, lacking]) == ()
    (told,) = notices(PICK, loaded, [quiet, figure(interference="load"), lacking])
    assert told.title == "1 of 2 figures here were disturbed."


def test_a_wrong_gil_is_told_first() -> None:
    wrong = replace(QUIET, gil=frozenset({False, True}))
    assert titles(wrong, replace(PICK, profile="quick"))[0].startswith("The GIL of")


def test_builds_made_unlike_are_told() -> None:
    two = replace(PICK, builds=(("ft", "source-gcc12"), ("gil", "debian")))
    assert titles(QUIET, two) == ["The two builds are of different kinds."]


def test_mixed_builds_in_one_series_are_told() -> None:
    mixed = replace(QUIET, builds=(*QUIET.builds, {"pgo": False}))
    assert titles(mixed)[0].endswith("mixes builds.")


def test_a_wrong_jit_is_told_likewise() -> None:
    (told,) = notices(PICK, [replace(QUIET, jit=frozenset({True}))])
    assert told.title == "The JIT of “free-threaded” was wrong."
    assert told.text == "It was seen on, and should have been off. Do not use them."


def test_provenance_is_words_and_what_is_missing_is_not_known() -> None:
    facts = {fact.name: fact.values for fact in builds([QUIET])}
    assert facts["PGO"] == ("yes",)
    assert facts["GIL seen"] == ("off",)
    assert facts["configure"] == ("no options",)
    assert facts["LTO"] == ("not known",)


def test_a_fact_in_which_builds_differ_is_marked() -> None:
    other = replace(QUIET, builds=({"pgo": False},))
    marked = [fact.name for fact in builds([QUIET, other]) if fact.differs]
    assert marked == ["release", "PGO", "JIT", "configure"]


def test_the_machine_says_what_it_knows_and_no_more() -> None:
    facts = {fact.name: fact.values[0] for fact in machine_facts(Machine(name="m"), [QUIET])}
    assert facts == {
        "name": "m",
        "virtual machine": "no",
        "memory": "8.00 GiB",
        "load at the start": "0.5",
    }


def run_of(off: int, cells: int, *slow: float) -> ResultFile:
    alike = [1.3] * off + [1.05] * (cells - off)
    return replace(QUIET, health={"r": Health(alike, list(slow))})


def test_a_run_that_fails_its_own_check_says_so_first_and_what_to_do() -> None:
    told = notices(replace(PICK, profile="quick"), [run_of(4, 30, 0.98, 1.0, 1.04, 1.2)])
    assert [notice.title for notice in told] == [
        "The machine was not steady.",
        "These are quick figures.",
    ]
    assert "(ft failed: 4 of 30 off, stick 0.985 to 1.16)" in told[0].text
    assert "ftbench bench" in told[0].text


@pytest.mark.parametrize(("off", "cells"), [(0, 30), (3, 30), (1, 10), (9, 9), (0, 0)])
def test_a_tenth_off_passes_and_of_fewer_than_ten_nobody_can_tell(off: int, cells: int) -> None:
    source = run_of(off, cells)
    assert titles(source) == []
    assert list(own_check([source]).values()) == [False]


def test_a_run_that_passes_says_how_steady_it_was() -> None:
    source = run_of(1, 30, 1.0, 1.0, 1.02)
    assert list(own_check([source], "r")) == ["ft passed: 1 of 30 off, stick 1.00 to 1.02"]
    assert own_check([source], "another") == {}
    assert own_check([QUIET]) == {}
    assert list(own_check([run_of(2, 9)])) == ["ft too few to tell: 2 of 9 off"]


def test_runs_of_an_arm_that_came_to_the_same_are_told_together() -> None:
    few = {name: Health([1.3, 1.0], [slow]) for name, slow in (("a", 0.9), ("b", 1.1))}
    source = replace(QUIET, health={**few, "r": Health([1.0] * 12, [])})
    assert list(own_check([source, replace(source, release=Release.parse("3.15.0"))])) == [
        "ft too few to tell in 2 runs: 2 of 4 off, stick 0.850 to 1.15",
        "ft passed: 0 of 12 off",
    ]
