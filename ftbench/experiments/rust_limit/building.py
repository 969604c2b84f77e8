"""Compiles the program: once per source, compiler and processor, under a lock, then one rename.

A folder under `native` of the cache is therefore always a whole program.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout
from rich.console import Console

from ftbench.errors import DeadlineError, FtbenchError
from ftbench.experiments.rust_limit.rustc import FLAGS, Rustc, find_rustc
from ftbench.experiments.rust_limit.source import Source, find_source
from ftbench.files import cache_folder
from ftbench.processes import run
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
    """Compile in a folder of its own and rename that; what a killed build left is cleared."""
    staging = cache_folder() / "staging"
    staging.mkdir(parents=True, exist_ok=True)
    for stale in staging.glob(f"native-{final.name}.*"):
        shutil.rmtree(stale, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"native-{final.name}.", dir=staging))
    try:
        command: list[str | Path] = [rustc.path, *FLAGS]
        command += ["-o", folder / _EXECUTABLE, source.main]
        with phase(console, f"{TITLE}: {rustc.title}"):
            try:
                done = run(command, environ=os.environ, deadline=_DEADLINE, folder=folder)
            except DeadlineError as error:
                raise _failed(str(error), "") from error
            if done.code != 0 or not (folder / _EXECUTABLE).is_file():
                raise _failed(f"{rustc.title} ended with {done.code}.", done.err)
        final.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(final, ignore_errors=True)  # a folder that somebody emptied
        folder.rename(final)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _failed(why: str, words: str) -> FtbenchError:
    return FtbenchError(
        f"{TITLE} cannot be compiled: {why}",
        story="\n".join(f"  {line}" for line in words.strip().splitlines()[-_STORY_LINES:]),
        hint="rustc needs a linker (on Debian: apt-get install gcc libc6-dev) and the standard "
        "library of its own target.",
    )
