"""Finds the source and the compiler, and compiles: once per source, compiler and processor.

Under a lock, and moved into place by one rename: a folder under `native` of the cache is always
a whole program.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout
from rich.console import Console

from ftbench.errors import DeadlineError, FtbenchError, NotAvailableError, UsageError
from ftbench.files import cache_folder, folder_made
from ftbench.processes import Finished, run
from ftbench.progress import phase

TITLE: Final = "the native limit"
_EXECUTABLE: Final = "shared_set.exe" if sys.platform == "win32" else "shared_set"
_DEADLINE: Final = 600.0
_STORY_LINES: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that is there, and what it was built with and from."""

    path: Path = field(repr=False)
    rustc: Rustc
    digest: str

    def record(self) -> dict[str, Any]:
        """Return its provenance, without any path: a measurement's `build`."""
        return {
            "implementation": "Rust",
            "version": self.rustc.release,
            "compiler": self.rustc.title,
            "llvm": self.rustc.llvm,
            "target": self.rustc.target,
            "flags": list(FLAGS),
            "source": self.digest,
        }


def build(console: Console) -> Program:
    """Compile the program if need be, and return it.

    Waits for another process that is compiling the same.  Raises `NotAvailableError` without
    rustc, `FtbenchError` with the compiler's words if it fails.
    """
    rustc, source = find_rustc(), find_source()
    key = _key(rustc, source)
    final = cache_folder() / "native" / key
    program = Program(path=final / _EXECUTABLE, rustc=rustc, digest=source.digest)
    if not program.path.is_file():
        with _locked(key, console):
            if not program.path.is_file():
                _compile(rustc, source, final, console)
    return program


def _key(rustc: Rustc, source: Source) -> str:
    facts = (source.digest, rustc.title, rustc.target, rustc.features, *FLAGS)
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


@contextmanager
def _locked(key: str, console: Console) -> Iterator[None]:
    folder = cache_folder() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"native-{key}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        with phase(console, f"{TITLE}: another ftbench compiles it, wait"):
            lock.acquire(timeout=_DEADLINE)
    try:
        yield
    finally:
        lock.release()


def _compile(rustc: Rustc, source: Source, final: Path, console: Console) -> None:
    with folder_made(final) as folder:
        command: list[str | Path] = [rustc.path, *FLAGS]
        command += ["-o", folder / _EXECUTABLE, source.main]
        with phase(console, f"{TITLE}: {rustc.title}"):
            try:
                done = run(command, environ=os.environ, deadline=_DEADLINE, folder=folder)
            except DeadlineError as error:
                raise _failed(str(error), "") from error
            if done.code != 0 or not (folder / _EXECUTABLE).is_file():
                raise _failed(f"{rustc.title} ended with {done.code}.", done.err)


def _failed(why: str, words: str) -> FtbenchError:
    return FtbenchError(
        f"{TITLE} cannot be compiled: {why}",
        story="\n".join(f"  {line}" for line in words.strip().splitlines()[-_STORY_LINES:]),
        hint="rustc needs a linker (on Debian: apt-get install gcc libc6-dev) and the standard "
        "library of its own target.",
    )


VARIABLE: Final = "FTBENCH_RUSTC"
FLAGS: Final = ("--edition=2021", "-Copt-level=3", "-Ctarget-cpu=native")
"""As in the article, and the edition that Debian's rustc of 2022 knows too."""

_ASK_DEADLINE: Final = 60.0


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
    if path := shutil.which("rustc", path=environ.get("PATH", "")):
        return Path(path).absolute()
    cargo = Path(environ.get("CARGO_HOME") or Path.home() / ".cargo") / "bin"
    if path := shutil.which("rustc", path=cargo):
        return Path(path).absolute()
    raise NotAvailableError(
        "not available: no rustc",
        hint="Install Rust (on Debian: apt-get install rustc; elsewhere: rustup), or name the "
        f"compiler in {VARIABLE}.",
    )


def _ask(path: Path, words: list[str], environ: Mapping[str, str]) -> str:
    try:
        done = run([path, *words], environ=environ, deadline=_ASK_DEADLINE, folder=path.parent)
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


MAIN: Final = "shared_set.rs"
_PACKAGED: Final = Path(__file__).resolve().parent / "source"
_CHECKOUT: Final = Path(__file__).resolve().parents[3] / "native"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The folder of the program's modules."""

    folder: Path

    @property
    def main(self) -> Path:
        """The file that rustc is given; it names the others."""
        return self.folder / MAIN

    @property
    def digest(self) -> str:
        """The SHA-256 of all modules, names and contents, in hex."""
        digest = hashlib.sha256()
        for path in sorted(self.folder.glob("*.rs")):
            content = path.read_bytes()
            digest.update(f"{path.name} {len(content)}\n".encode() + content)
        return digest.hexdigest()


def find_source() -> Source:
    """Return the source; raises `NotAvailableError` for an installation without it."""
    for folder in (_PACKAGED, _CHECKOUT):
        if (folder / MAIN).is_file():
            return Source(folder=folder)
    raise NotAvailableError(
        "not available: this installation of ftbench has no Rust source",
        hint="Install ftbench from a checkout or from a wheel that was built from one.",
    )
