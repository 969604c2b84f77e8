"""Writes our pages while asv writes its own: a process of its own, for where there are many.

asv reads results in one process and one at a time; another core would be idle meanwhile.  The
pages are written beside the site, for asv makes its folder anew, and moved into it at the end.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final, cast

import psutil
from asv.commands.publish import Publish

from ftbench.errors import DeadlineError, FtbenchError
from ftbench.results import Unreadable, read_results

# A few results are read sooner than asv is through with its own pages.
WORTH_IT: Final = 12
# From the end of asv's own pages on; sixty releases take some twenty seconds.
DEADLINE_SECONDS: Final = 1800.0
# Nobody else's name for a folder: what is left of a publish that was killed is removed.
_FOLDER: Final = ".ftbench-pages"
_MARK: Final = "begins_with_our_pages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of it: the pages, the first one first, and what could not be read."""

    pages: tuple[Path, ...]
    warnings: tuple[Unreadable, ...]


def write_pages(results: Path, html_dir: Path) -> Written:
    """Read the results, once for all pages, and write our pages.

    Raises what a page raises, as `OSError` where the folder cannot be written.
    """
    # Only publish may pay for matplotlib: every asv command loads what imports this module.
    from ftbench.site.every import write_every  # noqa: PLC0415

    tree = read_results(results)
    return Written(pages=write_every(tree, html_dir), warnings=tree.warnings)


class Ahead:
    """The process that writes the pages of `results` beside `html_dir`."""

    def __init__(self, results: Path, html_dir: Path) -> None:
        """Start it."""
        self._html_dir = html_dir
        self._folder = html_dir.with_name(f".{html_dir.name}{_FOLDER}")
        shutil.rmtree(self._folder, ignore_errors=True)  # of a publish that was killed
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe(duplex=False)
        self._answer: Connection = ours
        self._process: BaseProcess = context.Process(
            target=_work, args=(theirs, results, self._folder)
        )
        self._process.start()
        theirs.close()

    def finish(self) -> Written:
        """Wait for the pages and move them into the site.

        Raises what their writer raised, and `DeadlineError` if it hangs.
        """
        if not self._answer.poll(DEADLINE_SECONDS):
            raise DeadlineError(
                f"Our pages were not written within {DEADLINE_SECONDS:g} s of asv's own.",
                hint="The results are as they were. Is the machine out of memory or of disk? "
                "Then publish again.",
            )
        try:
            said = self._answer.recv()
        except EOFError as error:
            raise FtbenchError(
                "The process that wrote our pages was killed.",
                hint="Often that is for want of memory. The results are as they were: make room, "
                "then publish again.",
            ) from error
        if isinstance(said, Exception):
            raise said
        written = cast("Written", said)
        for entry in sorted(self._folder.iterdir()):
            entry.replace(self._html_dir / entry.name)
        pages = (self._html_dir / page.relative_to(self._folder) for page in written.pages)
        return Written(pages=tuple(pages), warnings=written.warnings)

    def end(self) -> None:
        """End the process, with those that it has started, and leave nothing beside the site."""
        with suppress(psutil.NoSuchProcess):
            writer = psutil.Process(self._process.pid)
            for process in (writer, *writer.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        self._process.join()
        self._answer.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _work(answer: Connection, results: Path, folder: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for asv, which ends us
    try:
        folder.mkdir(parents=True)
        answer.send(write_pages(results, folder))
    except Exception as error:  # noqa: BLE001 - the parent raises it
        answer.send(error)


_running: Ahead | None = None


def running() -> Ahead | None:
    """Return the process that is writing pages for the publish under way, None if there is none."""
    return _running


def is_worth_it(results: Path) -> bool:
    """Tell whether there are so many results that a process of its own is of use, and cores."""
    if sys.platform != "linux" or len(os.sched_getaffinity(0)) == 1:
        return False
    return len(list(results.glob("*/*.json"))) >= WORTH_IT


def ahead_of(run: Callable[..., Any]) -> Callable[..., Any]:
    """Return asv's `Publish.run` with our pages begun before its own."""

    @functools.wraps(run)
    def begun(cls: type[Any], conf: Any, *args: Any, **kwargs: Any) -> Any:
        global _running  # noqa: PLW0603 - asv hands its publishers nothing of ours
        results, html_dir = Path(conf.results_dir), Path(conf.html_dir)
        if not is_worth_it(results):
            return run(cls, conf, *args, **kwargs)
        _running = Ahead(results, html_dir)
        try:
            return run(cls, conf, *args, **kwargs)
        finally:
            _running.end()
            _running = None

    return begun


def install() -> None:
    """Have `asv publish` begin with our pages; a second call changes nothing.

    Call it after `pages.guard.install`, which puts asv's own `run` in a guard.
    """
    run = Publish.__dict__["run"].__func__
    if not getattr(run, _MARK, False):
        begun = ahead_of(run)
        setattr(begun, _MARK, True)
        Publish.run = classmethod(begun)
