"""A private apt: another suite's packages from the machine's own mirror, nothing installed.

The archive's address and the way to it (proxies, certificates) come from the machine's apt
configuration; sources, lists and state are folders of ours, so the system's are never touched
and no root is needed.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ftbench.errors import DeadlineError, InterpreterError
from ftbench.probe.run.child import clean_environment
from ftbench.processes import Finished, run

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
