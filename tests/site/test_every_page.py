"""All our pages are written from one table, in one process or in several."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
import synthetic
from synthetic import Plan

from ftbench.errors import FtbenchError, ResultsError
from ftbench.results import ResultTree, read_results
from ftbench.site import every
from ftbench.site.every import PAGES, Entry, whole, write_every
from ftbench.site.frame import PLACES


def told(name: str) -> Entry:
    """Return a page that tells which process wrote it."""

    def write(_tree: ResultTree, html_dir: Path) -> Sequence[Path]:
        path = html_dir / f"{name}.html"
        path.write_text(str(os.getpid()), encoding="utf-8")
        return [path]

    return Entry(name=name, jobs=whole(write))


def test_every_place_of_the_bar_is_written_by_an_entry_in_the_same_order() -> None:
    assert [page.name for page in PAGES] == [place.name for place in PLACES]


def test_every_place_is_there_even_of_nothing(tmp_path: Path) -> None:
    written = write_every(ResultTree(), tmp_path)
    assert {tmp_path / place.file for place in PLACES} <= set(written)
    assert [path for path in written if not path.is_file()] == []


def test_what_is_written_is_told_in_the_order_of_the_table(tmp_path: Path) -> None:
    written = write_every(ResultTree(), tmp_path, [told("one"), told("two")])
    assert [path.name for path in written] == ["one.html", "two.html"]
    assert {path.read_text(encoding="utf-8") for path in written} == {str(os.getpid())}


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ResultTree:
    """Return results for which several processes are used."""
    if not hasattr(os, "fork"):
        pytest.skip("needs fork")
    monkeypatch.setattr(every, "_cores", lambda: 2)
    monkeypatch.setattr(every, "_WORTH_PROCESSES", 1)
    synthetic.write_tree(tmp_path / "tree", Plan(releases=("3.14.2",)), only="track_round")
    return read_results(tmp_path / "tree")


def test_several_processes_write_what_one_does(shared: ResultTree, tmp_path: Path) -> None:
    alone = write_every(shared, tmp_path / "alone", PAGES)
    pages = [*PAGES, told("one"), told("two")]
    together = write_every(shared, tmp_path, pages)
    for ours, theirs in zip(alone, together, strict=False):
        assert ours.name == theirs.name
        assert ours.read_bytes() == theirs.read_bytes()
    assert str(os.getpid()) not in {path.read_text(encoding="utf-8") for path in together[-2:]}


def test_what_one_process_of_several_raises_is_raised_whole(
    shared: ResultTree, tmp_path: Path
) -> None:
    def refuse(_tree: ResultTree, _html_dir: Path) -> Sequence[Path]:
        raise ResultsError("No.", hint="Take another.", story="It was so.")

    pages = [told("one"), Entry(name="two", jobs=whole(refuse))]
    with pytest.raises(ResultsError, match="No") as caught:
        write_every(shared, tmp_path, pages)
    assert caught.value.hint == "Take another."
    assert caught.value.story == "It was so."


def test_a_process_that_is_killed_ends_the_writing_with_a_message(
    shared: ResultTree, tmp_path: Path
) -> None:
    def die(_tree: ResultTree, _html_dir: Path) -> Sequence[Path]:
        os.kill(os.getpid(), signal.SIGKILL)
        return []

    pages = [Entry(name="one", jobs=whole(die)), told("two")]
    with pytest.raises(FtbenchError, match="was killed"):
        write_every(shared, tmp_path, pages)


def test_many_jobs_are_done_once_each_and_told_in_their_order(
    shared: ResultTree, tmp_path: Path
) -> None:
    names = [f"page-{number}" for number in range(20)]
    written = write_every(shared, tmp_path, list(map(told, names)))
    assert [path.stem for path in written] == names
    writers = {path.read_text(encoding="utf-8") for path in written}
    assert 1 < len(writers) < len(names)
    assert str(os.getpid()) not in writers
