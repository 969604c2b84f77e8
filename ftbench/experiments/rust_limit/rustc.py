"""Finds rustc, and asks it what it is and for which processor it would compile here."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ftbench.errors import DeadlineError, NotAvailableError, UsageError
from ftbench.processes import Finished, run

VARIABLE: Final = "FTBENCH_RUSTC"
FLAGS: Final = ("--edition=2021", "-Copt-level=3", "-Ctarget-cpu=native")
"""As in the article, and the edition that Debian's rustc of 2022 knows too."""

_DEADLINE: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rustc:
    """A compiler: its release, its whole name, its LLVM, the target it compiles for.

    `features` is a digest of what `target-cpu=native` means on this machine; it and the path are
    no part of a program's provenance.
    """

    path: Path = field(repr=False)
    release: str
    title: str
    llvm: str
    target: str
    features: str


def find_rustc(environ: Mapping[str, str] | None = None) -> Rustc:
    """Return the compiler that `FTBENCH_RUSTC` names, else that of PATH, else cargo's.

    Raises `NotAvailableError` where there is none or it does not run, `UsageError` where the
    variable names no file.
    """
    environ = os.environ if environ is None else environ
    path = _path(environ)
    words = _ask(path, ["-vV"], environ)
    title, _, rest = words.partition("\n")
    facts = dict(line.split(": ", 1) for line in rest.splitlines() if ": " in line)
    if not title.startswith("rustc ") or not {"release", "host"} <= facts.keys():
        raise NotAvailableError(f"not available: {path} is no rustc", story=words)
    return Rustc(
        path=path,
        release=facts["release"],
        title=title,
        llvm=facts.get("LLVM version", "unknown"),
        target=facts["host"],
        features=_digest(_ask(path, [*FLAGS, "--print", "cfg"], environ)),
    )


def _path(environ: Mapping[str, str]) -> Path:
    if named := environ.get(VARIABLE):
        if not Path(named).is_file():
            raise UsageError(f"{VARIABLE} is {named!r}, which is no file.")
        return Path(named).absolute()
    if found := shutil.which("rustc", path=environ.get("PATH", "")):
        return Path(found).absolute()
    cargo = Path(environ.get("CARGO_HOME") or Path.home() / ".cargo") / "bin"
    if found := shutil.which("rustc", path=cargo):
        return Path(found).absolute()
    raise NotAvailableError(
        "not available: no rustc",
        hint="Install Rust (on Debian: apt-get install rustc; elsewhere: rustup), or name the "
        f"compiler in {VARIABLE}.",
    )


def _ask(path: Path, words: list[str], environ: Mapping[str, str]) -> str:
    try:
        done = run([path, *words], environ=environ, deadline=_DEADLINE, folder=path.parent)
    except (OSError, DeadlineError) as error:
        done = Finished(code=-1, out="", err=str(error))
    if done.code != 0:
        # rustup's rustc is there before any toolchain is.
        raise NotAvailableError(
            f"not available: {path} does not run",
            story=done.err,
            hint=f"Name another compiler in {VARIABLE}.",
        )
    return done.out


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
