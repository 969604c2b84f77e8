"""Debian's archive: packages of any suite by a private apt, and CPython's sources out of them.

Nothing is installed.  The archive's address and the way to it (proxies, certificates) come from the
machine's apt configuration; sources, lists and state are folders of ours, so the system's are never
touched and no root is needed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_string
from pathlib import Path
from typing import Final

from filelock import FileLock

from ftbench.errors import DeadlineError, InterpreterError, UsageError
from ftbench.files import cache_folder, folder_made
from ftbench.probe.run.child import clean_environment
from ftbench.processes import run
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
    targets = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    for address in _run(targets).split():
        if address.rstrip("/").endswith("/debian"):
            return address
    raise AptError(
        "This machine's apt is configured without a Debian archive.",
        hint="Sources come only from one; see /etc/apt/sources.list.d.",
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
        if os.geteuid() == 0:
            # Otherwise apt would drop to a user who may not write into our cache folder.
            settings["APT::Sandbox::User"] = "root"
        return "".join(f'{name} "{value}";\n' for name, value in settings.items())

    def apt(self, command: str, *arguments: str, folder: Path | None = None) -> str:
        """Return what an apt command prints; raises `AptError` with apt's own last words."""
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        return _run([command, f"-c={self.configuration}", *arguments], folder)

    def source_versions(self, package: str) -> tuple[str, ...]:
        """Return the versions of a source package, none if the suite does not carry it."""
        try:
            text = self.apt("apt-cache", "showsrc", "--only-source", package)
        except AptError:
            return ()
        paragraphs = map(message_from_string, text.split("\n\n"))
        return tuple(each["Version"] for each in paragraphs if each["Package"] == package)

    def download_source(self, package: str, version: str, folder: Path) -> None:
        """Fetch a source package, checked by apt; raises `AptError` without upstream's tarball."""
        arguments = ("source", "--download-only", "--only-source", f"{package}={version}")
        self.apt("apt-get", *arguments, folder=folder)
        if not _tarballs(folder):
            raise AptError(f"The source package {package} {version} has no upstream tarball.")


def _tarballs(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.orig.tar.?z"))


def _run(command: list[str], folder: Path | None = None) -> str:
    environ = clean_environment(os.environ, {"LC_ALL": "C.UTF-8"})
    try:
        done = run(command, environ=environ, deadline=_DEADLINE, folder=folder)
    except DeadlineError as error:
        raise AptError(str(error)) from error
    if done.code != 0:
        errors = [line[2:] for line in done.err.splitlines() if line.startswith("E:")]
        # Without the address that apt happened to reach.
        first = errors[0].partition("[IP:")[0] if errors else done.err
        raise AptError(" ".join(first.split()) or f"{command[0]} ended with {done.code}")
    return done.out


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tarball:
    """A release's sources on this machine."""

    source: SourcePackage
    path: Path

    def record(self) -> dict[str, str]:
        """Return where the sources are from, as stands in a build's provenance."""
        with self.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
        return {
            "package": self.source.package,
            "version": self.source.version,
            "suite": self.source.suite.name,
            "tarball": self.path.name,
            "sha256": digest.hexdigest(),
        }

    def unpack(self, folder: Path) -> Path:
        """Unpack into `folder` and return the folder that holds `configure`."""
        with tarfile.open(self.path) as archive:
            # Python 3.11 has filters from 3.11.4 on; what is unpacked has had its checksum taken.
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(folder)  # noqa: S202
        for configure in folder.glob("*/configure"):
            return configure.parent
        raise InterpreterError(f"{self.path.name} does not hold the sources of CPython.")


def upstream_release(version: str) -> Release | None:
    """Return the release of a Debian version: `3.15.0~rc1-2` is 3.15.0rc1, None if it is none."""
    upstream = re.sub(r"^\d+:|-[^-]*$", "", version)
    upstream = re.sub(r"[+]d(fsg|s)[\d.]*$", "", upstream).replace("~", "")
    try:
        return Release.parse(upstream)
    except UsageError:
        return None


@contextmanager
def archive() -> Iterator[Path]:
    """Yield the folder of our apt's files, which one process at a time may use."""
    folder = cache_folder() / "apt"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock", timeout=_LOCK_DEADLINE):
        yield folder


def find_tarball(spec: Spec) -> Tarball:
    """Return the newest sources that fit `spec`, fetched if need be; raises `InterpreterError`."""
    if not has_apt():
        raise InterpreterError(
            f"The sources of CPython {spec.series} cannot be fetched: there is no apt here.",
            hint="Install uv, or put the interpreter's folder into FTBENCH_PYTHONS.",
        )
    answers: list[str] = []
    with archive() as folder:
        for source in _candidates(spec, folder, answers):
            try:
                return _download(source, folder / "sources")
            except AptError as error:
                answers.append(f"{source.suite.name}: {source.version} is not available ({error})")
    raise InterpreterError(
        f"No suite of Debian has the sources of CPython {spec.release or spec.series}.",
        story="\n".join(f"  {answer}" for answer in answers),
        hint="Name another release, install it yourself (uv, pyenv), or put the folder of an "
        "interpreter into FTBENCH_PYTHONS.",
    )


def _candidates(spec: Spec, folder: Path, answers: list[str]) -> Iterator[SourcePackage]:
    """Yield the sources that fit, newest first; a suite is asked when no earlier one will do."""
    of_series: list[SourcePackage] = []
    for name in SUITES:
        sources = _carried(Suite(name=name, folder=folder / name), spec.series, answers)
        yield from (source for source in sources if source.release == spec.release)
        of_series += sources
    if spec.release is None:
        yield from sorted(of_series, key=lambda source: source.release, reverse=True)


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
    return Tarball(source=source, path=_tarballs(final)[0])
