"""Every page that `asv publish` writes for us, and how they are shared out among processes.

A new page is one line in `PAGES`: its place's name, and `whole(write_NAME)` of a function
`write_NAME(tree, html_dir)` that returns the paths it wrote.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ftbench.pages.choose import choose_jobs
from ftbench.pages.claims import claims_jobs
from ftbench.pages.method import method_jobs
from ftbench.pages.price import price_jobs
from ftbench.pages.releases import release_jobs
from ftbench.results import ResultTree

# What is written in one go: a function without arguments that returns the paths it wrote.
Job = Callable[[], Sequence[Path]]
Writer = Callable[[ResultTree, Path], Sequence[Path]]

# Each process has pages of its own of the results that it looked at: more of them would trade a
# little time for a lot of memory.
_MOST_PROCESSES: Final = 4
# A few pages are written sooner than a process is started.
_WORTH_PROCESSES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One of our pages, by its place's name, and the jobs that it is written in.

    The jobs need one another's files for links only: they run in any order, and at the same time.
    """

    name: str
    jobs: Callable[[ResultTree, Path], Sequence[Job]]


def whole(write: Writer) -> Callable[[ResultTree, Path], Sequence[Job]]:
    """Return the jobs of a page that one function writes."""
    return lambda tree, html_dir: [lambda: write(tree, html_dir)]


# In the order in which readers meet them, which is that of `frame.PLACES`.
PAGES: Final[tuple[Entry, ...]] = (
    Entry(name="choose", jobs=choose_jobs),
    Entry(name="releases", jobs=release_jobs),
    Entry(name="price", jobs=price_jobs),
    Entry(name="claims", jobs=claims_jobs),
    Entry(name="method", jobs=method_jobs),
)


def write_every(
    tree: ResultTree, html_dir: Path, pages: Iterable[Entry] = PAGES
) -> tuple[Path, ...]:
    """Write all our pages; return their paths, in the order of `pages`.

    Raises what a page raises, as `OSError` where the folder cannot be written.
    """
    jobs = [job for page in pages for job in page.jobs(tree, html_dir)]
    processes = min(_cores(), len(jobs), _MOST_PROCESSES)
    shared = len(tree.sources) >= _WORTH_PROCESSES and processes > 1
    written = _at_once(jobs, processes) if shared else [tuple(job()) for job in jobs]
    return tuple(path for paths in written for path in paths)


def _cores() -> int:
    """Return how many processes are of use: one, where none can be forked with what it knows."""
    if sys.platform != "linux":
        return 1
    return len(os.sched_getaffinity(0))


# The results are in the memory that a forked process has from its parent, jobs and all: nothing
# of them is sent, and what nobody changes is there once.
_jobs: Sequence[Job] = ()


def _at_once(jobs: Sequence[Job], processes: int) -> list[tuple[Path, ...]]:
    global _jobs  # noqa: PLW0603 - what a fork hands on
    _jobs = jobs
    # A collection would write to every object, and so copy all that is shared.
    gc.collect()
    gc.freeze()
    try:
        context = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(processes, mp_context=context) as pool:
            return list(pool.map(_run, range(len(jobs))))
    finally:
        gc.unfreeze()
        _jobs = ()


def _run(number: int) -> tuple[Path, ...]:
    return tuple(_jobs[number]())
