from __future__ import annotations

import re
from pathlib import Path

import asv
import pytest

from ftbench.asv import publisher
from ftbench.asv.assets import ASSETS
from ftbench.errors import AsvError
from ftbench.site.menus import TABS

INDEX = (Path(asv.__file__).parent / "www" / "index.html").read_text(encoding="utf-8")


def test_our_pages_come_before_asvs_own_tabs_in_the_order_of_our_own_bar() -> None:
    changed = publisher.add_tabs(INDEX)
    hrefs = re.findall(r'<li id="nav-li-[^"]*"[^>]*>\s*<a href="([^"]*)"', changed)
    files = [tab.file for tab in TABS]
    assert hrefs[: len(files)] == files
    assert hrefs[len(files)] == "#/"


def test_our_scripts_are_loaded_after_all_of_asvs() -> None:
    changed = publisher.add_names(INDEX)
    assert changed.index('"regressions.js"') < changed.index('"ftbench-tags.js"')
    assert changed.index('"ftbench-tags.js"') < changed.index('"ftbench.js"')


def test_every_third_party_file_is_loaded_from_beside_the_page() -> None:
    changed = publisher.use_assets(INDEX)
    assert [asset.name for asset in ASSETS if f'"vendor/{asset.name}"' not in changed] == []
    head = changed[: changed.index("<body>")]
    assert "https://" not in head
    assert "onerror" not in changed
    assert "js_load_failure" not in changed
    assert "script-src 'self'" in head


@pytest.mark.parametrize("text", [INDEX * 2, "", INDEX.replace("nav-li-", "x")])
def test_a_page_that_is_not_asvs_is_refused(text: str) -> None:
    with pytest.raises(AsvError, match="and should have it once"):
        publisher.add_tabs(text)


def test_a_page_that_loads_other_files_is_refused() -> None:
    with pytest.raises(AsvError, match="loads other files"):
        publisher.use_assets(INDEX.replace("jquery-3.3.1.min.js", "jquery-4.0.0.min.js"))


def test_tags_are_for_releases_alone() -> None:
    assert publisher.tags_of(["31402f00", "31500c01", "deadbeef"]) == {
        "31402f00": "v3.14.2",
        "31500c01": "v3.15.0rc1",
    }


def test_asvs_regressions_are_not_linked_and_the_feed_is_of_our_verdicts() -> None:
    changed = publisher.add_tabs(INDEX)
    assert "#/regressions" not in changed
    assert "regressions.xml" not in changed
    assert 'type="application/atom+xml" title="Alarms" href="releases.xml"' in changed
