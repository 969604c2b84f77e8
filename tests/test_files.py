"""Files and folders that are whole or as they were, whatever fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench.files import folder_made, write_whole, written_whole


def test_a_file_is_in_place_once_the_body_has_succeeded(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with written_whole(path) as beside:
        beside.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_as_it_was_if_the_body_fails(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, "old")
    with pytest.raises(UnicodeEncodeError), written_whole(path) as beside:
        beside.write_text("half \ud800", encoding="utf-8")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").touch()
    with folder_made(path) as beside:
        (beside / "new").touch()
        assert (path / "old").exists()
    assert list(path.iterdir()) == [path / "new"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_as_it_was_if_the_body_fails(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").touch()
    with pytest.raises(FileNotFoundError), folder_made(path) as beside:
        (beside / "none" / "new").touch()
    assert list(path.iterdir()) == [path / "old"]
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_call_left_is_cleared(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    with folder_made(path) as beside:
        pass
    path.rename(beside)
    (beside / "left-over").touch()
    with folder_made(path) as again:
        assert list(again.iterdir()) == []
    assert list(tmp_path.iterdir()) == [path]
