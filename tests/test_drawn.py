"""README, its pictures and the docs say what results/ have, as `draw_docs.py` draws it."""

from __future__ import annotations

import re
from pathlib import Path

import draw_docs
import fake_duels
import pytest
from draw_docs import BLOCK, BLOCKS, PAGES, PICTURES, Shown, draw, drawn, shown
from msgspec.structs import replace

from ftbench.probe.scenarios.base import scenario_named
from ftbench.results import ResultTree
from ftbench.results.duels import DuelFile, write_duels
from ftbench.results.records import TRIALS, DuelRecord

ANEW = "python tests/tools/draw_docs.py draws it anew"


@pytest.fixture(scope="module")
def of() -> Shown:
    return shown()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_says_what_the_results_have(path: Path, of: Shown) -> None:
    text = path.read_text("utf-8")
    assert drawn(text, of) == text, ANEW


def test_each_block_is_on_one_page_and_ends() -> None:
    texts = [path.read_text("utf-8") for path in PAGES]
    names = [found[2] for text in texts for found in BLOCK.finditer(text)]
    assert sorted(names) == sorted(BLOCKS)
    assert sum(text.count("<!-- drawn") for text in texts) == 2 * len(BLOCKS)


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_picture_has_the_words_and_numbers_of_the_results(
    path: Path, of: Shown, tmp_path: Path
) -> None:
    draw(tmp_path / "x.svg", PICTURES[path], of)
    ours, theirs = (
        re.findall(r"<text[^>]*>([^<]*)</text>", each.read_text("utf-8"))
        for each in (path, tmp_path / "x.svg")
    )
    assert len(ours) > 30
    assert ours == theirs, ANEW


def test_a_figure_that_was_changed_by_hand_is_found(of: Shown) -> None:
    text = (PAGES[0]).read_text("utf-8")
    found = BLOCK.search(text)
    assert found
    number = re.search(r"\d+\.\d+", found[0])
    assert number
    assert drawn(text.replace(found[0], found[0].replace(number[0], "0.123")), of) == text


def test_trials_that_are_on_record_are_told_by_target_and_so_is_what_is_missing(
    of: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the present work alone, and with what was asked of it."""
    version = scenario_named("single_thread").version
    side = fake_duels.side("3.14.7")
    more = replace(side, extra=0.02)
    trials = [
        *(
            fake_duels.record(side, more, 1.02, seed=seed, version=version, budget=15, seconds=4)
            for seed in range(4)
        ),
        fake_duels.record(side, more, seed=4, spread=0.1, version=version, budget=15, seconds=9),
        fake_duels.record(side, more, seed=5, version=version, budget=7, seconds=9),
        fake_duels.record(side, more, seed=6, version="0", budget=15, seconds=9),
    ]
    monkeypatch.setattr(draw_docs, "RESULTS", tmp_path)
    write_duels(tmp_path / "vm" / f"3.14.7-ft{TRIALS}", DuelFile(duels=tuple(trials)))
    head, *lines = BLOCKS["selftest"](of)
    assert head.startswith(
        "CPython 3.14.7, free-threaded build (source-gcc12), `vm`, 2026-11-30, 5 of"
    )
    (row,) = (line for line in lines if line.startswith("| single_thread, 2 % more in 15 s |"))
    assert "| too few trials | 4 of 5 (28.4\N{EN DASH}99.5 %) | 4.0, at most 9.0 |" in row
    (never,) = (line for line in lines if line.startswith("Not tried yet: "))
    assert "single_thread, equal sides in 15 s" in never
    assert "footprint, 3 % more in 30 s" in never


def test_duels_say_how_long_a_release_took_and_what_builds_are_worth() -> None:
    sides = fake_duels.side("3.14.6"), fake_duels.side("3.14.7")
    params = [{"mode": "serial", "kernel": name} for name in ("calls", "json")]
    took = [fake_duels.record(*sides, 1.2, params=each, seconds=7.5) for each in params]
    replicas = [
        fake_duels.record(sides[0], replace(sides[0], build=f"b{number}"), ratio, spread=1e-6)
        for number, ratio in enumerate((0.98, 1.04))
    ]

    def lines(name: str, *records: DuelRecord) -> list[str]:
        duels = tuple(map(fake_duels.duel, records))
        return list(BLOCKS[name](Shown(tree=ResultTree(duels=duels), pick=None)))  # type: ignore[arg-type]

    words = "3.14.6 ft against 3.14.7 ft, `quiet-vm` | 2 of 2 | 24, at most 24 |"
    assert lines("decided", *took, *replicas)[2:] == [f"| {words} 15 s |"]
    old = replace(took[0], seconds=0.0)  # of before it was written down
    assert lines("decided", old, took[1])[2:] == [f"| {words} \N{EN DASH} |"]
    head, *_, row, _ = lines("replicas", *took, *replicas)
    assert "against 2 other builds of its source" in head
    assert "takes 3.0% more or less in the middle, at most 4.0%" in head
    assert row == "| calls | 0.9800 | 1.0400 |"
