"""Release tags, read from real git repositories that the tests make."""

import os
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from probing import ran

from ftbench.errors import DeadlineError, FtbenchError, UsageError
from ftbench.releases import KnownRelease, Release
from ftbench.releases.known import check_origin, read_tags

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *arguments: str, date: str = "2026-08-05T12:25:43+02:00") -> str:
    identity = {
        f"GIT_{who}_{what}": text
        for who in ("AUTHOR", "COMMITTER")
        for what, text in (("NAME", "a"), ("EMAIL", "a@example.org"), ("DATE", date))
    }
    blind = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = ran(
        ["git", "-C", str(folder), *arguments], env={**os.environ, **identity, **blind}, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with tags as CPython has them: signed (here annotated) ones and others."""
    folder = tmp_path / "cpython"
    folder.mkdir()
    git(folder, "init", "--quiet")
    for name in ("v3.12.9", "v3.13.0a1", "v3.14.2", "v3.14.10"):
        git(folder, "commit", "--quiet", "--allow-empty", "-m", name)
        git(folder, "tag", "-a", name, "-m", name, date="2030-01-01T00:00:00+00:00")
    git(folder, "tag", "v3.15.0rc1")
    git(folder, "tag", "3.14.3")
    git(folder, "tag", "v3.14.x")
    return folder


def test_a_clone_gives_the_releases_of_its_tags_with_their_commits_and_dates(clone: Path) -> None:
    found = read_tags(str(clone))
    assert [entry.release.name for entry in found] == [
        "3.13.0a1",
        "3.14.2",
        "3.14.10",
        "3.15.0rc1",
    ]
    assert {entry.date for entry in found} == {datetime(2026, 8, 5, 10, 25, 43, tzinfo=UTC)}
    assert found[2].commit == git(clone, "rev-parse", "v3.14.10^{commit}")


def test_a_url_gives_the_same(clone: Path) -> None:
    assert read_tags(clone.as_uri()) == read_tags(str(clone))


@pytest.mark.parametrize("source", ["", "nowhere", "--upload-pack=sh", "github.com/python/cpython"])
def test_what_is_neither_a_folder_nor_a_url_is_refused(source: str) -> None:
    with pytest.raises(UsageError, match="neither a folder nor a URL"):
        read_tags(source)


def test_a_folder_that_is_no_git_repository_is_refused_with_gits_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(UsageError, match="not a git repository"):
        read_tags(str(tmp_path))


def test_a_url_where_there_is_nothing_is_refused_with_gits_own_words(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not appear to be a git repository"):
        read_tags((tmp_path / "nowhere").as_uri())


def test_a_source_that_does_not_answer_is_left_at_the_deadline(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = tmp_path / "git"
    silent.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    silent.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr("ftbench.releases.known.DEADLINE_SECONDS", 0.5)
    began = time.monotonic()
    with pytest.raises(DeadlineError, match=r"within 0\.5 seconds"):
        read_tags(str(clone))
    assert time.monotonic() - began < 30


def test_without_git_the_message_says_so(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(clone))
    with pytest.raises(FtbenchError, match="git is not installed"):
        read_tags(str(clone))


def known(version: str, commit: str) -> KnownRelease:
    return KnownRelease(
        release=Release.parse(version), commit=commit, date=datetime(2026, 1, 1, tzinfo=UTC)
    )


def test_another_projects_tags_are_refused() -> None:
    """Any project may have a v3.14.2."""
    with pytest.raises(UsageError, match="is not CPython"):
        check_origin([known("3.14.2", "a")], [known("3.14.2", "b")], source="there")


@pytest.mark.parametrize("found", [[], [known("3.14.9", "a")]])
def test_tags_that_share_nothing_with_the_known_ones_are_refused(found: list[KnownRelease]) -> None:
    with pytest.raises(UsageError, match="git fetch --tags"):
        check_origin(found, [known("3.14.2", "b")], source="there")


def test_tags_that_agree_with_the_known_ones_are_accepted() -> None:
    agreeing = [known("3.14.2", "a"), known("3.14.3", "c")]
    check_origin(agreeing, [known("3.14.2", "a")], source="there")
