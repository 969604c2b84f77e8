from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ftbench.asv import assets
from ftbench.asv.assets import ASSETS, assets_folder
from ftbench.errors import DeadlineError, FtbenchError, NotAvailableError

Bring = Callable[[list[str], Path], None]


@pytest.fixture
def contents(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Replace the table by one whose files have made-up contents; return them by name."""
    made = {asset.name: f"/* {asset.name} */".encode() for asset in ASSETS}
    table = tuple(
        assets.Asset(
            instead_of=asset.instead_of,
            package=asset.package,
            path=asset.path,
            integrity=assets.integrity(made[asset.name], "sha256"),
        )
        for asset in ASSETS
    )
    monkeypatch.setattr(assets, "ASSETS", table)
    return made


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, contents: dict[str, bytes]) -> list[list[str]]:
    """Let npm bring those contents; return the packages of each call."""
    made: list[list[str]] = []

    def bring(packages: list[str], folder: Path) -> None:
        made.append(packages)
        for asset in assets.ASSETS:
            package = asset.package.rpartition("@")[0]
            path = folder / "node_modules" / package / asset.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents[asset.name])

    monkeypatch.setattr(assets, "npm_install", bring)
    return made


def test_the_files_are_fetched_once_and_kept(tmp_path: Path, calls: list[list[str]]) -> None:
    first, second = assets_folder(tmp_path), assets_folder(tmp_path)
    assert first == second
    assert len(calls) == 1
    assert {path.name for path in first.iterdir()} == {asset.name for asset in ASSETS}


def test_every_package_is_pinned(tmp_path: Path, calls: list[list[str]]) -> None:
    assets_folder(tmp_path)
    assert calls[0] == sorted(set(calls[0]))
    assert all(name and version[0].isdigit() for name, version in (p.split("@") for p in calls[0]))


def test_a_file_that_was_changed_in_the_cache_is_fetched_again(
    tmp_path: Path, calls: list[list[str]], contents: dict[str, bytes]
) -> None:
    spoilt = assets_folder(tmp_path) / "jquery.min.js"
    spoilt.write_bytes(b"evil")
    assert (assets_folder(tmp_path) / "jquery.min.js").read_bytes() == contents["jquery.min.js"]
    assert len(calls) == 2


@pytest.mark.usefixtures("calls")
def test_other_bytes_than_the_pinned_ones_are_refused_and_leave_nothing(
    tmp_path: Path, contents: dict[str, bytes]
) -> None:
    contents["md5.min.js"] = b"evil"
    with pytest.raises(FtbenchError, match=r"md5\.min\.js of the npm package blueimp-md5"):
        assets_folder(tmp_path)
    assert [path for path in (tmp_path / "site-assets").iterdir() if path.is_dir()] == []


def test_a_cache_that_cannot_be_used_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "site-assets").write_text("a file", encoding="utf-8")
    with pytest.raises(NotAvailableError, match="cannot be used"):
        assets_folder(tmp_path)


def test_without_npm_the_files_are_not_available(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(NotAvailableError, match="no npm"):
        assets_folder(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="its npm is a shell script")
@pytest.mark.parametrize(
    ("does", "error", "said"),
    [
        ("echo npm error network >&2; exit 1", NotAvailableError, "npm error network"),
        ("sleep 60", DeadlineError, "did not end within 1 s"),
    ],
)
def test_an_npm_that_fails_or_hangs_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str, error: type[FtbenchError], said: str
) -> None:
    npm = tmp_path / "npm"
    npm.write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
    npm.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda _: str(npm))
    monkeypatch.setattr(assets, "_NPM_SECONDS", 1)
    with pytest.raises(error) as caught:
        assets_folder(tmp_path / "cache")
    assert said in str(caught.value)
