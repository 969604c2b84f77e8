"""What a user asks for: `3.14t`, `3.13.15`, `3.14+freethreaded`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from ftbench.errors import UsageError
from ftbench.pythons.interpreter import Interpreter
from ftbench.releases import Release

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
