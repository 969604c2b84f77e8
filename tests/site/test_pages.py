"""Every tab has a module that writes its pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench.results import ResultTree
from ftbench.site import writer_of
from ftbench.site.menus import TABS, Tab


@pytest.mark.parametrize("tab", TABS, ids=lambda each: each.name)
def test_every_tab_has_its_page_even_of_nothing(tab: Tab, tmp_path: Path) -> None:
    [page] = writer_of(tab.name)(ResultTree(), tmp_path)
    assert page == tmp_path / tab.file
    assert page.is_file()
