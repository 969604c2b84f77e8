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

from ftbench.errors import DAMAGE, FtbenchError, InterpreterError
from ftbench.files import builds_folder, cache_folder, expanded
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
    """Every interpreter on the machine, and what looks like one but cannot be measured.

    Replicas, which stand for no release, are beside those that do.
    """

    interpreters: tuple[Interpreter, ...]
    too_old: tuple[Unusable, ...]
    broken: tuple[Unusable, ...]
    replicas: tuple[Interpreter, ...] = ()


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
    candidates: dict[tuple[int, int], list[tuple[Path, Origin]]] = {}
    for origin, paths in _by_origin(environ).items():
        for path in paths:
            if identity := _identity(path):
                candidates.setdefault(identity, []).append((path, origin))

    def examine(names: list[tuple[Path, Origin]]) -> Interpreter | Unusable | None:
        # Under another of its names the same file may have all that it lacks under the first.
        tried = (_examine(*name, answers, environ) for name in names)
        first = next(tried)
        if not isinstance(first, Unusable):
            return first
        return next((one for one in tried if not isinstance(one, Unusable)), first)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        examined = list(pool.map(examine, candidates.values()))
    answers.save()
    unusable = [one for one in examined if isinstance(one, Unusable)]
    unusable += [
        Unusable(executable=entry, reason="FTBENCH_PYTHONS names it, and no interpreter is there")
        for entry in _entries(environ)
        if not _in_entry(entry)
    ]
    every = _sorted(one for one in examined if isinstance(one, Interpreter))
    return Survey(
        interpreters=tuple(one for one in every if not one.build.replica),
        replicas=tuple(one for one in every if one.build.replica),
        too_old=tuple(one for one in unusable if one.too_old),
        broken=tuple(one for one in unusable if not one.too_old),
    )


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what is the same for a file's links, hard and soft; None where it is no file."""
    try:
        return (path.stat().st_dev, path.stat().st_ino) if path.is_file() else None
    except OSError:
        return None


def _examine(
    executable: Path, origin: Origin, answers: Answers, environ: Mapping[str, str]
) -> Interpreter | Unusable | None:
    """Ask the interpreter; None for what is no CPython of its own, such as a virtualenv."""
    try:
        record = answers.ask(executable, environ)
        if record["implementation"] != "CPython" or record["virtual"]:
            return None
        if tuple(map(int, str(record["version"]).split(".")[:2])) < OLDEST:
            return Unusable(
                executable=executable,
                reason=f"CPython {record['version']} is too old to be measured",
                too_old=True,
            )
        # What cannot be sorted must not come among those that can.
        (found,) = _sorted(iter((_interpreter(executable, origin, record),)))
    except (FtbenchError, *DAMAGE) as error:
        why = error.message if isinstance(error, FtbenchError) else f"it answers nonsense: {error}"
        return Unusable(executable=executable, reason=why)
    return found


_UV_FOLDER: Final = re.compile(r"cpython-3\.\d+.*-(linux|macos|windows)-.+")


def _interpreter(executable: Path, origin: Origin, record: Mapping[str, Any]) -> Interpreter:
    build = PythonBuild.from_record(record)
    if build.free_threaded is record["gil_enabled"]:
        raise InterpreterError(
            f"The GIL is {'on' if record['gil_enabled'] else 'off'} in a "
            f"{'free-threaded' if build.free_threaded else 'GIL'} build."
        )
    prefix = Path(record["prefix"])
    if origin in {Origin.PATH, Origin.FOLDER}:
        if any(_UV_FOLDER.fullmatch(part) for part in prefix.parts):
            origin = Origin.UV
        elif build.packager == "debian" and sys.platform == "linux" and prefix == Path("/usr"):
            origin = Origin.DEBIAN
    return Interpreter.of(executable, record, origin)


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


# Tools that keep a prefix per version: the variable that names their root, its default, and where
# the versions lie in it.
_VERSION_MANAGERS: Final = (
    ("PYENV_ROOT", "~/.pyenv", "versions"),
    ("MISE_DATA_DIR", "~/.local/share/mise", "installs/python"),
    ("ASDF_DATA_DIR", "~/.asdf", "installs/python"),
)


def _by_origin(environ: Mapping[str, str]) -> dict[Origin, Iterable[Path]]:
    """Return the executables worth asking; of one that is in several places the first counts."""
    roots = [
        expanded(environ.get(variable) or default) / versions
        for variable, default, versions in _VERSION_MANAGERS
    ]
    return {
        Origin.SOURCE: _below(builds_folder(environ)),
        Origin.PYENV: [path for root in roots for path in _below(root)],
        Origin.FOLDER: [path for entry in _entries(environ) for path in _in_entry(entry)],
        Origin.PATH: _by_library(environ),
    }


def _by_library(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield what python-discovery finds: the running interpreter, PATH, uv, the registry."""
    # A version manager's shim takes a second to say that the current folder selects no version.
    path = environ.get("PATH", "").split(os.pathsep)
    without_shims = os.pathsep.join(entry for entry in path if Path(entry).name != "shims")
    cache = DiskCache(cache_folder(environ) / "python-discovery")
    try:
        for found in iter_interpreters(
            "cpython", cache=cache, env={**environ, "PATH": without_shims}
        ):
            yield Path(found.system_exe)
    except (OSError, RuntimeError, ValueError) as error:
        # What is found must not depend on what is broken.
        logging.getLogger(__name__).warning("python-discovery gave up: %s", error)
        for folder in filter(None, without_shims.split(os.pathsep)):
            yield from _executables(Path(folder))


def _entries(environ: Mapping[str, str]) -> list[Path]:
    entries = filter(None, environ.get("FTBENCH_PYTHONS", "").split(os.pathsep))
    return [expanded(entry).absolute() for entry in entries]


def _in_entry(path: Path) -> list[Path]:
    """Return the interpreters of an entry: an executable, a prefix, or a folder of prefixes."""
    return [path] if path.is_file() else [*_executables(path), *_below(path)]


def _below(folder: Path) -> list[Path]:
    return [executable for prefix in _listed(folder) for executable in _executables(prefix)]


_EXECUTABLE: Final = re.compile(r"python(3(\.\d+)?t?)?(\.exe)?", re.IGNORECASE)


def _executables(prefix: Path) -> list[Path]:
    listed = [*_listed(prefix / "bin"), *_listed(prefix)]
    named = [path for path in listed if _EXECUTABLE.fullmatch(path.name) and _identity(path)]
    return sorted(named, key=lambda path: path.stem != "python3")


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
