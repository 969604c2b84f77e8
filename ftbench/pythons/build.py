"""A build of CPython as a value: its release, and everything that makes it another build."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from ftbench.errors import InterpreterError
from ftbench.releases import Release

# Not part of the digest: they name the release, which a series has many of.
_NAMES_THE_RELEASE: Final = frozenset({"implementation", "version", "revision"})
_COMPILERS: Final = (("clang", "clang"), ("gcc", "gcc"), ("msc", "msc"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonBuild:
    """What `ftbench/probe/instruments/build.py` says of an interpreter; no path is in it.

    `pgo` and `lto` are None where the build does not tell; `jit` is `none`, `off` or `on`.
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

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read a build record, ignoring what else is in it; raises `InterpreterError`."""
        names = [field.name for field in dataclasses.fields(cls)]
        missing = [name for name in names if name not in record]
        if missing:
            raise InterpreterError(
                f"This is no record of a build of CPython: {', '.join(missing)} is missing.",
                hint="It was written by another version of ftbench, or cut short.",
            )
        values = {name: record[name] for name in names}
        for name in ("configure_args", "code_flags"):
            values[name] = tuple(values[name])
        return cls(**values)

    def record(self) -> dict[str, Any]:
        """Return the JSON-able record that `from_record` reads."""
        lists = {name: list(getattr(self, name)) for name in ("configure_args", "code_flags")}
        return dataclasses.asdict(self) | lists

    @property
    def release(self) -> Release:
        """The release that this is a build of."""
        return Release.parse(self.version)

    @property
    def optimized(self) -> bool:
        """Whether it is known to have both PGO and LTO, as the builds that people use have."""
        return bool(self.pgo and self.lto)

    @property
    def flavour(self) -> str:
        """A readable label that two builds of a release share only if they are comparable.

        It is part of a series' identity, so it must not change from release to release while
        the packager's recipe stays what it is: packager, compiler, and the switches that move
        benchmarks.  What the person who ran configure added of their own stands at the end, as
        a short digest.  Holds [a-z0-9.-] only.
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
        return "-".join(
            [
                self.packager,
                _compiler_label(self.compiler),
                *(n for n, on in switches.items() if on),
            ]
        )

    def _own_switches(self) -> dict[str, bool]:
        # Only where nobody packaged it do the arguments tell builds of one release apart; a
        # packager's list grows from release to release without meaning another series.
        if self.packager != "source":
            return {}
        others = [arg for arg in self.configure_args if arg not in _HAVE_A_WORD]
        others += [
            flag for flag in self.code_flags if re.fullmatch(r"-O(?!3$).*|-m(arch|cpu)=.*", flag)
        ]
        return {
            "shared": "--enable-shared" in self.configure_args,
            f"x{_digest(others)[:6]}": bool(others),
        }

    @property
    def digest(self) -> str:
        """Twelve hex digits over everything that makes two builds of one release different."""
        return _digest({k: v for k, v in self.record().items() if k not in _NAMES_THE_RELEASE})[:12]


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
    for mark, label in _COMPILERS:
        if mark in lowered:
            number = re.search(r"\d+", lowered.partition(mark)[2])
            return label + (number.group() if number else "")
    return re.sub(r"[^a-z0-9]", "", lowered) or "unknown"
