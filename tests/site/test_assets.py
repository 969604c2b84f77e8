from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
            stated=asset.stated,
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


def test_an_npm_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "npm error network")

    monkeypatch.setattr(shutil, "which", lambda _: "npm")
    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(NotAvailableError) as caught:
        assets_folder(tmp_path)
    assert "npm error network" in str(caught.value)


def test_an_npm_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], *, timeout: float, **_: Any) -> None:
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(shutil, "which", lambda _: "npm")
    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(DeadlineError, match="within 120 s"):
        assets_folder(tmp_path)
