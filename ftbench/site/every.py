"""Every page that `asv publish` writes for us, and how they are shared out among processes.

A new page is one line in `PAGES`: its place's name, and `whole(write_NAME)` of a function
`write_NAME(tree, html_dir)` that returns the paths it wrote.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final, cast

from ftbench.errors import FtbenchError
from ftbench.results import ResultTree
from ftbench.site.choose import choose_jobs
from ftbench.site.claims import claims_jobs
from ftbench.site.method import method_jobs
from ftbench.site.price import price_jobs
from ftbench.site.releases import release_jobs

# What is written in one go: a function without arguments that returns the paths it wrote.
Job = Callable[[], Sequence[Path]]
Writer = Callable[[ResultTree, Path], Sequence[Path]]

# Each process has a copy of the results that it looked at: more of them would trade a little time
# for a lot of memory.
_MOST_PROCESSES: Final = 4
# How many jobs a process does before it gives its copies back; a fork takes some milliseconds.
_JOBS: Final = 6
# A few pages are written sooner than a process is started.
_WORTH_PROCESSES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One of our pages, by its place's name, and the jobs that it is written in.

    The jobs need one another's files for links only: they run in any order, and at the same time.
    `long` says that each takes as long as dozens of other ones: those are begun first.
    """

    name: str
    jobs: Callable[[ResultTree, Path], Sequence[Job]]
    long: bool = False


def whole(write: Writer) -> Callable[[ResultTree, Path], Sequence[Job]]:
    """Return the jobs of a page that one function writes."""
    return lambda tree, html_dir: [lambda: write(tree, html_dir)]


# In the order in which readers meet them, which is that of `frame.PLACES`.
PAGES: Final[tuple[Entry, ...]] = (
    Entry(name="choose", jobs=choose_jobs),
    Entry(name="releases", jobs=release_jobs, long=True),
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
    every = [(page, job) for page in pages for job in page.jobs(tree, html_dir)]
    jobs = [job for _, job in every]
    processes = min(_cores(), len(jobs), _MOST_PROCESSES)
    shared = len(tree.sources) >= _WORTH_PROCESSES and processes > 1
    if shared:
        long = frozenset(number for number, (page, _) in enumerate(every) if page.long)
        written = _at_once(jobs, processes, long)
    else:
        written = [tuple(job()) for job in jobs]
    return tuple(path for paths in written for path in paths)


def _cores() -> int:
    """Return how many processes are of use: one, where none can be forked with what it knows."""
    if sys.platform != "linux":
        return 1
    return len(os.sched_getaffinity(0))


def _at_once(jobs: Sequence[Job], processes: int, long: Collection[int]) -> list[tuple[Path, ...]]:
    """Run jobs in forked processes, a few at a time; return what each returned, in their order.

    Those numbered in `long` have a process each, and go first.

    The results, and the jobs, are in the memory that a forked process has from its parent: nothing
    of them is sent.  What a process looks at becomes its own, since it counts references to it;
    therefore each does a few jobs only, and then gives all that back.
    """
    # A collection would write to every object, and so copy all that is shared.
    gc.collect()
    gc.freeze()
    few = max(1, min(_JOBS, len(jobs) // (2 * processes)))
    short = [number for number in range(len(jobs)) if number not in long]
    chunks = [[number] for number in sorted(long)]
    chunks += [short[start : start + few] for start in range(0, len(short), few)]
    waiting = chunks[::-1]
    working: dict[Connection, BaseProcess] = {}
    written: dict[int, tuple[Path, ...]] = {}
    try:
        while waiting or working:
            while waiting and len(working) < processes:
                working.update([_forked(jobs, waiting.pop())])
            for answer in connection.wait(list(working)):
                written |= _received(cast("Connection", answer))
                working.pop(cast("Connection", answer)).join()
    finally:
        for process in working.values():
            process.kill()
            process.join()
        gc.unfreeze()
    return [written[number] for number in range(len(jobs))]


def _forked(jobs: Sequence[Job], numbers: Iterable[int]) -> tuple[Connection, BaseProcess]:
    """Fork a process for some of the jobs; return what it answers through, and the process."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)

    def work() -> None:
        try:
            theirs.send({number: tuple(jobs[number]()) for number in numbers})
        except Exception as error:  # noqa: BLE001 - the parent raises it
            theirs.send(error)

    process = context.Process(target=work)
    process.start()
    theirs.close()
    return ours, process


def _received(answer: Connection) -> dict[int, tuple[Path, ...]]:
    """Return what a process answers; raises what it raised, `FtbenchError` if it was killed."""
    try:
        said = answer.recv()
    except EOFError as error:
        raise FtbenchError("A process that wrote pages of the site was killed.") from error
    finally:
        answer.close()
    if isinstance(said, Exception):
        raise said
    return cast("dict[int, tuple[Path, ...]]", said)
