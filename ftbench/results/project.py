"""The project that a user is in, and its results: read once, then kept in the user's cache.

What is kept is of these files alone, each with its size and times, and of this very code: whatever
changes, the files are read again.  Of files that were written just now nothing is kept, for another
change in the same tick of the file system's clock could not be seen.
"""

from __future__ import annotations

import contextlib
import pickle
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from ftbench.errors import NothingError, ResultsError, UsageError
from ftbench.files import cache_folder, safe_name, written_whole
from ftbench.results.figure import ResultTree, uncollected

CONFIGURATION: Final = "asv.conf.json"
_RESULTS: Final = "results"
_PACKAGE: Final = Path(__file__).parents[1]
_SETTLED: Final = 2 * 10**9  # nanoseconds; the coarsest clocks of file systems tick so
_KEPT: Final = 4  # folders, those used last


def project_folder() -> Path:
    """Return the nearest folder, this one or above, that asv can run in; or `UsageError`."""
    start = Path.cwd()
    for folder in (start, *start.parents):
        if (folder / CONFIGURATION).is_file():
            return folder
    raise UsageError(
        f"There is no {CONFIGURATION} in {start} or above it.",
        hint="Call this in a clone of ftbench.",
    )


def results_folder() -> Path:
    """Return where the results lie of the project that the user is in; it need not exist."""
    return project_folder() / _RESULTS


def load_project() -> ResultTree:
    """Return the results of the project that the user is in; `NothingError` if there are none.

    `ResultsError` if none of them can be read.
    """
    folder = results_folder()
    with uncollected():
        tree = _kept(folder)
    if not tree.sources:
        raise (ResultsError if tree.warnings else NothingError)(
            f"There are no results in {folder}.",
            hint="ftbench bench measures this machine.",
            story="\n".join(f"not read: {warning}" for warning in tree.warnings),
        )
    return tree


def _kept(folder: Path) -> ResultTree:
    """Return what a folder holds, from the cache if that has it of these very files."""
    begun, key = time.time_ns(), None
    with contextlib.suppress(Exception):  # whatever it is: the files themselves have all of it
        key = _Key.of(folder)
        with key.place.open("rb") as file:
            if pickle.load(file) == key:  # noqa: S301 - ours, as the builds beside it, which we run
                key.place.touch()
                tree = pickle.load(file)  # noqa: S301
                if isinstance(tree, ResultTree):
                    return tree
    from ftbench.results.asvformat import read_results  # noqa: PLC0415 - with asv, slow to load

    tree = read_results(folder)
    if key and key.newest < begun - _SETTLED:
        with contextlib.suppress(OSError):
            key.place.parent.mkdir(parents=True, exist_ok=True)
            with written_whole(key.place) as beside, beside.open("wb") as file:
                pickle.dump(key, file)
                pickle.dump(tree, file)
            kept = sorted(key.place.parent.iterdir(), key=lambda each: each.stat().st_mtime_ns)
            for old in kept[:-_KEPT]:
                old.unlink()
    return tree


@dataclass(frozen=True, slots=True)
class _Key:
    """What a cached tree was made of: each file's path, inode, size and times, and our code's."""

    python: str
    files: tuple[tuple[str, int, int, int, int], ...]
    place: Path

    @classmethod
    def of(cls, folder: Path) -> Self:
        paths = (folder, *folder.glob("*"), *folder.glob("*/*"), *_PACKAGE.rglob("*.py"))
        found = sorted((f"{path}", path.stat()) for path in paths)
        return cls(
            python=sys.version,
            files=tuple(
                (name, each.st_ino, each.st_size, each.st_mtime_ns, each.st_ctime_ns)
                for name, each in found
            ),
            place=cache_folder() / "read" / f"{safe_name(f'{folder}')}.pickle",
        )

    @property
    def newest(self) -> int:
        """When the last of the files changed, in nanoseconds."""
        return max(max(changed, entered) for *_, changed, entered in self.files)
