"""A project's results: the folder that asv runs in, and what lies in its `results/`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ftbench.errors import ResultsError, UsageError
from ftbench.results import ResultTree, read_results

CONFIGURATION: Final = "asv.conf.json"


def project_folder(start: Path) -> Path:
    """Return the nearest folder, `start` or above, that asv can run in."""
    for folder in (start, *start.parents):
        if (folder / CONFIGURATION).is_file():
            return folder
    raise UsageError(
        f"There is no {CONFIGURATION} in {start} or above it.",
        hint="Call this in a clone of ftbench.",
    )


_RESULTS: Final = "results"


def results_folder() -> Path:
    """Return where the results lie of the project that the user is in; it need not exist."""
    return project_folder(Path.cwd()) / _RESULTS


def load_project() -> ResultTree:
    """Return what lies in the results folder of the project that the user is in.

    Raises `UsageError` outside of one, and `ResultsError` where there are no results, or none
    that can be read.
    """
    folder = results_folder()
    tree = read_results(folder)
    if not tree.sources:
        raise ResultsError(
            f"There are no results in {folder}.",
            hint="ftbench bench measures this machine.",
            story="\n".join(f"not read: {warning}" for warning in tree.warnings),
        )
    return tree
