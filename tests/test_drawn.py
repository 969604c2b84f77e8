"""README, its pictures and the docs say what results/ have, as `draw_docs.py` draws it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from draw_docs import BLOCK, BLOCKS, PAGES, PICTURES, Shown, draw, drawn, shown

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
