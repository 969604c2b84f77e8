"""Notes on alarms: whose they are, and what a gate makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_figures import figure

from ftbench.results.figure import Unreadable
from ftbench.results.known import Known, read_known

NOTE = '[[known]]\nsince = "3.14.2"\nbenchmark = "lifecycle"\nnote = "gh-1: a lock"\n'


def known(**fields: object) -> Known:
    return Known(**{"since": "3.14.2", "benchmark": "sharing.Sharing", "note": "gh-1", **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "explained"),
    [
        ({}, True),
        ({"arm": "ft"}, True),
        ({"arm": "gil"}, False),
        ({"machine": "elsewhere"}, False),
        ({"benchmark": "lifecycle"}, False),
        ({"params": {"mode": "threads"}}, True),
        ({"params": {"mode": "processes-fork"}}, False),
        ({"since": "3.14.1"}, False),
        ({"since": "3.15.0"}, False),
    ],
)
def test_a_note_explains_what_it_names_and_no_more(
    fields: dict[str, object], *, explained: bool
) -> None:
    before, after = figure("3.14.1", 1e-3), figure("3.14.2", 2e-3)
    assert known(**fields).explains(before, after) is explained


def test_notes_are_read_and_a_fault_is_told(tmp_path: Path) -> None:
    warnings: list[Unreadable] = []
    assert read_known(tmp_path, warnings) == ()
    (tmp_path / "known.toml").write_text(NOTE, encoding="utf-8")
    assert [each.note for each in read_known(tmp_path, warnings)] == ["gh-1: a lock"]
    assert warnings == []
    for text in ("[[known", NOTE.replace("3.14.2", "nonsense"), NOTE + "odd = 1\n"):
        (tmp_path / "known.toml").write_text(text, encoding="utf-8")
        assert read_known(tmp_path, warnings) == ()
    assert len(warnings) == 3
