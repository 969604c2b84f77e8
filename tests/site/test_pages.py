"""All our pages are written from one table."""

from __future__ import annotations

from pathlib import Path

from ftbench.results import ResultTree
from ftbench.site.menus import TABS
from ftbench.site.pages import WRITERS, write_pages


def test_every_place_of_the_bar_has_a_writer_in_the_same_order() -> None:
    assert list(WRITERS) == [tab.name for tab in TABS]


def test_every_place_is_there_even_of_nothing(tmp_path: Path) -> None:
    written = write_pages(ResultTree(), tmp_path)
    assert list(written) == [tmp_path / tab.file for tab in TABS]
    assert [path for path in written if not path.is_file()] == []
