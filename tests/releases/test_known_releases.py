"""The data file of known releases, the packaged one and any other."""

import itertools
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ftbench.errors import FtbenchError
from ftbench.releases import KnownRelease, Release, known_releases
from ftbench.releases.known import DATA_FILE, load, merge, save


def entry(version: str, commit: str = "0" * 40, day: int = 1) -> KnownRelease:
    return KnownRelease(
        release=Release.parse(version), commit=commit, date=datetime(2026, 1, day, tzinfo=UTC)
    )


def test_the_packaged_file_is_sorted_and_written_as_save_would_write_it(
    tmp_path: Path,
) -> None:
    save(tmp_path / "cpython.json", known_releases())
    assert (tmp_path / "cpython.json").read_bytes() == DATA_FILE.read_bytes()


def test_the_packaged_file_has_distinct_commits_and_dates() -> None:
    known = known_releases()
    assert len(known) >= 65
    assert len({each.commit for each in known}) == len(known)
    assert len({each.date for each in known}) == len(known)


def test_the_packaged_dates_are_in_order_within_each_series() -> None:
    known = known_releases()
    for older, newer in itertools.pairwise(known):
        assert older.release < newer.release
        assert older.release.series != newer.release.series or older.date < newer.date


def test_what_is_saved_reads_back_sorted_one_release_a_line(tmp_path: Path) -> None:
    path = tmp_path / "cpython.json"
    save(path, [entry("3.14.10", day=3), entry("3.14.2", day=2)])
    assert [each.release.name for each in load(path)] == ["3.14.2", "3.14.10"]
    assert len(path.read_text(encoding="utf-8").splitlines()) == 4
    assert list(tmp_path.iterdir()) == [path]


def test_merging_keeps_each_release_once_and_the_later_entry_wins() -> None:
    merged = merge([entry("3.14.2"), entry("3.14.1")], [entry("3.14.2", commit="f" * 40)])
    assert [(each.release.name, each.commit[0]) for each in merged] == [
        ("3.14.1", "0"),
        ("3.14.2", "f"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "[1]",
        '[{"version": "3.14.2"}]',
        '[{"version": "3.14", "commit": "%s", "date": "2026-01-01T00:00:00Z"}]' % ("0" * 40),
        '[{"version": "3.14.2", "commit": "xyz", "date": "2026-01-01T00:00:00Z"}]',
        '[{"version": "3.14.2", "commit": "%s", "date": "yesterday"}]' % ("0" * 40),
    ],
)
def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cpython.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FtbenchError, match="Install ftbench again") as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_a_release_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cpython.json"
    save(path, [entry("3.14.2")])
    lines = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(lines * 2), encoding="utf-8")
    with pytest.raises(FtbenchError, match="twice"):
        load(path)


def test_a_write_that_fails_says_so_and_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a full disk or a read-only installation fails it; root may write anywhere."""
    path = tmp_path / "cpython.json"
    save(path, [entry("3.14.2")])
    before = path.read_bytes()

    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied", str(target))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(FtbenchError, match="git checkout"):
        save(path, [entry("3.14.3")])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_cannot_be_written_to(tmp_path: Path) -> None:
    with pytest.raises(FtbenchError, match="cannot be written"):
        save(tmp_path / "nowhere" / "cpython.json", [entry("3.14.2")])
