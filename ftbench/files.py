"""Files: where ftbench keeps what it may lose, and how it writes what nobody may see half of."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import platformdirs

from ftbench.errors import UsageError


def cache_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return FTBENCH_CACHE, else the user's cache folder of ftbench; it need not exist."""
    named = (os.environ if environ is None else environ).get("FTBENCH_CACHE")
    if named:
        return Path(named).absolute()
    try:
        return _at_home(platformdirs.user_cache_path)
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no cache folder, for {error}.",
            hint="Set FTBENCH_CACHE to a folder of yours.",
        ) from error


def data_folder() -> Path:
    """Return what a user keeps for ftbench; it need not exist.  Raises `OSError` without a home."""
    return _at_home(platformdirs.user_data_path)


def _at_home(of_user: Callable[[str], Path]) -> Path:
    with contextlib.suppress(RuntimeError):
        folder = of_user("ftbench")
        if folder.is_absolute():  # older ones leave the ~ that they cannot expand
            return folder
    raise FileNotFoundError("this user has no home folder")


def expanded(path: str) -> Path:
    """Return a path with ~ as the home folder; as it is, which nothing has, where there is none."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def builds_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder whose every folder is a finished, checked build of CPython."""
    return cache_folder(environ) / "builds"


# Forty times what the largest of our result files weighs.
_MOST_BYTES: Final = 16 * 2**20


def refuse_endless(path: Path) -> None:
    """Raise `OSError` for what cannot be read in bounded time and memory, a pipe or a huge file."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(f"{path.name} is no file, but a folder, a device or a pipe")
    if found.st_size > _MOST_BYTES:
        raise OSError(f"{path.name} is larger than {_MOST_BYTES // 2**20} MiB")


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield where to write a file; it takes the place of `path` once the body has succeeded.

    Whatever fails, `path` is what it was, and nothing is left beside it.  Raises `OSError`.
    """
    # Of one process: several may write the same file, and the last one's is kept, whole.
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        yield beside
        beside.replace(path)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def write_whole(path: Path, text: str) -> None:
    """Write a text file whole or not at all; raises `OSError` if it cannot be written."""
    with written_whole(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


@contextlib.contextmanager
def folder_made(path: Path) -> Iterator[Path]:
    """Yield a new folder to fill; it takes the place of `path` once the body has succeeded.

    One call at a time: what a killed one left half made is cleared.
    """
    beside = path.with_name(f"{path.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        yield beside
        shutil.rmtree(path, ignore_errors=True)
        beside.rename(path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


_UNSAFE: Final = re.compile(r"[^a-z0-9._]+")
_LONGEST: Final = 80


def safe_name(*parts: str) -> str:
    """Return a file's name that is stable, safe on every system, and not that of other parts."""
    safe = [_UNSAFE.sub("-", part.lower()).strip("-._") for part in parts]
    name = "_".join(filter(None, safe))
    plain = len(parts) == 1 or not any("_" in part for part in parts)
    if plain and all(parts) and safe == list(parts) and len(name) <= _LONGEST:
        return name
    # The repr, for it is of plain characters whatever the parts are.
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()[:8]
    return f"{name[:_LONGEST]}-{digest}".lstrip("-")
