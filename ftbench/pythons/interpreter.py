"""An interpreter on this machine, and the choice between several of one release."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

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
