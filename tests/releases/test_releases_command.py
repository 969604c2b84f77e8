"""`ftbench releases` on the command line."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from ftbench.cli import cpythons
from ftbench.cli.cpythons import releases
from ftbench.errors import UsageError
from ftbench.releases import KnownRelease, Release, known_releases
from ftbench.releases.known import load, save

NEW = KnownRelease(
    release=Release.parse("3.14.99"), commit="f" * 40, date=datetime(2030, 1, 1, tzinfo=UTC)
)


@pytest.fixture
def data_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the packaged data file, written instead of it."""
    path = tmp_path / "cpython.json"
    save(path, known_releases())
    monkeypatch.setattr(cpythons, "DATA_FILE", path)
    return path


def has_tags(monkeypatch: pytest.MonkeyPatch, *entries: KnownRelease) -> None:
    monkeypatch.setattr(cpythons, "read_tags", lambda _source: entries)


def test_the_list_has_a_line_for_each_release() -> None:
    result = CliRunner().invoke(releases, [], catch_exceptions=False)
    assert result.exit_code == 0
    for entry in known_releases():
        assert f"\n{entry.release.name} " in result.output
        assert f"{entry.date:%Y-%m-%d}" in result.output


def test_json_gives_version_commit_and_date() -> None:
    result = CliRunner().invoke(releases, ["--format", "json"], catch_exceptions=False)
    listed = json.loads(result.output)
    known = [each for each in listed if each["commit"]]
    assert len(known) == len(known_releases())
    assert (
        known[0].items()
        >= {
            "version": "3.13.0a1",
            "commit": "ad056f03aee8000a1564a1d17f655f8713c48e48",
            "date": "2023-10-13T08:52:10Z",
        }.items()
    )


def test_add_writes_what_is_new_and_says_so(
    data_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_tags(monkeypatch, known_releases()[0], NEW)
    result = CliRunner().invoke(releases, ["add", "there"], catch_exceptions=False)
    assert result.output == "3.14.99 of 2030-01-01 is known now.\n"
    assert load(data_file) == tuple(
        sorted((*known_releases(), NEW), key=lambda entry: entry.release)
    )


def test_add_leaves_the_file_alone_where_nothing_is_new(
    data_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_tags(monkeypatch, *known_releases()[:3])
    before = data_file.stat().st_mtime_ns
    result = CliRunner().invoke(releases, ["add", "there"], catch_exceptions=False)
    assert result.output == "Nothing new in there: all of its 3 releases are known.\n"
    assert data_file.stat().st_mtime_ns == before


def test_add_refuses_another_project_and_writes_nothing(
    data_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_tags(monkeypatch, NEW)
    before = data_file.read_bytes()
    result = CliRunner().invoke(releases, ["add", "there"])
    assert isinstance(result.exception, UsageError)
    assert data_file.read_bytes() == before
