"""A build of CPython, an interpreter of this machine, and the choice between several."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

import msgspec

from ftbench.errors import InterpreterError, UsageError
from ftbench.facts.arms import JIT_SINCE, Arm
from ftbench.probe.instruments.build import REPLICA, USUAL, choices
from ftbench.releases import Named, Release

# Not part of the digest: they name the release, which a series has many of.
_NAMES_THE_RELEASE: Final = frozenset({"implementation", "version", "revision"})
_COMPILERS: Final = ("clang", "gcc", "msc")


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonBuild:
    """What `ftbench/probe/instruments/build.py` says of an interpreter; no path is in it.

    `pgo`, `lto` and those that have a default are None where the build does not tell; `jit` is
    `none`, `off` or `on`.
    """

    implementation: str
    version: str
    packager: str
    free_threaded: bool
    debug: bool
    pgo: bool | None
    lto: bool | None
    jit: str
    tail_call: bool
    pystats: bool
    compiler: str
    configure_args: tuple[str, ...]
    code_flags: tuple[str, ...]
    libc: str
    platform: str
    revision: str
    optimization: str | None = None
    march: str | None = None
    allocator: str | None = None
    shared: bool | None = None
    assertions: bool | None = None

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read a build record, ignoring what else is in it; raises `InterpreterError`."""
        try:
            return msgspec.convert(record, cls)
        except msgspec.ValidationError as error:
            raise InterpreterError(
                f"This is no record of a build of CPython: {error}.",
                hint="It was written by another version of ftbench, or cut short.",
            ) from error

    def record(self) -> dict[str, Any]:
        """Return the JSON-able record that `from_record` reads."""
        lists = {name: list(getattr(self, name)) for name in ("configure_args", "code_flags")}
        return asdict(self) | lists

    @property
    def release(self) -> Release:
        return Release.parse(self.version)

    @property
    def optimized(self) -> bool:
        """Whether it is known to have both PGO and LTO, as the builds that people use have."""
        return bool(self.pgo and self.lto)

    @property
    def replica(self) -> bool:
        """Whether it is of the same source, made alike, with its code in another layout."""
        return any(flag.startswith(REPLICA) for flag in self.code_flags)

    @property
    def flavour(self) -> str:
        """A readable label ([a-z0-9.-]) that builds of a release share only if they are comparable.

        It stays the same from release to release with the packager's recipe, as a series must.
        """
        switches = {
            "debug": self.debug,
            "pgo": self.pgo,
            "lto": self.lto,
            "jit": self.jit == "on",
            "jitoff": self.jit == "off",
            "tailcall": self.tail_call,
            "pystats": self.pystats,
            **self._own_switches(),
        }
        words = [name for name, on in switches.items() if on]
        return "-".join([self.packager, _compiler_label(self.compiler), *words])

    @property
    def unusual(self) -> dict[str, Any]:
        """What its builder chose otherwise than usual, by the names of `choices`."""
        return {
            name: chosen
            for name, chosen in choices(asdict(self)).items()
            if chosen not in (None, USUAL[name])
        }

    def _own_switches(self) -> dict[str, bool]:
        chosen = self.unusual
        words = [
            _WORDS.get(name, "{}").format(re.sub(r"[^a-z0-9]", "", str(value).lower()))
            for name, value in chosen.items()
            if self.packager != "source" or name not in _IN_ARGUMENTS
        ]
        # Only where nobody packaged it do the arguments tell builds of one release apart; a
        # packager's list grows from release to release without meaning another series.
        others = [
            *(arg for arg in self.configure_args if arg not in _HAVE_A_WORD),
            *(f for f in self.code_flags if re.fullmatch(r"-O(?!3$).*|-m(arch|cpu)=.*", f)),
        ]
        own = bool(others) and self.packager == "source"
        return {**dict.fromkeys(words, True), f"x{_digest(others)[:6]}": own}

    @property
    def digest(self) -> str:
        """Twelve hex digits over everything that makes two builds of one release different."""
        # Of the choices what is unusual, so that a record from before they were told has the same.
        told = {
            k: v for k, v in self.record().items() if k not in _NAMES_THE_RELEASE | USUAL.keys()
        }
        return _digest(told | self.unusual)[:12]


# How choices are called in a flavour that are not called what they are.
_WORDS: Final = {"optimization": "o{}", "shared": "shared", "assertions": "assertions"}
# Those that a source build's arguments and flags tell, which its flavour has a digest of.
_IN_ARGUMENTS: Final = frozenset({"optimization", "march", "allocator", "assertions"})
# Arguments that stand in the flavour as words of their own.
_HAVE_A_WORD: Final = frozenset(
    {
        "--enable-shared",
        "--with-pydebug",
        "--enable-pystats",
        "--with-tail-call-interp",
        "--enable-experimental-jit",
        "--enable-experimental-jit=yes",
        "--enable-experimental-jit=yes-off",
    }
)


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _compiler_label(compiler: str) -> str:
    """Return the compiler and its major version: `GCC 12.2.0` is `gcc12`."""
    lowered = compiler.lower()
    for label in _COMPILERS:
        if label in lowered:
            number = re.search(r"\d+", lowered.partition(label)[2])
            return label + (number.group() if number else "")
    return re.sub(r"[^a-z0-9]", "", lowered) or "unknown"


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

    @classmethod
    def of(cls, executable: Path, record: Mapping[str, Any], origin: Origin) -> Self:
        """Return the interpreter that a build record is of; raises `InterpreterError`."""
        build = PythonBuild.from_record(record)
        return cls(executable=executable, prefix=Path(record["prefix"]), build=build, origin=origin)

    @property
    def release(self) -> Release:
        return self.build.release

    @property
    def name(self) -> str:
        """Release and threading as uv writes them: `3.14.2t`."""
        return f"{self.release}{'t' if self.build.free_threaded else ''}"

    def serves(self, arm: Arm) -> bool:
        """Tell whether it is an arm's build, and has the JIT that it asks for."""
        series = self.release.major, self.release.minor
        lacks = arm.jit and (self.build.jit == "none" or series < JIT_SINCE)
        return self.build.free_threaded is arm.free_threaded and not lacks

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

    By `preference`: the build that people run, and the same choice on every call.
    """
    fitting = [
        interpreter
        for interpreter in interpreters
        if interpreter.release == release and interpreter.build.free_threaded is free_threaded
    ]
    return min(fitting, key=preference, default=None)


def preference(interpreter: Interpreter) -> tuple[int | str, ...]:
    """Return the sort key of `preferred`: the smallest is the best.

    No debug build before one, PGO and LTO before one of them before none, the JIT off before on
    (its default), what is built as usual before fewer and more unusual `choices`; then by the
    names of flavours, and of builds that share even that, by where they were found and the path.
    """
    build = interpreter.build
    return (
        build.debug or build.pystats,
        -(bool(build.pgo) + bool(build.lto)),
        build.jit == "on",
        len(build.unusual),
        build.flavour,
        list(Origin).index(interpreter.origin),
        str(interpreter.executable),
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

    def __post_init__(self) -> None:
        minor = tuple(int(part) for part in self.series.split("."))
        oldest = OLDEST_FREE_THREADED if self.free_threaded else OLDEST
        if minor < oldest:
            kind = "free-threaded CPython" if self.free_threaded else "CPython that is measured"
            raise UsageError(
                f"{str(self)!r} is too old.",
                hint=f"The oldest {kind} is {oldest[0]}.{oldest[1]}.",
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a spec as a user writes it; raises `UsageError` for what cannot exist."""
        named = Named.parse(text)
        return cls(
            series=named.series,
            release=named.release,
            free_threaded=named.free_threaded is True,
        )

    @classmethod
    def both(cls, release: Release) -> tuple[Self, Self]:
        """Return the specs of exactly this release, with and without GIL."""
        gil, free_threaded = (
            cls(series=release.series, release=release, free_threaded=free_threaded)
            for free_threaded in (False, True)
        )
        return gil, free_threaded

    def __str__(self) -> str:
        return f"{self.release or self.series}{'t' if self.free_threaded else ''}"

    def matches(self, interpreter: Interpreter) -> bool:
        build, release = interpreter.build, interpreter.release
        if build.free_threaded is not self.free_threaded or build.debug:
            return False
        return release == self.release if self.release else release.series == self.series
