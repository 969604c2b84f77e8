"""The benchmark of `asv publish` measures what it says it does."""

from __future__ import annotations

from pathlib import Path

import publish_bench


def test_a_small_history_is_published_within_the_sizes_that_pages_have(tmp_path: Path) -> None:
    series = publish_bench.make(tmp_path, 2)
    assert 400 < series < 1000
    measured = publish_bench.publish(tmp_path)
    assert measured["pages"] > 4
    assert measured["largest_page_kib"] < 1000
    assert measured["site_mib"] > 0
    assert measured["cpu_seconds"] > 0
    assert measured["peak_pss_mib"] > 0
