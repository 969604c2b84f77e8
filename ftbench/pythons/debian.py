"""A private apt: another suite's packages from the machine's own mirror, nothing installed.

The archive's address and the way to it (proxies, certificates) come from the machine's apt
configuration; sources, lists and state are folders of ours, so the system's are never touched
and no root is needed.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from filelock import FileLock

from ftbench.errors import DeadlineError, InterpreterError, UsageError
from ftbench.files import cache_folder, folder_made
from ftbench.probe.run.child import clean_environment
from ftbench.processes import Finished, run
from ftbench.pythons.interpreter import Spec
from ftbench.releases import Release

_KEYRINGS: Final = tuple(
    Path("/usr/share/keyrings") / name
    for name in ("debian-archive-keyring.pgp", "debian-archive-keyring.gpg")
)
_DEADLINE: Final = 600.0
_FRESH: Final = 24 * 3600.0
"""Seconds for which a suite's lists are not fetched again."""


class AptError(InterpreterError):
    """Apt failed: no such suite, no such package, no network."""


def has_apt() -> bool:
    """Tell whether this machine has apt and dpkg."""
    return all(shutil.which(name) for name in ("apt-get", "apt-cache", "dpkg-deb"))


def mirror() -> str:
    """Return the address of the machine's Debian archive; raises `AptError` if it has none."""
    listing = _run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"])
    for address in listing.out.split():
        if address.rstrip("/").endswith("/debian"):
            return address
    raise AptError(
        "This machine's apt is configured without a Debian archive.",
        hint="Sources can only be had from one; see /etc/apt/sources.list.d.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One suite of the archive, as apt sees it through a configuration in `folder`."""

    name: str
    folder: Path

    @property
    def configuration(self) -> Path:
        """The file that every apt command of ours reads last, after the machine's own."""
        return self.folder / "apt.conf"

    def update(self) -> None:
        """Fetch the suite's lists if they are not from today; raises `AptError`."""
        stamp = self.folder / "updated"
        if stamp.exists() and 0 <= time.time() - stamp.stat().st_mtime < _FRESH:
            return
        self._configure(mirror())
        self.apt("apt-get", "update")
        stamp.touch()

    def _configure(self, address: str) -> None:
        for name in ("parts", "state", "lists/partial", "archives/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "state" / "status").touch()
        keyring = next((path for path in _KEYRINGS if path.exists()), None)
        source = [
            "Types: deb deb-src",
            f"URIs: {address}",
            f"Suites: {self.name}",
            "Components: main",
            *([f"Signed-By: {keyring}"] if keyring else []),
        ]
        (self.folder / "parts" / "suite.sources").write_text("\n".join([*source, ""]))
        self.configuration.write_text(self._settings())

    def _settings(self) -> str:
        settings = {
            "Dir::Etc::SourceList": "/dev/null",
            "Dir::Etc::SourceParts": self.folder / "parts",
            "Dir::State": self.folder / "state",
            "Dir::State::status": self.folder / "state" / "status",
            "Dir::State::Lists": self.folder / "lists",
            "Dir::Cache": self.folder / "archives",
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
        }
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            # Otherwise apt would drop to a user who may not write into our cache folder.
            settings["APT::Sandbox::User"] = "root"
        return "".join(f'{name} "{value}";\n' for name, value in settings.items())

    def apt(self, command: str, *arguments: str, folder: Path | None = None) -> str:
        """Return what an apt command prints; raises `AptError` with apt's own last words."""
        return _run([command, f"-c={self.configuration}", *arguments], folder).out

    def source_versions(self, package: str) -> tuple[str, ...]:
        """Return the versions of a source package, none if the suite does not carry it."""
        try:
            text = self.apt("apt-cache", "showsrc", "--only-source", package)
        except AptError:
            return ()
        return tuple(
            version
            for paragraph in text.split("\n\n")
            if (fields := _fields(paragraph)).get("Package") == package
            and (version := fields.get("Version"))
        )

    def download_source(self, package: str, version: str, folder: Path) -> Path:
        """Fetch a source package, checked by apt, and return its upstream tarball."""
        folder.mkdir(parents=True, exist_ok=True)
        arguments = ("source", "--download-only", "--only-source", f"{package}={version}")
        self.apt("apt-get", *arguments, folder=folder)
        tarballs = sorted(folder.glob(f"{package}_*.orig.tar.*z*"))
        tarballs = [path for path in tarballs if path.suffix in {".xz", ".gz", ".bz2"}]
        if not tarballs:
            raise AptError(f"The source package {package} {version} has no upstream tarball.")
        return tarballs[0]

    def download_binaries(self, packages: tuple[str, ...], folder: Path) -> tuple[Path, ...]:
        """Fetch binary packages without installing them; return the files."""
        folder.mkdir(parents=True, exist_ok=True)
        self.apt("apt-get", "download", *packages, folder=folder)
        return tuple(sorted(folder.glob("*.deb")))


def _fields(paragraph: str) -> dict[str, str]:
    pairs = (line.split(":", 1) for line in paragraph.splitlines() if line[:1].isalpha())
    return {pair[0]: pair[1].strip() for pair in pairs if len(pair) == 2}  # noqa: PLR2004


def _run(command: list[str], folder: Path | None = None) -> Finished:
    environ = clean_environment(os.environ, {"LC_ALL": "C.UTF-8"})
    try:
        done = run(command, environ=environ, deadline=_DEADLINE, folder=folder)
    except DeadlineError as error:
        raise AptError(str(error)) from error
    if done.code != 0:
        raise AptError(_first_error(done.err) or f"{command[0]} ended with {done.code}")
    return done


def _first_error(text: str) -> str:
    """Return apt's first error, without the address that it happened to reach."""
    errors = [line[2:].strip() for line in text.splitlines() if line.startswith("E:")]
    return " ".join(errors[0].partition("[IP:")[0].split()) if errors else text.strip()


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
