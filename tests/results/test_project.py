"""Results that were read before: taken from the cache as long as nothing about them changed."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from pathlib import Path

import pytest
from fake_results import result_files, write_project
from synthetic import Plan

from ftbench.errors import NothingError, ResultsError
from ftbench.results import ResultTree, State, asvformat, project
from ftbench.results.figure import _unpickled
from ftbench.results.project import load_project
from ftbench.results.selection import figures_of

OLD = 10**10  # nanoseconds: settled long ago


@pytest.fixture
def reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Be in a project, and return the folders that were read, not taken from the cache."""
    write_project(tmp_path / "here", Plan(releases=("3.14.2",)))
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("FTBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(project, "_SETTLED", -OLD)  # as if all had been written long ago
    read = asvformat.read_results
    seen: list[Path] = []

    def counted(folder: Path) -> ResultTree:
        seen.append(folder)
        return read(folder)

    monkeypatch.setattr(asvformat, "read_results", counted)
    return seen


def result_file() -> Path:
    return result_files(Path("results"))[0]


def test_what_was_read_is_read_once_and_is_the_same(reads: list[Path]) -> None:
    first, second = load_project(), load_project()
    assert first == second
    assert [each.runs for each in first.figures] == [each.runs for each in second.figures]
    assert len(reads) == 1


def test_of_what_is_kept_only_the_results_are_read_that_are_asked_for(reads: list[Path]) -> None:
    load_project()
    tree = load_project()
    assert len(reads) == 1
    _unpickled.cache_clear()
    source = tree.sources[0]
    ours = figures_of(tree, lambda of: of.key == source.key)
    assert {each.key for each in ours} == {source.key}
    assert _unpickled.cache_info().misses == 1 < len(tree.sources)
    measured = Counter(each.scenario for each in ours if each.state is State.MEASURED)
    assert source.scenarios == measured


@pytest.mark.parametrize("how", ["rewritten", "touched", "gone", "added", "replaced"])
def test_whatever_changes_it_is_read_again(reads: list[Path], how: str) -> None:
    load_project()
    path = result_file()
    was = path.stat()
    match how:
        case "rewritten":
            path.write_text(path.read_text("utf-8").replace("1", "2"), encoding="utf-8")
            os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))  # as `cp -p` would
        case "touched":
            os.utime(path)
        case "gone":
            path.unlink()
        case "added":
            (path.parent / "noise").touch()
        case "replaced":
            shutil.copy2(path, path.with_suffix(".new"))
            path.with_suffix(".new").replace(path)
    load_project()
    load_project()
    assert len(reads) == 2


def test_another_version_of_ours_reads_again(
    reads: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    load_project()
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "new.py").touch()
    monkeypatch.setattr(project, "_PACKAGE", tmp_path / "code")
    load_project()
    assert len(reads) == 2


def test_what_was_written_just_now_is_not_kept(
    reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project, "_SETTLED", 2 * 10**9)
    os.utime(result_file(), ns=(time.time_ns(), time.time_ns()))
    load_project()
    load_project()
    assert len(reads) == 2


@pytest.mark.parametrize("kept", [b"", b"\x80\x04.", b"no pickle", b"cos\nsystem\n."])
def test_a_damaged_cache_is_none(reads: list[Path], kept: bytes, tmp_path: Path) -> None:
    whole = load_project()
    (path,) = (tmp_path / "cache" / "read").iterdir()
    for damaged in (kept, path.read_bytes()[:-100]):
        path.write_bytes(damaged)
        assert load_project() == whole
    assert len(reads) == 3
    assert load_project() == whole
    assert len(reads) == 3


def test_without_a_cache_all_works_as_well(
    reads: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FTBENCH_CACHE", str(tmp_path / "file"))
    assert load_project() == load_project()
    assert len(reads) == 2


def test_only_the_folders_used_last_are_kept(
    reads: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(project._KEPT + 2):
        shutil.copytree(tmp_path / "here", tmp_path / f"{number}")
        monkeypatch.chdir(tmp_path / f"{number}")
        load_project()
    assert len(list((tmp_path / "cache" / "read").iterdir())) == project._KEPT
    load_project()
    assert len(reads) == project._KEPT + 2


def test_a_project_without_results_says_so_each_time(
    reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree("results")
    for _ in range(2):
        with pytest.raises(NothingError):
            load_project()


def test_a_folder_that_is_none_is_not_one_that_is_missing(
    reads: list[Path], tmp_path: Path
) -> None:
    folder = Path("results")
    shutil.rmtree(folder)
    for is_loop in (True, False):
        if is_loop:
            folder.symlink_to(folder.name)
        else:
            folder.touch()
        with pytest.raises(ResultsError, match="There are no results"):
            load_project()
        folder.unlink()
    with pytest.raises(NothingError):
        load_project()
    write_project(tmp_path / "here", Plan(releases=("3.14.2",)))
    assert load_project().sources
    assert len(reads) == 4
