"""Finds every CPython on this machine and asks each one what it is."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from python_discovery import DiskCache, iter_interpreters

from ftbench.errors import FtbenchError, InterpreterError
from ftbench.interpreters.answers import Answers
from ftbench.interpreters.folders import cache_folder
from ftbench.interpreters.interpreter import Interpreter, Origin, preference
from ftbench.interpreters.places import (
    Place,
    file_identity,
    missing_entries,
    named_places,
    origin_of,
    search_path,
)
from ftbench.interpreters.provenance import PythonBuild
from ftbench.interpreters.spec import OLDEST
from ftbench.probe.environ import clean_environment

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
    """Every interpreter on the machine; `broken` and `too_old` ones are only told of."""

    interpreters: tuple[Interpreter, ...]
    too_old: tuple[Unusable, ...]
    broken: tuple[Unusable, ...]


def discover(environ: Mapping[str, str] | None = None) -> tuple[Interpreter, ...]:
    """Return the interpreters that can be measured, by release, threading, best build first.

    Searched: our own builds, pyenv and its like, FTBENCH_PYTHONS (executables, prefixes, folders
    of prefixes), PATH, uv's store, the registry of Windows.  Never raises for what it finds.
    """
    return survey(environ).interpreters


def survey(environ: Mapping[str, str] | None = None) -> Survey:
    """Return what `discover` finds, and what is broken or too old."""
    environ = clean_environment(os.environ if environ is None else environ)
    answers = Answers(cache_folder(environ) / "interpreters.json")
    places = list(_distinct([*named_places(environ), *_library_places(environ)]))

    def examine(place: Place) -> Interpreter | Unusable | None:
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


def _library_places(environ: Mapping[str, str]) -> Iterator[Place]:
    """Yield what python-discovery finds: the running interpreter, PATH, uv, the registry."""
    cache = DiskCache(cache_folder(environ) / "python-discovery")
    try:
        for found in iter_interpreters("cpython", cache=cache, env=search_path(environ)):
            yield Place(executable=Path(found.system_exe), origin=Origin.PATH)
    except (OSError, RuntimeError) as error:  # what is found must not depend on what is broken
        logging.getLogger(__name__).warning("python-discovery gave up: %s", error)


def _distinct(places: list[Place]) -> Iterator[Place]:
    seen: set[tuple[int, int]] = set()
    for place in places:
        identity = file_identity(place.executable)
        if identity is not None and identity not in seen:
            seen.add(identity)
            yield place


def _examine(
    place: Place, answers: Answers, environ: Mapping[str, str]
) -> Interpreter | Unusable | None:
    """Ask the interpreter; None for what is no CPython of its own, such as a virtualenv."""
    try:
        record = answers.ask(place.executable, environ)
        if record["implementation"] != "CPython" or record["virtual"]:
            return None
        if _series(record) < OLDEST:
            return Unusable(
                executable=place.executable,
                reason=f"CPython {record['version']} is too old to be measured",
                too_old=True,
            )
        return _interpreter(place, record)
    except (FtbenchError, KeyError, TypeError, ValueError) as error:
        why = error.message if isinstance(error, FtbenchError) else f"it answers nonsense: {error}"
        return Unusable(executable=place.executable, reason=why)


def _series(record: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(int(part) for part in str(record["version"]).split(".")[:2])


def _interpreter(place: Place, record: Mapping[str, Any]) -> Interpreter:
    build = PythonBuild.from_record(record)
    if build.free_threaded is record["gil_enabled"]:
        raise InterpreterError(
            f"The GIL is {'on' if record['gil_enabled'] else 'off'} in a "
            f"{'free-threaded' if build.free_threaded else 'GIL'} build."
        )
    prefix = Path(record["prefix"])
    origin = place.origin
    if origin in {Origin.PATH, Origin.FOLDER}:
        known = origin_of(prefix, build.packager)
        origin = known or origin
    return Interpreter(executable=place.executable, prefix=prefix, build=build, origin=origin)


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
