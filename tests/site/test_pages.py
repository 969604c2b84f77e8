"""Every tab has a module that writes its pages."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import synthetic
from synthetic import Plan

from ftbench.facts.arms import ARMS
from ftbench.results import Figure, ResultTree, read_results
from ftbench.site import frame, writer_of
from ftbench.site.menus import TABS, Tab


@pytest.mark.parametrize("tab", TABS, ids=lambda each: each.name)
def test_every_tab_has_its_page_even_of_nothing(tab: Tab, tmp_path: Path) -> None:
    [page] = writer_of(tab.name)(ResultTree(), tmp_path)
    assert page == tmp_path / tab.file
    assert page.is_file()


def test_pages_of_many_machines_have_the_figures_of_few_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = [Plan(machine=f"m{number}", releases=("3.14.2",), arms=ARMS[:2]) for number in range(8)]
    synthetic.write_tree(tmp_path / "results", *plans, only="Lifecycle.track_round")
    plain = read_results(tmp_path / "results")
    (tmp_path / "store").mkdir()
    tree = read_results(tmp_path / "results", tmp_path / "store")
    assert replace(tree, figures=tuple(tree.figures)) == plain
    each, counts = len(plain.figures) // len(plans), []
    del plain
    write = frame.write_page

    def counted(*arguments: Any) -> Path:
        gc.collect()
        counts.append(sum(isinstance(one, Figure) for one in gc.get_objects()))
        return write(*arguments)

    monkeypatch.setattr(frame, "write_page", counted)
    gc.collect()
    before = sum(isinstance(one, Figure) for one in gc.get_objects())
    for tab in TABS:
        assert len(writer_of(tab.name)(tree, tmp_path / "html")) >= len(plans)
    assert max(counts) - before <= 3 * each
