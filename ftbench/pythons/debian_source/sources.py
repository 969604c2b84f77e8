"""Pure upstream sources of CPython out of Debian's source packages, unpacked and ready."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from filelock import FileLock

from ftbench.errors import InterpreterError, UsageError
from ftbench.files import cache_folder, folder_made
from ftbench.pythons.debian_source.apt import AptError, Suite, has_apt
from ftbench.pythons.interpreter import Spec
from ftbench.releases import Release

SUITES: Final = ("trixie", "forky", "sid", "bookworm")
"""Debian's suites that may carry a CPython >= 3.11; looked through in this order."""
_LOCK_DEADLINE: Final = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePackage:
    """An upstream release that a suite says it carries."""

    release: Release
    package: str
    version: str
    suite: Suite

    def record(self) -> dict[str, str]:
        """Return where the sources are from, as stands in a build's provenance."""
        return {"package": self.package, "version": self.version, "suite": self.suite.name}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tarball:
    """A release's sources on this machine."""

    source: SourcePackage
    path: Path

    @property
    def sha256(self) -> str:
        """The tarball's checksum in hex."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def unpack(self, folder: Path) -> Path:
        """Unpack into `folder` and return the folder that holds `configure`."""
        with tarfile.open(self.path) as archive:
            # Python 3.11 has filters from 3.11.4 on; what is unpacked has had its checksum taken.
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(folder)  # noqa: S202
        found = sorted(folder.glob("*/configure"))
        if not found:
            raise InterpreterError(f"{self.path.name} does not hold the sources of CPython.")
        return found[0].parent


def upstream_release(version: str) -> Release | None:
    """Return the release of a Debian version: `3.15.0~rc1-2` is 3.15.0rc1, None if it is none."""
    upstream = re.sub(r"^\d+:|-[^-]*$", "", version)
    upstream = re.sub(r"[+]d(fsg|s)[\d.]*$", "", upstream).replace("~", "")
    try:
        return Release.parse(upstream)
    except UsageError:
        return None


def find_tarball(spec: Spec) -> Tarball:
    """Return the newest sources that fit `spec`, fetched if need be; raises `InterpreterError`."""
    if not has_apt():
        raise InterpreterError(
            f"The sources of CPython {spec.series} cannot be fetched: there is no apt here.",
            hint="Install uv, or put the interpreter's folder into FTBENCH_PYTHONS.",
        )
    folder = cache_folder() / "apt"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock", timeout=_LOCK_DEADLINE):
        return _find_tarball(spec, folder)


def _find_tarball(spec: Spec, folder: Path) -> Tarball:
    answers: list[str] = []
    for source in _candidates(spec, folder, answers):
        try:
            return _download(source, folder / "sources")
        except AptError as error:
            answers.append(f"{source.suite.name}: {source.version} is not to be had ({error})")
    raise InterpreterError(
        f"No suite of Debian has the sources of CPython {spec.release or spec.series}.",
        story="\n".join(f"  {answer}" for answer in answers),
        hint="Name another release, install it yourself (uv, pyenv), or put the folder of an "
        "interpreter into FTBENCH_PYTHONS.",
    )


def _candidates(spec: Spec, folder: Path, answers: list[str]) -> Iterator[SourcePackage]:
    """Yield the sources that fit, newest first, and note what the other suites carry.

    A suite is only asked when no earlier one has exactly the release that was asked for.
    """
    found: list[SourcePackage] = []
    for name in SUITES:
        sources = _carried(Suite(name=name, folder=folder / name), spec.series, answers)
        fitting = [s for s in sources if spec.release in {None, s.release}]
        if spec.release is not None:
            yield from fitting
        found += fitting
    if spec.release is None:
        yield from sorted(found, key=lambda source: source.release, reverse=True)


def _carried(suite: Suite, series: str, answers: list[str]) -> list[SourcePackage]:
    package = f"python{series}"
    try:
        suite.update()
    except AptError as error:
        answers.append(f"{suite.name}: cannot be read ({error})")
        return []
    versions = suite.source_versions(package)
    answers.append(f"{suite.name}: {', '.join(versions) or 'no ' + package}")
    return [
        SourcePackage(release=release, package=package, version=version, suite=suite)
        for version in versions
        if (release := upstream_release(version)) is not None
    ]


def _download(source: SourcePackage, folder: Path) -> Tarball:
    """Download under a passing name, so that a tarball in its place is always a whole one."""
    final = folder / source.release.name
    if not final.is_dir():
        with folder_made(final) as partial:
            source.suite.download_source(source.package, source.version, partial)
    return Tarball(source=source, path=next(iter(sorted(final.glob("*.orig.tar.*z*")))))


# No tests, no pip; everything else as upstream has it by default.
_ALWAYS = ("--disable-test-modules", "--with-ensurepip=no")
_FREE_THREADED = ("--disable-gil",)
_OPTIMIZED = ("--enable-optimizations", "--with-lto")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that decides what a build from pure upstream sources comes out as."""

    release: Release
    free_threaded: bool
    optimized: bool
    compiler: str

    @property
    def configure(self) -> tuple[str, ...]:
        """Arguments for configure, without the prefix."""
        return (
            *_ALWAYS,
            *(_FREE_THREADED if self.free_threaded else ()),
            *(_OPTIMIZED if self.optimized else ()),
        )

    def record(self) -> dict[str, Any]:
        """Return the JSON-able recipe."""
        return {
            "release": self.release.name,
            "configure": list(self.configure),
            "compiler": self.compiler,
            "machine": platform.machine(),
            "libc": " ".join(platform.libc_ver()),
        }

    @property
    def title(self) -> str:
        """Release, threading and optimization, for people."""
        threading = "t" if self.free_threaded else ""
        return f"{self.release}{threading}{' with PGO and LTO' if self.optimized else ''}"

    @property
    def name(self) -> str:
        """The build's folder: readable, and another one for every other recipe."""
        text = json.dumps(self.record(), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:10]
        threading = "t" if self.free_threaded else ""
        optimized = "-optimized" if self.optimized else ""
        return f"{self.release}{threading}{optimized}-{digest}"
