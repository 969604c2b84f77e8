"""Finds every CPython on this machine and asks each one what it is."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from python_discovery import DiskCache, iter_interpreters

from ftbench.errors import FtbenchError, InterpreterError
from ftbench.files import builds_folder, cache_folder
from ftbench.probe.run.child import clean_environment
from ftbench.pythons.asking import Answers
from ftbench.pythons.interpreter import OLDEST, Interpreter, Origin, PythonBuild, preference

# The library warns of every Python 2 that it cannot query; our listing says it in its own words.
logging.getLogger("python_discovery").addHandler(logging.NullHandler())

_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """Something that looks like an interpreter and cannot be measured, with the reason."""

    executable: Path
    reason: str
    too_old: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Every interpreter on the machine, and what looks like one but cannot be measured."""

    interpreters: tuple[Interpreter, ...]
    too_old: tuple[Unusable, ...]
    broken: tuple[Unusable, ...]


def discover(environ: Mapping[str, str] | None = None) -> tuple[Interpreter, ...]:
    """Return the interpreters that can be measured, by release, threading, best build first.

    Searched: our own builds, pyenv and its like, FTBENCH_PYTHONS (executables, prefixes, folders
    of prefixes), PATH, uv's store, the registry of Windows.
    """
    return survey(environ).interpreters


def survey(environ: Mapping[str, str] | None = None) -> Survey:
    """Return what `discover` finds, and what is broken or too old."""
    environ = clean_environment(os.environ if environ is None else environ)
    answers = Answers(cache_folder(environ) / "interpreters.json")
    places = list(_distinct([*named_places(environ), *_library_places(environ)]))

    def examine(place: Candidate) -> Interpreter | Unusable | None:
        return _examine(place, answers, environ)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(examine, places))
    answers.save()
    empty = [
        Unusable(executable=path, reason="FTBENCH_PYTHONS names it, and no interpreter is there")
        for path in missing_entries(environ)
    ]
    unusable = [one for one in found if isinstance(one, Unusable)]
    return Survey(
        interpreters=_sorted(one for one in found if isinstance(one, Interpreter)),
        too_old=tuple(one for one in unusable if one.too_old),
        broken=(*(one for one in unusable if not one.too_old), *empty),
    )


def _library_places(environ: Mapping[str, str]) -> Iterator[Candidate]:
    """Yield what python-discovery finds: the running interpreter, PATH, uv, the registry."""
    cache = DiskCache(cache_folder(environ) / "python-discovery")
    try:
        for found in iter_interpreters("cpython", cache=cache, env=search_path(environ)):
            yield Candidate(executable=Path(found.system_exe), origin=Origin.PATH)
    except (OSError, RuntimeError) as error:  # what is found must not depend on what is broken
        logging.getLogger(__name__).warning("python-discovery gave up: %s", error)


def _distinct(places: list[Candidate]) -> Iterator[Candidate]:
    seen: set[tuple[int, int]] = set()
    for place in places:
        identity = file_identity(place.executable)
        if identity is not None and identity not in seen:
            seen.add(identity)
            yield place


def _examine(
    place: Candidate, answers: Answers, environ: Mapping[str, str]
) -> Interpreter | Unusable | None:
    """Ask the interpreter; None for what is no CPython of its own, such as a virtualenv."""
    try:
        record = answers.ask(place.executable, environ)
        if record["implementation"] != "CPython" or record["virtual"]:
            return None
        if tuple(map(int, str(record["version"]).split(".")[:2])) < OLDEST:
            return Unusable(
                executable=place.executable,
                reason=f"CPython {record['version']} is too old to be measured",
                too_old=True,
            )
        return _interpreter(place, record)
    except (FtbenchError, KeyError, TypeError, ValueError) as error:
        why = error.message if isinstance(error, FtbenchError) else f"it answers nonsense: {error}"
        return Unusable(executable=place.executable, reason=why)


def _interpreter(place: Candidate, record: Mapping[str, Any]) -> Interpreter:
    build = PythonBuild.from_record(record)
    if build.free_threaded is record["gil_enabled"]:
        raise InterpreterError(
            f"The GIL is {'on' if record['gil_enabled'] else 'off'} in a "
            f"{'free-threaded' if build.free_threaded else 'GIL'} build."
        )
    origin = place.origin
    if origin in {Origin.PATH, Origin.FOLDER}:
        origin = origin_of(Path(record["prefix"]), build.packager) or origin
    return Interpreter.of(place.executable, record, origin)


def _sorted(interpreters: Iterator[Interpreter]) -> tuple[Interpreter, ...]:
    """Sort, and drop the second of two executables of one installation."""
    distinct: dict[tuple[str, str, str], Interpreter] = {}
    for one in interpreters:
        key = (os.path.realpath(one.prefix), one.build.version, one.build.digest)
        distinct.setdefault(key, one)
    return tuple(
        sorted(
            distinct.values(),
            key=lambda one: (one.release, one.build.free_threaded, preference(one)),
        )
    )


_EXECUTABLE: Final = re.compile(r"python(3(\.\d+)?t?)?(\.exe)?", re.IGNORECASE)
_UV_FOLDER: Final = re.compile(r"cpython-3\.\d+.*-(linux|macos|windows)-.+")


# Tools that keep a prefix per version: the variable that names their root, its default, and where
# the versions lie in it.
_VERSION_MANAGERS: Final = (
    ("PYENV_ROOT", "~/.pyenv", "versions"),
    ("MISE_DATA_DIR", "~/.local/share/mise", "installs/python"),
    ("ASDF_DATA_DIR", "~/.asdf", "installs/python"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An executable worth asking, and where it was found."""

    executable: Path
    origin: Origin


def named_places(environ: Mapping[str, str]) -> Iterator[Candidate]:
    """Yield what lies in our own builds, in version managers, in FTBENCH_PYTHONS."""
    yield from _places(_subfolders(builds_folder(environ)), Origin.SOURCE)
    for variable, default, versions in _VERSION_MANAGERS:
        root = Path(environ.get(variable) or default).expanduser()
        yield from _places(_subfolders(root / versions), Origin.PYENV)
    for entry in _entries(environ):
        yield from _in_entry(entry)


def missing_entries(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the entries of FTBENCH_PYTHONS in which there is no interpreter at all."""
    return tuple(entry for entry in _entries(environ) if next(_in_entry(entry), None) is None)


def _entries(environ: Mapping[str, str]) -> list[Path]:
    entries = filter(None, environ.get("FTBENCH_PYTHONS", "").split(os.pathsep))
    return [Path(entry).expanduser().absolute() for entry in entries]


def search_path(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` with a PATH without shims, whose versions `named_places` yields.

    A shim takes a second to say that the current folder selects no version.
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


def _in_entry(path: Path) -> Iterator[Candidate]:
    """Yield the interpreters of an entry: an executable, a prefix, or a folder of prefixes."""
    if path.is_file():
        yield Candidate(executable=path, origin=Origin.FOLDER)
        return
    own = tuple(_executables(path))
    yield from (Candidate(executable=executable, origin=Origin.FOLDER) for executable in own)
    if not own:
        yield from _places(_subfolders(path), Origin.FOLDER)


def _places(prefixes: Iterable[Path], origin: Origin) -> Iterator[Candidate]:
    for prefix in prefixes:
        for executable in _executables(prefix):
            yield Candidate(executable=executable, origin=origin)


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:
        return []


def _executables(prefix: Path) -> Iterator[Path]:
    """Yield the files of a prefix that are named like interpreters, each once, `python3` first."""
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
