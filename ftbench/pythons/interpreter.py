"""An interpreter on this machine, what a user calls it, and the choice between several."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

from ftbench.errors import UsageError
from ftbench.pythons.build import PythonBuild
from ftbench.releases import Release


class Origin(StrEnum):
    """Where an interpreter was found; says nothing of how it was built."""

    SOURCE = "source"
    UV = "uv"
    PYENV = "pyenv"
    FOLDER = "folder"
    DEBIAN = "debian"
    PATH = "path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """An executable, its installation's prefix, and which build of CPython it is."""

    executable: Path
    prefix: Path
    build: PythonBuild
    origin: Origin

    @property
    def release(self) -> Release:
        """The release of its build."""
        return self.build.release

    @property
    def name(self) -> str:
        """Release and threading as uv writes them: `3.14.2t`."""
        return f"{self.release}{'t' if self.build.free_threaded else ''}"

    def record(self) -> dict[str, Any]:
        """Return what `ftbench pythons --json` says of it."""
        return {
            "executable": str(self.executable),
            "prefix": str(self.prefix),
            "origin": str(self.origin),
            "flavour": self.build.flavour,
            "digest": self.build.digest,
            "build": self.build.record(),
        }


def preferred(
    interpreters: Iterable[Interpreter],
    release: Release,
    free_threaded: bool,  # noqa: FBT001 - preferred(found, release, free_threaded=True) reads well
) -> Interpreter | None:
    """Return the interpreter of `release` to measure, None if there is none.

    In this order: no debug or statistics build; PGO and LTO before one of them before none, as
    people run it; the JIT not on, as it is by default; then by flavour, digest and path, so that
    the choice is the same on every call.
    """
    fitting = [
        interpreter
        for interpreter in interpreters
        if interpreter.release == release and interpreter.build.free_threaded is free_threaded
    ]
    return min(fitting, key=preference, default=None)


def preference(interpreter: Interpreter) -> tuple[int | str, ...]:
    """Return the sort key of `preferred`: the smallest is the best."""
    build = interpreter.build
    return (
        build.debug or build.pystats,
        -(bool(build.pgo) + bool(build.lto)),
        build.jit == "on",
        build.flavour,
        build.digest,
        str(interpreter.executable),
    )


_SPEC: Final = re.compile(
    r"(?P<series>3\.\d{1,2})(?P<micro>\.\d{1,2}(?:(?:a|b|rc)\d{1,2})?)?"
    r"(?P<threading>t|\+gil|\+freethreaded)?",
    re.ASCII,
)
OLDEST: Final = (3, 11)
"""The oldest series that is measured: what the probe is written for."""
OLDEST_FREE_THREADED: Final = (3, 13)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A release, or the newest one of a series where `release` is None, with or without GIL."""

    series: str
    release: Release | None
    free_threaded: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a spec as a user writes it; raises `UsageError` for what cannot exist."""
        match = _SPEC.fullmatch(text.strip().removeprefix("v"))
        if match is None:
            raise _unreadable(text)
        series, micro = match["series"], match["micro"]
        spec = cls(
            series=series,
            release=Release.parse(series + micro) if micro else None,
            free_threaded=match["threading"] in {"t", "+freethreaded"},
        )
        spec._check_age(text)
        return spec

    @classmethod
    def of(cls, release: Release, *, free_threaded: bool) -> Self:
        """Return the spec of exactly this release."""
        return cls(series=release.series, release=release, free_threaded=free_threaded)

    def _check_age(self, text: str) -> None:
        minor = tuple(int(part) for part in self.series.split("."))
        oldest = OLDEST_FREE_THREADED if self.free_threaded else OLDEST
        if minor < oldest:
            kind = "free-threaded CPython" if self.free_threaded else "CPython that is measured"
            raise UsageError(
                f"{text!r} is too old.",
                hint=f"The oldest {kind} is {oldest[0]}.{oldest[1]}.",
            )

    @property
    def name(self) -> str:
        """The spec as uv and pyenv write it, `3.14t`."""
        return f"{self.release or self.series}{'t' if self.free_threaded else ''}"

    def matches(self, interpreter: Interpreter) -> bool:
        """Tell whether the interpreter is what was asked for."""
        build, release = interpreter.build, interpreter.release
        if build.free_threaded is not self.free_threaded or build.debug:
            return False
        return release == self.release if self.release else release.series == self.series

    def __str__(self) -> str:
        return self.name


def _unreadable(text: str) -> UsageError:
    return UsageError(
        f"{text!r} names no build of CPython.",
        hint="Write a series or a release, with 't' for the free-threaded build: "
        "3.14, 3.14t, 3.13.15, 3.15.0rc1t (or 3.14+gil, 3.14+freethreaded).",
    )
