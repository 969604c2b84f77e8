"""Sources are looked for in every suite, and "not found" names what was looked at."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from fake_pythons import fake_sources
from hypothesis import given
from hypothesis import strategies as st

from ftbench.errors import InterpreterError
from ftbench.pythons import debian
from ftbench.pythons.debian import (
    SUITES,
    AptError,
    SourcePackage,
    Suite,
    Tarball,
    find_tarball,
    upstream_release,
)
from ftbench.pythons.interpreter import Spec
from ftbench.releases import Release

CARRIED = {"trixie": ("3.13.5-2+deb13u5",), "forky": ("3.13.15-1",), "sid": ("3.13.18-1",)}
GONE = "3.13.18-1"


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An archive whose newest version cannot be fetched; returns the downloads."""
    downloads: list[str] = []

    def update(suite: Suite) -> None:
        if suite.name == "bookworm":
            raise AptError("no Release file")

    def versions(suite: Suite, package: str) -> tuple[str, ...]:
        return CARRIED.get(suite.name, ()) if package == "python3.13" else ()

    def download(_suite: Suite, package: str, version: str, folder: Path) -> Path:
        if version == GONE:
            raise AptError("404 Not Found")
        downloads.append(version)
        folder.mkdir(parents=True, exist_ok=True)
        return fake_sources(folder / f"{package}_{version}.orig.tar.xz")

    monkeypatch.setattr(debian, "has_apt", lambda: True)
    monkeypatch.setattr(Suite, "update", update)
    monkeypatch.setattr(Suite, "source_versions", versions)
    monkeypatch.setattr(Suite, "download_source", download)
    return downloads


def test_a_release_is_fetched_from_the_suite_that_has_it_and_only_once(
    archive: list[str],
) -> None:
    tarball = find_tarball(Spec.parse("3.13.15t"))
    assert (tarball.source.suite.name, tarball.source.release.name) == ("forky", "3.13.15")
    assert find_tarball(Spec.parse("3.13.15")) == tarball
    assert archive == ["3.13.15-1"]


def test_a_series_is_the_newest_release_that_can_be_fetched(archive: list[str]) -> None:
    assert find_tarball(Spec.parse("3.13")).source.release.name == "3.13.15"


@pytest.mark.parametrize("text", ["3.14", "3.13.7", "3.13.18"])
def test_not_found_names_every_suite_and_its_answer(archive: list[str], text: str) -> None:
    with pytest.raises(InterpreterError) as caught:
        find_tarball(Spec.parse(text))
    message = str(caught.value)
    assert all(suite in message for suite in SUITES)
    assert "no Release file" in message
    assert "FTBENCH_PYTHONS" in message
    assert ("404 Not Found" in message) is (text == "3.13.18")
    assert archive == []


def test_without_apt_the_error_says_what_else_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "has_apt", lambda: False)
    with pytest.raises(InterpreterError, match="no apt") as caught:
        find_tarball(Spec.parse("3.14t"))
    assert "uv" in caught.value.hint


@pytest.mark.parametrize(
    ("version", "release"),
    [
        ("3.13.5-2+deb13u5", "3.13.5"),
        ("3.15.0~rc1-1", "3.15.0rc1"),
        ("1:3.14.0~b2+ds-3", "3.14.0b2"),
        ("3.13.15", "3.13.15"),
        ("3.14-1", None),
        ("rubbish", None),
    ],
)
def test_debian_versions(version: str, release: str | None) -> None:
    assert upstream_release(version) == (Release.parse(release) if release else None)


@given(st.text())
def test_any_text_is_a_version_or_none(version: str) -> None:
    release = upstream_release(version)
    assert release is None or release.name in version.replace("~", "")


def test_a_tarball_without_cpython_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.orig.tar.xz"
    with tarfile.open(path, "w:xz"):
        pass
    suite = Suite(name="fake", folder=tmp_path)
    source = SourcePackage(
        release=Release.parse("3.13.5"), package="python3.13", version="3.13.5-1", suite=suite
    )
    with pytest.raises(InterpreterError, match=r"x\.orig\.tar\.xz"):
        Tarball(source=source, path=path).unpack(tmp_path / "out")
