"""The places that are searched for interpreters besides what the library searches itself."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ftbench.interpreters.folders import builds_folder
from ftbench.interpreters.interpreter import Origin

_EXECUTABLE: Final = re.compile(r"python(3(\.\d+)?t?)?(\.exe)?", re.IGNORECASE)
_UV_FOLDER: Final = re.compile(r"cpython-3\.\d+.*-(linux|macos|windows)-.+")


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionManager:
    """A tool that keeps one prefix per version: how its root is named, where its versions lie."""

    variable: str
    root: str
    versions: str


VERSION_MANAGERS: Final = (
    VersionManager(variable="PYENV_ROOT", root="~/.pyenv", versions="versions"),
    VersionManager(
        variable="MISE_DATA_DIR", root="~/.local/share/mise", versions="installs/python"
    ),
    VersionManager(variable="ASDF_DATA_DIR", root="~/.asdf", versions="installs/python"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An executable worth asking, and where it was found."""

    executable: Path
    origin: Origin


def named_places(environ: Mapping[str, str]) -> Iterator[Place]:
    """Yield what lies in our own builds, in version managers, in FTBENCH_PYTHONS."""
    yield from _places(_subfolders(builds_folder(environ)), Origin.SOURCE)
    for manager in VERSION_MANAGERS:
        root = Path(environ.get(manager.variable) or manager.root).expanduser()
        yield from _places(_subfolders(root / manager.versions), Origin.PYENV)
    for entry in filter(None, environ.get("FTBENCH_PYTHONS", "").split(os.pathsep)):
        yield from _in_entry(Path(entry).expanduser().absolute())


def missing_entries(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the entries of FTBENCH_PYTHONS in which there is no interpreter at all."""
    entries = filter(None, environ.get("FTBENCH_PYTHONS", "").split(os.pathsep))
    paths = (Path(entry).expanduser().absolute() for entry in entries)
    return tuple(path for path in paths if next(_in_entry(path), None) is None)


def search_path(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` with a PATH without version managers' shims.

    A shim runs whichever version the current folder selects, and takes a second to say that
    there is none; what it could lead to was found in `named_places`.
    """
    entries = environ.get("PATH", "").split(os.pathsep)
    kept = [entry for entry in entries if Path(entry).name != "shims"]
    return {**environ, "PATH": os.pathsep.join(kept)}


def origin_of(prefix: Path, packager: str) -> Origin | None:
    """Return where an installation came from as far as its place tells, None if it does not."""
    if any(_UV_FOLDER.fullmatch(part) for part in prefix.parts):
        return Origin.UV
    if packager == "debian" and sys.platform == "linux" and prefix == Path("/usr"):
        return Origin.DEBIAN
    return None


def _in_entry(path: Path) -> Iterator[Place]:
    """Yield the interpreters of an entry: an executable, a prefix, or a folder of prefixes."""
    if path.is_file():
        yield Place(executable=path, origin=Origin.FOLDER)
        return
    own = tuple(_executables(path))
    yield from (Place(executable=executable, origin=Origin.FOLDER) for executable in own)
    if not own:
        yield from _places(_subfolders(path), Origin.FOLDER)


def _places(prefixes: Iterable[Path], origin: Origin) -> Iterator[Place]:
    for prefix in prefixes:
        for executable in _executables(prefix):
            yield Place(executable=executable, origin=origin)


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:
        return []


def _executables(prefix: Path) -> Iterator[Path]:
    """Yield the files of a prefix that are named like interpreters, each file once.

    `python3` comes first, so that it is the name that is shown.
    """
    seen: set[tuple[int, int]] = set()
    for folder in (prefix / "bin", prefix):
        try:
            names = [path for path in folder.iterdir() if _EXECUTABLE.fullmatch(path.name)]
        except OSError:
            continue
        for path in sorted(names, key=lambda path: (path.stem != "python3", path.name)):
            identity = file_identity(path)
            if identity is not None and identity not in seen:
                seen.add(identity)
                yield path


def file_identity(path: Path) -> tuple[int, int] | None:
    """Return what is the same for a file's links, hard and soft; None where it is no file."""
    try:
        return (path.stat().st_dev, path.stat().st_ino) if path.is_file() else None
    except OSError:
        return None
