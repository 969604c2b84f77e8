"""Where a cost lies on an axis, and what a page without pictures shows instead."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
import synthetic
from hypothesis import given
from hypothesis import strategies as st
from synthetic import Plan

from ftbench.results import ResultTree, read_results
from ftbench.results.selection import newest_first, picks
from ftbench.site import choose
from ftbench.site.choose import write_choose
from ftbench.site.mode_charts import Axis

POSITIVE = st.floats(min_value=1e-9, max_value=1e12)


@given(st.lists(POSITIVE, min_size=3, max_size=3, unique=True), st.booleans())
def test_a_cost_lies_between_the_ends_and_in_their_order(values: list[float], log: bool) -> None:  # noqa: FBT001 - hypothesis
    low, value, high = sorted(values)
    axis = Axis(low=low, high=high, log=log)
    assert axis.share(low) == 0
    assert axis.share(high) == pytest.approx(1)
    assert 0 <= axis.share(value) <= 1
    assert axis.share(low) <= axis.share(value) <= axis.share(high)


def test_what_lies_beyond_an_end_is_at_it() -> None:
    axis = Axis(low=1, high=10, log=True)
    assert (axis.share(0.1), axis.share(100)) == (0, 1)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> ResultTree:
    folder = tmp_path_factory.mktemp("tree")
    kept = ("track_round", "SharedSet.track_op", "SingleThread.track_kernel", "Pools.track_map_1")
    synthetic.write_tree(folder, Plan(releases=("3.13.15", "3.14.1", "3.14.2")), only=kept)
    return read_results(folder)


@pytest.fixture
def pages(tree: ResultTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return all questions' pages, those of a pick as one text; one pick may have pictures."""
    monkeypatch.setattr(choose, "PICTURED", 1)
    return texts(write_choose(tree, tmp_path))


def texts(paths: Iterable[Path]) -> list[str]:
    by_pick: dict[Path, str] = {}
    for path in paths:
        if path.parent.parent.name == "choose":
            text = path.read_text(encoding="utf-8")
            by_pick[path.parent] = by_pick.get(path.parent, "") + text
    return [*by_pick.values()]


def test_only_so_many_pages_have_pictures_and_the_others_say_so(pages: list[str]) -> None:
    assert ["<svg" in page for page in pages] == [True, False, False]
    assert ["Pictures are drawn for the 1 newest" in page for page in pages] == [False, True, True]


def test_the_newest_of_each_series_are_drawn_first(tree: ResultTree) -> None:
    ordered = [pick.release.name for pick in newest_first(picks(tree))]
    assert ordered.index("3.14.1") == 2


def figures(page: str) -> list[str]:
    """Return what leads to a history, with the text that leads there."""
    return re.findall(r'<a href="([^"]*releases/[^"]*[?][^"]*">[^<]*)<', page)


def test_a_page_has_the_same_figures_with_and_without_pictures(
    pages: list[str], tree: ResultTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "PICTURED", 3)
    for page, drawn in zip(pages, texts(write_choose(tree, tmp_path)), strict=True):
        assert figures(page)
        assert figures(page) == figures(drawn)


def test_every_figure_has_a_mark_on_its_arms_strip(pages: list[str]) -> None:
    for whole in pages[1:]:
        page = re.sub(
            r'<table class="(?:many|winners)[^"]*">.*?</table>', "", whole, flags=re.DOTALL
        )
        marks = re.findall(r'<i class="([\w-]+)" style="left:([\d.]+)%"></i>', page)
        assert {arm for arm, _ in marks} == {"gil", "ft", "ft-gil1"}
        assert all(0 <= float(place) <= 100 for _, place in marks)
        assert len(marks) == len(figures(page))
